"""Decisions on contradictions between models, pages and the catalogue, and the ``one_of`` rules."""

from __future__ import annotations

from collections import Counter

import pytest

from tools import source
from wechatpay import catalogue

pytestmark = pytest.mark.xdist_group("source")  # read it once

PLACES = ("query", "json", "xml")


@pytest.fixture(scope="module")
def decided():
    return list(source.contradictions())


def members_at(record, place):
    return record.get("answer", {}) if place == "answer" else record["request"].get(place, {})


def found(record, field):
    """Return the field of an operation as a mapping; None if the catalogue does not have it."""
    place, *names = field.split(".")
    members, given = members_at(record, place), {}
    for name in names:
        if name not in members:
            return None
        given = {"type": members[name]} if isinstance(members[name], str) else members[name]
        members = given.get("fields", {})
    return given


def says(record, field, aspect):
    """Return what the catalogue says of a field, in the words of the table."""
    if aspect == "known":
        return field == "" or found(record, field) is not None
    given = found(record, field)
    if aspect == "one_of" and "." not in field:
        return record.get("one_of", {}).get(field)
    if aspect in {"required", "encrypted"}:
        return bool(given.get(aspect))
    return given.get(aspect)


def test_every_decision_has_a_reason_and_says_one_thing(decided):
    for key, field, entries in decided:
        assert entries["reason"], (key, field)
        assert len(entries) == 2, (key, field)
        assert entries.keys() <= {"reason", "required", "type", "enum", "encrypted", "known", "one_of"}


def test_nothing_is_decided_twice(decided):
    counted = Counter((key, field, *entries.keys() - {"reason"}) for key, field, entries in decided)
    assert [row for row, count in counted.items() if count > 1] == []


def test_the_catalogue_is_as_decided(decided, given):
    for key, field, entries in decided:
        assert key in given, key
        for aspect, value in entries.items():
            if aspect != "reason":
                assert says(given[key], field, aspect) == value, f"{key} {field} {aspect}"


def groups(members, at):
    for name, member in members.items():
        if isinstance(member, dict):
            if "one_of" in member:
                yield f"{at}.{name}", member["one_of"], member["fields"]
            yield from groups(member.get("fields", {}), f"{at}.{name}")


def test_every_rule_of_alternatives_is_reviewed_and_names_optional_members(decided, given):
    rows = {(key, field) for key, field, entries in decided if "one_of" in entries}
    seen = set()
    for key, record in given.items():
        rules = [(place, rule, record["request"][place]) for place, rule in record.get("one_of", {}).items()]
        for place in PLACES:
            rules += groups(members_at(record, place), place)
        for field, rule, members in rules:
            seen.add((key, field))
            for names in rule:
                assert len(names) > 1, key
                assert not any(isinstance(members[name], dict) and members[name].get("required") for name in names)
        assert not list(groups(record.get("answer", {}), "answer")), key
    assert seen == rows


def field_of(key, *names, place="json"):
    fields = getattr(catalogue.operation(key).request, place)
    for name in names:
        (field,) = [each for each in fields if each.name == name]
        fields = field.fields
    return field


def answer_of(key, *names):
    fields = catalogue.operation(key).response.fields
    for name in names:
        (field,) = [each for each in fields if each.name == name]
        fields = field.fields
    return field


ORDERS = [
    f"POST v3/pay/{whose}transactions/{kind}" for whose in ("", "partner/") for kind in ("app", "h5", "jsapi", "native")
]


@pytest.mark.parametrize("key", ORDERS)
def test_the_scene_of_an_order_needs_the_address_and_of_a_shop_its_number(key):
    shop = field_of(key, "scene_info", "store_info")
    assert {field.name for field in shop.fields if field.required} == {"id"}
    scene = {field.name for field in field_of(key, "scene_info").fields if field.required}
    assert scene == ({"payer_client_ip", "h5_info"} if key.endswith("h5") else {"payer_client_ip"})
    if key.endswith("h5"):
        assert field_of(key, "scene_info", "h5_info", "type").required


