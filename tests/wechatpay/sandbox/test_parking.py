"""Pay Score parking: services of plates, entrances, orders that are deducted later."""

from __future__ import annotations

from typing import Any

import pytest

BASE = "/v3/vehicle"
PLATE = "粤B888888"
SUB = "1900000109"


def enter(merchant: Any, number: str = "1231243", **changes: Any) -> Any:
    """An entrance as https://pay.weixin.qq.com/wiki/doc/apiv3_partner/apis/chapter8_8_2.shtml describes it."""
    sent = {
        "sub_mchid": SUB,
        "out_parking_no": number,
        "plate_number": PLATE,
        "plate_color": "BLUE",
        "notify_url": "http://127.0.0.1:9/notify",
        "start_time": "2017-08-26T10:43:39+08:00",
        "parking_name": "欢乐海岸停车场",
        "free_duration": 3600,
        **changes,
    }
    return merchant.post(f"{BASE}/parking/parkings", sent)


def charge(merchant: Any, parking: str | None = None, number: str = "20150806125346", **changes: Any) -> Any:
    sent = {
        "appid": merchant.account.appid,
        "sub_mchid": SUB,
        "description": "停车场扣费",
        "attach": "深圳分店",
        "out_trade_no": number,
        "trade_scene": "PARKING",
        "notify_url": "http://127.0.0.1:9/notify",
        "amount": {"total": 888, "currency": "CNY"},
        **changes,
    }
    if parking:
        sent["parking_info"] = {
            "parking_id": parking,
            "plate_number": PLATE,
            "plate_color": "BLUE",
            "start_time": "2017-08-26T10:43:39+08:00",
            "end_time": "2017-08-26T12:43:39+08:00",
            "parking_name": "欢乐海岸停车场",
            "charging_duration": 3600,
            "device_id": "12313",
        }
    return merchant.post(f"{BASE}/transactions/parking", sent)


def state(merchant: Any, number: str = "20150806125346") -> str:
    answer = merchant.get(f"{BASE}/transactions/out-trade-no/{number}?sub_mchid={SUB}")
    return str(answer.data["trade_state"])


def service(merchant: Any) -> Any:
    query = f"appid={merchant.account.appid}&plate_number={PLATE}&plate_color=BLUE&openid=oUpF8uMuAJOM2pxb1Q"
    return merchant.get(f"{BASE}/parking/services/find?{query}".replace(PLATE, "%E7%B2%A4B888888")).data


def refused(answer: Any) -> tuple[int, str]:
    return answer.status, answer.data["code"]


class TestEntrances:
    def test_an_entrance_is_recorded_once(self, merchant: Any) -> None:
        first = enter(merchant)
        assert first.data["state"] == "NORMAL"
        assert enter(merchant).data == first.data
        assert refused(enter(merchant, parking_name="别处")) == (400, "RESOURCE_ALREADY_EXISTS")

    def test_a_service_that_is_paused_blocks_the_parked_car(self, merchant: Any, receiver: Any) -> None:
        act = merchant.sandbox.actions["change_parking_service"]
        parking = enter(merchant, notify_url=receiver.url).data
        assert service(merchant)["service_state"] == "NORMAL"
        act(PLATE)
        merchant.sandbox.callbacks.wait(5)
        envelope, content = receiver.opened(merchant.sandbox)
        assert envelope["event_type"] == "VEHICLE.ENTRANCE_STATE_CHANGE"
        assert (content["parking_id"], content["parking_state"]) == (parking["id"], "BLOCKED")
        assert (content["blocked_state_description"], content["sub_mchid"]) == ("PAUSE", SUB)
        assert service(merchant)["service_state"] == "PAUSE"
        assert refused(charge(merchant, parking["id"])) == (400, "INVALID_REQUEST")
        act(PLATE, change="close")  # blocked already: nobody is notified
        assert "service_open_time" not in service(merchant)
        blocked = enter(merchant, "2").data
        assert (blocked["state"], blocked["block_reason"]) == ("BLOCKED", "OUT_SERVICE")
        act(PLATE, change="open")
        merchant.sandbox.callbacks.wait(5)
        assert len(receiver.received) == 1  # the latest entrance has another URL
        again = enter(merchant, "2").data
        assert (again["state"], "block_reason" in again) == ("NORMAL", False)
        with pytest.raises(ValueError, match="is NORMAL"):
            act(PLATE, change="open")
        with pytest.raises(ValueError, match="not sell") as caught:
            act(PLATE, change="sell")
        assert "不能是 sell" in caught.value.args[0].zh

    def test_a_car_that_left_is_not_blocked(self, merchant: Any, receiver: Any) -> None:
        parking = enter(merchant, notify_url=receiver.url).data
        charge(merchant, parking["id"])
        merchant.sandbox.actions["change_parking_service"](PLATE)
        merchant.sandbox.callbacks.wait(5)
        assert receiver.received == []


class TestOrders:
    def test_an_order_is_accepted_then_deducted_and_refunded(self, merchant: Any, receiver: Any) -> None:
        parking = enter(merchant).data["id"]
        accepted = charge(merchant, parking, notify_url=receiver.url).data
        assert (accepted["trade_state"], accepted["sp_mchid"]) == ("ACCEPTED", merchant.account.mchid)
        assert accepted["parking_info"]["parking_id"] == parking
        assert charge(merchant, parking, notify_url=receiver.url).data == accepted
        assert "transaction_id" not in accepted
        merchant.sandbox.pay(accepted["out_trade_no"])
        merchant.sandbox.callbacks.wait(5)
        envelope, content = receiver.opened(merchant.sandbox)
        assert envelope["event_type"] == "TRANSACTION.SUCCESS"
        assert (content["trade_scene"], content["sub_mchid"], content["attach"]) == ("PARKING", SUB, "深圳分店")
        assert content["parking_info"]["parking_id"] == parking
        assert state(merchant) == "SUCCESS"
        refund = {
            "transaction_id": content["transaction_id"],
            "sub_mchid": SUB,
            "out_refund_no": "refund-1",
            "amount": {"refund": 888, "total": 888, "currency": "CNY"},
        }
        assert merchant.post("/v3/refund/domestic/refunds", refund).status == 200
        assert state(merchant) == "REFUND"

    def test_a_deduction_can_fail(self, merchant: Any) -> None:
        charge(merchant)
        merchant.sandbox.actions["fail_payment"]("20150806125346")
        assert state(merchant) == "PAY_FAIL"

    def test_what_is_refused(self, merchant: Any) -> None:
        assert refused(charge(merchant, "1")) == (404, "RESOURCE_NOT_EXISTS")
        charge(merchant)
        target = f"{BASE}/transactions/out-trade-no/20150806125346"
        assert refused(merchant.get(f"{target}?sub_mchid=1900000222"))[0] == 400
        sent = {
            "appid": merchant.account.appid,
            "mchid": merchant.account.mchid,
            "description": "商品",
            "out_trade_no": "order-1",
            "notify_url": "http://127.0.0.1:9/notify",
            "amount": {"total": 100},
        }
        merchant.post("/v3/pay/transactions/native", sent)
        assert refused(merchant.get(f"{BASE}/transactions/out-trade-no/order-1"))[0] == 404
