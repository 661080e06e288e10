"""The signed message beside the expected one."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from wechatpay.sandbox.http import Request
from wechatpay.sandbox.inspector import Part, compared
from wechatpay.sandbox.journal import KEPT

NATIVE = "/v3/pay/transactions/native"
QUERY = "/v3/pay/transactions/id/42?mchid=1900000109"
BODY = '{"name": "值", "b": [1, 2], "url": "a/b"}'.encode()


def lines(method, target, timestamp, nonce, body):
    return f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"


def part(comparison, name, where="parts"):
    (found,) = [each for each in getattr(comparison, where) if each.name == name]
    return found


def test_a_right_signature_has_equal_parts(merchant, sandbox):
    entry = merchant.order()
    found = compared(entry, sandbox.account)
    assert found.state == "verified"
    assert [each.name for each in found.parts] == ["method", "target", "timestamp", "nonce_str", "body"]
    assert all(each.expected == each.received and each.differs is None for each in (*found.parts, *found.header))
    assert part(found, "method").expected == "POST\n"
    assert part(found, "target").expected == f"{NATIVE}\n"
    assert part(found, "body").expected == entry.request.body.decode() + "\n"


@pytest.mark.parametrize(
    ("message", "name", "differs", "en"),
    [
        (lambda m, u, t, n, b: lines(m, u, t, n, b)[:-1], "body", len(BODY.decode()), "last line feed"),
        (lambda m, u, t, n, b: lines(m, u, t, n, b).replace(b"\n", b"\r\n"), "method", 4, "CR LF"),
        (lambda m, u, t, n, b: lines(m, u, t, n, b""), "body", 0, "empty body"),
        (lambda m, u, t, n, b: lines(m.lower(), u, t, n, b), "method", 0, "lower case"),
        (lambda m, u, t, n, b: lines(m, u.partition("?")[0], t, n, b), "target", 9, "query"),
        (lambda m, u, t, n, b: lines(m, u[1:], t, n, b), "target", 0, "slash at the start"),
        (lambda m, u, t, n, b: lines(m, "/v3/a b?x=1", t, n, b), "target", 5, "decoded"),
        (lambda m, u, t, n, b: lines(m, u.replace("?", "/?"), t, n, b), "target", 9, "one slash too many"),
        (lambda m, u, t, n, b: lines(m, "https://api.mch.weixin.qq.com" + u, t, n, b), "target", 0, "whole URL"),
        (lambda m, u, t, n, b: lines(m, "https://127.0.0.1:1" + u, t, n, b), "target", 0, "whole URL"),
        (lambda m, u, t, n, b: lines(m, u, str(int(t) + 2), n, b), "timestamp", None, "time that was signed"),
        (lambda m, u, t, n, b: lines(m, u, t + "000", n, b), "timestamp", 10, "milliseconds"),
        (lambda m, u, t, n, b: lines(m, u, t, n.upper(), b), "nonce_str", None, "capitals"),
        (
            lambda m, u, t, n, b: lines(m, u, t, n, json.dumps(json.loads(b)).encode()),
            "body",
            10,
            "written differently",
        ),
        (lambda m, u, t, n, b: lines(m, u, t, n, b + b"\n"), None, None, "blanks"),
        (
            lambda m, u, t, n, b: lines(m, u[1:], t, n, json.dumps(json.loads(b)).encode()),
            "body",
            10,
            "slash at the start of the path is missing; the JSON",
        ),
    ],
)
def test_the_usual_mistakes_are_found(merchant, sandbox, message, name, differs, en):
    request = merchant.request("POST", "/v3/a%20b?x=1", BODY, message=message, nonce_str="aB" * 16)
    found = compared(merchant.send(request), sandbox.account)
    assert found.state == "found"
    assert en in found.en
    assert found.zh
    if differs is not None:
        assert part(found, name).differs == differs
    if name is not None:
        assert part(found, name).differs is not None


def test_time_and_nonce_may_be_exchanged(merchant, sandbox):
    request = merchant.request("GET", QUERY, message=lambda m, u, t, n, b: lines(m, u, n, t, b))
    found = compared(merchant.send(request), sandbox.account)
    assert "wrong order" in found.en
    assert part(found, "timestamp").received == part(found, "nonce_str").expected


def test_a_slash_at_the_end_may_be_missing(merchant, sandbox):
    request = merchant.request("GET", "/v3/a/?x=1", message=lambda m, u, t, n, b: lines(m, "/v3/a?x=1", t, n, b))
    assert "slash at the end" in compared(merchant.send(request), sandbox.account).en


def test_a_target_is_compared_as_bytes(merchant, sandbox):
    target = "/v3/支付".encode().decode("latin-1")
    request = merchant.request("GET", target, message=lambda m, u, t, n, b: lines(m, "/v3/支付", t, n, b))
    found = compared(merchant.send(request), sandbox.account)
    assert (found.state, part(found, "target").expected) == ("verified", "/v3/支付\n")


UPLOAD = b'--x\r\nContent-Disposition: form-data; name="meta"\r\n\r\n{"a":1}\r\n--x--\r\n'


def test_of_an_upload_the_meta_part_is_signed(merchant, sandbox):
    form = {"content-type": "multipart/form-data; boundary=x"}
    whole = merchant.request("POST", "/v3/merchant/media/upload", UPLOAD, headers=form)
    found = compared(merchant.send(whole), sandbox.account)
    assert "meta" in found.en
    assert part(found, "body").expected == '{"a":1}\n'
    nothing = merchant.request("POST", "/v3/merchant/media/upload", b"", headers=form)
    assert compared(merchant.send(nothing), sandbox.account).state == "verified"


@pytest.mark.parametrize(
    ("algorithm", "en"), [(hashes.SHA1(), "SHA-1"), (hashes.SHA512(), "SHA-512"), (hashes.MD5(), "MD5")]
)
def test_another_digest_is_named(merchant, sandbox, algorithm, en):
    request = merchant.request("GET", QUERY, nonce_str="n", timestamp="1")
    signature = merchant.rsa(lines("GET", QUERY, "1", "n", b""), algorithm)
    found = compared(
        merchant.send(merchant.request("GET", QUERY, nonce_str="n", timestamp="1", signature=signature)),
        sandbox.account,
    )
    assert (found.state, found.en) == ("found", f"it was signed with {en}, SHA-256 is expected")
    assert request.target == QUERY


def test_another_padding_is_named(merchant, sandbox):
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    signature = merchant.rsa(lines("GET", QUERY, "1", "n", b""), pad=pss)
    sent = merchant.request("GET", QUERY, nonce_str="n", timestamp="1", signature=signature)
    assert "PSS" in compared(merchant.send(sent), sandbox.account).en


def test_the_right_key_over_something_else_shows_both_digests(merchant, sandbox):
    sent = merchant.request("GET", QUERY, message=lambda *parts: b"something else")
    found = compared(merchant.send(sent), sandbox.account)
    assert found.state == "other"
    assert part(found, "SHA-256").received == hashlib.sha256(b"something else").hexdigest()
    assert part(found, "method").received is None


def test_another_key_is_distinguished_from_another_message(merchant, sandbox):
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signature = merchant.rsa(b"x", key=stranger)
    found = compared(merchant.send(merchant.request("GET", QUERY, signature=signature)), sandbox.account)
    assert (found.state, found.en) == ("foreign", "")
    found = compared(merchant.send(merchant.request("GET", QUERY, signature="%%%")), sandbox.account)
    assert (found.state, found.en) == ("foreign", "the signature is not base64")
    short = base64.b64encode(b"short").decode()
    assert compared(merchant.send(merchant.request("GET", QUERY, signature=short)), sandbox.account).state == "foreign"


def test_the_header_is_compared_too(merchant, sandbox):
    sent = merchant.request("GET", QUERY, mchid="1", serial_no="2", timestamp="1500000000")
    found = compared(merchant.send(sent), sandbox.account)
    assert found.state == "verified"
    assert part(found, "mchid", "header") == Part("mchid", sandbox.account.mchid, "1")
    assert part(found, "serial_no", "header").differs == 0
    assert part(found, "timestamp", "header").differs == 1
    assert part(found, "signature", "header").differs is None
    wrong = merchant.request("GET", QUERY, timestamp="soon", message=lambda *parts: b"?")
    assert compared(merchant.send(wrong), sandbox.account).state == "other"
    late = merchant.request("GET", QUERY, timestamp="soon")
    assert part(compared(merchant.send(late), sandbox.account), "timestamp", "header").differs == 0


def test_no_signature_is_reported(merchant, sandbox):
    entry = merchant.send(Request("GET", "/brand/x"))
    found = compared(entry, sandbox.account)
    assert found.state == "absent"
    assert [each.received for each in found.header] == [None] * 6
    assert part(found, "brand_id", "header").expected == sandbox.account.brand_id


def test_a_body_that_is_not_kept_cannot_be_compared(merchant, sandbox):
    body = b'{"a": "' + b"x" * KEPT + b'"}'
    wrong = merchant.request("POST", NATIVE, body, message=lambda m, u, t, n, b: lines(m, u, t, n, b + b"?"))
    assert compared(merchant.send(wrong), sandbox.account).state == "cut"
    right = merchant.send(merchant.request("POST", NATIVE, body))
    assert compared(right, sandbox.account).state == "verified"


def test_of_a_long_text_the_page_gets_what_is_around_the_difference():
    long = Part("body", "x" * 100_000 + "a", "x" * 100_000 + "b")
    shown = long.as_json()
    assert shown["expected"][shown["differs"]] == "a"
    assert len(shown["expected"]) < 2_000
    assert Part("body", "x" * 100_000, None).as_json()["expected"] == "x" * KEPT
    assert Part("body", "ab", "abc").differs == 2
    assert "abc" not in repr(Part("body", "ab", "abc"))


# v2

QUERIED = "/pay/orderquery"


def test_right_parameters_have_equal_parts(merchant, sandbox):
    found = compared(merchant.v2(QUERIED, {"out_trade_no": "1"}), sandbox.account)
    assert found.state == "verified"
    assert [each.name for each in found.parts] == ["mch_id", "nonce_str", "out_trade_no", "key"]
    assert all(each.expected == each.received for each in (*found.parts, *found.header))
    assert part(found, "key").expected == "key=APIv2 key"
    assert sandbox.account.secret not in json.dumps(found.as_json())


@pytest.mark.parametrize(
    ("sent", "text", "en", "name"),
    [
        (
            {"attach": ""},
            lambda m, p: m.text(p).replace("mch_id", "attach=&mch_id"),
            "empty parameters",
            "attach",
        ),
        ({}, lambda m, p: m.text(p).rpartition("&key=")[0], "key was left out", "key"),
        (
            {"sign_type": "MD5"},
            lambda m, p: m.text({k: v for k, v in p.items() if k != "sign_type"}),
            "not signed",
            "sign_type",
        ),
        (
            {"appid": "x"},
            lambda m, p: "&".join(f"{k}={v}" for k, v in p.items()) + f"&key={m.account.secret}",
            "not sorted",
            "appid",
        ),
        ({}, lambda m, p: m.text(p).replace("&key=", ""), "without &key=", "key"),
        (
            {"out_trade_no": "a b"},
            lambda m, p: m.text(p).replace("a b", "a%20b"),
            "percent-encoded",
            "out_trade_no",
        ),
        ({}, lambda m, p: m.text(p).replace(m.account.secret, m.account.apiv3_key), "APIv3 key", "key"),
    ],
)
def test_the_usual_mistakes_of_v2_are_found(merchant, sandbox, sent, text, en, name):
    entry = merchant.v2(QUERIED, {"out_trade_no": "1", **sent}, text=lambda p: text(merchant, p))
    found = compared(entry, sandbox.account)
    assert found.state == "found"
    assert en in found.en
    assert found.zh
    wrong = part(found, name)
    assert wrong.expected != wrong.received
    assert part(found, "sign", "header").differs is not None


def test_the_apiv3_key_is_recognised_under_hmac_too(merchant, sandbox):
    key = sandbox.account.apiv3_key
    entry = merchant.v2(
        QUERIED,
        {"out_trade_no": "1", "sign_type": "HMAC-SHA256"},
        algorithm="HMAC-SHA256",
        key=key,
        text=lambda p: merchant.text(p).replace(sandbox.account.secret, key),
    )
    found = compared(entry, sandbox.account)
    assert "APIv3" in found.en


def test_small_letters_and_another_algorithm_are_reported_together(merchant, sandbox):
    entry = merchant.v2(QUERIED, {"out_trade_no": "1", "sign_type": "MD5"}, algorithm="HMAC-SHA256")
    assert compared(entry, sandbox.account).en == "it is HMAC-SHA256, MD5 is expected"
    parameters = {"out_trade_no": "1", "mch_id": sandbox.account.mchid, "nonce_str": "n"}
    small = merchant.sign(merchant.text(parameters)).lower()
    found = compared(merchant.v2(QUERIED, parameters, sign=small), sandbox.account)
    assert found.en == "the signature has to be in capitals"
    entry = merchant.v2(QUERIED, {"out_trade_no": "1", "sign_type": "RSA"})
    assert part(compared(entry, sandbox.account), "sign_type", "header") == Part("sign_type", "MD5", "RSA")


def test_another_key_cannot_be_distinguished_from_other_parameters(merchant, sandbox):
    found = compared(merchant.v2(QUERIED, {"out_trade_no": "1"}, sign="F" * 32), sandbox.account)
    assert found.state == "other"
    found = compared(merchant.v2(QUERIED, {"out_trade_no": "1"}, sign=None, mch_id="7"), sandbox.account)
    assert found.state == "absent"
    assert part(found, "mch_id", "header").differs == 0


def test_v2_is_read_from_query_and_form_as_well(merchant, sandbox):
    parameters = {"a": "1"}
    sign = merchant.sign(merchant.text(parameters))
    entry = merchant.send(Request("GET", f"/somewhere?a=1&sign={sign}"))
    assert compared(entry, sandbox.account).state == "verified"
    form = f'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x\r\nContent-Disposition: form-data; name="sign"\r\n\r\n{sign}\r\n--x--\r\n'
    headers = (("content-type", "multipart/form-data; boundary=x"),)
    entry = merchant.send(Request("POST", "/secapi/mch/uploadmedia", headers, form.encode()))
    assert compared(entry, sandbox.account).state == "verified"
    entry = merchant.send(Request("POST", "/secapi/mch/uploadmedia", headers, b"?"))
    assert compared(entry, sandbox.account).state == "absent"
    entry = merchant.send(Request("POST", QUERIED, (), b"<xml"))
    assert compared(entry, sandbox.account).state == "absent"


def test_a_long_v2_body_shows_its_verdict(merchant, sandbox):
    long = {"out_trade_no": "1", "detail": "x" * KEPT}
    sandbox.context.strict = False
    right = compared(merchant.v2("/pay/unifiedorder", long), sandbox.account)
    assert (right.state, part(right, "body").differs) == ("verified", None)
    wrong = compared(merchant.v2("/pay/unifiedorder", long, sign="F" * 32), sandbox.account)
    assert wrong.state == "cut"


def test_some_operations_want_no_signature(merchant, sandbox):
    from wechatpay import catalogue

    unsigned = [each for each in catalogue.operations() if each.unsigned_request and each.method == "GET"]
    sandbox.context.strict = False
    entry = merchant.send(Request("GET", f"/{unsigned[0].path.removeprefix('v2/')}?mch_id={sandbox.account.mchid}"))
    assert entry.verified
    assert compared(entry, sandbox.account).state == "unsigned"
