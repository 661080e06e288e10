"""Every operation, from every spelling: the same method, target and access point."""

from __future__ import annotations

import itertools
import keyword
import re
from urllib.parse import urlsplit

import pytest

from chainable.chain import path_of
from chainable.path import fold
from wechatpay import WeChatPay, catalogue
from wechatpay.request import RequestSpec

KEYS = [operation.key for operation in catalogue.operations()]
VERBS = {"get", "post", "put", "patch", "delete", "chain"}
HOSTS = ("https://api.mch.weixin.qq.com/", "https://api2.mch.weixin.qq.com/")


@pytest.fixture(scope="module")
def client(merchant_key, merchant_pem):
    certificate, key = merchant_pem
    with WeChatPay(mchid="1900000109", private_key=merchant_key, merchant_cert=certificate, merchant_key=key) as made:
        yield made


@pytest.fixture(scope="module")
def elsewhere(merchant_key, merchant_pem):
    certificate, key = merchant_pem
    with WeChatPay(
        mchid="1900000109",
        private_key=merchant_key,
        merchant_cert=certificate,
        merchant_key=key,
        base_url="https://gateway.example/pay/",
    ) as made:
        yield made


def parts(key):
    return key.partition(" ")[2].split("/")


def shape(key):
    return re.sub(r"\{\w+\}", "{}", key)


def value(name, fixed):
    """A value that is not a literal of any path."""
    return fixed.get(name, f"Val-{name.replace('_', '.')}~7")


def attribute(segment, *, camel):
    if segment == "":
        return "_empty_"
    if segment[0] == "{":
        name = segment[1:-1]
        if camel:
            name = re.sub(r"_([a-z])", lambda match: match[1].upper(), name)
        return f"_{name}_"
    camels = re.sub(r"[-_]([a-z0-9])", lambda match: match[1].upper(), segment)
    spelled = camels if camel else segment.replace("-", "_")
    return f"{spelled}_" if keyword.iskeyword(spelled) or spelled in VERBS else spelled


def by_attributes(client, segments, *, camel):
    node = client
    for segment in segments:
        node = getattr(node, attribute(segment, camel=camel))
    return node


def by_items(client, segments):
    """Segment by segment in brackets; the trailing slash belongs to the segment before it."""
    written = [*segments[:-2], f"{segments[-2]}/"] if segments[-1] == "" else segments
    node = client
    for segment in written:
        node = node[segment]
    return node


def mixed(client, segments, first):
    node = client
    for turn, segment in zip(itertools.cycle([first, not first]), segments, strict=False):
        node = node[segment] if turn and segment else getattr(node, attribute(segment, camel=not first))
    return node


def spellings(client, key, fixed):
    """Yield each spelling, its variables without a value, and whether it contains their names."""
    segments = parts(key)
    template = "/".join(segments)
    names = [segment[1:-1] for segment in segments if segment[:1] == "{"]
    open_names = [name for name in names if name not in fixed]
    yield by_attributes(client, segments, camel=False), open_names, True
    yield by_attributes(client, segments, camel=True), open_names, True
    yield by_items(client, segments), open_names, True
    yield client[template], open_names, True
    yield client[f"/{template}"], open_names, True
    yield client.chain(template), open_names, True
    yield mixed(client, segments, first=False), open_names, True
    yield mixed(client, segments, first=True), open_names, True
    if segments[-1] == "":
        yield client[f"{template}{{empty}}"], open_names, True
    concrete = [value(segment[1:-1], fixed) if segment[:1] == "{" else segment for segment in segments]
    yield client["/".join(concrete)], [], not names
    yield by_items(client, concrete), [], not names
    node = client
    for written, segment in zip(concrete, segments, strict=True):
        node = node[written] if segment[:1] == "{" else getattr(node, attribute(segment, camel=False))
    yield node, [], not names


def access_points(record, path):
    own = record.get("base_uri")
    if own is not None and not record.get("base_uri_optional"):
        return (own + path,)
    return tuple(host + path for host in HOSTS)


