"""What was signed, beside what has to be: every usual mistake of TOP, made by hand."""

import base64
import hashlib
import hmac
import json
from urllib.parse import quote, quote_plus

import pytest

from taobao_top.sandbox import Account
from taobao_top.sandbox.inspector import compared
from taobao_top.sandbox.inspector.redactor import Redactor
from taobao_top.sandbox.journal import Entry, Upload
from taobao_top.sandbox.signature_diagnosis import HUGE, LARGE, WORK, check, found

SECRET = "0123456789abcdef0123456789abcdef"
ACCOUNT = Account(app_key="12345678", app_secret=SECRET, session="6" + "0a" * 24)
GIVEN = {
    "method": "taobao.item.seller.get",
    "app_key": "12345678",
    "session": ACCOUNT.session,
    "timestamp": "2026-01-01 12:00:00",
    "v": "2.0",
    "fields": "num_iid,标题",
    "num_iid": "11223344",
}
NOW = 1_767_240_000.0  # 2026-01-01 12:00:00 in GMT+8


def plain(given):
    return "".join(name + given[name] for name in sorted(given))


def md5(text, key=SECRET):
    text = text.encode() if isinstance(text, str) else text
    return hashlib.md5(key.encode() + text + key.encode()).hexdigest().upper()


def mac(text, kind="sha256", key=SECRET):
    text = text.encode() if isinstance(text, str) else text
    return hmac.new(key.encode(), text, kind).hexdigest().upper()


def entry(sign, given=GIVEN, way="md5", **others):
    parameters = {**given, **({"sign_method": way} if way else {}), **({"sign": sign} if sign else {})}
    return Entry(number=1, kind="call", at=NOW, method=given.get("method"), parameters=parameters, **others)


def looked_at(sign, given=GIVEN, way="md5", account=ACCOUNT, **others):
    veil = Redactor([account.app_secret], [account.session])
    return compared(entry(sign, given, way, **others), account, veil.text)


def signed(**changes):
    """Parameters with md5 named, changed."""
    return {name: value for name, value in {**GIVEN, "sign_method": "md5", **changes}.items() if value is not None}


def part(comparison, name, where="parts"):
    (one,) = [each for each in getattr(comparison, where) if each.name == name]
    return one


@pytest.mark.parametrize(("way", "make"), [("md5", md5), ("hmac", lambda t: mac(t, "md5")), ("hmac-sha256", mac)])
def test_right_signatures_have_equal_parts(way, make):
    given = signed(sign_method=way)
    right = looked_at(make(plain(given)), way=way)
    assert (right.state, right.zh, right.en) == ("verified", "", "")
    assert all(each.expected == each.received for each in (*right.parts, *right.header))
    names = [each.name for each in right.parts]
    ends = ["secret before"] if way == "md5" else []
    assert names == [*ends, *sorted(given), *(["secret behind"] if ends else [])]
    assert part(right, "num_iid").expected == "num_iid11223344"


def test_neither_secret_nor_session_is_shown():
    for way, make in (("md5", md5), ("hmac-sha256", mac)):
        result = json.dumps(looked_at(make(plain(signed(sign_method=way))), way=way).as_json())
        assert SECRET not in result
        assert ACCOUNT.session not in result
        assert "60a0…" in json.loads(f'"{part_of_session(result)}"')


def part_of_session(result):
    return next(each["expected"] for each in json.loads(result)["parts"] if each["name"] == "session")


JSONIC = {**GIVEN, "request": '{"a": 1, "url": "a/b", "名": "值"}', "sign_method": "md5"}


def respelled(**style):
    return plain({**JSONIC, "request": json.dumps(json.loads(JSONIC["request"]), **style)})


