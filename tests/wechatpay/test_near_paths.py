"""Spellings of a path: they have all rules of their operation, or are refused with the right path."""

from __future__ import annotations

import pytest

from chainable import PathError
from chainable.chain import path_of, sender_of
from wechatpay import WeChatPay, catalogue
from wechatpay.request import RequestSpec

SLASHED = [operation for operation in catalogue.operations() if operation.path.endswith("/")]
REFUNDS = "v3/refund/domestic/refunds"


@pytest.fixture(scope="module")
def client(merchant_key, merchant_certificate):
    with WeChatPay(mchid="1900000109", private_key=merchant_key, merchant_cert=merchant_certificate.pem) as made:
        yield made


def spec_of(chain, verb="POST", **keywords):
    return RequestSpec(sender_of(chain).settings, path_of(chain), verb, (), keywords)


def test_there_are_operations_with_a_slash():
    assert [operation.key for operation in SLASHED] == [
        "POST v3/applyment4sub/applyment/",
        "POST v3/ecommerce/applyments/",
    ]


@pytest.mark.parametrize("operation", SLASHED, ids=lambda operation: operation.key)
def test_the_documented_slash_leaves_whether_it_is_written_or_not(client, operation):
    _, *rest = operation.path.rstrip("/").split("/")
    node = client.v3
    for segment in rest:
        node = getattr(node, segment)
    bare = operation.path.rstrip("/")
    for chain in (node, node._empty_, client[bare], client[operation.path], client[f"{bare}/{{empty}}"]):
        call = spec_of(chain)
        assert call.operation is operation
        assert (call.path, call.label) == (operation.path, operation.path)
        assert call.urls()[0] == f"https://api.mch.weixin.qq.com/{operation.path}"


@pytest.mark.parametrize("path", ["v3/pay/transactions/native", "v2/secapi/pay/refund", "v3/merchant/media/upload"])
def test_a_slash_too_much_changes_nothing(client, path):
    for chain in (client[f"{path}/"], client[path]._empty_, client[f"{path}/{{empty}}"]):
        call = spec_of(chain)
        assert call.operation is catalogue.operation(f"POST {path}")
        assert (call.path, call.label) == (path.removeprefix("v2/"), path)


def test_every_operation_is_found_with_the_other_ending(client):
    for operation in catalogue.operations():
        path = operation.path[:-1] if operation.path.endswith("/") else f"{operation.path}/"
        values = {name: "1" for name in operation.variables if name not in operation.fixed}
        call = spec_of(client[path], operation.method, **values)
        assert call.operation is operation
        assert call.label == operation.path


def test_a_step_goes_on_after_a_slash(client):
    assert str(client["v3/"].pay["transactions/"].chain("native")) == "v3/pay/transactions/native"
    assert str(client["v3/ecommerce/applyments/"]._applyment_id_) == "v3/ecommerce/applyments/{applyment_id}"


def test_what_only_begins_a_path_keeps_its_slash(client):
    call = spec_of(client["v3/ecommerce/applyments/"], "DELETE")
    assert (call.operation, call.path, call.label) == (None, "v3/ecommerce/applyments/", "v3/ecommerce/applyments/")
    assert call.known_verbs() == "the catalogue knows POST here, not DELETE"
    call = spec_of(client["v3/pay/transactions/native/"], "DELETE")
    assert (call.operation, call.path) == (None, "v3/pay/transactions/native/")


