"""The gateway's signatures: documented examples, other implementations, and known mistakes."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import quote_plus

import pytest

from taobao_top.sandbox.signature import SIGN_METHODS, shown, sign
from taobao_top.sandbox.signature_diagnosis import check

SECRET = "helloworld"
PRINTED = {
    "method": "taobao.item.seller.get",
    "app_key": "12345678",
    "session": "test",
    "timestamp": "2016-01-01 12:00:00",
    "format": "json",
    "v": "2.0",
    "sign_method": "md5",
    "fields": "num_iid,title,nick,price,num",
    "num_iid": "11223344",
}


def test_the_documented_example_has_the_documented_signature():
    assert sign("md5", SECRET, PRINTED) == "66987CB115214E59E6EC978214934FB8"


@pytest.mark.parametrize("sign_method", SIGN_METHODS)
def test_signatures_equal_those_computed_with_hashlib_and_hmac(sign_method):
    text = b'app_key1timestamp2{"a":"\xe4\xb8\xad"}'
    by_hand = {
        "md5": hashlib.md5(b"s" + text + b"s").hexdigest(),
        "hmac": hmac.new(b"s", text, hashlib.md5).hexdigest(),
        "hmac-sha256": hmac.new(b"s", text, hashlib.sha256).hexdigest(),
    }[sign_method].upper()
    given = {"timestamp": "2", "app_key": "1"}
    body = '{"a":"中"}'.encode()
    assert sign(sign_method, "s", given, body) == by_hand
    assert check(by_hand, sign_method, "s", given, body) is None


def test_names_are_sorted_by_code_point():
    given = {"b": "1", "A": "2", "_": "3", "a": "4"}
    assert shown("hmac", given) == "A2_3a4b1"


def test_the_signed_string_is_shown_with_the_secret_masked():
    assert shown("md5", {"a": "1"}, b"body") == "********a1body********"
    assert shown("hmac-sha256", {"a": "1"}, b"\xff") == "a1\ufffd"


def _text(given):
    return "".join(name + given[name] for name in sorted(given))


def _md5(text, secret=SECRET):
    return hashlib.md5(f"{secret}{text}{secret}".encode()).hexdigest().upper()


MISTAKES = {
    "upper-case hex": _md5(_text(PRINTED)).lower(),
    "signature is hmac": hmac.new(SECRET.encode(), _text(PRINTED).encode(), hashlib.md5).hexdigest().upper(),
    "signature is hmac-sha256": hmac.new(SECRET.encode(), _text(PRINTED).encode(), hashlib.sha256).hexdigest().upper(),
    "session was not signed": _md5(_text({n: v for n, v in PRINTED.items() if n != "session"})),
    "url-encoded values": _md5(_text({n: quote_plus(v) for n, v in PRINTED.items()})),
    "joined with = and &": _md5("&".join(f"{n}={PRINTED[n]}" for n in sorted(PRINTED))),
    "joined with =:": _md5("".join(f"{n}={PRINTED[n]}" for n in sorted(PRINTED))),
    "not sorted": _md5("".join(n + v for n, v in PRINTED.items())),
    "white space around": _md5(_text(PRINTED), SECRET + "\n"),
    "secret was not used": _md5(_text(PRINTED), ""),
    "HMAC-SHA1": hmac.new(SECRET.encode(), _text(PRINTED).encode(), hashlib.sha1).hexdigest().upper(),
    "behind the parameters only": hashlib.md5((_text(PRINTED) + SECRET).encode()).hexdigest().upper(),
    "no known mistake": "0" * 32,
    "another secret": "é",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_known_mistakes_are_named(mistake):
    assert mistake in check(MISTAKES[mistake], "md5", SECRET, PRINTED, b"")


def test_mistakes_with_empty_values_bodies_and_encodings_are_named():
    given = {"sign_method": "md5", "a": "", "b": "", "name": "中文"}
    without = _md5(_text({"sign_method": "md5", "name": "中文"}))
    assert "empty values" in check(without, "md5", SECRET, given, b"")
    assert "body was sent but not signed" in check(_md5(_text(given)), "md5", SECRET, given, b"{}")
    gbk = hashlib.md5(SECRET.encode() + _text(given).encode("gbk") + SECRET.encode()).hexdigest()
    assert "GBK" in check(gbk, "md5", SECRET, given, b"")