MISTAKES = [
    # what was sent, what was signed, what is said, a part that differs
    (signed(num_iid=" 1 "), md5(plain(signed(num_iid="1"))), "white space around them", "num_iid"),
    (signed(num_iid=""), md5(plain(signed(num_iid=None))), "num_iid was not signed", "num_iid"),
    (signed(a="", b=" "), md5(plain(signed())), "empty values were sent but not signed", "a"),
    (signed(session=None), md5(plain(signed(session=""))), "session was signed without a value", "session"),
    (signed(), md5(plain(signed(session=None))), "session was not signed", "session"),
    (signed(), md5(plain(signed(simplify=""))), "simplify was signed without a value", "simplify"),
    (signed(), md5("".join(n + v for n, v in signed().items())), "not sorted", "app_key"),
    (signed(Zone="1"), md5("".join(n + v for n, v in sorted(signed(Zone="1").items(), key=lambda p: p[0].lower()))),
     "without regard to case", "Zone"),
    (signed(), md5("".join(signed()[n] for n in sorted(signed()))), "without their names", "v"),
    (signed(), md5("&".join(f"{n}={v}" for n, v in sorted(signed().items()))), "joined with = and &", "v"),
    (signed(), md5("".join(f"{n}={v}" for n, v in sorted(signed().items()))), "joined with =:", "v"),
    (signed(), md5(plain({n: quote_plus(v) for n, v in signed().items()})), "url-encoded", "fields"),
    (signed(), md5(plain({n: quote(v, safe="") for n, v in signed().items()})), "url-encoded", "fields"),
    (signed(num_iid="a/b c"), md5(plain({n: quote(v) for n, v in signed(num_iid="a/b c").items()})), "url-encoded",
     "num_iid"),
    (signed(num_iid="a b"), md5(plain(signed(num_iid="a+b"))), "arrived as a blank", "num_iid"),
    (signed(a="2 1 a"), md5(plain(signed(a="2+1 a"))), "arrived as a blank", "a"),
    (signed(a="a b", b="a b"), md5(plain(signed(a="a+b", b="a b"))), "arrived as a blank", "a"),
    (signed(num_iid="a\r\nb"), md5(plain(signed(num_iid="a\nb"))), "line ends", "num_iid"),
    (signed(num_iid="a\nb"), md5(plain(signed(num_iid="a\r\nb"))), "line ends", "num_iid"),
    (signed(num_iid="@file"), md5(plain(signed(num_iid=None, sign_method="md5"))), "num_iid was not signed", "num_iid"),
    (signed(a="@1", b="@2"), md5(plain(signed())), "begin with @", "a"),
    (signed(), md5(plain({n: v for n, v in signed().items() if n in ("num_iid", "fields")})), "only the business", "v"),
    (signed(), md5(plain({n: v for n, v in signed().items() if n not in ("num_iid", "fields")})), "only the public",
     "fields"),
    (signed(), md5(plain(signed(timestamp="1767240000000"))), "in milliseconds", "timestamp"),
    (signed(), md5(plain(signed(timestamp="1767240000"))), "in seconds", "timestamp"),
    (signed(), md5(plain(signed(timestamp="2026-01-01T12:00:00"))), "another form", "timestamp"),
    (signed(timestamp="1767240000000"), md5(plain(signed())), "another form", "timestamp"),
    (signed(), md5(plain(signed(timestamp="2026-01-01 11:59:58"))), "take it once, for both", "timestamp"),
    (signed(), md5(plain(signed(timestamp="2026-01-01 04:00:00"))), "take it once, for both", "timestamp"),
    (JSONIC, md5(respelled(separators=(",", ":"), ensure_ascii=False)), "written differently", "request"),
    (JSONIC, md5(respelled()), "written differently", "request"),
    (JSONIC, md5(respelled(separators=(",", ":"), ensure_ascii=False).replace("/", "\\/")), "written differently",
     "request"),
    ({**JSONIC, "request": "[1"}, md5(plain({**JSONIC, "request": "[1"})).lower(), "upper-case", "request"),
    (signed(), md5(plain(signed()).encode("gbk")), "GBK", "fields"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "sign", "en", "name"), MISTAKES)
def test_the_usual_mistakes_are_found(given, sign, en, name):
    comparison = looked_at(sign, given, way="")
    assert comparison.state == "found"
    assert en in comparison.en
    assert comparison.zh
    assert en in check(sign, "md5", SECRET, given, b"")  # the answer to the caller says the same
    if en != "upper-case":
        wrong = part(comparison, name)
        assert wrong.expected != wrong.received
    assert part(comparison, "sign", "header").differs is not None


