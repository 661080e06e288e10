"""Bills: what stands in them, when they are there, links that end, days that do not change, and balances."""

from __future__ import annotations

import base64
import gzip
import hashlib
import threading
from datetime import datetime
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wechatpay.sandbox import Sandbox
from wechatpay.sandbox.context import BEIJING
from wechatpay.sandbox.flows import accounts, bill_files, bills, orders, payments, refunds
from wechatpay.sandbox.flows.accounts import Balance
from wechatpay.sandbox.flows.bill_files import Bill

SUB = "1900000119"
TOO_OLD = "请按第一步申请账单的API指引，重新获取账单地址后再请求"


def at(sandbox: Sandbox, *when: int) -> None:
    """Set the clock to this time in Beijing."""
    sandbox.clock.advance(datetime(*when, tzinfo=BEIJING).timestamp() - sandbox.clock())


@pytest.fixture(autouse=True)
def _start(sandbox: Sandbox) -> None:
    sandbox.context.automatic = frozenset()
    at(sandbox, 2026, 3, 2, 9)


def pay(sandbox: Sandbox, number: str = "order001", total: int = 10000, **more: Any) -> dict[str, Any]:
    """Pay an order; of a sub-merchant with ``sub_mchid``."""
    context = sandbox.context
    sent = {"out_trade_no": number, "description": "茶", **more}
    with context.change():
        orders.place(context, sent, number=number, family="direct", trade_type="NATIVE", total=total, currency="CNY")
    return payments.pay(context, number)[0]


def refund(sandbox: Sandbox, number: str, amount: int, order: str = "order001") -> None:
    context = sandbox.context
    with context.change():
        found = orders.find(context, order)
        refunds.place(context, found, {}, number=number, amount=amount, total=found["total"], version="v3")


def table(content: bytes | None) -> list[dict[str, str]]:
    """Return the rows of a bill, without the back quotes; the totals come last."""
    lines = [
        [cell.removeprefix("`") for cell in line.split(",")]
        for line in (content or b"").decode("utf-8-sig").split("\r\n")[:-1]
    ]
    if not lines:
        return []
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:-2]] + [
        dict(zip(lines[-2], lines[-1], strict=True))
    ]


def downloaded(merchant: Any, path: str, **query: str) -> list[dict[str, str]]:
    answer = merchant.get(f"/v3/bill/{path}?" + "&".join(f"{name}={value}" for name, value in query.items()))
    if answer.status != 200:
        return [{"code": answer.data["code"]}]
    return table(merchant.get(answer.data["download_url"].removeprefix("http://127.0.0.1:1")).body)


# trades


def test_cells_are_those_of_real_bills(sandbox: Sandbox, merchant: Any) -> None:
    # https://pay.weixin.qq.com/doc/v3/merchant/4013071246; rows of 2021 and 2024 published by their merchants
    pay(sandbox, description="a,b\nc\rd\x01e", attach="x,y")
    refund(sandbox, "R1", 3000)
    sandbox.finish_refund("R1")
    at(sandbox, 2026, 3, 3, 9)
    paid, back, totals = downloaded(merchant, "tradebill", bill_date="2026-03-02")
    assert (paid["特约商户号"], paid["商品名称"], paid["商户数据包"]) == ("0", "a\\ b\\nc\\rd e", "x\\ y")
    assert (paid["手续费"], back["手续费"], totals["手续费总金额"]) == ("0.60000", "-0.18000", "0.42000")
    assert (back["交易状态"], back["退款类型"], back["退款状态"]) == ("REFUND", "ORIGINAL", "SUCCESS")


def test_a_refund_stands_in_the_bill_of_the_day_it_was_accepted_on_and_stays_as_it_was(
    sandbox: Sandbox, merchant: Any
) -> None:
    # https://pay.weixin.qq.com/doc/v3/merchant/4013071254
    pay(sandbox)
    for number, status in (("R1", ""), ("R2", "SUCCESS"), ("R3", "CLOSED"), ("R4", "ABNORMAL")):
        refund(sandbox, number, 100)
        if status:
            sandbox.finish_refund(number, status)
    at(sandbox, 2026, 3, 4, 9)
    first = downloaded(merchant, "tradebill", bill_date="2026-03-02", bill_type="REFUND")
    words = [(row["退款状态"], bool(row["退款成功时间"])) for row in first[:-1]]
    assert words == [("PROCESSING", False), ("SUCCESS", True), ("FAIL", False), ("CHANGE", False)]
    sandbox.finish_refund("R1")
    sandbox.finish_refund("R4", "CLOSED")
    at(sandbox, 2026, 3, 5, 9)
    assert downloaded(merchant, "tradebill", bill_date="2026-03-04") == [{"code": "NO_STATEMENT_EXIST"}]
    sandbox.store.clear(bill_files.FILE)
    assert downloaded(merchant, "tradebill", bill_date="2026-03-02", bill_type="REFUND") == first


