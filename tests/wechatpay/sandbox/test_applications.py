"""Applications: brands that join, and alterations."""

from __future__ import annotations

import pytest

from chainable import APIError
from wechatpay.sandbox.flows.applications import APPLICATIONS, CHANGES, next_change

SUB = "1900000119"


@pytest.fixture
def client(sandbox):
    sandbox.context.strict = False  # what an application needs is another test's matter
    with sandbox.client() as made:
        yield made


def sent(kind, number="A1", **more):
    return {kind.objects.number: number, "sub_mchid": SUB, "merchant_code": SUB, **more}


def path_of(key):
    return key.partition(" ")[2]


def ask(client, key, **variables):
    """Call an operation by its key, with the numbers of an application where it takes them."""
    verb, _, path = key.partition(" ")
    names = {name: value for name, value in variables.items() if f"{{{name}}}" in path}
    rest = {} if names else {"params" if verb == "GET" else "json": variables}
    for name, value in {**names, "merchant_code": SUB, "sub_mchid": SUB}.items():
        path = path.replace(f"{{{name}}}", str(value))
    return getattr(client.chain(path), verb.lower())(**rest).data


def refused(call):
    with pytest.raises(APIError) as caught:
        call()
    return caught.value.status_code, caught.value.code


KINDS = pytest.mark.parametrize("kind", APPLICATIONS, ids=lambda kind: str(kind.objects.kind))


@KINDS
class TestEveryKind:
    def test_it_goes_its_way_to_the_good_end(self, client, sandbox, kind):
        objects = kind.objects
        made = ask_submit(client, kind)
        numbers = {objects.number: "A1", **({objects.id: made[objects.id]} if objects.id else {})}
        state = objects.states.first[0]
        while True:
            for key in kind.query:
                found = ask(client, key, **one_of(key, numbers, objects))
                assert found[objects.state] == state
                assert {found[name] for name in numbers if name in found} <= {*numbers.values()}
            try:
                change = next_change(objects, state)
            except ValueError:
                break
            state = sandbox.actions["advance_application"]("A1")[objects.state]
            assert state == objects.states.transitions[change].after
        assert state in objects.states.ends or all(
            each.by == "merchant" for each in objects.states.transitions.values() if state in each.before
        )

    def test_a_rejected_one_says_why_and_comes_again_under_its_number(self, client, sandbox, kind):
        objects = kind.objects
        made = ask_submit(client, kind)
        sandbox.actions["advance_application"]("A1", "reject", field="id_card_copy", reason="图片模糊")
        (key, *_) = kind.query
        numbers = {objects.number: "A1", **({objects.id: made[objects.id]} if objects.id else {})}
        found = ask(client, key, **one_of(key, numbers, objects))
        assert "图片模糊" in str(found)
        again = ask_submit(client, kind, changed="yes")
        assert not objects.id or again[objects.id] == made[objects.id]
        assert ask(client, key, **one_of(key, numbers, objects))[objects.state] == objects.states.first[0]

    def test_one_under_way_is_not_replaced(self, client, kind):
        first = ask_submit(client, kind)
        assert ask_submit(client, kind) == first
        assert refused(lambda: ask_submit(client, kind, changed="yes")) == (400, "RESOURCE_ALREADY_EXISTS")

    def test_an_unknown_one_is_refused(self, client, kind):
        objects = kind.objects
        for key in (*kind.query, *kind.revoke):
            numbers = one_of(
                key, {objects.number: "nothing", objects.id or objects.number: "2000000000000001"}, objects
            )
            assert refused(lambda key=key, numbers=numbers: ask(client, key, **numbers)) == (404, objects.missing)

    def test_it_is_taken_back_while_it_is_under_way(self, client, sandbox, kind):
        objects = kind.objects
        for index, key in enumerate(kind.revoke):
            made = ask_submit(client, kind, number=f"B{index}")
            numbers = one_of(key, {objects.number: f"B{index}", objects.id: made[objects.id]}, objects)
            ask(client, key, **numbers)
            status, code = refused(lambda key=key, numbers=numbers: ask(client, key, **numbers))
            assert (status, code) == (400, "INVALID_REQUEST")
            with pytest.raises(ValueError, match="goes no further"):
                sandbox.actions["advance_application"](f"B{index}")

    def test_nothing_personal_is_kept(self, client, sandbox, kind):
        ask_submit(client, kind, remark="张三")
        assert "张三" not in str(list(sandbox.store.all(kind.objects.kind)))


def ask_submit(client, kind, number="A1", **more):
    key = kind.submit[0]
    return client.chain(path_of(key)).post(json=sent(kind, number, **more)).data


def one_of(key, numbers, objects):
    """The number that an operation takes: the one in its path, else the platform's or the merchant's."""
    named = {name: value for name, value in numbers.items() if f"{{{name}}}" in key}
    return named or {objects.number: numbers[objects.number]}


def test_a_brand_has_its_number_at_the_end(client, sandbox):
    ask_submit(client, APPLICATIONS[0])
    query = client.v3.brand.applyments.business_code._business_code_
    sandbox.actions["advance_application"]("A1", "pass")
    waiting = query.get(business_code="A1").data
    assert waiting["authorization_confirmation_qr_code"].startswith(sandbox.base_url)
    assert (waiting["applyment_state_desc"], "brand_id" in waiting) == ("待授权确认", False)
    sandbox.actions["advance_application"]("A1")
    sandbox.actions["advance_application"]("A1")
    assert query.get(business_code="A1").data["brand_id"].isdecimal()


def test_a_wrong_change_names_those_there_are(client, sandbox):
    ask_submit(client, APPLICATIONS[0])
    with pytest.raises(ValueError, match="'win' is not a choice; choose one of pass, confirm") as caught:
        sandbox.actions["advance_application"]("A1", "win")
    assert "pass" in caught.value.args[0].zh
    other = next(change for change in CHANGES if change not in APPLICATIONS[1].objects.states.transitions)
    ask_submit(client, APPLICATIONS[1], number="A2")
    with pytest.raises(ValueError, match="its changes are") as caught:
        sandbox.actions["advance_application"]("A2", other)
    assert "可用操作" in caught.value.args[0].zh
    with pytest.raises(LookupError, match="no application B1"):
        sandbox.actions["advance_application"]("B1")
