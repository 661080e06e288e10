"""Transfers to many at once: batches, each transfer of which may fail; merchants', providers', banks', marketplaces'."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox import webhook_payloads
from wechatpay.sandbox.flows import accounts
from wechatpay.sandbox.flows.amounts import fen
from wechatpay.sandbox.flows.described import choices, documented
from wechatpay.sandbox.flows.endings import reason_of
from wechatpay.sandbox.flows.numbers import platform_number
from wechatpay.sandbox.flows.objects import Objects, chosen, one_variable, page
from wechatpay.sandbox.flows.states_sharing import BATCH, BATCH_DETAIL
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["BATCHES", "MARKETPLACES", "detail_named", "routes"]

routes = Routes()

BATCHES = Objects(
    Words("transfer batch", "转账批次"),
    "out_batch_no",
    "batch_id",
    state="batch_status",
    states=BATCH,
    missing="NOT_FOUND",
)
DETAIL = Words("transfer of a batch", "转账明细")
MARKETPLACES = ("v3/platsolution/mch-transfer/batches", "v3/platsolution/insurance/mch-transfer/batches")
BASES = ("v3/transfer/batches", "v3/partner-transfer/batches", "v3/bank-transfer/batches", *MARKETPLACES)
BY_NAME = "out-batch-no/{out_batch_no}"
REASONS = partial(choices, f"GET v3/partner-transfer/batches/{BY_NAME}", "close_reason")
DETAIL_REASONS = partial(choices, f"GET v3/bank-transfer/batches/{BY_NAME}", "transfer_detail_list", "fail_reason")
ENDS = ("FINISHED", "CLOSED")
DETAIL_ENDS = ("SUCCESS", "FAIL")
BY_ID = "batch-id/{batch_id}"
ASKED = (
    *("appid", "sp_appid", "sub_appid", "sub_mchid", "authorization_type", "batch_name", "batch_remark"),
    *("transfer_purpose", "transfer_scene", "transfer_scene_id", "attach_remark", "platform_mchid", "sponsor_mchid"),
    *("specialized_payment_mchid", "user_authorized_mchid", "user_authorized_appid", "notify_url"),
)
"""What a request says of its batch that queries tell."""


@routes.on(*(f"POST {base}/apply" if base in MARKETPLACES else f"POST {base}" for base in BASES))
def place(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Accept a batch, and take its money."""
    sent = dict(call.body)
    number = str(sent["out_batch_no"])
    known = BATCHES.repeated(context, number, sent)
    if known is None:
        details = sent.get("transfer_detail_list") or []
        known = {
            "sent": sent,
            "create_time": context.stamp(),
            "update_time": context.stamp(),
            "batch_id": platform_number(context, "batch", number),
            "out_batch_no": number,
            "batch_status": "ACCEPTED",
            "close_reason": None,
            "total": sum_of(sent, details),
            "details": [detail_of(context, number, each) for each in details],
        }
        accounts.require(context, known["total"], "OPERATION", refusal=Refusal(403, "NOT_ENOUGH", "资金不足"))
        move(context, known, -known["total"], "商家转账")
        BATCHES.save(context, known)
        context.schedule("finish_batch", number, when="finish")
    return context.respond(call, {**known, "batch_state": known["batch_status"]})


def sum_of(sent: dict[str, Any], details: list[dict[str, Any]]) -> int:
    """Return the sum of a batch in fen; one that its totals do not fit, or that names a transfer twice, is refused."""
    total = sum(
        fen(each.get("transfer_amount"), f"/transfer_detail_list/{index}/transfer_amount")
        for index, each in enumerate(details)
    )
    if int(sent.get("total_amount", total)) != total:
        raise Refusal.of_field("body", "/total_amount", f"与明细金额之和 {total} 不一致", value=sent["total_amount"])
    count = "total_count" if "total_count" in sent else "total_num"
    if int(sent.get(count, len(details))) != len(details):
        # https://developers.weixin.qq.com/community/pay/doc/0000a4445008c0b15a1e6c0c951c00
        raise Refusal(400, "PARAM_ERROR", "转账总笔数与明细转账笔数总和不相等")
    numbers = [each.get("out_detail_no") for each in details]
    twice = next((each for each in numbers if numbers.count(each) > 1), None)
    if twice is not None:
        raise Refusal.of_field("body", "/transfer_detail_list", "商家明细单号重复", value=twice)
    return total