RIGHT = plain(signed())
BY_KEY = [
    (md5(RIGHT, SECRET + "\n"), "white space around"),
    (md5(RIGHT, " " + SECRET), "white space around"),
    (md5(RIGHT, ""), "secret was not used"),
    (md5(RIGHT, SECRET + "&"), "another platform"),
    (md5(RIGHT, "12345678"), "app_key was used"),
    (hashlib.md5((RIGHT + SECRET).encode()).hexdigest().upper(), "behind the parameters only"),
    (hashlib.md5((SECRET + RIGHT).encode()).hexdigest().upper(), "before the parameters only"),
    (mac(RIGHT, "sha1"), "HMAC-SHA1"),
    (hashlib.sha1((SECRET + RIGHT + SECRET).encode()).hexdigest().upper(), "SHA-1 was used"),
    (hashlib.sha256((SECRET + RIGHT + SECRET).encode()).hexdigest().upper(), "plain SHA-256"),
    (mac(RIGHT), "sign_method says md5 but the signature is hmac-sha256"),
    (mac(RIGHT, "md5"), "sign_method says md5 but the signature is hmac"),
    (base64.b64encode(bytes.fromhex(md5(RIGHT))).decode(), "base64"),
    (md5(RIGHT).lower(), "the signature is right but must be upper-case hex"),
]


@pytest.mark.parametrize(("sign", "en"), BY_KEY)
def test_wrong_keys_and_digests_are_found(sign, en):
    comparison = looked_at(sign)
    assert (comparison.state, en in comparison.en) == ("found", True)


def test_hmac_over_a_string_with_the_secret_in_it():
    for way, kind in (("hmac", "md5"), ("hmac-sha256", "sha256")):
        text = SECRET + plain(signed(sign_method=way)) + SECRET
        comparison = looked_at(mac(text, kind), way=way)
        assert "stands in the string" in comparison.en
        assert part(comparison, "secret before").expected is None
        assert part(comparison, "secret before").received == "********"


def test_two_mistakes_at_once_are_reported_together():
    comparison = looked_at(mac(plain(signed(session=None))).lower())
    assert comparison.en == (
        "session was not signed but sent: sign every parameter that is sent; "
        "sign_method says md5 but the signature is hmac-sha256; the signature must be upper-case hex"
    )
    assert comparison.zh.count("；") == 2


def test_raw_bodies():
    body = b'{"a": 1}'
    right = looked_at(md5(RIGHT.encode() + body), body=body)
    assert (right.state, part(right, "body").received) == ("verified", '{"a": 1}')
    without = looked_at(md5(RIGHT), body=body)
    assert "body was sent but not signed" in without.en
    assert part(without, "body") == type(part(without, "body"))("body", '{"a": 1}', None)
    assert "written differently" in looked_at(md5(RIGHT + '{"a":1}'), body=body).en
    half = b'{"a": "\\ud83d"}'
    assert looked_at("0" * 32, body=half).state == "other"


def test_bytes_of_files_are_not_signed():
    files = (Upload("image", "a.jpg", "image/jpeg", b"\xff\xd8"),)
    given = signed()
    pieces = sorted([(name, (name + value).encode()) for name, value in given.items()] + [("image", b"image\xff\xd8")])
    comparison = looked_at(md5(b"".join(piece for _, piece in pieces)), files=files)
    assert "bytes of the files" in comparison.en
    assert part(comparison, "image").expected is None
    assert looked_at(md5(RIGHT), files=files).state == "verified"


def test_what_fits_nothing_is_reported_so():
    for sign in ("F" * 32, "?" * 24, "é", "F" * 44):
        comparison = looked_at(sign)
        assert comparison.state == "other"
        assert all(each.received is None for each in comparison.parts)
    assert looked_at("F" * 32, {**GIVEN, "timestamp": "0001-01-01 00:00:00"}).state == "other"
    assert looked_at("F" * 32, {**GIVEN, "timestamp": "soon"}).state == "other"
    deep = "[" * 100_000
    assert looked_at("F" * 32, {**GIVEN, "request": deep}).state == "other"


