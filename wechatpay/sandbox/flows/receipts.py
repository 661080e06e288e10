"""Electronic receipts of transfers and batches: applied for, made, downloaded."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.flows import transfer_batches, transfers
from wechatpay.sandbox.flows.described import documented
from wechatpay.sandbox.flows.numbers import platform_number
from wechatpay.sandbox.flows.objects import Objects, chosen
from wechatpay.sandbox.flows.states_sharing import RECEIPT
from wechatpay.sandbox.http import Refusal, Reply
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["RECEIPTS", "routes"]

routes = Routes()

RECEIPTS = Objects(Words("receipt", "电子回单"), "number", "signature_no", states=RECEIPT, missing="NOT_FOUND")
FILE = "receipt file"
ELECSIGN = "v3/fund-app/mch-transfer/elecsign"
BY_NAMES = ("out_bill_no", "transfer_bill_no", "out_batch_no", "out_detail_no")
IN_PATH = tuple(
    f"{base}/{kind}-receipts/out-batch-no/{{out_batch_no}}{tail}"
    for base in transfer_batches.MARKETPLACES
    for kind, tail in (("summary", ""), ("detail", "/out-detail-no/{out_detail_no}"))
)
"""Receipts of marketplaces, whose numbers stand in the path."""
IN_BODY = (
    "v3/transfer-detail/electronic-receipts",
    "v3/bank-batch-transfer/receipt/detail-receipts",
    "v3/bank-batch-transfer/receipt/summary-receipts",
)
"""Those that are queried by the numbers that they are applied for with."""


def of_what(context: SandboxContext, call: ReceivedCall) -> str:
    """Return what a receipt is of, as its own number; an unknown transfer is refused, and one that has not ended well."""
    named = {name: str(call[name]) for name in BY_NAMES if call.get(name)}
    bill = named.get("out_bill_no") or named.get("transfer_bill_no")
    if bill is not None:
        entry = transfers.BILLS.find(context, bill)["bill"]
        number, done = f"bill {entry['out_bill_no']}", entry["state"] == "SUCCESS"
    elif "out_batch_no" not in named:
        paid = transfers.PAYMENTS.find(context, named["out_detail_no"])
        number, done = f"v2 {paid['number']}", True
    else:
        batch = transfer_batches.BATCHES.find(context, named["out_batch_no"])
        number, done = f"batch {batch['out_batch_no']}", batch["batch_status"] == "FINISHED"
        wanted = named.get("out_detail_no")
        if wanted is not None:
            one = transfer_batches.detail_named(batch, wanted)
            number, done = f"{number} {wanted}", one["detail_status"] == "SUCCESS"
    if not done:
        raise Refusal(400, "INVALID_REQUEST", "转账单未完成，不能申请电子回单")
    return number


@routes.on(
    "POST v3/transfer/bill-receipt",
    *(f"POST {ELECSIGN}/{by}" for by in ("out-bill-no", "transfer-bill-no")),
    *(f"POST {path}" for path in IN_BODY),
    *(f"POST {path}/apply" for path in IN_PATH),
)
def apply(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Apply for a receipt, or for the one there is."""
    number = of_what(context, call)
    receipt = RECEIPTS.get(context, number)
    if receipt is None:
        receipt = {
            "number": number,
            "signature_no": platform_number(context, "batch", "receipt", number),
            "state": "ACCEPTED",
            "create_time": context.stamp(),
            "update_time": context.stamp(),
        }
        RECEIPTS.save(context, receipt)
        context.schedule("finish_receipt", number, when="finish")
    return tell(context, call, receipt)


@routes.action("finish_receipt", "生成已申请的电子回单文件。")
def finish(context: SandboxContext, number: str) -> dict[str, Any]:
    """Make the file of a receipt that was applied for."""
    with context.change():
        content = f"%PDF-1.4\n% {number}\n%%EOF\n".encode()
        token = context.account.random.url_safe(24, "bill")
        members = {"token": token, "hash_type": "SHA256", "hash_value": hashlib.sha256(content).hexdigest()}
        receipt = RECEIPTS.change(context, number, "finish", update_time=context.stamp(), **members)
        context.store.put(FILE, token, {"number": receipt["number"]}, content=content)
        return receipt


def tell(context: SandboxContext, call: ReceivedCall, receipt: dict[str, Any]) -> dict[str, Any]:
    """Return a receipt under all the names that its members have; with a link to its file when there is one."""
    state = receipt["state"]
    link = None
    if state == "FINISHED":
        link = f"{call.request.origin or context.base_url}v3/transferdownload/signfile?token={receipt['token']}"
    facts = {
        **{name: call[name] for name in (*BY_NAMES, "accept_type") if call.get(name)},
        **chosen(receipt, "signature_no", "create_time", "update_time"),
        "receipt_no": receipt["signature_no"],
        "signature_status": state,
        "receipt_state": state,
        "state": "GENERATING" if state == "ACCEPTED" else state,
        **dict.fromkeys(("hash_type", "hash_value"), None),
        **chosen(receipt, "hash_type", "hash_value"),
        "download_url": link,
    }
    return context.respond(call, documented(call.operation.response.fields, facts))


@routes.on(
    "GET v3/transfer/bill-receipt/{out_batch_no}",
    *(f"GET {ELECSIGN}/{by}" for by in ("out-bill-no/{out_bill_no}", "transfer-bill-no/{transfer_bill_no}")),
    *(f"GET {path}" for path in (*IN_BODY, *IN_PATH)),
)
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a receipt as it stands."""
    return tell(context, call, RECEIPTS.find(context, of_what(context, call)))


@routes.on("GET v3/transferdownload/signfile", "GET v3/transferdownload/elecvoucherfile")
def download(context: SandboxContext, call: ReceivedCall) -> Reply:
    """Return the file of a receipt."""
    content = context.store.content(FILE, str(call.query["token"]))
    if content is None:
        raise Refusal(404, "NOT_FOUND", "文件不存在")
    return Reply(body=content, content_type="application/pdf", signed=False)