def detail_of(context: SandboxContext, number: str, one: dict[str, Any]) -> dict[str, Any]:
    """Return one transfer of a new batch."""
    return {
        **chosen(one, "out_detail_no", "transfer_amount", "transfer_remark", "openid", "user_name"),
        "detail_id": platform_number(context, "batch detail", number, one["out_detail_no"]),
        "detail_status": "PROCESSING",
        "fail_reason": None,
        "initiate_time": context.stamp(),
        "update_time": context.stamp(),
    }


# what happens to it


def move(context: SandboxContext, batch: dict[str, Any], amount: int, name: str) -> None:
    """Book money of a batch, in fen, in the account that pays users."""
    entry = accounts.Entry(amount=amount, name=name, number=batch["batch_id"], voucher=batch["out_batch_no"])
    accounts.book(context, entry, "OPERATION")


def start(batch: dict[str, Any]) -> None:
    """Begin with the transfers of a batch that was only accepted; ValueError if it has ended."""
    if batch["batch_status"] != "PROCESSING":
        BATCHES.move(batch, "start")


def end(context: SandboxContext, batch: dict[str, Any], one: dict[str, Any], state: str, reason: str | None) -> None:
    """End one transfer; the money of one that fails comes back."""
    number = one["out_detail_no"]
    one["detail_status"] = BATCH_DETAIL.after(
        state, one["detail_status"], Words(f"{DETAIL} {number}", f"{DETAIL.zh} {number}")
    )
    one |= {"fail_reason": reason, "update_time": context.stamp()}
    if state == "FAIL":
        move(context, batch, one["transfer_amount"], BATCH_DETAIL.transitions[state].books)


@routes.action(
    "finish_batch_detail",
    "结束批次中的一笔转账：成功或失败；最后一笔结束时批次完成，并发出通知。",
    state=DETAIL_ENDS,
    reason=DETAIL_REASONS,
)
def finish_detail(
    context: SandboxContext, number: str, detail: str, state: str = "SUCCESS", reason: str = ""
) -> dict[str, Any]:
    """End one transfer of a batch as ``SUCCESS`` or ``FAIL``; the batch finishes, and is notified, with its last one."""
    told = reason_of(DETAIL, state, reason, DETAIL_ENDS[1:], DETAIL_REASONS())
    with context.change():
        batch = BATCHES.entry(context, number)
        one = next((each for each in batch["details"] if each["out_detail_no"] == detail), None)
        if one is None:
            raise LookupError(Words(f"the batch {number} has no transfer {detail}", f"批次 {number} 没有明细 {detail}"))
        start(batch)
        end(context, batch, one, state, told)
        return finished(context, batch)


@routes.action(
    "finish_batch", "结束批次：其余转账成功后完成，或在开始前关闭；商户收到通知。", state=ENDS, reason=REASONS
)
def finish(context: SandboxContext, number: str, state: str = "FINISHED", reason: str = "") -> dict[str, Any]:
    """End a batch as ``FINISHED``, its other transfers well, or as ``CLOSED`` before it starts; it is notified."""
    told = reason_of(BATCHES.kind, state, reason, ENDS[1:], REASONS())
    with context.change():
        batch = BATCHES.entry(context, number)
        if state == "CLOSED":
            BATCHES.move(batch, "close", close_reason=told)
            move(context, batch, batch["total"], BATCH.transitions["close"].books)
            return finished(context, batch)
        start(batch)
        for one in batch["details"]:
            if one["detail_status"] == "PROCESSING":
                end(context, batch, one, "SUCCESS", None)
        return finished(context, batch)