@pytest.mark.parametrize("key", KEYS)
def test_every_spelling_is_the_operation(client, elsewhere, given, key):
    verb = key.partition(" ")[0]
    record = given[key]
    fixed = catalogue.operation(key).fixed
    target = "/".join(value(part[1:-1], fixed) if part[:1] == "{" else part for part in parts(key)).removeprefix("v2/")
    for chain, names, named in spellings(client, key, fixed):
        spec = RequestSpec(client.settings, path_of(chain), verb, (), {name: value(name, fixed) for name in names})
        assert spec.operation is not None, f"{chain} is unknown"
        # One pair of operations differs in the name of a variable only: without the name it is either.
        assert spec.operation.key == key or (not named and shape(spec.operation.key) == shape(key))
        assert (spec.verb, spec.path) == (verb, target)
        assert spec.urls() == access_points(record, target)
    own = record.get("base_uri") if not record.get("base_uri_optional") else None
    prefix = urlsplit(own).path[1:] if own else ""
    for chain, names, _ in spellings(elsewhere, key, fixed):
        spec = RequestSpec(elsewhere.settings, path_of(chain), verb, (), {name: value(name, fixed) for name in names})
        assert spec.urls() == (f"https://gateway.example/pay/{prefix}{target}",)


def test_every_chain_shows_its_official_path(client, given):
    for key in given:
        shown = str(by_attributes(client, parts(key), camel=False))
        alike = "/".join(parts(key))
        assert fold(shown) == fold(alike)
        if "_" not in re.sub(r"\{\w+\}", "", alike):
            assert shown == alike


def test_any_name_of_a_variable_matches_the_only_one(client, given):
    tree = catalogue.tree()
    for key in given:
        segments = parts(key)
        branch, alone = tree, True
        for segment in segments:
            if segment[:1] == "{":
                alone &= len(branch.variables) == 1
                branch = dict(branch.variables)[segment[1:-1]]
            else:
                branch = branch.literal(segment)
        if alone:
            verb = key.partition(" ")[0]
            named = [f"{{any_{index}}}" if part[:1] == "{" else part for index, part in enumerate(segments)]
            values = {part[1:-1]: "7" for part in named if part[:1] == "{"}
            spec = RequestSpec(client.settings, path_of(client["/".join(named)]), verb, (), values)
            assert spec.operation is not None
            assert spec.operation.key == key


def test_only_one_pair_of_operations_differs_in_a_name_only():
    shapes = {}
    for key in KEYS:
        shapes.setdefault(shape(key), []).append(key)
    pairs = [keys for keys in shapes.values() if len(keys) > 1 and not catalogue.operation(keys[0]).fixed]
    assert pairs == [
        [f"POST v3/apply4subject/applyment/{{{name}}}/cancel" for name in ("applyment_id", "business_code")]
    ]


def test_two_spellings_of_one_segment_are_decided_later(client):
    node = client.v3.papay.insurance_sign.policy_periods
    assert str(node) == "v3/papay/insurance-sign/policy-periods"
    assert "policy_periods" in str(node.plan_id._plan_id_.out_contract_code)
    assert "policy-periods" in str(node.plan_id._plan_id_.contract_id)


@pytest.mark.parametrize("name", ["add", "modify", "query"])
def test_the_only_value_of_a_variable_can_be_written_in_its_place(client, name):
    for chain in (
        client["v2/secapi/mch"].chain(f"{name}Institutionsub"),
        getattr(client.v2.secapi.mch, f"{name}Institutionsub"),
        getattr(client.v2.secapi.mch, f"{name}_institutionsub"),
        getattr(client.v2.secapi.mch, f"_{name}institutionsub_"),
    ):
        spec = RequestSpec(client.settings, path_of(chain), "POST", (), {})
        assert spec.operation is not None
        assert spec.operation.key == f"POST v2/secapi/mch/{{{name}institutionsub}}"
        assert spec.path == f"secapi/mch/{name}Institutionsub"


def test_what_is_unknown_is_called_all_the_same(client):
    spec = RequestSpec(
        client.settings, path_of(client.v3.pay.transactions.brand_new_thing._id_), "POST", (), {"id": "7"}
    )
    assert spec.operation is None
    assert spec.urls()[0] == "https://api.mch.weixin.qq.com/v3/pay/transactions/brand-new-thing/7"
