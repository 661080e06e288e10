"""Electronic receipts: only of what is done, made after a while, and with a file behind the link."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from wechatpay.sandbox import Sandbox

BATCH, DETAIL = "batch001", "d1"
MARKETPLACES = ("v3/platsolution/mch-transfer/batches", "v3/platsolution/insurance/mch-transfer/batches")


@pytest.fixture
def batch(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.strict = False
    one = {"out_detail_no": DETAIL, "transfer_amount": 100, "transfer_remark": "c", "openid": "o1"}
    sent = {"appid": "wx1", "out_batch_no": BATCH, "transfer_detail_list": [one]}
    assert merchant.post("/v3/transfer/batches", sent).status == 200


def asked(merchant: Any, path: str) -> tuple[Any, Any]:
    """Apply for a receipt, and return how to do it again and how to ask for it."""
    numbers, query = {"out_batch_no": BATCH}, f"?out_batch_no={BATCH}"
    if "detail" in path:
        numbers["out_detail_no"], query = DETAIL, f"{query}&out_detail_no={DETAIL}"
    if path.startswith("v3/platsolution"):
        return lambda: merchant.post(f"/{path}/apply", {}), lambda: merchant.get(f"/{path}")
    tail = f"/{BATCH}" if path == "v3/transfer/bill-receipt" else query
    return lambda: merchant.post(f"/{path}", numbers), lambda: merchant.get(f"/{path}{tail}")


def state_of(answer: Any) -> Any:
    return next(answer.data[name] for name in ("signature_status", "receipt_state", "state") if name in answer.data)


@pytest.mark.usefixtures("batch")
@pytest.mark.parametrize(
    "path",
    [
        "v3/transfer/bill-receipt",
        "v3/transfer-detail/electronic-receipts",
        "v3/bank-batch-transfer/receipt/detail-receipts",
        "v3/bank-batch-transfer/receipt/summary-receipts",
        *(f"{base}/summary-receipts/out-batch-no/{BATCH}" for base in MARKETPLACES),
        *(f"{base}/detail-receipts/out-batch-no/{BATCH}/out-detail-no/{DETAIL}" for base in MARKETPLACES),
    ],
)
def test_a_receipt_is_applied_for_made_and_downloaded(sandbox: Sandbox, merchant: Any, path: str) -> None:
    apply, query = asked(merchant, path)
    sandbox.context.automatic = frozenset()
    assert query().data["code"] == "NOT_FOUND"
    assert state_of(apply()) == "ACCEPTED"
    assert "download_url" not in query().data
    sandbox.context.automatic = frozenset({"finish"})
    number = next(each["number"] for each in sandbox.store.all("receipt"))
    sandbox.actions["finish_receipt"](number)
    assert state_of(query()) == "FINISHED"
    told = query().data
    link = urlsplit(told["download_url"])
    content = merchant.get(f"{link.path}?{link.query}").body
    assert (told["hash_type"], told["hash_value"]) == ("SHA256", hashlib.sha256(content).hexdigest())
    with pytest.raises(ValueError, match="is FINISHED, not ACCEPTED"):
        sandbox.actions["finish_receipt"](number)


@pytest.mark.usefixtures("batch")
def test_the_same_receipt_is_made_once(sandbox: Sandbox, merchant: Any) -> None:
    apply, query = asked(merchant, "v3/transfer/bill-receipt")
    made = apply().data
    assert state_of(query()) == "FINISHED"
    assert apply().data["signature_no"] == made["signature_no"]
    assert merchant.get("/v3/transferdownload/signfile?token=x").status == 404


def test_there_is_no_receipt_of_what_is_not_done(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.strict = False
    sandbox.context.automatic = frozenset()
    one = {"out_detail_no": DETAIL, "transfer_amount": 100, "transfer_remark": "c", "openid": "o1"}
    merchant.post("/v3/transfer/batches", {"appid": "wx1", "out_batch_no": BATCH, "transfer_detail_list": [one]})
    for path in ("v3/transfer/bill-receipt", "v3/transfer-detail/electronic-receipts"):
        assert asked(merchant, path)[0]().data["code"] == "INVALID_REQUEST"
    unknown = {"out_batch_no": BATCH, "out_detail_no": "d9"}
    assert merchant.post("/v3/transfer-detail/electronic-receipts", unknown).data["code"] == "NOT_FOUND"
    assert merchant.post("/v3/transfer/bill-receipt", {"out_batch_no": "b9"}).data["code"] == "NOT_FOUND"


def test_bills_and_v2_transfers_have_receipts(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.context.strict = False
    base = "/v3/fund-app/mch-transfer"
    sent = {"appid": "wx1", "out_bill_no": "B1", "openid": "o", "transfer_amount": 1, "transfer_remark": "x"}
    number = merchant.post(f"{base}/transfer-bills", sent).data["transfer_bill_no"]
    elecsign = f"{base}/elecsign"
    assert merchant.post(f"{elecsign}/out-bill-no", {"out_bill_no": "B1"}).data["code"] == "INVALID_REQUEST"
    sandbox.confirm_transfer("B1")
    assert merchant.post(f"{elecsign}/transfer-bill-no", {"transfer_bill_no": number}).data["state"] == "GENERATING"
    for path in ("out-bill-no/B1", f"transfer-bill-no/{number}"):
        assert merchant.get(f"{elecsign}/{path}").data["state"] == "FINISHED"
    paid = {"mch_appid": "wx1", "partner_trade_no": "T1", "openid": "o1", "check_name": "NO_CHECK", "amount": 30}
    merchant.v2("/mmpaymkttransfers/promotion/transfers", {**paid, "desc": "x"}, number="mchid")
    which = {"accept_type": "TRANSFER_TO_POCKET", "out_detail_no": "T1"}
    assert merchant.post("/v3/transfer-detail/electronic-receipts", which).data["signature_status"] == "ACCEPTED"