@pytest.mark.parametrize(
    ("verb", "written", "values", "right"),
    [
        ("POST", "V3/applyment4sub/applyment/", {}, "v3/applyment4sub/applyment/"),
        ("POST", "v3/applyment4sub/Applyment", {}, "v3/applyment4sub/applyment/"),
        ("POST", "v3/applyment4sub/apply_ment", {}, "v3/applyment4sub/applyment/"),
        ("POST", "v3/hirePowerBank/insurance_orders", {}, "v3/hire-power-bank/insurance-orders"),
        ("POST", "v3/applyment4sub/applyment;a=b", {}, "v3/applyment4sub/applyment/"),
        ("POST", "v3/applyment4sub/{x}", {"x": " applyment "}, "v3/applyment4sub/applyment/"),
        ("POST", "V2/secapi/pay/refund", {}, "v2/secapi/pay/refund"),
        ("POST", "v2/secapi/pay/Refund", {}, "v2/secapi/pay/refund"),
        ("POST", "secapi/pay/refund", {}, "v2/secapi/pay/refund"),
        ("POST", "merchant/media/upload", {}, "v3/merchant/media/upload"),
        ("POST", "v3/merchant/media/Upload", {}, "v3/merchant/media/upload"),
        ("POST", "v3/v3/refund/domestic/refunds", {}, REFUNDS),
        ("POST", "v2/v3/refund/domestic/refunds", {}, REFUNDS),
        ("POST", "hk/v3/refund/domestic/refunds", {}, REFUNDS),
        ("POST", "v3/refund/{kind}/refunds", {"kind": "domestic"}, REFUNDS),
        ("POST", "v3/refund/{kind}/refunds", {"kind": "Domestic"}, REFUNDS),
        ("POST", "v3/{rest}", {"rest": "refund/domestic/refunds"}, REFUNDS),
        ("POST", "{rest}", {"rest": "/v3/refund//domestic/refunds/"}, REFUNDS),
        ("GET", "v3/Bill/tradebill", {}, "v3/bill/tradebill"),
        ("GET", "v3/pay/transactions/ID/4200001", {}, "v3/pay/transactions/id/{transaction_id}"),
        ("GET", "v3/pay/transactions/ID/{transaction_id}", {"transaction_id": "1"}, "v3/pay/transactions/id/{transaction_id}"),
        ("POST", "v2/secapi/mch/UploadMedia", {}, "v2/secapi/mch/uploadmedia"),
        ("POST", "v2/secapi/mch/{addinstitutionsub}", {"addinstitutionsub": "uploadmedia"}, "v2/secapi/mch/uploadmedia"),
    ],
)  # fmt: skip
def test_a_wrong_spelling_is_refused_with_the_right_path(client, verb, written, values, right):
    with pytest.raises(PathError) as caught:
        spec_of(client[written], verb, **values)
    assert f"spells this path {right!r}" in str(caught.value)


@pytest.mark.parametrize(
    ("base_url", "path"),
    [
        ("http://127.0.0.1:9/v3/", "refund/domestic/refunds"),
        ("http://127.0.0.1:9/v3/refund", "domestic/refunds"),
        ("http://127.0.0.1:9/forward/v3", "refund/domestic/refunds"),
    ],
)
def test_a_version_in_the_access_point_is_refused(client, base_url, path):
    with pytest.raises(PathError, match=REFUNDS):
        spec_of(client[path], base_url=base_url)


@pytest.mark.parametrize(
    ("verb", "written", "values"),
    [
        ("POST", "v3/refund/domestic/refunds/brand-new", {}),
        ("PUT", "v3/Refund/domestic/refunds", {}),
        ("POST", "v4/refund/domestic/refunds", {}),
        ("POST", "brand/refund/domestic/refunds", {}),
        ("POST", "v2/refund/domestic/refunds", {}),
        ("GET", "brand-new/thing", {}),
        ("GET", "_", {}),
        ("GET", "v3/-/_", {}),
        ("POST", "v3/{kind}", {"kind": "/"}),
        ("POST", "{kind}", {"kind": "/"}),
        ("GET", "v3/refund/domestic/refunds/DOMESTIC", {}),
        ("POST", "v2/secapi/mch/{addinstitutionsub}", {"addinstitutionsub": "addInstitutionsub"}),
    ],
)
def test_what_may_be_another_operation_is_sent(client, verb, written, values):
    call = spec_of(client[written], verb, **values, params={"a": "b"})
    call.refuse_plain_text()
    assert call.operation is None or call.operation.method == verb


def test_what_is_remembered_does_not_grow_with_what_is_asked(client):
    from wechatpay import near_paths, personal_data

    for number in range(600):
        spec_of(client[f"v3/brand-new/x{number}y/thing"], json={"a": "b"}).refuse_plain_text()
    assert near_paths._meant.cache_info().currsize <= 256
    assert near_paths.scopes.cache_info().currsize <= 256
    assert personal_data.by_scopes.cache_info().currsize <= 256


def test_a_path_is_examined_once_whatever_the_number_in_it(client):
    from wechatpay import near_paths

    near_paths._meant.cache_clear()
    for number in range(4200001, 4200011):
        spec_of(client[f"v3/brand-new/{number}/thing"])
        spec_of(client["v3/brand-new/{one}/thing"], one=f"张三{number}")
    assert near_paths._meant.cache_info().misses == 2


def test_no_literal_of_the_catalogue_looks_like_a_number():
    from wechatpay.near_paths import Piece, split_target

    for operation in catalogue.operations():
        literals = [segment for segment in operation.path.split("/") if segment and segment[0] != "{"]
        assert split_target(literals, "/".join(literals)) == tuple(Piece(text, loose=False) for text in literals)