def test_of_long_strings_fewer_mistakes_are_tried():
    long = "x" * LARGE
    given = signed(text=long)
    assert (
        "session was not signed"
        in looked_at(md5(plain({**given, "session": ""}).replace("session", "", 1)), given, "").en
    )
    assert looked_at(mac(plain({n: v for n, v in given.items() if n != "session"})), given, "").state == "other"
    assert "hmac-sha256" in looked_at(mac(plain(given)), given, "").en


def test_of_huge_ones_only_what_was_left_out():
    body = b"x" * HUGE
    assert looked_at(md5(RIGHT.encode() + body), body=body).state == "verified"
    assert "body was sent but not signed" in looked_at(md5(RIGHT), body=body).en
    assert looked_at(md5(plain({n: quote(v) for n, v in signed().items()}).encode() + body), body=body).state == "other"
    bulky = b"x" * (WORK // 8)
    assert "body was sent but not signed" in looked_at(md5(RIGHT), body=bulky).en
    assert looked_at("F" * 32, body=bulky).state == "other"


def test_no_signature_is_reported():
    comparison = looked_at(None)
    assert comparison.state == "absent"
    assert part(comparison, "sign", "header").received is None
    assert all(each.received is None for each in comparison.parts)


def test_the_header_is_compared_too():
    given = {**GIVEN, "app_key": "1", "timestamp": "2025-01-01 12:00:00", "v": "1.0"}
    comparison = looked_at("F" * 32, given, way="rsa")
    names = {each.name: each.differs for each in comparison.header}
    assert names == {"app_key": 1, "sign_method": 0, "timestamp": 3, "v": 0, "sign": names["sign"]}
    assert part(comparison, "sign_method", "header").expected == "hmac-sha256"
    assert part(looked_at("F" * 32, {"method": "a"}, way=""), "app_key", "header").received is None


@pytest.mark.parametrize(("kind", "method"), [("item", "a"), ("oauth", "refresh_token"), ("channel", "pull")])
def test_some_entries_have_no_signature_of_their_own(kind, method):
    made = Entry(number=1, kind=kind, at=NOW, method=method)
    assert compared(made, ACCOUNT, str).state == "unsigned"


def test_the_first_frame_is_compared():
    given = {"app_key": "12345678", "group_name": "default", "timestamp": "1767240000000"}
    sign = md5(plain(given))
    made = Entry(number=1, kind="channel", at=NOW, method="connect", parameters={**given, "sign": sign, "sdk": "x"})
    right = compared(made, ACCOUNT, str)
    assert right.state == "verified"
    assert [each.name for each in right.header] == ["app_key", "sign"]


def test_calls_to_the_user_are_compared_with_their_signed_headers():
    query = {"app_key": "12345678", "timestamp": "2026-01-01 12:00:00", "sign_method": "md5", "form": "1"}
    sign = md5(plain({**query, "x-name": "a b"}).encode() + b"{}")
    made = Entry(
        number=1, kind="outbound", at=NOW, body=b"{}", parameters={**query, "sign": sign},
        headers={"top-sign-list": "x-name,x-absent", "x-name": "a%20b"},
    )  # fmt: skip
    assert "x-absent was not signed" in compared(made, ACCOUNT, str).en  # named and absent: signed as empty
    sign = md5(plain({**query, "x-name": "a b", "x-absent": ""}).encode() + b"{}")
    right = Entry(
        number=1, kind="outbound", at=NOW, body=b"{}", parameters={**query, "sign": sign},
        headers={"top-sign-list": "x-name,x-absent", "x-name": "a%20b"},
    )  # fmt: skip
    assert compared(right, ACCOUNT, str).state == "verified"


def test_the_secret_is_in_no_repr():
    how = found(md5(RIGHT), "md5", SECRET, signed(), b"")
    assert SECRET not in repr(how)
    assert ACCOUNT.session not in repr(how)
