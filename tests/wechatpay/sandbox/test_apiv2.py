"""APIv2: XML, its signatures, the merchant certificate, and the flows of v2."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chainable.i18n import translate
from wechatpay.sandbox import apiv2
from wechatpay.sandbox.http import Request

if TYPE_CHECKING:
    from wechatpay.sandbox import Sandbox

# The platform's own published example.
PARAMETERS = {
    "appid": "wxd930ea5d5a258f4f",
    "mch_id": "10000100",
    "device_info": "1000",
    "body": "test",
    "nonce_str": "ibuaiVcKdpRxkhJA",
}
KEY = "192006250b4c09247ec02edce69f6a2d"


def test_signatures_are_those_of_the_documents() -> None:
    assert apiv2.signature(PARAMETERS, KEY, "MD5") == "9A0A8659F005D6984697E2CA0A9CF3B7"
    assert (
        apiv2.signature({**PARAMETERS, "sign": "x", "attach": ""}, KEY, "HMAC-SHA256")
        == "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6"
    )


def test_xml_is_flat_and_harmless() -> None:
    assert apiv2.read(b"<xml><a>1</a><b><![CDATA[<&>]]></b><c/></xml>") == {"a": "1", "b": "<&>", "c": ""}
    assert apiv2.read(apiv2.write({"a": "]]>", "b": "张"})) == {"a": "]]>", "b": "张"}
    for body, words in (
        (b"{}", "no XML"),
        (b"<xml><a>1</a><a>2</a></xml>", "no flat XML: a stands twice"),
        (b"<xml><a><b/></a></xml>", "elements in it"),
        (b'<!DOCTYPE x [<!ENTITY e "x">]><xml><a>&e;</a></xml>', "no XML"),
    ):
        with pytest.raises(ValueError, match=words):
            apiv2.read(body)


def order(merchant: Any, number: str = "20150806125346", **changes: Any) -> dict[str, Any]:
    return {
        "appid": merchant.account.appid,
        "mch_id": merchant.account.mchid,
        "body": "商品",
        "out_trade_no": number,
        "total_fee": 88,
        "spbill_create_ip": "127.0.0.1",
        "notify_url": "http://127.0.0.1:9/",
        "trade_type": "NATIVE",
        **changes,
    }


def by_number(merchant: Any, number: str = "20150806125346", **changes: Any) -> dict[str, Any]:
    return {
        "appid": merchant.account.appid,
        "mch_id": merchant.account.mchid,
        "out_trade_no": number,
        **changes,
    }


@pytest.mark.parametrize("algorithm", ["MD5", "HMAC-SHA256"])
def test_an_order_is_answered_with_the_same_algorithm(merchant: Any, algorithm: str) -> None:
    result = merchant.v2("/pay/unifiedorder", order(merchant, sign_type=algorithm), algorithm).xml
    assert (result["return_code"], result["result_code"]) == ("SUCCESS", "SUCCESS")
    assert result["code_url"].startswith("weixin://")
    assert "mweb_url" not in result
    assert result["sign"] == merchant.sign(result, algorithm)
    entry = merchant.sandbox.journal[-1]
    assert entry.verified
    assert entry.version == "v2"
    assert merchant.account.secret not in entry.expected_message.decode()
    assert "Wechatpay-Signature" not in dict(entry.answer_headers)


def test_sign_type_need_not_be_sent(merchant: Any) -> None:
    assert merchant.v2("/pay/unifiedorder", order(merchant), "HMAC-SHA256").xml["result_code"] == "SUCCESS"


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"sign": None}, "SIGNERROR", "sign is missing"),
        ({"nonce_str": None}, "PARAM_ERROR", "缺少参数nonce_str"),
        ({"mch_id": "1"}, "MCHID_NOT_EXIST", "has to be 1900000109"),
        ({"body": "另"}, "SIGNERROR", "other parameters or another key"),
        ({"sign": "A" * 31}, "SIGNERROR", "31 characters"),
        ({"sign_type": "SM3"}, "SIGNERROR", "takes MD5 or HMAC-SHA256"),
    ],
)
def test_what_does_not_pass_is_explained_in_the_journal(
    merchant: Any, changes: dict[str, Any], code: str, words: str
) -> None:
    answer = merchant.v2("/pay/unifiedorder", order(merchant), **changes)
    assert (list(answer.xml), answer.xml["return_code"]) == (["return_code", "return_msg"], "FAIL")
    assert answer.reply.content_type == "text/plain"
    entry = merchant.sandbox.journal[-1]
    assert entry.code == code
    assert words in entry.message
    assert any(character > "\u3000" for character in translate(entry.message, "zh"))
    assert merchant.account.secret not in entry.message + translate(entry.message, "zh")


def test_a_wrong_signature_is_answered_as_the_platform_does(merchant: Any) -> None:
    answer = merchant.v2("/pay/unifiedorder", order(merchant), sign="A" * 32)
    text = "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[签名错误]]></return_msg></xml>"
    assert answer.body.decode() == text


def test_a_wrong_signature_is_traced_to_what_was_signed(merchant: Any) -> None:
    secret = merchant.account.secret

    def issue(text: str, **changes: Any) -> str:
        sent = {**order(merchant), "nonce_str": "n", **changes}
        digest = hashlib.md5(text.format(**sent).encode()).hexdigest().upper()
        if changes.get("small"):
            digest, sent = digest.lower(), {k: v for k, v in sent.items() if k != "small"}
        body = "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in {**sent, "sign": digest}.items())
        merchant.v2_raw("/pay/unifiedorder", f"<xml>{body}</xml>".encode())
        return str(merchant.sandbox.journal[-1].message)

    def text(sent: dict[str, Any], *, ordered: bool = True, empty: bool = False) -> str:
        names = sorted(sent) if ordered else sent
        return "&".join(f"{name}={sent[name]}" for name in names if empty or sent[name] != "")

    base = {**order(merchant), "nonce_str": "n"}
    assert "key was left out" in issue(text(base))
    assert "not sorted" in issue(text(base, ordered=False) + f"&key={secret}")
    assert "without &key=" in issue(text(base) + secret)
    assert "in capitals" in issue(text(base) + f"&key={secret}", small=True)
    assert "empty parameters" in issue(text({**base, "attach": ""}, empty=True) + f"&key={secret}", attach="")
    assert "sign_type was sent, but not signed" in issue(text(base) + f"&key={secret}", sign_type="MD5")
    merchant.v2("/pay/unifiedorder", order(merchant, sign_type="HMAC-SHA256"))
    assert "it is MD5, HMAC-SHA256 is expected" in merchant.sandbox.journal[-1].message


def test_a_body_that_is_not_xml_is_refused(merchant: Any) -> None:
    result = merchant.v2_raw("/pay/unifiedorder", b"{}").xml
    assert result["return_msg"] == "XML格式错误"
    assert merchant.sandbox.journal[-1].code == "XML_FORMAT_ERROR"


def test_an_unknown_path_is_empty_and_a_wrong_verb_is_refused(merchant: Any) -> None:
    answer = merchant.v2_raw("/pay/unifiedordre", b"<xml/>")
    assert (answer.status, answer.body) == (404, b"")
    assert "/pay/unifiedorder" in merchant.sandbox.journal[-1].message
    answer = merchant.send(Request("GET", "/pay/unifiedorder"))
    assert (answer.status, answer.body) == (405, b"")
    assert "GET is not possible here" in merchant.sandbox.journal[-1].message


def test_fields_are_checked_against_the_catalogue(merchant: Any) -> None:
    result = merchant.v2("/pay/unifiedorder", order(merchant, total_fee="0.88")).xml
    assert result["return_msg"] == (
        "无法将输入源“/body/xml/total_fee”映射到目标字段“标价金额”中，此字段需要一个合法的 64 位有符号整数"
    )
    assert "必填" in merchant.v2("/pay/unifiedorder", order(merchant, body="")).xml["return_msg"]
    assert (
        "该接口没有参数nonce_str"
        in merchant.v2("/papay/querycontract", {"appid": "x", "contract_id": "1", "version": "1.0"}).xml["return_msg"]
    )


def test_the_merchant_certificate_goes_along_where_it_must(merchant: Any) -> None:
    sent = {**by_number(merchant), "out_refund_no": "R1", "total_fee": 88, "refund_fee": 88}
    del sent["mch_id"]
    result = merchant.v2("/secapi/pay/refund", sent, certificate=None).xml
    assert "请求未携带证书" in result["return_msg"]
    assert merchant.sandbox.journal[-1].code == "CERT_ERROR"
    assert "不是该商户的证书" in merchant.v2("/secapi/pay/refund", sent, certificate="AB").xml["return_msg"]
    answer = merchant.send(Request("POST", "/secapi/pay/refund", (), b"<xml/>"))
    assert "请使用HTTPS" in answer.xml["return_msg"]


def test_an_order_is_paid_notified_refunded_and_asked_for(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    receiver.default = (200, b"<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>")
    merchant.v2("/pay/unifiedorder", order(merchant, notify_url=receiver.url, attach="店"))
    unpaid = merchant.v2("/pay/orderquery", by_number(merchant)).xml
    assert unpaid["trade_state"] == "NOTPAY"
    (paid,) = sandbox.pay("20150806125346")
    result = merchant.v2("/pay/orderquery", by_number(merchant)).xml
    assert (result["trade_state"], result["cash_fee"], result["attach"]) == ("SUCCESS", "88", "店")
    assert sandbox.callbacks.wait()
    notice = receiver.xml()
    assert notice["total_fee"] == "88"
    assert notice["time_end"] == result["time_end"]
    assert notice["sign"] == merchant.sign(notice)
    assert not {"trade_state", "contract_id"} & notice.keys()

    refund = {
        **by_number(merchant),
        "out_refund_no": "R1",
        "total_fee": 88,
        "refund_fee": 80,
        "notify_url": receiver.url,
    }
    answer = merchant.v2("/secapi/pay/refund", refund).xml
    assert (answer["refund_fee"], answer["total_fee"]) == ("80", "88")
    assert sandbox.callbacks.wait()
    info = opened(merchant, receiver.xml()["req_info"])
    assert (info["refund_status"], info["refund_fee"]) == ("SUCCESS", "80")
    assert merchant.v2("/secapi/pay/refund", {**refund, "refund_fee": 8}).xml["err_code"] == "INVALID_REQUEST"
    second = {**by_number(merchant), "out_refund_no": "R2", "refund_fee": 8, "total_fee": 88}
    assert merchant.v2("/secapi/pay/refund", second).xml["result_code"] == "SUCCESS"
    listed = merchant.v2("/pay/refundquery", by_number(merchant)).xml
    assert (listed["refund_count"], listed["refund_fee_0"], listed["refund_fee_1"]) == ("2", "80", "8")
    one = merchant.v2("/pay/refundquery", {**by_number(merchant, ""), "out_refund_no": "R2"}).xml
    assert (one["out_refund_no_0"], one["refund_status_0"]) == ("R2", "SUCCESS")
    none = merchant.v2("/pay/refundquery", {**by_number(merchant, ""), "refund_id": "9"}).xml
    assert none["err_code"] == "REFUNDNOTEXIST"
    v3 = f"/v3/pay/transactions/id/{paid['transaction_id']}?mchid={merchant.account.mchid}"
    assert merchant.get(v3).data["trade_state"] == "REFUND"
    day = sandbox.context.day().replace("-", "")
    sandbox.clock.advance(days=2)
    bill = {"appid": merchant.account.appid, "mch_id": merchant.account.mchid, "bill_date": day}
    plain = merchant.v2("/pay/downloadbill", {**bill, "bill_type": "ALL"})
    assert b"R2" in plain.body
    assert gzip.decompress(merchant.v2("/pay/downloadbill", {**bill, "tar_type": "GZIP"}).body) == plain.body
    funds = {**bill, "account_type": "Basic", "sign_type": "HMAC-SHA256"}
    assert b"R2" in merchant.v2("/pay/downloadfundflow", funds, "HMAC-SHA256").body
    assert merchant.v2("/pay/downloadbill", {**bill, "bill_date": "20140603"}).xml == {
        "return_code": "FAIL",
        "return_msg": "No Bill Exist",
        "error_code": "20002",
    }


def test_closed_and_abnormal_refunds_have_their_own_words(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    sandbox.context.automatic = frozenset()
    merchant.v2("/pay/unifiedorder", order(merchant))
    sandbox.pay("20150806125346")
    for number, status, word in (("R1", "CLOSED", "REFUNDCLOSE"), ("R2", "ABNORMAL", "CHANGE")):
        refund = {
            **by_number(merchant),
            "out_refund_no": number,
            "total_fee": 88,
            "refund_fee": 8,
            "notify_url": receiver.url,
        }
        merchant.v2("/secapi/pay/refund", refund)
        sandbox.finish_refund(number, status)
        sandbox.callbacks.wait()
        assert opened(merchant, receiver.xml()["req_info"])["refund_status"] == word
        result = merchant.v2("/pay/refundquery", {**by_number(merchant), "out_refund_no": number}).xml
        assert result["refund_status_0"] == word


def opened(merchant: Any, text: str) -> dict[str, str]:
    key = hashlib.md5(merchant.account.secret.encode()).hexdigest().encode()
    decryptor = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    plain = decryptor.update(base64.b64decode(text)) + decryptor.finalize()
    return apiv2.read(plain[: -plain[-1]])


def test_businesses_say_no_in_their_own_words(sandbox: Sandbox, merchant: Any) -> None:
    def code(target: str, sent: dict[str, Any]) -> str:
        return str(merchant.v2(target, sent).xml["err_code"])

    assert code("/pay/orderquery", by_number(merchant, "x")) == "ORDERNOTEXIST"
    assert code("/pay/closeorder", by_number(merchant, "x")) == "ORDERNOTEXIST"
    merchant.v2("/pay/unifiedorder", order(merchant))
    assert code("/pay/unifiedorder", order(merchant, total_fee=1)) == "INVALID_REQUEST"  # 201 商户订单号重复
    # how it is signed is no part of what is ordered
    signed = {**order(merchant), "sign_type": "HMAC-SHA256"}
    assert merchant.v2("/pay/unifiedorder", signed, "HMAC-SHA256").xml["result_code"] == "SUCCESS"
    sandbox.pay("20150806125346")
    assert code("/pay/unifiedorder", order(merchant)) == "ORDERPAID"
    assert code("/pay/closeorder", by_number(merchant)) == "ORDERPAID"
    sandbox.context.strict = False
    assert code("/pay/orderquery", {"appid": "x"}) == "PARAM_ERROR"


def test_an_unpaid_order_is_closed_and_expires_by_its_own_clock(merchant: Any) -> None:
    merchant.v2("/pay/unifiedorder", order(merchant, time_expire="20900101000000", trade_type="MWEB"))
    result = merchant.v2("/pay/closeorder", by_number(merchant)).xml
    assert result["result_code"] == "SUCCESS"
    assert merchant.v2("/pay/unifiedorder", order(merchant)).xml["err_code"] == "ORDERCLOSED"


def test_an_authorisation_code_pays_and_is_reversed(sandbox: Sandbox, merchant: Any) -> None:
    sent = order(merchant, auth_code="120061098828009406")
    for name in ("notify_url", "trade_type"):
        del sent[name]
    assert merchant.v2("/pay/micropay", sent).xml["cash_fee"] == "88"
    assert merchant.v2("/secapi/pay/reverse", by_number(merchant)).xml["recall"] == "N"
    assert merchant.v2("/pay/orderquery", by_number(merchant)).xml["trade_state"] == "REVOKED"


def test_combined_orders(sandbox: Sandbox, merchant: Any, receiver: Any) -> None:
    receiver.default = (200, b"<xml><return_code>SUCCESS</return_code></xml>")
    number = {"combine_appid": merchant.account.appid, "combine_out_trade_no": "C1", "sign_type": "HMAC-SHA256"}
    listed = [
        {
            "appid": "wx1",
            "mch_id": merchant.account.mchid,
            "body": "x",
            "attach": "y",
            "out_trade_no": name,
            "total_fee": 1,
            "fee_type": "CNY",
        }
        for name in ("S1", "S2")
    ]
    sent = {
        **number,
        "spbill_create_ip": "127.0.0.1",
        "notify_url": receiver.url,
        "trade_type": "JSAPI",
        "scene_info": '{"payer_client_ip":"127.0.0.1"}',
        "sub_order_list": json.dumps({"order_num": 2, "order_list": listed}),
    }

    def call(target: str, body: dict[str, Any]) -> dict[str, str]:
        result: dict[str, str] = merchant.v2(target, body, "HMAC-SHA256", number="combine_mch_id").xml
        return result

    assert call("/pay/combinedorder", sent)["prepay_id"].startswith("wx")
    sandbox.pay("C1")
    result = call("/pay/querycombinedorder", number)
    assert result["trade_state"] == "SUCCESS"
    assert [each["out_trade_no"] for each in json.loads(result["sub_order_list"])["order_list"]] == ["S1", "S2"]
    assert sandbox.callbacks.wait()
    notice = receiver.xml()
    assert notice["sign"] == merchant.sign(notice, "HMAC-SHA256")
    assert json.loads(notice["sub_order_list"])["order_num"] == 2
    assert call("/pay/querycombinedorder", {**number, "combine_out_trade_no": "C9"})["err_code"] == "ORDERNOTEXIST"
    broken = {**sent, "combine_out_trade_no": "C2", "sub_order_list": '{"order_num":1}'}
    assert call("/pay/combinedorder", broken)["err_code"] == "PARAM_ERROR"
    again = [{**listed[0], "out_trade_no": "S3"}]
    fresh = {**sent, "combine_out_trade_no": "C3", "sub_order_list": json.dumps({"order_num": 1, "order_list": again})}
    call("/pay/combinedorder", fresh)
    closing = {**number, "combine_out_trade_no": "C3", "sub_order_list": '[{"mchid":"1","out_trade_no":"S3"}]'}
    assert call("/pay/closecombinedorder", closing)["result_code"] == "SUCCESS"
    assert sandbox.store.get("order", "S3")["state"] == "CLOSED"  # type: ignore[index]


def test_transfers_and_red_packets(merchant: Any) -> None:
    sent = {
        "mch_appid": "wx1",
        "mchid": merchant.account.mchid,
        "partner_trade_no": "T1",
        "openid": "o1",
        "check_name": "NO_CHECK",
        "amount": 10099,
        "desc": "理赔",
        "spbill_create_ip": "127.0.0.1",
    }
    result = merchant.v2("/mmpaymkttransfers/promotion/transfers", sent, number="mchid").xml
    assert "sign" not in result
    again = merchant.v2("/mmpaymkttransfers/promotion/transfers", sent, number="mchid").xml
    assert again["payment_no"] == result["payment_no"]
    other = merchant.v2("/mmpaymkttransfers/promotion/transfers", {**sent, "amount": 1}, number="mchid").xml
    assert other["err_code"] == "PARAM_ERROR"
    asked = merchant.v2("/mmpaymkttransfers/gettransferinfo", {"partner_trade_no": "T1", "appid": "wx1"}).xml
    assert (asked["status"], asked["payment_amount"]) == ("SUCCESS", "10099")
    none = merchant.v2("/mmpaymkttransfers/gettransferinfo", {"partner_trade_no": "T9", "appid": "wx1"}).xml
    assert none["err_code"] == "NOT_FOUND"


def test_bank_cards_are_encrypted_under_the_banks_key(sandbox: Sandbox, merchant: Any) -> None:
    result = merchant.v2("/risk/getpublickey", {"sign_type": "MD5"}).xml
    assert result["pub_key"].startswith("-----BEGIN RSA PUBLIC KEY-----")
    key = serialization.load_pem_public_key(result["pub_key"].encode())
    sent = {
        "partner_trade_no": "B1",
        "enc_bank_no": merchant.encrypt("6222", key),
        "enc_true_name": merchant.encrypt("张三", key),
        "bank_code": "1001",
        "amount": 100000,
    }
    answer = merchant.v2("/mmpaysptrans/pay_bank", sent).xml
    assert answer["amount"] == "100000"
    assert sandbox.journal[-1].opened == {"body/enc_bank_no": "6222", "body/enc_true_name": "张三"}
    wrong = merchant.v2("/mmpaysptrans/pay_bank", {**sent, "enc_bank_no": merchant.encrypt("6222")}).xml
    assert "解密失败" in wrong["return_msg"]


def test_certificates_come_by_v2_too(sandbox: Sandbox, merchant: Any) -> None:
    result = merchant.v2("/risk/getcertficates", {"sign_type": "HMAC-SHA256"}, "HMAC-SHA256").xml
    entry = json.loads(result["certificates"])["data"][0]
    sealed = entry["encrypt_certificate"]
    pem = AESGCM(sandbox.account.apiv3_key.encode()).decrypt(
        sealed["nonce"].encode(), base64.b64decode(sealed["ciphertext"]), b"certificate"
    )
    assert f"{x509.load_pem_x509_certificate(pem).serial_number:040X}" == entry["serial_no"]


def test_an_upload_signs_its_fields_and_not_its_file(merchant: Any, form: Any) -> None:
    def send(digest: str) -> dict[str, str]:
        fields = {"mch_id": merchant.account.mchid, "media_hash": digest, "sign_type": "MD5"}
        fields["sign"] = merchant.sign(fields)
        body = form({k: v.encode() for k, v in fields.items()}, {"media": ("a.png", b"picture")})
        headers = (("content-type", "multipart/form-data; boundary=x1y2"),)
        request = Request(
            "POST", "/secapi/mch/uploadmedia", headers, body, secure=True, certificate=merchant.account.serial
        )
        result: dict[str, str] = merchant.send(request).xml
        return result

    assert send(hashlib.md5(b"picture").hexdigest())["media_id"]
    assert "文件的md5是" in send("0" * 32)["return_msg"]


def test_pages_for_a_browser_redirect(merchant: Any) -> None:
    sent = {"mch_id": merchant.account.mchid, "appid": "x", "redirect_uri": "https://merchant.example/back"}
    sent |= {"response_type": "code", "scope": "pay_identity", "state": "1"}
    answer = merchant.v2_get("/appauth/authindex", sent)
    assert (answer.status, answer.headers["Location"]) == (302, "https://merchant.example/back")
    contract = {
        "appid": "x",
        "mch_id": merchant.account.mchid,
        "plan_id": "1",
        "contract_code": "1",
        "request_serial": "1",
    }
    contract |= {
        "contract_display_account": "x",
        "version": "1.0",
        "timestamp": "1",
        "notify_url": "https://m.example/n",
    }
    assert merchant.v2_get("/papay/entrustweb", contract).status == 302


def test_faults_speak_xml(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.faults.add("error", code="SYSTEMERROR", times=1)
    result = merchant.v2("/pay/unifiedorder", order(merchant)).xml
    assert (result["result_code"], result["err_code"], result["mch_id"]) == ("FAIL", "SYSTEMERROR", "1900000109")
    assert result["sign"] == merchant.sign(result)
    sandbox.faults.add("error", status=502, times=1)
    assert merchant.v2("/pay/unifiedorder", order(merchant)).status == 502
    sandbox.faults.add("error", times=1)
    result = merchant.v2("/applyment/micro/signcontract", {}).xml
    assert result["err_code"] == "SYSTEM_ERROR"
    assert "mch_id" not in result
    sandbox.faults.add("error", times=1)
    assert merchant.v2_raw("/no/such/path", b"<xml/>").xml["return_code"] == "FAIL"


def test_what_was_taken_is_ok(merchant: Any) -> None:
    sent = {"appid": "wx1", "out_trade_no": "none", "mch_id": merchant.account.mchid}
    assert merchant.v2("/pay/orderquery", sent).xml["return_msg"] == "OK"
    order = {
        "appid": "wx1",
        "body": "x",
        "out_trade_no": "ok000001",
        "total_fee": 1,
        "spbill_create_ip": "1.1.1.1",
        "notify_url": "https://shop.example/notify",
        "trade_type": "NATIVE",
    }
    result = merchant.v2("/pay/unifiedorder", order).xml
    assert (result["return_code"], result["return_msg"]) == ("SUCCESS", "OK")
    assert result["sign"] == merchant.sign(result)
