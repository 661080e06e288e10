"""Parking: services of plates, entrances, charges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from wechatpay import catalogue
from wechatpay.sandbox.flows import states_parking

if TYPE_CHECKING:
    from wechatpay.sandbox import Sandbox
    from wechatpay.sandbox.flows.states import States

BASE = "/v3/vehicle"
PLATE = "粤B888888"
ENDS: dict[str, set[str]] = {"ENTRANCE": {"BLOCKED"}, "PARKING_SERVICE": set()}


@pytest.mark.parametrize("name", states_parking.__all__)
def test_tables_end_and_name_events_of_the_catalogue(name: str) -> None:
    table: States = getattr(states_parking, name)
    assert table.ends == ENDS[name]
    known = {event.event_type for event in catalogue.events()}
    assert {each.notifies for each in table.transitions.values()} - {""} <= known


def enter(merchant: Any, number: str = "1231243", url: str = "http://127.0.0.1:9/", **more: Any) -> Any:
    # https://pay.weixin.qq.com/doc/v3/partner/4012533994
    sent = {
        "out_parking_no": number,
        "plate_number": PLATE,
        "plate_color": "BLUE",
        "notify_url": url,
        "start_time": "2017-08-26T10:43:39+08:00",
        "parking_name": "欢乐海岸停车场",
        "free_duration": 3600,
    }
    return merchant.post(f"{BASE}/parking/parkings", {**sent, **more})


def charge(merchant: Any, parking: str, number: str = "20150806125346", **more: Any) -> Any:
    info = {
        "parking_id": parking,
        "plate_number": PLATE,
        "plate_color": "BLUE",
        "start_time": "2017-08-26T10:43:39+08:00",
        "end_time": "2017-08-26T11:43:39+08:00",
        "parking_name": "欢乐海岸停车场",
        "charging_duration": 3600,
        "device_id": "12313",
    }
    sent = {
        "appid": "wxcbda96de0b165486",
        "description": "停车场扣费",
        "out_trade_no": number,
        "trade_scene": "PARKING",
        "notify_url": "http://127.0.0.1:9/",
        "amount": {"total": 888, "currency": "CNY"},
        "parking_info": info,
    }
    return merchant.post(f"{BASE}/transactions/parking", {**sent, **more})


def service(merchant: Any) -> Any:
    query = f"appid=wx1&plate_number={quote(PLATE)}&plate_color=BLUE&openid=oUpF8uMuAJOM2pxb1Q"
    return merchant.get(f"{BASE}/parking/services/find?{query}").data


def test_a_plate_is_charged_when_it_leaves(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    assert service(merchant)["service_state"] == "OUT_SERVICE"
    assert enter(merchant, "blocked").data["block_reason"] == "OUT_SERVICE"
    opened = sandbox.actions["open_parking"](PLATE)
    assert (service(merchant)["service_state"], service(merchant)["openid"]) == ("NORMAL", opened["openid"])
    with pytest.raises(ValueError, match="is NORMAL, not PAUSE or OUT_SERVICE"):
        sandbox.actions["open_parking"](PLATE)
    parking = enter(merchant).data
    assert (parking["state"], enter(merchant).data) == ("NORMAL", parking)
    accepted = charge(merchant, parking["id"], notify_url=receiver.url).data
    assert (accepted["trade_state"], accepted["payer"]["openid"]) == ("ACCEPTED", opened["openid"])
    told = merchant.get(f"{BASE}/transactions/out-trade-no/20150806125346").data
    assert (told["trade_state"], told["parking_info"]["parking_id"]) == ("SUCCESS", parking["id"])
    assert sandbox.callbacks.wait()
    envelope, content = receiver.opened(sandbox)
    assert (envelope["event_type"], content["transaction_id"]) == ("TRANSACTION.SUCCESS", told["transaction_id"])
    trade = merchant.get(f"/v3/pay/transactions/id/{told['transaction_id']}?mchid={merchant.account.mchid}").data
    assert (trade["trade_type"], trade["amount"]["total"]) == ("PAP", 888)
    refund = {"transaction_id": told["transaction_id"], "out_refund_no": "R1"}
    refund["amount"] = {"refund": 100, "total": 888, "currency": "CNY"}
    assert merchant.post("/v3/refund/domestic/refunds", refund).status == 200


def test_a_charge_fails(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    sandbox.actions["open_parking"](PLATE)
    parking = enter(merchant).data["id"]
    sandbox.actions["refuse_deduction"](PLATE)
    assert charge(merchant, parking, notify_url=receiver.url, sub_mchid="1900000109").status == 200
    assert sandbox.callbacks.wait()
    envelope, content = receiver.opened(sandbox)
    assert (envelope["event_type"], content["trade_state"]) == ("TRANSACTION.FAIL", "PAY_FAIL")
    assert content["trade_state_description"] == "用户账号余额不足"
    again = charge(merchant, parking, notify_url=receiver.url, sub_mchid="1900000109")
    assert again.data["code"] == "OUT_TRADE_NO_USED"
    path = f"{BASE}/transactions/out-trade-no/20150806125346"
    assert merchant.get(f"{path}?sub_mchid=1900000109").data["trade_state"] == "PAY_FAIL"
    assert merchant.get(path).data["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize("reason", ["PAUSE", "OUT_SERVICE"])
def test_a_user_blocks_what_is_parked(sandbox: Sandbox, merchant: Any, receiver: Any, reason: str) -> None:
    sandbox.actions["open_parking"](PLATE)
    parking = enter(merchant, url=receiver.url).data["id"]
    sandbox.actions["block_parking"](PLATE, reason)
    assert sandbox.callbacks.wait()
    envelope, content = receiver.opened(sandbox)
    assert envelope["event_type"] == "VEHICLE.ENTRANCE_STATE_CHANGE"
    assert (content["parking_id"], content["parking_state"]) == (parking, "BLOCKED")
    assert content["blocked_state_description"] == reason
    assert charge(merchant, parking).data["code"] == "INVALID_REQUEST"
    assert charge(merchant, "none").data["code"] == "RESOURCE_NOT_EXISTS"
    sandbox.actions["open_parking"](PLATE)
    assert service(merchant)["service_state"] == "NORMAL"


def test_a_charge_is_no_other_order(sandbox: Sandbox, merchant: Any) -> None:
    sent = {"appid": merchant.account.appid, "mchid": merchant.account.mchid, "description": "x"}
    sent |= {"out_trade_no": "order001", "notify_url": "http://127.0.0.1:9/"}
    merchant.post("/v3/pay/transactions/native", {**sent, "amount": {"total": 1, "currency": "CNY"}})
    assert merchant.get(f"{BASE}/transactions/out-trade-no/order001").data["code"] == "ORDER_NOT_EXIST"