def test_a_bill_is_of_all_or_of_one_sub_merchant(sandbox: Sandbox, merchant: Any) -> None:
    pay(sandbox)
    pay(sandbox, "order002", sub_mchid=SUB)
    at(sandbox, 2026, 3, 3, 9)
    assert len(downloaded(merchant, "tradebill", bill_date="2026-03-02")) == 3
    row, totals = downloaded(merchant, "tradebill", bill_date="2026-03-02", sub_mchid=SUB)
    assert (row["特约商户号"], row["商户订单号"], totals["总交易单数"]) == (SUB, "order002", "1")


# funds


def test_a_refund_of_all_the_money_takes_the_commission_back_first(sandbox: Sandbox) -> None:
    pay(sandbox)
    refund(sandbox, "R1", 3000)
    refund(sandbox, "R2", 7000)
    rows = table(bills.fund_flow(sandbox.context, "2026-03-02"))[:-1]
    assert [(row["业务类型"], row["收支金额(元)"], row["账户结余(元)"]) for row in rows] == [
        ("交易", "100.00", "100.00"),
        ("扣除交易手续费", "0.60", "99.40"),
        ("退款", "30.00", "69.40"),
        ("退还交易手续费", "0.18", "69.58"),
        ("退还交易手续费", "0.42", "70.00"),
        ("退款", "70.00", "0.00"),
    ]


def test_numbers_and_notes_are_those_of_real_rows(sandbox: Sandbox) -> None:
    order = pay(sandbox)
    refund(sandbox, "R1", 300)
    paid, fee, back, returned = table(bills.fund_flow(sandbox.context, "2026-03-02"))[:-1]
    assert (paid["资金变更提交申请人"], paid["备注"]) == ("system", "结算总金额 100.00 元;含手续费 0.60 元")
    assert paid["资金流水单号"] == paid["微信支付业务单号"] == order["transaction_id"]
    assert back["资金变更提交申请人"] == f"{sandbox.account.mchid}API"
    assert (back["备注"], back["资金流水单号"]) == ("退款总金额3.00元;含手续费0.02元", order["transaction_id"])
    assert len({row["资金流水单号"] for row in (paid, fee, returned)}) == 3


def test_a_refund_that_is_closed_brings_the_money_back(sandbox: Sandbox) -> None:
    pay(sandbox)
    refund(sandbox, "R1", 3000)
    assert accounts.balance(sandbox.context) == Balance(6958)
    sandbox.finish_refund("R1", "CLOSED")
    rows = table(bills.fund_flow(sandbox.context, "2026-03-02"))[-3:-1]
    assert [(row["业务类型"], row["收支类型"]) for row in rows] == [("退款关闭", "收入"), ("扣除交易手续费", "支出")]
    assert accounts.balance(sandbox.context) == Balance(9940)


def test_commissions_add_up_when_a_refund_between_is_closed(sandbox: Sandbox) -> None:
    pay(sandbox, total=10100)
    for number in ("R1", "R2"):
        refund(sandbox, number, 4950)
    sandbox.finish_refund("R1", "CLOSED")
    refund(sandbox, "R3", 5150)
    assert accounts.balance(sandbox.context) == Balance(0)


def test_each_account_has_its_own_bill(sandbox: Sandbox, merchant: Any) -> None:
    pay(sandbox)
    sandbox.actions["deposit"]("500", "FEES")
    at(sandbox, 2026, 3, 3, 9)
    assert len(downloaded(merchant, "fundflowbill", bill_date="2026-03-02")) == 3
    assert downloaded(merchant, "fundflowbill", bill_date="2026-03-02", account_type="FEES")[0]["业务类型"] == "充值"
    none = downloaded(merchant, "fundflowbill", bill_date="2026-03-02", account_type="OPERATION")
    assert none == [{"code": "NO_STATEMENT_EXIST"}]


