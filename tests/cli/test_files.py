"""``certificates``, ``encrypt``, ``decrypt``, ``download``, ``bill``, ``notify verify``."""

from __future__ import annotations

import gzip
import json
import re
import time
from decimal import Decimal

import pytest

from wechatpay import WeChatPay, bills
from wechatpay.cli.files import _amount
from wechatpay.downloads import DownloadResult


def test_the_keys_of_the_settings_are_listed(wx, sandbox):
    result = wx("certificates", "list", "--env", sandbox.file)

    assert result.code == 0
    assert "public key" in result.out
    (only,) = wx("certificates", "list", "--env", sandbox.file, "--json").data["keys"]
    assert only["serial"] == sandbox.account.public_key_id


def test_certificates_are_fetched_and_saved(wx, sandbox, tmp_path):
    keys = wx("certificates", "download", "--env", sandbox.file, "--json").data["keys"]
    serial = sandbox.account.certificate_serial

    assert serial in [key["serial"] for key in keys]
    result = wx("certificates", "save", tmp_path / "a" / "b", "--env", sandbox.file)
    assert result.out.strip().endswith(f"wechatpay_{serial}.pem")
    assert (tmp_path / "a" / "b" / f"wechatpay_{serial}.pem").read_bytes().startswith(b"-----BEGIN CERTIFICATE")
    assert wx("certificates", "save", tmp_path, "--env", sandbox.file, "--json").data["saved"]


def test_texts_are_sealed_and_opened(wx, sandbox):
    result = wx("encrypt", "--env", sandbox.file, text="张三\n")
    account = sandbox.account

    assert account.reveal(account.public_key_id, result.out.strip()) == "张三"
    assert account.public_key_id in result.err
    assert wx("encrypt", "x", "--env", sandbox.file, "--json").data["serial"] == account.public_key_id
    assert wx("encrypt", "x" * 300, "--env", sandbox.file).code == 2
    sealed = account.conceal("李四")
    assert wx("decrypt", sealed, "--env", sandbox.file).out == "李四\n"
    assert wx("decrypt", "--env", sandbox.file, "--json", text=sealed).data == {"text": "李四"}
    assert wx("decrypt", "AAAA", "--env", sandbox.file).code == 5


def paid(sandbox):
    """Pay an order two days ago, and return that day, whose bill there is."""
    sandbox.clock.advance(days=-2)
    client = sandbox.client()
    client.chain("v3/pay/transactions/native").post(
        json={
            "appid": sandbox.account.appid,
            "mchid": sandbox.account.mchid,
            "description": "x",
            "out_trade_no": "12345678",
            "notify_url": "https://a.cn/x",
            "amount": {"total": 123},
        }
    )
    sandbox.pay("12345678")
    day = sandbox.context.day()
    sandbox.clock.advance(days=2)
    return day


def test_the_bill_of_a_day(wx, sandbox, tmp_path):
    day = paid(sandbox)
    result = wx("bill", day, "--env", sandbox.file, "--image", tmp_path / "a.svg", "--save", tmp_path / "bill.csv")

    assert result.code == 0, result.err
    assert "1.23" in result.out
    assert "█" in result.out
    assert b"1.23" in (tmp_path / "a.svg").read_bytes()
    again = wx("bill", tmp_path / "bill.csv", "--json").data
    assert (again["kind"], again["rows"], sum(again["hours"])) == ("trade", 1, 1.23)


def test_the_flow_of_funds(wx, sandbox):
    day = paid(sandbox)
    result = wx("bill", day, "--type", "fundflow", "--env", sandbox.file, "--json")

    assert result.code == 0, result.err
    assert result.data["kind"] == "fund_flow"


def test_refunds_and_expenses_are_negative():
    assert _amount(bills.FundFlowRow(amount=Decimal(2), direction="支出")) == -2
    assert _amount(bills.FundFlowRow(amount=Decimal(2), direction="收入")) == 2
    assert _amount(bills.TradeRow(trade_state="REFUND", refund_amount=Decimal(3))) == -3
    assert _amount(bills.TradeRow(trade_state="SUCCESS")) == 0
    assert _amount(bills.OtherRow()) == 0


