"""Persons' data in the platform's encrypted forms, against AES and HMAC directly."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
import logging
import operator
import os
import threading
from concurrent.futures import Future

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st

from chainable.errors import CodecError, ConfigurationError, DecryptionError, InProgress
from taobao_top import SecurityClient, TopError
from taobao_top.security import KINDS, Key, decrypt, encrypt, is_encrypted, search, windows
from tests.taobao_top.conftest import NOON

SECRET = bytes(range(16))
KEY = Key(SECRET, 7)
INDEXED = Key(SECRET, 7, searchable=frozenset(KINDS))


def sealed(text, secret=SECRET):
    """AES-CBC with the fixed vector, written down a second time."""
    raw = text.encode()
    gap = 16 - len(raw) % 16
    encryptor = Cipher(AES(secret), CBC(b"0102030405060708")).encryptor()
    return base64.b64encode(encryptor.update(raw + bytes([gap]) * gap) + encryptor.finalize()).decode()


def digest(text, length=None, secret=SECRET):
    raw = hmac.new(secret, text.encode(), hashlib.md5).digest()
    if length:
        folded = [0] * length
        for index in range(16):
            folded[index % length] ^= raw[index]
        raw = bytes(folded)
    return base64.b64encode(raw).decode()


class TestForms:
    def test_phone(self):
        """All but the last 8 digits stay readable."""
        assert encrypt("13800138000", "phone", KEY) == f"$138${sealed('00138000')}$7$"
        assert encrypt("+8613800138000", "phone", KEY) == f"$+86138${sealed('00138000')}$7$"

    def test_phone_with_index(self):
        """With an index, the last 4 digits can be searched."""
        assert encrypt("13800138000", "phone", INDEXED) == f"${digest('8000')}${sealed('13800138000')}$7$$"
        assert search("8000", "phone", INDEXED) == f"${digest('8000')}$"

    @pytest.mark.parametrize("kind", ["nick", "receiver_name", "simple"])
    def test_text(self, kind):
        """Names stand between tildes."""
        assert encrypt("张三", kind, KEY) == f"~{sealed('张三')}~7~"

    def test_normal(self):
        """Anything else between characters nobody types."""
        assert encrypt("中a", "normal", KEY) == f"\x01{sealed('中a')}\x017\x01"

    @pytest.mark.parametrize(("kind", "key"), [("search", KEY), ("nick", INDEXED)])
    def test_text_with_index(self, kind, key):
        """With an index, every window has its piece."""
        pieces = digest("张三", 3) + digest("三丰", 3)

        assert encrypt("张三丰", kind, key) == f"~{sealed('张三丰')}~{pieces}~7~~"
        assert search("张三", kind, key) == digest("张三", 3)
        assert search("张三", kind, key) in encrypt("张三丰", kind, key)

    @pytest.mark.parametrize("size", [16, 24, 32])
    def test_key_sizes(self, size):
        """The length of the key decides the variant of AES."""
        key = Key(bytes(size), 1)

        assert encrypt("a", "nick", key) == f"~{sealed('a', bytes(size))}~1~"

    @pytest.mark.parametrize(
        "text", ["", "张三", "$138$", "$138$!!$7$", "~abc~", "~a~b~c~d~", "13800138000", "~YWJj~x~"]
    )
    @pytest.mark.parametrize("kind", KINDS)
    def test_other_texts(self, text, kind):
        """What is in no encrypted form comes back unchanged."""
        assert not is_encrypted(text, kind)
        assert decrypt(text, kind, KEY) == text

    @pytest.mark.parametrize(
        "text", ["~YWJj~7~", "~QUJDREVGR0hJSktMTU5PUA==~7~", "~A~7~", f"~{sealed('x', bytes(16))}~7~"]
    )
    def test_other_keys(self, text):
        """A ciphertext of another key, or of none."""
        with pytest.raises(DecryptionError, match="version 7"):
            decrypt(text, "nick", KEY)

    def test_refused(self):
        """Wrong kinds and numbers are named, not shown."""
        with pytest.raises(ConfigurationError, match="'mobile' is not a kind of data: phone, nick"):
            encrypt("x", "mobile", KEY)
        with pytest.raises(ConfigurationError):
            decrypt("x", "mobile", KEY)
        with pytest.raises(CodecError, match="at least 11"):
            encrypt("1380013800", "phone", KEY)
        with pytest.raises(CodecError, match="last 4"):
            search("13800138000", "phone", KEY)

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("", []),
            ("ab", ["ab"]),
            ("abcd", ["abcd"]),
            ("abcdef", ["abcd", "bcde", "cdef"]),
            ("中", ["中"]),
            ("中文", ["中文"]),
            ("中文字", ["中文", "文字"]),
            ("中文a", ["中文", "中文a"]),
            ("中文ab", ["中文", "中文a", "文ab"]),
            ("abc中", ["abc中", "bc中"]),
        ],
    )
    def test_windows(self, text, found):
        """ASCII weighs 1, all else 2; a window holds 4."""
        assert windows(text) == found

    @pytest.mark.parametrize(
        ("size", "texts"),
        [
            (16, ("3H9luNrTDv7TfOT27nOQbw==", "9ur5T36VSC49GXC5dOrREg==", "L/tQvQxarTggshv5CYooWw==")),
            (24, ("05pCvJTYF4Oqxo4NbDDQcg==", "XC4ssDx8vsXMWps3v0IC4A==", "QURAIs3P+jo/bwLVw1fGlA==")),
            (32, ("bMy5WBL56E+vcZAaerrxMA==", "YESVAhLDUTZWVcp+Adkh3A==", "tFzOw2XiJHCJ1obPffwKIQ==")),
        ],
    )
    def test_what_openssl_says(self, size, texts):
        """The same texts by ``openssl enc -aes-…-cbc`` with the fixed vector."""
        plain, indexed = (Key(bytes(range(size)), -3, searchable=found) for found in (frozenset(), frozenset(KINDS)))
        nick, hidden, whole = texts

        assert encrypt("张三", "nick", plain) == f"~{nick}~-3~"
        assert encrypt("张三", "normal", plain) == f"\x01{nick}\x01-3\x01"
        assert encrypt("13800138000", "phone", plain) == f"$138${hidden}$-3$"
        assert decrypt(f"$138${hidden}$-3$", "phone", plain) == "13800138000"
        assert decrypt(f"$3QCPq5vTm58kOMZIiPEKiw==${whole}$-3$$", "phone", indexed) == "13800138000"

    def test_what_openssl_says_of_the_index(self):
        """The same digests by ``openssl dgst -md5 -mac HMAC``, folded here by columns."""
        pieces = []
        for whole in ("KgXq9pUQo2tE+i4LXaRDxA==", "sXTAV4tJaBHBM9rmKm+tkQ=="):
            raw = base64.b64decode(whole)
            folded = bytes(functools.reduce(operator.xor, raw[column::3]) for column in range(3))
            pieces.append(base64.b64encode(folded).decode())

        assert encrypt("13800138000", "phone", INDEXED) == "$3QCPq5vTm58kOMZIiPEKiw==$L/tQvQxarTggshv5CYooWw==$7$$"
        assert encrypt("张三丰", "nick", INDEXED).endswith(f"~{''.join(pieces)}~7~~")
        assert search("三丰", "nick", INDEXED) == pieces[1]

    @pytest.mark.parametrize(
        "work",
        [
            lambda: encrypt("\ud800", "nick", KEY),
            lambda: encrypt("\ud8001380013800", "phone", INDEXED),
            lambda: search("\ud800", "nick", KEY),
        ],
    )
    def test_no_unicode(self, work):
        """What no UTF-8 can carry is told, and not shown."""
        with pytest.raises(CodecError, match="surrogate") as caught:
            work()

        assert caught.value.__suppress_context__

    @pytest.mark.parametrize("size", [0, -1])
    def test_windows_of_nothing(self, size):
        """A window holds something, or the end would never come."""
        with pytest.raises(CodecError, match="1 or more"):
            windows("中文", size)

    @pytest.mark.parametrize("sizes", [{"slide_size": 0}, {"compress_len": 0}, {"compress_len": 17}])
    def test_sizes_of_a_key(self, sizes):
        """A key with sizes that no index can have is none."""
        with pytest.raises(ValueError, match=next(iter(sizes))):
            Key(SECRET, 7, **sizes)

    def test_no_secret_in_repr(self):
        """A key shows its version alone."""
        assert "secret" not in repr(KEY)


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, st.sampled_from(sorted(set(KINDS) - {"phone"})), st.sampled_from([KEY, INDEXED]))
def test_texts_come_back(text, kind, key):
    """Whatever the text, it is read as it was."""
    written = encrypt(text, kind, key)

    assert is_encrypted(written, kind)
    assert decrypt(written, kind, key) == text


@given(st.from_regex(r"\+?[0-9]{11,15}", fullmatch=True), st.sampled_from([KEY, INDEXED]))
def test_phones_come_back(phone, key):
    """So is every number."""
    assert decrypt(encrypt(phone, "phone", key), "phone", key) == phone


@given(TEXT, st.integers(0, 20), st.integers(2, 8))
def test_windows_cover_the_text(text, start, length):
    """Windows end for every text, overlap, and cover all of it."""
    found = windows(text)

    assert all(window in text for window in found)
    assert set("".join(found)) == set(text)


def written_again(text):
    """The windows once more: the rule as a machine with a current window."""
    found, start, end, weight, window = [], 0, 0, 0, None
    while end < len(text) or weight > 4:
        light = window is not None and ord(window[0]) < 128
        if end == len(text) and not light:
            break
        if weight == 4 and not light and ord(text[end]) < 128:
            end, weight = end + 1, 5
        else:
            if end:
                weight, start = weight - (1 if light else 2), start + 1
            while weight < 4 and end < len(text):
                weight, end = weight + (1 if ord(text[end]) < 128 else 2), end + 1
        window = text[start:end]
        found.append(window)
    return found


@given(st.text("ab1中文字", max_size=30))
def test_windows_agree(text):
    """Two ways to write the rule down give the same windows."""
    assert windows(text) == written_again(text)


@given(st.text("ab中文"), st.integers(1, 9))
def test_windows_of_any_size(text, size):
    """They end for every size."""
    assert set("".join(windows(text, size))) == set(text)


def key_answer(version=7, secret=SECRET, interval=300, max_interval=600, **config):
    return {
        "top_secret_get_response": {
            "secret": base64.b64encode(secret).decode(),
            "secret_version": version,
            "interval": interval,
            "max_interval": max_interval,
            "app_config": json.dumps(config),
        }
    }


class Now:
    def __init__(self):
        self.seconds = NOON

    def __call__(self):
        return self.seconds


@pytest.fixture
def now():
    return Now()


@pytest.fixture
def security(make_top, now):
    return SecurityClient(make_top(session="another"), "rand0m", clock=now)


class Ending(set):
    """Tells when a renewal has ended."""

    def __init__(self, ended):
        self.ended = ended

    def discard(self, place):
        super().discard(place)
        self.ended.set()


class TestClient:
    def test_keys_are_fetched_once(self, security, gateway):
        """The current key is kept; it says which kinds are searchable."""
        gateway.answers(
            key_answer(current_nick="2", current_phone="1", encrypt_slide_size="4", encrypt_index_compress_len="3")
        )

        assert security.encrypt("张三丰", "nick") == encrypt("张三丰", "nick", INDEXED)
        assert security.encrypt("13800138000", "phone") == encrypt("13800138000", "phone", KEY)
        assert security.search("张三", "nick") == digest("张三", 3)
        form = gateway.form
        assert (form["method"], form["random_num"]) == ("taobao.top.secret.get", "rand0m")
        assert "session" not in form
        assert "secret_version" not in form

    def test_by_version(self, security, gateway):
        """A ciphertext names the version of its key."""
        old = Key(bytes(16), 3)
        gateway.answers(key_answer(3, bytes(16)), key_answer())

        assert security.decrypt(encrypt("张三", "nick", old), "nick", session="sess10n") == "张三"
        assert security.decrypt(encrypt("李四", "nick", old), "nick", session="sess10n") == "李四"
        security.encrypt("x", "nick", user=55)

        first, second = gateway.forms
        assert (first["secret_version"], first["session"]) == ("3", "sess10n")
        assert second["customer_user_id"] == "55"
        assert "session" not in second

    def test_plain_and_encrypted_texts(self, security, gateway):
        """What is encrypted is not encrypted again; what is plain, or empty, needs no key."""
        assert security.encrypt("", "nick") == ""
        assert security.encrypt("", "phone") == ""
        written = encrypt("张三", "nick", KEY)

        assert security.encrypt(written, "nick") == written
        assert security.decrypt("张三", "nick") == "张三"
        assert not gateway.requests

    def test_renewed_in_the_background(self, security, gateway, now):
        """From the interval on the key is renewed, and nobody waits for it."""
        gateway.answers(key_answer(), key_answer(8))
        security.encrypt("x", "nick")
        now.seconds += 301
        began, release, ended = threading.Event(), threading.Event(), threading.Event()
        renew = security._renewed

        def slow(*arguments):
            began.set()
            release.wait(60)
            renew(*arguments)
            ended.set()

        security._renewed = slow
        assert security.encrypt("x", "nick").endswith("~7~")
        began.wait(60)
        assert security.encrypt("x", "nick").endswith("~7~")
        release.set()
        ended.wait(60)

        assert security.encrypt("x", "nick").endswith("~8~")
        assert len(gateway.requests) == 2

    def test_failure_in_the_background(self, security, gateway, now, caplog):
        """A renewal that fails is logged; the key still works."""
        gateway.answers(key_answer())
        gateway.refuses({"code": 22})
        security.encrypt("x", "nick")
        now.seconds += 301
        ended = threading.Event()
        security._renewing = Ending(ended)

        with caplog.at_level(logging.WARNING, logger="taobao_top"):
            assert security.encrypt("x", "nick").endswith("~7~")
            ended.wait(60)

        assert "could not be renewed in advance: TopError" in caplog.text

    def test_renewed_first(self, security, gateway, now):
        """From the longer interval on the old key is not used any more."""
        gateway.answers(key_answer(), key_answer(8))
        security.encrypt("x", "nick")
        now.seconds += 601

        assert security.encrypt("x", "nick").endswith("~8~")

    @pytest.mark.parametrize("fails", [False, True])
    def test_fetched_once_for_all(self, security, gateway, fails):
        """Threads that need the same key at once wait for the one that asks; its failure is theirs."""
        gateway.answers({"error_response": {"code": 22}} if fails else key_answer())
        began, release, outcomes = threading.Event(), threading.Event(), []
        fetched = security._fetched

        def slow(fetch):
            began.set()
            release.wait(60)
            return fetched(fetch)

        def work():
            try:
                outcomes.append(security.encrypt("张三", "nick"))
            except TopError as error:
                outcomes.append(error.code)

        security._fetched = slow
        threads = [threading.Thread(target=work) for _ in range(4)]
        threads[0].start()
        began.wait(60)
        for thread in threads[1:]:
            thread.start()
        ((_, future),) = security._fetching.items()
        while len(future._condition._waiters) < 3:
            threading.Event().wait(0.001)
        release.set()
        for thread in threads:
            thread.join(60)

        assert outcomes == ["22" if fails else encrypt("张三", "nick", KEY)] * 4
        assert len(gateway.requests) == 1
        assert not security._fetching

    def test_a_fetch_that_hangs(self, make_top):
        """Those who wait for another thread's fetch do not wait without end."""
        security = SecurityClient(make_top(deadline=0.01), "rand0m")
        security._fetching[(os.getpid(), (hashlib.sha256(b"").hexdigest(), None))] = Future()

        with pytest.raises(InProgress, match=r"another thread has been fetching the key for 0\.02 seconds: try again"):
            security.encrypt("x", "nick")

    def test_a_fetch_that_timed_out(self, security):
        """Its own error is theirs."""
        future = Future()
        future.set_exception(TimeoutError("slow"))
        security._fetching[(os.getpid(), (hashlib.sha256(b"").hexdigest(), None))] = future

        with pytest.raises(TimeoutError, match="slow"):
            security.encrypt("x", "nick")

    @pytest.mark.parametrize("step", [-86_400, 86_400])
    def test_the_machines_clock_does_not_matter(self, make_top, gateway, step):
        """Keys are renewed when their time has passed, whatever the wall clock was set to."""
        wall = Now()
        security = SecurityClient(make_top(clock=wall, session="another"), "rand0m")
        gateway.answers(key_answer())
        security.encrypt("x", "nick")
        wall.seconds += step

        assert security.encrypt("x", "nick").endswith("~7~")
        assert len(gateway.requests) == 1

    def test_after_a_fork(self, security, gateway, monkeypatch):
        """A process that began while another thread was fetching fetches for itself."""
        gateway.answers(key_answer())
        place = (hashlib.sha256(b"").hexdigest(), None)
        security._fetching[(1, place)] = Future()

        assert security.encrypt("张三", "nick") == encrypt("张三", "nick", KEY)

    @pytest.mark.parametrize("empty", [{"top_secret_get_response": {"app_config": '{"publish_status":"2"}'}}, None])
    def test_no_key(self, security, gateway, now, empty):
        """Where there is no key yet, texts stay plain; it is asked again after 5 minutes."""
        if empty is None:
            gateway.refuses({"code": 15, "sub_code": "20005"})
        else:
            gateway.answers(empty)
        gateway.answers(key_answer())

        assert security.encrypt("张三", "nick") == "张三"
        assert security.search("张三", "nick") == "张三"
        assert len(gateway.requests) == 1
        now.seconds += 300
        assert security.encrypt("张三", "nick") != "张三"

    def test_refused(self, security, gateway):
        """Other refusals are raised."""
        gateway.refuses({"code": 27})

        with pytest.raises(TopError):
            security.encrypt("x", "nick", session="sess10n")

    @pytest.mark.parametrize(
        "answer",
        [
            {"top_secret_get_response": []},
            {"top_secret_get_response": {"secret": "x"}},
            {"top_secret_get_response": {"secret": "AAAA", "secret_version": 1, "interval": 1, "max_interval": 1}},
            {"top_secret_get_response": {"app_config": "{"}},
            {"top_secret_get_response": {"app_config": "[" * 100_000}},
            key_answer(encrypt_slide_size=float("inf")),
            key_answer(current_phone=float("nan")),
            key_answer(interval="NaN"),
            key_answer(max_interval="Infinity"),
            key_answer(encrypt_slide_size="0"),
            key_answer(encrypt_index_compress_len=0),
            key_answer(encrypt_slide_size="many"),
        ],
    )
    def test_no_answer(self, security, gateway, answer):
        """An answer without a usable key is told."""
        gateway.answers(answer)

        with pytest.raises(CodecError, match=r"taobao\.top\.secret\.get: the response is not a key"):
            security.encrypt("x", "nick")

    def test_memory_is_bounded(self, security, gateway):
        """However many customers, the keys kept are not more than a thousand or so."""
        gateway.answers(key_answer())

        for user in range(1030):
            security.encrypt("x", "nick", user=user)

        assert len(security._keys) == 1024

    @pytest.mark.parametrize("code", ["", None, 5])
    def test_random_num(self, top, code):
        """The code of the console is needed."""
        with pytest.raises(ConfigurationError, match="random_num"):
            SecurityClient(top, code)

    def test_repr(self, security):
        """Nothing secret shows, and no session is kept."""
        assert repr(security) == "<SecurityClient of <TaobaoTop app 12345678 at https://gw.api.taobao.com/router/rest>>"


def test_oaid(top, gateway):
    """The newer way is an ordinary call."""
    gateway.answers({"top_oaid_decrypt_response": {"receiver_list": {"receiver": [{"oaid": "1", "name": "张三"}]}}})

    response = top.taobao.top.oaid.decrypt(query_list=[{"oaid": "1", "tid": "2", "scene": "1001"}])

    assert response.data["receiver_list"]["receiver"][0]["name"] == "张三"
    assert gateway.form["query_list"] == '[{"oaid":"1","tid":"2","scene":"1001"}]'