@pytest.mark.parametrize("kind", ["app", "h5", "jsapi", "native"])
def test_combined_orders_of_direct_merchants_have_no_sub_merchant(kind):
    assert not field_of(f"POST v3/combine-transactions/{kind}", "sub_orders", "sub_mchid").required


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("POST v3/med-ins/refunds/notify", "json"),
        ("GET v3/new-tax-control-fapiao/merchant/base-information", "query"),
        ("POST v3/marketing/membercard-open/cards/{card_id}/codes/{code}/bonus/commit", "json"),
    ],
)
def test_a_path_of_merchants_and_partners_does_not_require_what_only_partners_have(key, place):
    assert not field_of(key, "sub_mchid", place=place).required


def test_no_path_with_a_page_of_merchants_requires_a_sub_merchant(given):
    for key, record in given.items():
        pages = " ".join(record["docs"])
        if "/merchant/" in pages and "/partner/" in pages:
            for place, members in record["request"].items():
                for name in {"sub_mchid", "sub_mch_id", "sub_appid"} & members.keys():
                    assert not isinstance(members[name], dict) or "required" not in members[name], (key, place, name)


def test_other_facts_of_foreign_sdks():
    """Each of these was wrong, and stands in the models of the official SDKs or on a page of the same product."""
    assert not field_of("POST v2/pay/combinedorder", "scene_info", place="xml").required
    assert field_of("POST v3/pay/transactions/jsapi", "payer", "openid").required
    for member in ("data", "brand_id"), ("data", "merchant_order", "out_trade_no"):
        kind = answer_of("GET v3/lovefeast/users/{openid}/orders/brand-id/{brand_id}", *member).type
        assert kind == ("integer" if member[-1] == "brand_id" else "string")
    subsidies = "GET v3/marketing/goods-subsidy-activity/activities"
    assert answer_of(subsidies, "data", "rule_information", "store_subsidy").type == "integer"
    assert catalogue.operation("POST v3/marketing/favor/stocks/{stock_id}/stop") is not None
    assert catalogue.operation("POST v3/marketing/paygiftactivity/activities/{activity_id}/terminate") is not None


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("v3/transfer/batches/batch-id/{batch_id}/details/detail-id/{detail_id}", "user_name"),
        ("v3/transfer/batches/out-batch-no/{out_batch_no}/details/out-detail-no/{out_detail_no}", "user_name"),
        ("v3/partner-transfer/batches/batch-id/{batch_id}/details/detail-id/{detail_id}", "username"),
        ("v3/bank-transfer/batches/batch-id/{batch_id}/details/detail-id/{detail_id}", "username"),
    ],
)
def test_names_in_answers_of_transfers_are_encrypted(path, name):
    assert catalogue.operation(f"GET {path}").encrypted_answer_fields == {name: "rsa"}


def test_enumerations():
    shares = "GET v3/profitsharing/orders/{out_order_no}"
    assert answer_of(shares, "state").enum == ("PROCESSING", "FINISHED")
    assert answer_of(shares, "receivers", "result").enum == ("PENDING", "SUCCESS", "CLOSED")
    assert "NO_RELATION" in answer_of(shares, "receivers", "fail_reason").enum
    assert "SUCCESS" in answer_of("GET v3/brand/profitsharing/orders", "receivers", "result").enum
    gifts = "POST v3/marketing/paygiftactivity/unique-threshold-activity"
    assert field_of(gifts, "advanced_setting", "delivery_user_category").enum == (
        "DELIVERY_ALL_PERSON",
        "DELIVERY_MEMBER_PERSON",
    )
    codes = "GET v3/marketing/busifavor/stocks/{stock_id}/couponcodes"
    assert "AVAILABLE" in field_of(codes, "status", place="query").enum
    assert "NORMAL" in field_of("POST v3/payroll-card/authentications/pre-order", "authenticate_type").enum


def test_payments_and_contract_payments_of_v2_are_two_notifications():
    payment, deduction = (
        {field.name for field in catalogue.event(name, "v2").fields}
        for name in ("transaction-success", "pap-transaction-processed")
    )
    assert deduction - payment == {"contract_id", "user_repaid", "trade_state"}
    assert not payment - deduction