def part(merchant: Any, path: str) -> list[dict[str, str]]:
    """Return the rows of an encrypted bill, opened by hand."""
    answer = merchant.get(f"/v3/{path}&bill_date=2026-03-02&algorithm=AEAD_AES_256_GCM")
    if answer.status != 200:
        return [{"code": answer.data["code"]}]
    (one,) = answer.data["download_bill_list"]
    key = serialization.load_pem_private_key(merchant.account.private_key.encode(), None)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    opened = key.decrypt(base64.b64decode(one["encrypt_key"]), oaep)  # type: ignore[union-attr]
    sealed = merchant.get(one["download_url"].removeprefix("http://127.0.0.1:1")).body
    return table(AESGCM(opened).decrypt(one["nonce"].encode(), sealed, None))


def test_sub_merchants_have_their_own_money(sandbox: Sandbox, merchant: Any) -> None:
    pay(sandbox, "order001", sub_mchid=SUB)
    pay(sandbox, "order002", 500, sub_mchid="1900000120")
    refund(sandbox, "R1", 3000)
    at(sandbox, 2026, 3, 3, 9)
    assert accounts.balance(sandbox.context) == Balance(0)
    rows = part(merchant, f"bill/sub-merchant-fundflowbill?sub_mchid={SUB}&account_type=BASIC")
    assert [row["业务类型"] for row in rows[:-1]] == ["交易", "扣除交易手续费", "退款", "退还交易手续费"]
    assert rows[-2]["资金变更提交申请人"] == f"{SUB}API"
    assert len(part(merchant, "ecommerce/bill/fundflowbill?account_type=ALL")) == 7
    assert part(merchant, f"bill/sub-merchant-fundflowbill?sub_mchid={SUB}&account_type=DEPOSIT") == [
        {"code": "NO_STATEMENT_EXIST"}
    ]


# days


@pytest.mark.parametrize(
    ("now", "day", "code"),
    [
        ((2026, 3, 2, 23), "2026-03-02", "INVALID_REQUEST"),
        ((2026, 3, 2, 23), "2026-03-03", "INVALID_REQUEST"),
        ((2026, 3, 3, 8, 59), "2026-03-02", "STATEMENT_CREATING"),
        ((2026, 3, 3, 9), "2026-03-02", None),
        ((2026, 3, 4, 1), "2026-03-02", None),
        ((2026, 6, 2, 1), "2026-03-02", None),
        ((2026, 6, 3, 1), "2026-03-02", "INVALID_REQUEST"),
        ((2026, 5, 31, 1), "2026-02-28", "NO_STATEMENT_EXIST"),
        ((2026, 3, 3, 9), "20260302", "PARAM_ERROR"),
        ((2026, 3, 3, 9), "2026-W10-1", "PARAM_ERROR"),
        ((2026, 3, 3, 9), "2026-02-30", "PARAM_ERROR"),
    ],
)
@pytest.mark.parametrize("kind", ["tradebill", "fundflowbill"])
@pytest.mark.parametrize("strict", [True, False])
def test_there_are_bills_of_days_that_are_over_and_not_too_old(
    sandbox: Sandbox, merchant: Any, now: tuple[int, ...], day: str, code: str | None, kind: str, strict: bool
) -> None:
    # https://pay.weixin.qq.com/doc/v3/merchant/4013071235
    pay(sandbox)
    at(sandbox, *now)
    sandbox.context.strict = strict
    assert merchant.get(f"/v3/bill/{kind}?bill_date={day}").data.get("code") == code


@pytest.mark.parametrize(
    "query",
    ["tradebill?bill_type=X", "tradebill?tar_type=ZIP", "fundflowbill?account_type=X", "fundflowbill?account_type=ALL"],
)
@pytest.mark.parametrize("strict", [True, False])
def test_kinds_that_there_are_not(sandbox: Sandbox, merchant: Any, query: str, strict: bool) -> None:
    pay(sandbox)
    at(sandbox, 2026, 3, 3, 9)
    sandbox.context.strict = strict
    assert merchant.get(f"/v3/bill/{query}&bill_date=2026-03-02").data["code"] == "PARAM_ERROR"


@pytest.mark.parametrize("kind", ["RECHARGE_REFUND", "SUC_SPECIAL", "REF_SPECIAL", "ALL_SPECIAL"])
def test_special_kinds(sandbox: Sandbox, merchant: Any, kind: str) -> None:
    pay(sandbox)
    at(sandbox, 2026, 3, 3, 9)
    found = downloaded(merchant, "tradebill", bill_date="2026-03-02", bill_type=kind)
    assert ("code" in found[0]) == (kind in ("RECHARGE_REFUND", "REF_SPECIAL"))


