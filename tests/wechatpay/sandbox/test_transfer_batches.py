"""Batches of transfers: one story in every query, transfers that fail, money that comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from wechatpay.sandbox.flows import accounts

if TYPE_CHECKING:
    from wechatpay.sandbox import Sandbox

PATHS = {
    "v3/transfer/batches": "",
    "v3/partner-transfer/batches": "",
    "v3/bank-transfer/batches": "",
    "v3/platsolution/mch-transfer/batches": "/apply",
    "v3/platsolution/insurance/mch-transfer/batches": "/apply",
}
BASE = "/v3/transfer/batches"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"


def place(merchant: Any, base: str = BASE, count: int = 2, url: str = "http://127.0.0.1:9/", **more: Any) -> Any:
    details = [
        {
            "out_detail_no": f"x{index}",
            "transfer_amount": 150,
            "transfer_remark": "报销",
            "openid": OPENID,
            **({} if "platsolution" in base else {"user_name": merchant.encrypt("张三")}),
        }
        for index in range(count)
    ]
    totals = {"total_amount": 150 * count, "total_count" if "bank" in base else "total_num": count}
    names = {"batch_name": "报销", "batch_remark": "报销", "transfer_scene_id": "1001", "notify_url": url}
    sent = {"appid": "wx1", "out_batch_no": "plfk2020042013", **names, **totals, **more}
    return merchant.post(base + PATHS[base[1:]], {**sent, "transfer_detail_list": details})


def told(merchant: Any, base: str = BASE, more: str = "") -> Any:
    more = more if "detail_status" in more else f"{more}&detail_status=ALL"
    return merchant.get(f"{base}/out-batch-no/plfk2020042013?need_query_detail=true{more}").data


def entries(sandbox: Sandbox) -> list[int]:
    return [each["amount"] for each in accounts.entries(sandbox.context, sandbox.context.day(), "OPERATION")]


@pytest.mark.parametrize("path", PATHS)
def test_all_queries_tell_the_batch_that_was_made(sandbox: Sandbox, merchant: Any, path: str) -> None:
    sandbox.context.strict = False
    base = f"/{path}"
    made = place(merchant, base).data
    by_id = f"{base}/batch-id/{made['batch_id']}"
    for output in (told(merchant, base), merchant.get(f"{by_id}?need_query_detail=true").data):
        batch = output.get("transfer_batch", output)
        state = batch.get("batch_status") or batch["batch_state"]
        assert (batch["batch_id"], batch["total_amount"], state) == (made["batch_id"], 300, "FINISHED")
        assert batch["success_amount"] == 300
        details = output.get("transfer_detail_list") or output["data"]
        assert [each["out_detail_no"] for each in details] == ["x0", "x1"]
    number = details[1]["detail_id"]
    for which in (
        f"{by_id}/details/detail-id/{number}",
        f"{base}/out-batch-no/plfk2020042013/details/out-detail-no/x1",
    ):
        one = merchant.get(which).data
        state = one.get("detail_status") or one["detail_state"]
        assert (one["out_detail_no"], one["transfer_amount"], state) == ("x1", 150, "SUCCESS")
    if "platsolution" not in path:
        assert merchant.decrypt(one.get("user_name") or one["username"]) == "张三"
    assert merchant.get(f"{base}/out-batch-no/plfk2020042013/details/out-detail-no/x9").data["code"] == "NOT_FOUND"
    assert merchant.get(f"{base}/batch-id/1").data["code"] == "NOT_FOUND"


def test_a_batch_is_accepted_then_finished(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    made = place(merchant, url=receiver.url).data
    assert made["batch_status"] == "ACCEPTED"
    assert place(merchant, url=receiver.url).data["batch_id"] == made["batch_id"]
    assert place(merchant, url=receiver.url, batch_name="x").data["code"] == "INVALID_REQUEST"
    assert [each["out_detail_no"] for each in told(merchant, more="&offset=1")["transfer_detail_list"]] == ["x1"]
    assert (
        "transfer_detail_list" not in merchant.get(f"{BASE}/out-batch-no/plfk2020042013?need_query_detail=false").data
    )
    assert entries(sandbox) == [-300]
    assert sandbox.callbacks.wait()
    envelope, resource = receiver.opened(sandbox)
    assert envelope["event_type"] == "MCHTRANSFER.BATCH.FINISHED"
    assert (resource["success_num"], resource["success_amount"], resource["fail_num"]) == (2, 300, 0)


def test_a_transfer_of_a_batch_fails_and_its_money_comes_back(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    sandbox.context.automatic = frozenset()
    place(merchant, count=3, url=receiver.url)
    assert told(merchant)["transfer_batch"]["batch_status"] == "ACCEPTED"
    sandbox.actions["finish_batch_detail"]("plfk2020042013", "x1", "FAIL", "NAME_NOT_CORRECT")
    output = told(merchant)
    assert output["transfer_batch"]["batch_status"] == "PROCESSING"
    assert "success_amount" not in output["transfer_batch"]
    assert (
        "transfer_detail_list" not in output
    )  # not before it is finished: pay.weixin.qq.com/doc/v3/partner/4012715990
    by_name = f"{BASE}/out-batch-no/plfk2020042013/details/out-detail-no/"
    one = merchant.get(by_name + "x1").data
    assert (one["detail_status"], one["fail_reason"]) == ("FAIL", "NAME_NOT_CORRECT")
    assert merchant.get(by_name + "x0").data["detail_status"] == "PROCESSING"
    sandbox.actions["finish_batch_detail"]("plfk2020042013", "x0")
    with pytest.raises(ValueError, match="is FAIL, not PROCESSING"):
        sandbox.actions["finish_batch_detail"]("plfk2020042013", "x1")
    sandbox.actions["finish_batch"]("plfk2020042013")
    batch = told(merchant)["transfer_batch"]
    assert (batch["success_num"], batch["fail_num"], batch["fail_amount"]) == (2, 1, 150)
    failed = told(merchant, more="&detail_status=FAIL")["transfer_detail_list"]
    assert [each["out_detail_no"] for each in failed] == ["x1"]
    assert entries(sandbox) == [-450, 150]
    with pytest.raises(ValueError, match="is FINISHED, not ACCEPTED"):
        sandbox.actions["finish_batch_detail"]("plfk2020042013", "x0", "FAIL")
    with pytest.raises(LookupError, match="has no transfer x9"):
        sandbox.actions["finish_batch_detail"]("plfk2020042013", "x9")
    with pytest.raises(ValueError, match="'BORED' is not a choice; choose one of ACCOUNT_FROZEN"):
        sandbox.actions["finish_batch_detail"]("plfk2020042013", "x1", "FAIL", "BORED")
    assert sandbox.callbacks.wait()
    assert len(receiver.received) == 1
    _, resource = receiver.opened(sandbox)
    assert (resource["fail_num"], resource["success_amount"]) == (1, 300)


def test_a_batch_is_closed_before_it_starts(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    sandbox.context.automatic = frozenset()
    place(merchant, url=receiver.url)
    sandbox.actions["finish_batch"]("plfk2020042013", "CLOSED", "OVERDUE_CLOSE")
    batch = told(merchant)["transfer_batch"]
    assert (batch["batch_status"], batch["close_reason"]) == ("CLOSED", "OVERDUE_CLOSE")
    assert entries(sandbox) == [-300, 300]
    assert sandbox.callbacks.wait()
    envelope, resource = receiver.opened(sandbox)
    assert (envelope["event_type"], resource["close_reason"]) == ("MCHTRANSFER.BATCH.CLOSED", "OVERDUE_CLOSE")
    with pytest.raises(ValueError, match="is CLOSED"):
        sandbox.actions["finish_batch"]("plfk2020042013")


def test_a_batch_without_money_is_refused(sandbox: Sandbox, merchant: Any) -> None:
    accounts.hold(sandbox.context, 100_000_000 - 299, "OPERATION")
    refused = place(merchant)
    assert (refused.status, refused.data["code"], refused.data["message"]) == (403, "NOT_ENOUGH", "资金不足")
    accounts.release(sandbox.context, 1, "OPERATION")
    assert place(merchant).status == 200