def test_a_bill_without_times_and_sums(wx, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("甲,乙\n`1,`2\n", "utf-8")
    result = wx("bill", file, "--json")

    assert result.data["rows"] == 1
    assert result.data["summary"] == {}
    assert wx("bill", tmp_path / "none").code == 2


def test_a_download(wx, sandbox, tmp_path):
    day = paid(sandbox)
    answer = sandbox.client().chain("v3/bill/tradebill").get(params={"bill_date": day})
    url = answer.data["download_url"]
    result = wx("download", url, tmp_path / "a.csv", "--env", sandbox.file)

    assert result.code == 0, result.err
    assert "no hash to verify" in result.out
    assert wx("download", url, tmp_path / "b.csv", "--env", sandbox.file, "--json").data["size"] > 0


def test_a_download_by_the_operation_that_names_the_file(wx, sandbox, tmp_path):
    """The response has URL and hash; the command requests both."""
    day = paid(sandbox)
    path = f"v3/bill/tradebill?bill_date={day}&bill_type=ALL"
    result = wx("download", path, tmp_path / "a.csv", "--env", sandbox.file)

    assert result.code == 0, result.err
    assert "hash verified" in result.out
    assert "摘要校验通过" in wx("--lang", "zh", "download", f"/{path}", tmp_path / "b.csv", "--env", sandbox.file).out
    saved = wx("download", path, tmp_path / "c.csv", "--env", sandbox.file, "--json").data
    assert (saved["hash_type"], saved["verified"]) == ("SHA1", True)
    assert (tmp_path / "c.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()
    assert wx("download", "bill/tradebill", tmp_path / "d.csv", "--env", sandbox.file).code == 2


def test_a_hash_without_signature_is_not_called_verified(wx, sandbox, tmp_path, monkeypatch):
    """As the header of APIv2."""
    saved = DownloadResult(tmp_path / "a.csv", 3, "SHA1", "0" * 40, verified=False)
    monkeypatch.setattr(WeChatPay, "download", lambda *_, **__: saved)
    result = wx("download", "https://api.mch.weixin.qq.com/x", tmp_path / "a.csv", "--env", sandbox.file)

    assert "3 bytes, hash compared, its source is not signed" in result.out


def test_a_file_that_is_too_large(wx, sandbox, tmp_path):
    day = paid(sandbox)
    url = sandbox.client().chain("v3/bill/tradebill").get(params={"bill_date": day}).data["download_url"]
    file = tmp_path / "a.csv"
    packed = tmp_path / "b.csv"
    packed.write_bytes(gzip.compress(b"\n" * 100_000))

    for words in (("download", url, file), ("bill", day, "--save", file), ("bill", packed)):
        outcome = wx(*words, "--env", sandbox.file, "--max-size", "100")
        assert outcome.code == 2
        assert "larger" in outcome.err
        assert "max_size, 100 bytes" in outcome.err
        assert not file.exists()


@pytest.mark.parametrize("size", ["0", "-1", "x", "1T", "", "1.5G", "9" * 20])
def test_a_size_that_is_not_one(wx, tmp_path, size):
    for words in (("download", "u", tmp_path / "a"), ("bill", tmp_path / "a")):
        outcome = wx(*words, "--max-size", size)
        assert outcome.code == 2
        assert f"--max-size {size}: a number of bytes was expected" in outcome.err
        assert f"--max-size {size}：应为字节数" in wx("--lang", "zh", *words, "--max-size", size).err


@pytest.mark.parametrize("size", ["2g", "500K", "4000000"])
def test_a_file_that_is_not_too_large(wx, sandbox, size):
    day = paid(sandbox)

    assert wx("bill", day, "--max-size", size, "--env", sandbox.file, "--json").data["rows"] == 1


def test_the_size_is_in_the_help(wx):
    assert "[default: 2G]" in wx("--lang", "en", "bill", "--help").out
    assert "[默认：2G]" in wx("--lang", "zh", "download", "--help").out


@pytest.fixture
def saved(sandbox, receiver, tmp_path):
    sandbox.trigger("TRANSACTION.SUCCESS", receiver.url, {"amount.total": 7})
    assert sandbox.callbacks.wait()
    headers, body = receiver.came[0]
    lines, members, content = tmp_path / "h.txt", tmp_path / "h.json", tmp_path / "body"
    lines.write_text("\n".join(f"{name}: {value}" for name, value in headers.items()) + "\n\n")
    members.write_text(json.dumps(headers))
    content.write_bytes(body)
    return lines, members, content


def test_a_notification_is_checked_and_opened(wx, sandbox, saved):
    lines, members, body = saved
    result = wx("notify", "verify", "--headers", lines, "--body", body, "--env", sandbox.file)

    assert result.code == 0, result.err
    assert "signature verified" in result.out
    assert '"total": 7' in result.out
    found = wx("notify", "verify", "--headers", members, "--body", body, "--env", sandbox.file, "--json", "--then").data
    assert found["resource"]["amount"]["total"] == 7


def test_a_notification_that_was_changed(wx, sandbox, saved, tmp_path):
    lines, _, body = saved
    body.write_bytes(body.read_bytes() + b" ")

    assert wx("notify", "verify", "--headers", lines, "--body", body, "--env", sandbox.file).code == 4
    assert wx("notify", "verify", "--body", body, "--env", sandbox.file).code == 4
    assert wx("notify", "verify", "--body", body, "--env", sandbox.file, "--then").code == 2
    lines.write_text("[]")
    assert wx("notify", "verify", "--headers", lines, "--body", body, "--env", sandbox.file).code == 2
    lines.write_text("no header")
    assert wx("notify", "verify", "--headers", lines, "--body", body, "--env", sandbox.file).code == 2


def test_an_unknown_event_is_refused(wx, sandbox, tmp_path):
    account, plain = sandbox.account, b'{"a": 1}'
    resource = {"algorithm": "AEAD_AES_256_GCM", "nonce": "0" * 12, "associated_data": "", "original_type": "x"}
    resource["ciphertext"] = account.seal(plain, resource["nonce"], "")
    content = json.dumps({"id": "1", "event_type": "NOBODY.KNOWS", "resource": resource}).encode()
    stamp, nonce = str(int(time.time())), "n" * 32
    members, body = tmp_path / "h.json", tmp_path / "body"
    body.write_bytes(content)
    members.write_text(
        json.dumps(
            {
                "Wechatpay-Timestamp": stamp,
                "Wechatpay-Nonce": nonce,
                "Wechatpay-Serial": account.public_key_id,
                "Wechatpay-Signature": account.sign(
                    account.public_key_id, f"{stamp}\n{nonce}\n".encode() + content + b"\n"
                ),
            }
        )
    )
    result = wx("notify", "verify", "--headers", members, "--body", body, "--env", sandbox.file, "--json")

    assert result.code == 0, result.err
    assert result.data["title"] is None
    assert result.data["resource"] == {"a": 1}


def test_wrong_files(wx, sandbox, tmp_path):
    (tmp_path / "a.txt").write_text("no bill")
    result = wx("bill", tmp_path / "a.txt")

    assert (result.code, "not a bill" in result.err) == (2, True)
    result = wx("download", "https://a.cn/x", tmp_path / "none" / "a.csv", "--env", sandbox.file)
    assert (result.code, "the folder does not exist" in result.err) == (2, True)
    assert wx("encrypt", "--env", sandbox.file, text="\n").code == 2
    assert wx("bill", tmp_path / "a.txt", "--save", tmp_path / "b.txt").code == 2
    result = wx("bill", tmp_path / "none.csv")
    assert result.err == f"FileNotFoundError: {tmp_path / 'none.csv'}: No such file or directory\n"


def test_a_bill_in_chinese(wx, sandbox, tmp_path):
    day = paid(sandbox)
    result = wx("--lang", "zh", "bill", day, "--env", sandbox.file)

    assert result.out.startswith(f"{day}：交易账单，1 行，单位：元\n")
    assert "订单总金额" in result.out
    assert "资金流水总笔数" in wx("--lang", "zh", "bill", day, "--type", "fundflow", "--env", sandbox.file).out


def test_a_bill_in_a_narrow_terminal(wx, sandbox, monkeypatch):
    day = paid(sandbox)
    monkeypatch.setenv("COLUMNS", "40")
    result = wx("bill", day, "--env", sandbox.file)

    assert "█" in result.out
    assert max(map(len, result.out.splitlines())) <= 40


def test_a_download_shows_how_far_it_is(wx, sandbox, tmp_path, monkeypatch):
    day = paid(sandbox)
    answer = sandbox.client().chain("v3/bill/tradebill").get(params={"bill_date": day})
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    result = wx("download", answer.data["download_url"], tmp_path / "a.csv", "--env", sandbox.file)

    size = (tmp_path / "a.csv").stat().st_size
    assert result.code == 0
    assert "a.csv" in result.err
    assert f"{size}/{size} bytes" in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", result.err)