@pytest.mark.parametrize(
    ("now", "day", "trades", "funds"),
    [
        ((2026, 3, 2, 23), "20260302", "20002", "PARAM_ERROR"),
        ((2026, 3, 3, 8), "20260302", "20003", "BILL_CREATING"),
        ((2026, 3, 3, 9), "20260301", "20002", "NO_BILL_EXIST"),
        ((2026, 3, 3, 9), "2026-3-2", "20001", "PARAM_ERROR"),
    ],
)
def test_v2_refuses_in_its_own_words(
    sandbox: Sandbox, merchant: Any, now: tuple[int, ...], day: str, trades: str, funds: str
) -> None:
    # https://pay.weixin.qq.com/doc/v2/merchant/4011985040
    pay(sandbox)
    at(sandbox, *now)
    sandbox.context.strict = False
    sent = {"appid": "wx1", "bill_date": day}
    answer = merchant.v2("/pay/downloadbill", {**sent, "bill_type": "ALL"}).xml
    assert (answer["return_code"], answer["error_code"]) == ("FAIL", trades)
    answer = merchant.v2("/pay/downloadfundflow", {**sent, "account_type": "Basic"}, "HMAC-SHA256").xml
    assert (answer["result_code"], answer["err_code"]) == ("FAIL", funds)


def test_v2_bills_of_accounts(sandbox: Sandbox, merchant: Any) -> None:
    pay(sandbox)
    at(sandbox, 2026, 3, 3, 9)
    sandbox.context.strict = False
    sent = {"appid": "wx1", "bill_date": "20260302", "account_type": "Fees"}
    assert merchant.v2("/pay/downloadfundflow", sent, "HMAC-SHA256").xml["err_code"] == "NO_BILL_EXIST"
    unknown = merchant.v2("/pay/downloadfundflow", {**sent, "account_type": "X"}, "HMAC-SHA256").xml
    assert unknown["err_code_des"] == "不支持的流水类型"
    answer = merchant.v2("/pay/downloadfundflow", {**sent, "account_type": "Basic"}, "HMAC-SHA256")
    assert dict(answer.reply.headers)["Digest"] == f"SHA={hashlib.sha1(answer.body).hexdigest()}"


# links


@pytest.mark.usefixtures("stopped")
def test_a_link_ends_after_five_minutes(sandbox: Sandbox, merchant: Any) -> None:
    pay(sandbox)
    at(sandbox, 2026, 3, 3, 9)
    for packed, kind in (("", "text/plain"), ("&tar_type=GZIP", "application/x-gzip")):
        url = merchant.get(f"/v3/bill/tradebill?bill_date=2026-03-02{packed}").data["download_url"]
        file = url.removeprefix("http://127.0.0.1:1")
        sandbox.clock.advance(299)
        answer = merchant.get(file)
        assert answer.reply.content_type == kind
        assert (gzip.decompress(answer.body) if packed else answer.body).startswith(b"\xef\xbb\xbf")
        sandbox.clock.advance(1)
        assert (merchant.get(file).status, merchant.get(file).data) == (
            400,
            {"code": "INVALID_REQUEST", "message": TOO_OLD},
        )


@pytest.mark.parametrize("token", ["nonsense", "x" * 30, ""])
def test_a_link_that_nobody_was_given(merchant: Any, sandbox: Sandbox, token: str) -> None:
    sandbox.context.strict = False
    assert merchant.get(f"/v3/billdownload/file?token={token}").data["code"] == "INVALID_REQUEST"


def test_files_and_links_are_kept_in_bounds(sandbox: Sandbox, merchant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bill_files, "KEPT", 3)
    pay(sandbox)
    at(sandbox, 2026, 3, 3, 9)
    first = merchant.get("/v3/bill/tradebill?bill_date=2026-03-02").data["download_url"]
    for _ in range(5):
        merchant.get("/v3/bill/tradebill?bill_date=2026-03-02")
    assert (sandbox.store.count(bill_files.FILE), sandbox.store.count(bill_files.LINK)) == (1, 3)
    assert merchant.get(first.removeprefix("http://127.0.0.1:1")).data["code"] == "INVALID_REQUEST"


def test_any_file_can_be_offered(sandbox: Sandbox, merchant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bills, "applied", lambda context, call, *_: bill_files.offer(context, call, b"text"))
    link = merchant.get("/v3/bill/tradebill?bill_date=2026-03-02").data
    assert link["hash_value"] == hashlib.sha1(b"text").hexdigest()
    assert merchant.get(link["download_url"].removeprefix("http://127.0.0.1:1")).body == b"text"


# written once, apart


