"""Sandbox and client, two readings of the same documents, over real sockets: they have to agree."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chainable.errors import APIError, SignatureError
from wechatpay import Sensitive, bills, catalogue
from wechatpay.sandbox.flows import accounts
from wechatpay.sandbox.flows.accounts import Entry

if TYPE_CHECKING:
    from pathlib import Path

    from wechatpay import WeChatPay
    from wechatpay.sandbox import Sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> WeChatPay:
    return sandbox.client()


def order(client: Any, number: str = "order001", total: int = 100, **changes: Any) -> Any:
    sent = {
        "appid": "wxd678efh567hg6787",
        "mchid": client.mchid,
        "description": "商品",
        "out_trade_no": number,
        "notify_url": "http://127.0.0.1:9/",
        "amount": {"total": total, "currency": "CNY"},
        **changes,
    }
    return client.v3.pay.transactions.native.post(json=sent)


def test_every_event_is_understood(sandbox: Sandbox, client: WeChatPay, receiver: Any) -> None:
    receiver.default = (200, b"<xml><return_code>SUCCESS</return_code></xml>")
    for event in catalogue.events():
        sandbox.trigger(event.name, receiver.url, version=event.version)
        assert sandbox.callbacks.wait()
        notification = client.notifications.parse(*receiver.received[-1])
        assert (notification.version, notification.event_type) == (event.version, event.name)
        assert notification.resource


@pytest.mark.parametrize("forgery", ["signature", "probe", "stale", "serial", "body", "missing"])
def test_forged_notifications_are_distinguished(
    sandbox: Sandbox, client: WeChatPay, receiver: Any, forgery: str
) -> None:
    receiver.default = (200, b"")
    sandbox.trigger("REFUND.SUCCESS", receiver.url, forgery=forgery)
    sandbox.callbacks.wait()
    with pytest.raises(SignatureError):
        client.notifications.parse(*receiver.received[0])


def test_an_order_to_its_bill(sandbox: Sandbox, client: WeChatPay, receiver: Any, tmp_path: Path) -> None:
    assert order(client, notify_url=receiver.url).data["code_url"]
    sandbox.pay("order001")
    sandbox.callbacks.wait()
    paid = client.notifications.parse(*receiver.received[-1]).resource
    assert paid["amount"]["total"] == 100
    sent = {
        "transaction_id": paid["transaction_id"],
        "out_refund_no": "R1",
        "amount": {"refund": 40, "total": 100, "currency": "CNY"},
        "notify_url": receiver.url,
    }
    client.v3.refund.domestic.refunds.post(json=sent)
    sandbox.callbacks.wait()
    assert client.notifications.parse(*receiver.received[-1]).resource["refund_status"] == "SUCCESS"
    day = sandbox.context.day()
    quiet = (sandbox.context.now() + timedelta(days=1)).date().isoformat()
    accounts.book(sandbox.context, Entry.of("deposit", 5, "1", "2"), owner="1900000110")
    sandbox.clock.advance(days=3)
    for kind, expected in (("ALL", 2), ("SUCCESS", 1), ("REFUND", 1)):
        for packed in (None, "GZIP"):
            answer = client.v3.bill.tradebill.get(params={"bill_date": day, "bill_type": kind, "tar_type": packed})
            saved = client.download(answer, tmp_path / f"{kind}.csv")
            assert saved.verified
            bill = bills.read(tmp_path / f"{kind}.csv")
            rows = list(bill)
            assert len(rows) == expected
            assert bill.summary is not None
    bill = bills.read(tmp_path / "ALL.csv")
    rows: list[Any] = list(bill)
    summary: Any = bill.summary
    assert sum(row.refund_amount for row in rows) == summary.refund_amount == Decimal("0.40")
    assert sum(row.total for row in rows) == summary.total == Decimal("1.00")
    answer = client.v3.bill.fundflowbill.get(params={"bill_date": day})
    client.download(answer, tmp_path / "funds.csv")
    funds = bills.read(tmp_path / "funds.csv")
    assert [row.direction for row in funds][:2] == ["收入", "支出"]  # type: ignore[union-attr]
    for path, own in (
        ("v3/bill/sub-merchant-fundflowbill", {"sub_mchid": "1900000110", "account_type": "BASIC"}),
        ("v3/ecommerce/bill/fundflowbill", {"account_type": "ALL"}),
    ):
        asked: dict[str, Any] = {"bill_date": day, "algorithm": "AEAD_AES_256_GCM", **own}
        for packed in (None, "GZIP"):
            answer = client[path].get(params={**asked, "tar_type": packed})
            assert client.download(answer, tmp_path / "parts.csv").verified
            assert [row.amount for row in bills.read(tmp_path / "parts.csv")] == [Decimal("0.05")]  # type: ignore[union-attr]
        with pytest.raises(APIError, match="AEAD_AES_256_GCM"):
            client[path].get(params={**asked, "algorithm": "SM4_GCM"})
        with pytest.raises(APIError, match="NO_STATEMENT_EXIST"):
            client[path].get(params={**asked, "bill_date": quiet})
    for packed in (None, "GZIP"):
        xml = {"appid": "wx1", "bill_date": day.replace("-", ""), "account_type": "Basic", "tar_type": packed}
        saved = client.download(client.v2.pay.downloadfundflow.post(xml=xml, stream=True), tmp_path / "v2.csv")
        assert (saved.hash_type, saved.verified) == ("SHA1", False)
        assert (tmp_path / "v2.csv").read_bytes() == (tmp_path / "funds.csv").read_bytes()


def test_v2_from_order_to_refund(sandbox: Sandbox, client: WeChatPay) -> None:
    sent = {
        "appid": "wxd678efh567hg6787",
        "body": "商品",
        "out_trade_no": "v2order",
        "total_fee": 88,
        "spbill_create_ip": "127.0.0.1",
        "notify_url": "http://127.0.0.1:9/",
        "trade_type": "NATIVE",
    }
    assert client.v2.pay.unifiedorder.post(xml=sent).data["code_url"]
    sandbox.pay("v2order")
    refund = {"appid": "wx1", "out_trade_no": "v2order", "out_refund_no": "R1", "total_fee": 88, "refund_fee": 8}
    result = client.v2.secapi.pay.refund.post(xml=refund)
    assert result.data["refund_fee"] == "8"
    assert result.verified
    with pytest.raises(APIError) as error:
        client.v2.pay.orderquery.post(xml={"appid": "wx1", "out_trade_no": "none"})
    assert error.value.code == "ORDERNOTEXIST"


def test_secrets_are_opened_on_both_sides(sandbox: Sandbox, client: WeChatPay) -> None:
    sent = {"echo_message": "hello", "encrypted_echo_message": Sensitive("张三")}
    answer = client.v3.security.echo.post(json=sent)
    assert answer.decrypted()["encrypted_echo_message"] == "张三"
    assert sandbox.journal[-1].opened == {"body/encrypted_echo_message": "张三"}


def test_uploads_arrive_whole(sandbox: Sandbox, client: WeChatPay) -> None:
    picture = bytes(range(256)) * 300
    answer = client.v3.merchant_service.images.upload.post(files={"file": ("图.png", picture)})
    number = answer.data["media_id"]
    image = client.v3.merchant_service.images._media_id_.get(media_id=number)
    assert image.content == picture


def test_faults_are_felt(sandbox: Sandbox, client: WeChatPay) -> None:
    sandbox.faults.add("bad-signature", times=1)
    with pytest.raises(SignatureError):
        client.v3.certificates.get()
    with pytest.raises(APIError) as error:
        order(client, headers={})
    assert error.value.code == "PARAM_ERROR"
    sandbox.faults.add("error", code="NOT_ENOUGH", times=1)
    with pytest.raises(APIError) as error:
        order(client)
    assert (error.value.code, error.value.verified) == ("NOT_ENOUGH", True)


def test_the_backup_host_takes_over(sandbox: Sandbox) -> None:
    client = sandbox.client(backup_url=sandbox.backup_https_url)
    client.v3.certificates.get()
    sandbox.down()
    assert client.v3.certificates.get().verified
    assert sandbox.journal[-1].request.host == "backup"