def finished(context: SandboxContext, batch: dict[str, Any]) -> dict[str, Any]:
    """Store a batch, and notify the merchant if this was its end."""
    batch["update_time"] = context.stamp()
    event = BATCH.transitions["close"].notifies
    if batch["batch_status"] != "CLOSED":
        waiting = any(each["detail_status"] == "PROCESSING" for each in batch["details"])
        event = "" if waiting else BATCH.transitions["finish"].notifies
        if not waiting:
            BATCHES.move(batch, "finish")
    BATCHES.save(context, batch)
    if event:
        told = documented(webhook_payloads.event_of(event, "v3").resource, facts(context, batch))
        context.notify(batch["sent"].get("notify_url"), event, told)
    return batch


# queries


def facts(context: SandboxContext, batch: dict[str, Any]) -> dict[str, Any]:
    """Return a batch under all the names that its members have."""
    done = {
        state: [each["transfer_amount"] for each in batch["details"] if each["detail_status"] == state]
        for state in ("SUCCESS", "FAIL")
    }
    state, count, failed = batch["batch_status"], len(batch["details"]), done["FAIL"]
    result = {
        **chosen(batch["sent"], *ASKED),
        **chosen(batch, "out_batch_no", "batch_id", "close_reason", "create_time", "update_time"),
        **dict.fromkeys(("mchid", "sp_mchid", "bank_sp_mchid"), context.account.mchid),
        "batch_status": state,
        "batch_state": state,
        "batch_type": "API",
        "total_amount": batch["total"],
        "total_num": count,
        "total_count": count,
    }
    if state == "FINISHED":
        result |= {"success_amount": sum(done["SUCCESS"]), "fail_amount": sum(failed), "failed_amount": sum(failed)}
        result |= dict.fromkeys(("success_num", "success_count"), len(done["SUCCESS"]))
        result |= dict.fromkeys(("fail_num", "fail_count", "failed_num"), len(failed))
    return result


def detail_facts(context: SandboxContext, batch: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    """Return one transfer of a batch under all the names that its members have."""
    return {
        **facts(context, batch),
        **one,
        "create_time": one["initiate_time"],
        "detail_state": one["detail_status"],
        "username": one.get("user_name"),
        "transfer_finish_time": one["update_time"] if one["detail_status"] == "SUCCESS" else None,
    }


@routes.on(*(f"GET {base}/{by}" for base in BASES for by in (BY_ID, BY_NAME)))
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a batch as it stands; with its transfers in a wanted state when asked for, once it is finished."""
    batch = BATCHES.find(context, one_variable(call))
    wanted = str(call.query.get("detail_status") or call.query.get("detail_state") or "ALL")
    details = [
        detail_facts(context, batch, each) for each in batch["details"] if wanted in ("ALL", each["detail_status"])
    ]
    shown, offset, limit = page(call, details, 20)
    asked = str(call.query.get("need_query_detail")).lower() == "true" and batch["batch_status"] == "FINISHED"
    told = facts(context, batch)
    listed = {"transfer_detail_list": shown, "data": shown} if asked else {}
    names = call.operation.response.fields
    answer = documented(names, {**told, "transfer_batch": told, **listed, "offset": offset, "limit": limit})
    return context.respond(call, {"transfer_detail_list": None, "data": None, **answer})


def detail_named(batch: dict[str, Any], number: str) -> dict[str, Any]:
    """Return the transfer of a batch with this number of the merchant's or of the platform's."""
    for one in batch["details"]:
        if number in (one["detail_id"], one["out_detail_no"]):
            found: dict[str, Any] = one
            return found
    raise Refusal(404, "NOT_FOUND", f"记录不存在: 批次没有明细 {number}")


@routes.on(
    *(
        f"GET {base}/{by}"
        for base in BASES
        for by in (f"{BY_ID}/details/detail-id/{{detail_id}}", f"{BY_NAME}/details/out-detail-no/{{out_detail_no}}")
    ),
)
def query_detail(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return one transfer of a batch as it stands."""
    number, wanted = call.variables.values()
    batch = BATCHES.find(context, number)
    return context.respond(call, detail_facts(context, batch, detail_named(batch, wanted)))