def test_a_day_that_is_over_is_written_once_unless_the_clock_is_set_back(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    for name in ("trade_bill", "fund_flow"):
        write = getattr(bill_files.bill_rows, name)
        monkeypatch.setattr(
            bill_files.bill_rows, name, lambda *given, write=write: written.append(given) or write(*given)
        )
    pay(sandbox)
    for _ in range(2):
        bills.trades(sandbox.context, "2026-03-02")
    assert len(written) == 2  # today
    at(sandbox, 2026, 3, 3, 9)
    for _ in range(3):
        assert len(table(Bill("trade", "2026-03-02", "ALL").content(sandbox.context))) == 2
        assert len(table(Bill("funds", "2026-03-02", "BASIC").content(sandbox.context))) == 3
    assert len(written) == 4
    at(sandbox, 2026, 3, 2, 10)
    pay(sandbox, "order002")
    at(sandbox, 2026, 3, 3, 9)
    assert len(table(Bill("trade", "2026-03-02", "ALL").content(sandbox.context))) == 3


def test_others_are_served_while_a_bill_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    started, go = threading.Event(), threading.Event()

    def slow(*_: Any) -> bytes:
        started.set()
        assert go.wait(20)
        return b"bill"

    with Sandbox(callback_scale=0.0) as sandbox:
        client = sandbox.client()
        day = (sandbox.context.day(), sandbox.clock.advance(days=2))[0]
        monkeypatch.setattr(Bill, "content", slow)
        promised = [
            threading.Thread(target=lambda: client.v3.bill.tradebill.get(params={"bill_date": day})),
            threading.Thread(target=lambda: requests.get(f"{sandbox.base_url}_sandbox/bills/{day}", timeout=20)),
        ]
        for thread in promised:
            thread.start()
        assert started.wait(20)
        assert client.v3.certificates.get().status_code == 200
        assert requests.get(f"{sandbox.base_url}_sandbox/actions", timeout=20).status_code == 200
        with sandbox.context.change():  # neither lock nor transaction is held
            pay(sandbox)
        go.set()
        for thread in promised:
            thread.join()
        sandbox.faults.add("down", operation="GET v3/bill/tradebill", times=1)
        with pytest.raises(requests.ConnectionError):
            client.v3.bill.tradebill.get(params={"bill_date": day}, retries=0)


# balances


def test_balances_now_and_at_the_end_of_a_day(sandbox: Sandbox, merchant: Any) -> None:
    # https://pay.weixin.qq.com/doc/v3/partner/4012476700
    def told(path: str) -> tuple[int, int]:
        data = merchant.get(f"/v3/{path}").data
        return data["available_amount"], data["pending_amount"]

    pay(sandbox)
    pay(sandbox, "order002", 500, sub_mchid=SUB)
    accounts.hold(sandbox.context, 40)
    at(sandbox, 2026, 3, 4, 9)
    refund(sandbox, "R1", 3000)
    assert told("merchant/fund/balance/BASIC") == (6918, 40)
    assert told("merchant/fund/balance/OPERATION") == (100_000_000, 0)
    assert told(f"ecommerce/fund/balance/{SUB}") == (497, 0)
    assert told(f"ecommerce/fund/balance/{SUB}?account_type=DEPOSIT") == (0, 0)
    assert told("merchant/fund/dayendbalance/BASIC?date=2026-03-01") == (0, 0)
    assert told("merchant/fund/dayendbalance/BASIC?date=2026-03-03") == (9900, 40)  # held without an entry
    assert told("merchant/fund/dayendbalance/OPERATION?date=2026-03-01") == (100_000_000, 0)
    assert told(f"ecommerce/fund/enddaybalance/{SUB}?date=2026-03-02") == (497, 0)
    for path, code in (
        ("merchant/fund/dayendbalance/BASIC?date=2026-03-04", "INVALID_REQUEST"),
        ("merchant/fund/dayendbalance/BASIC?date=20260303", "PARAM_ERROR"),
        ("merchant/fund/balance/SAVINGS", "PARAM_ERROR"),
    ):
        sandbox.context.strict = False
        assert merchant.get(f"/v3/{path}").data["code"] == code


def test_money_is_paid_in(sandbox: Sandbox) -> None:
    deposit = sandbox.actions["deposit"]
    assert deposit("500") == {"account": "OPERATION", "available_amount": 100_000_500, "pending_amount": 0}
    assert deposit("7", "BASIC", SUB)["available_amount"] == 7
    for wrong, text in (
        (("0",), "金额应为分的整数"),
        (("-1",), "金额应为分的整数"),
        (("1", "X"), "account：没有 'X'，可选：BASIC、"),
    ):
        with pytest.raises(ValueError, match="expected|is not a choice") as refused:
            deposit(*wrong)
        assert text in refused.value.args[0].zh
