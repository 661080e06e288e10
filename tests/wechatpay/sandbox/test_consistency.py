"""Notifications on demand: their merchants and amounts fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from wechatpay import catalogue
from wechatpay.sandbox.trigger import content_of

if TYPE_CHECKING:
    from wechatpay.sandbox import Sandbox

EVENTS = [(event.version, event.name) for event in catalogue.events()]


@pytest.mark.parametrize("provider", [False, True])
def test_a_notification_is_a_merchants_own_or_a_service_providers(sandbox: Sandbox, provider: bool) -> None:
    given = {"sub_mchid": "1900000222"} if provider else {}
    seen = set()
    for version, name in EVENTS:
        event = catalogue.event(name, version)
        assert event is not None
        kept = {each.name for each in event.fields if each.required} if version == "v2" else set()
        content = content_of(sandbox.context, name, version, given)
        own, partner = {"mchid", "mch_id"} & content.keys(), {"sp_mchid", "sp_appid"} & content.keys()
        assert not (own and partner), name
        assert len(own) <= 1, name
        if own and not provider:
            assert not {"sub_mchid", "sub_mch_id", "sub_appid"} & content.keys() - kept, name
        seen.add((bool(own), bool(partner)))
    assert {(True, False), (False, True)} <= seen


def test_a_payment_of_a_sub_merchant(sandbox: Sandbox) -> None:
    account = sandbox.account
    content = content_of(sandbox.context, "TRANSACTION.SUCCESS", "v3", {"sub_mchid": "1900000222"})
    assert (content["sp_mchid"], content["sp_appid"], content["sub_mchid"]) == (
        account.mchid,
        account.appid,
        "1900000222",
    )
    assert "sp_openid" in content["payer"]
    assert not {"mchid", "appid", "openid"} & {*content, *content["payer"]}


def test_the_user_is_that_of_the_same_merchant(sandbox: Sandbox) -> None:
    own = content_of(sandbox.context, "TRANSACTION.FAIL", "v3", {})
    assert (own["payer"].keys(), "sp_mchid" in own) == ({"openid"}, False)
    partner = content_of(sandbox.context, "TRANSACTION.FAIL", "v3", {"payer.sp_openid": "o1"})
    assert (partner["payer"]["sp_openid"], "openid" in partner["payer"], "mchid" in partner) == ("o1", False, False)


@pytest.mark.parametrize(
    ("version", "event", "given", "where", "expected"),
    [
        ("v3", "TRANSACTION.SUCCESS", {"amount.total": 500}, "amount", {"total": 500, "payer_total": 500}),
        ("v3", "TRANSACTION.SUCCESS", {"amount.total": 5, "amount.payer_total": 3}, "amount", {"payer_total": 3}),
        ("v3", "TRANSACTION.SUCCESS", {"amount.total": "x"}, "amount", {"payer_total": "x"}),
        (
            "v3",
            "ENTRUST.RELEASE",
            {"amount.total": 9, "amount.discount_total": 2},
            "amount",
            {"payer_total": 7, "discount_total": 2},
        ),
        ("v3", "ENTRUST.RELEASE", {}, "amount", {"total": 100, "payer_total": 100, "discount_total": 0}),
        (
            "v3",
            "REFUND.SUCCESS",
            {"amount.total": 9, "amount.refund": 5},
            "amount",
            {"payer_total": 9, "payer_refund": 5, "settlement_refund": 5},
        ),
        (
            "v3",
            "PAYSCORE.USER_PAID",
            {"collection.total_amount": 7},
            "collection",
            {"paid_amount": 7, "paying_amount": 0},
        ),
        ("v2", "refund-processed", {"refund_fee": "4"}, "", {"settlement_refund_fee": "4", "cash_refund_fee": "4"}),
        ("v2", "transaction-success", {"total_fee": "7"}, "", {"total_fee": "7", "coupon_fee": "0"}),
    ],
)
def test_amounts_follow_from_one_another(
    sandbox: Sandbox, version: str, event: str, given: dict[str, Any], where: str, expected: dict[str, Any]
) -> None:
    content = content_of(sandbox.context, event, version, given)
    member = content[where] if where else content
    assert {name: member[name] for name in expected} == expected


def test_what_the_user_paid_of_a_real_order_stays(sandbox: Sandbox, merchant: Any) -> None:
    sent = {
        "appid": merchant.account.appid,
        "mchid": merchant.account.mchid,
        "description": "thing",
        "out_trade_no": "order-1",
        "notify_url": "http://127.0.0.1:9/",
        "amount": {"total": 100},
    }
    assert merchant.post("/v3/pay/transactions/native", sent).status == 200
    sandbox.pay("order-1")
    order = sandbox.store.entry("order", "order-1")
    sandbox.store.put("order", "order-1", {**order, "promotion_detail": [{"amount": 30, "coupon_id": "1"}]})
    content = content_of(sandbox.context, "TRANSACTION.SUCCESS", "v3", {"out_trade_no": "order-1"})
    assert (content["amount"]["total"], content["amount"]["payer_total"]) == (100, 70)
