"""Personal data in the platform's encrypted forms, compared with AES and HMAC directly."""

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
APPS = Key(SECRET, -7)
"""The app's own key."""
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
    def test_a_phone_number_without_index_shows_all_but_the_last_8_digits(self):
        assert encrypt("13800138000", "phone", KEY) == f"$138${sealed('00138000')}$7$"
        assert encrypt("+8613800138000", "phone", KEY) == f"$+86138${sealed('00138000')}$7$"

    def test_a_phone_number_with_index_can_be_found_by_its_last_4_digits(self):
        assert encrypt("13800138000", "phone", INDEXED) == f"${digest('8000')}${sealed('13800138000')}$7$$"
        assert search("8000", "phone", INDEXED) == f"${digest('8000')}$"

    @pytest.mark.parametrize("phone", ["0571-8888", "1380013800", "110", "8", "8888 转 12"])
    @pytest.mark.parametrize("key", [KEY, INDEXED], ids=["plain", "indexed"])
    def test_a_phone_number_of_less_than_11_characters_stays_as_it_is(self, phone, key):
        # encryptPhone and encryptPhoneIndex of the official SDKs for Java and PHP
        assert encrypt(phone, "phone", key) == phone
        assert decrypt(phone, "phone", key) == phone

    def test_a_landline_of_11_characters_is_encrypted(self):
        assert encrypt("0571-888888", "phone", KEY) == f"$057${sealed('1-888888')}$7$"

    @pytest.mark.parametrize("kind", sorted(set(KINDS) - {"phone"}))
    def test_short_texts_of_other_kinds_are_encrypted(self, kind):
        assert decrypt(encrypt("a", kind, KEY), kind, KEY) == "a" != encrypt("a", kind, KEY)

    @pytest.mark.parametrize("kind", ["nick", "receiver_name", "simple"])
    def test_names_are_encrypted_between_tildes(self, kind):
        assert encrypt("张三", kind, KEY) == f"~{sealed('张三')}~7~"

    def test_other_texts_are_encrypted_between_control_characters(self):
        assert encrypt("中a", "normal", KEY) == f"\x01{sealed('中a')}\x017\x01"

    @pytest.mark.parametrize(("kind", "key"), [("search", KEY), ("nick", INDEXED)])
    def test_a_text_with_index_has_a_digest_for_each_window(self, kind, key):
        pieces = digest("张三", 3) + digest("三丰", 3)

        assert encrypt("张三丰", kind, key) == f"~{sealed('张三丰')}~{pieces}~7~~"
        assert search("张三", kind, key) == digest("张三", 3)
        assert search("张三", kind, key) in encrypt("张三丰", kind, key)

    @pytest.mark.parametrize("size", [16, 24, 32])
    def test_the_keys_length_selects_the_variant_of_AES(self, size):
        key = Key(bytes(size), 1)

        assert encrypt("a", "nick", key) == f"~{sealed('a', bytes(size))}~1~"

    @pytest.mark.parametrize(
        "text", ["", "张三", "$138$", "$138$!!$7$", "~abc~", "~a~b~c~d~", "13800138000", "~YWJj~x~"]
    )
    @pytest.mark.parametrize("kind", KINDS)
    def test_a_text_in_no_encrypted_form_is_returned_unchanged(self, text, kind):
        assert not is_encrypted(text, kind)
        assert decrypt(text, kind, KEY) == text

    @pytest.mark.parametrize(
        "text", ["~YWJj~7~", "~QUJDREVGR0hJSktMTU5PUA==~7~", "~A~7~", f"~{sealed('x', bytes(16))}~7~"]
    )
    def test_a_ciphertext_of_another_key_is_a_DecryptionError(self, text):
        with pytest.raises(DecryptionError, match="version 7"):
            decrypt(text, "nick", KEY)

    def test_wrong_kinds_and_numbers_are_refused_and_not_shown(self):
        with pytest.raises(ConfigurationError, match="'mobile' is not a kind of data: phone, nick"):
            encrypt("x", "mobile", KEY)
        with pytest.raises(ConfigurationError):
            decrypt("x", "mobile", KEY)
        with pytest.raises(CodecError, match="last 4") as caught:
            search("13800138000", "phone", KEY)
        assert caught.value.args[0].zh == "手机号只能用末 4 位检索"

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
    def test_ASCII_characters_weigh_1_and_others_2_in_a_window_of_4(self, text, found):
        assert windows(text) == found

    @pytest.mark.parametrize(
        ("size", "texts"),
        [
            (16, ("3H9luNrTDv7TfOT27nOQbw==", "9ur5T36VSC49GXC5dOrREg==", "L/tQvQxarTggshv5CYooWw==")),
            (24, ("05pCvJTYF4Oqxo4NbDDQcg==", "XC4ssDx8vsXMWps3v0IC4A==", "QURAIs3P+jo/bwLVw1fGlA==")),
            (32, ("bMy5WBL56E+vcZAaerrxMA==", "YESVAhLDUTZWVcp+Adkh3A==", "tFzOw2XiJHCJ1obPffwKIQ==")),
        ],
    )
    def test_ciphertexts_equal_those_of_openssl_enc(self, size, texts):
        plain, indexed = (Key(bytes(range(size)), -3, searchable=found) for found in (frozenset(), frozenset(KINDS)))
        nick, hidden, whole = texts

        assert encrypt("张三", "nick", plain) == f"~{nick}~-3~"
        assert encrypt("张三", "normal", plain) == f"\x01{nick}\x01-3\x01"
        assert encrypt("13800138000", "phone", plain) == f"$138${hidden}$-3$"
        assert decrypt(f"$138${hidden}$-3$", "phone", plain) == "13800138000"
        assert decrypt(f"$3QCPq5vTm58kOMZIiPEKiw==${whole}$-3$$", "phone", indexed) == "13800138000"

    def test_index_digests_equal_those_of_openssl_dgst(self):
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
    def test_a_lone_surrogate_is_refused_and_not_shown(self, work):
        with pytest.raises(CodecError, match="surrogate") as caught:
            work()

        assert caught.value.__suppress_context__

    @pytest.mark.parametrize("size", [0, -1])
    def test_a_window_size_below_1_is_refused(self, size):
        with pytest.raises(CodecError, match="1 or more"):
            windows("中文", size)

    @pytest.mark.parametrize("sizes", [{"slide_size": 0}, {"compress_len": 0}, {"compress_len": 17}])
    def test_a_key_with_impossible_sizes_is_refused(self, sizes):
        with pytest.raises(ValueError, match=next(iter(sizes))):
            Key(SECRET, 7, **sizes)

    @pytest.mark.parametrize("secret", [b"short", b"", bytes(17), bytes(33)])
    def test_the_secret_of_a_key_has_the_size_of_an_AES_key(self, secret):
        with pytest.raises(
            ValueError, match=f"an AES key of 16, 24 or 32 bytes was expected, not of {len(secret)}$"
        ) as caught:
            Key(secret, 1)
        assert caught.value.args[0].zh == f"secret：AES 密钥应为 16、24 或 32 字节，实为 {len(secret)} 字节"

    @pytest.mark.parametrize("secret", ["0123456789abcdef", None, 16])
    def test_the_secret_of_a_key_is_bytes(self, secret):
        with pytest.raises(
            TypeError, match=f"bytes of an AES key were expected, not {type(secret).__name__}$"
        ) as caught:
            Key(secret, 1)
        assert "0123" not in str(caught.value)

    @pytest.mark.parametrize("text", [None, 13800138000, b"13800138000", ["x"]])
    @pytest.mark.parametrize("kind", ["phone", "nick"])
    @pytest.mark.parametrize("work", [encrypt, decrypt, search, lambda text, kind, key: is_encrypted(text, kind)])
    def test_what_is_no_text_is_refused_and_not_shown(self, text, kind, work):
        with pytest.raises(TypeError, match=f"^text: a str was expected, not {type(text).__name__}$") as caught:
            work(text, kind, KEY)
        assert caught.value.args[0].zh == f"text：应为 str，实为 {type(text).__name__}"

    def test_the_repr_of_a_key_shows_only_its_version(self):
        assert "secret" not in repr(KEY)


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, st.sampled_from(sorted(set(KINDS) - {"phone"})), st.sampled_from([KEY, INDEXED]))
def test_any_text_is_decrypted_to_itself(text, kind, key):
    written = encrypt(text, kind, key)

    assert is_encrypted(written, kind)
    assert decrypt(written, kind, key) == text


@given(st.from_regex(r"\+?[0-9]{11,15}", fullmatch=True), st.sampled_from([KEY, INDEXED]))
def test_any_phone_number_is_decrypted_to_itself(phone, key):
    assert decrypt(encrypt(phone, "phone", key), "phone", key) == phone


@given(TEXT, st.integers(0, 20), st.integers(2, 8))
def test_windows_overlap_and_cover_the_whole_text(text, start, length):
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
def test_two_implementations_of_the_windows_agree(text):
    assert windows(text) == written_again(text)


@given(st.text("ab中文"), st.integers(1, 9))
def test_windows_end_for_every_size(text, size):
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
    """A set that sets an event when a renewal ends."""

    def __init__(self, ended):
        self.ended = ended

    def discard(self, place):
        super().discard(place)
        self.ended.set()


class TestClient:
    def test_keys_are_fetched_once(self, security, gateway):
        """The response also says which kinds are searchable."""
        gateway.answers(
            key_answer(current_nick="2", current_phone="1", encrypt_slide_size="4", encrypt_index_compress_len="3")
        )

        assert security.encrypt("张三丰", "nick") == encrypt(
            "张三丰", "nick", Key(SECRET, -7, searchable=frozenset(KINDS))
        )
        assert security.encrypt("13800138000", "phone") == encrypt("13800138000", "phone", APPS)
        assert security.search("张三", "nick") == digest("张三", 3)
        form = gateway.form
        assert (form["method"], form["random_num"]) == ("taobao.top.secret.get", "rand0m")
        assert "session" not in form
        assert "secret_version" not in form

    def test_a_ciphertext_is_decrypted_with_the_key_of_its_version(self, security, gateway):
        old = Key(bytes(16), 3)
        gateway.answers(key_answer(3, bytes(16)), key_answer())

        assert security.decrypt(encrypt("张三", "nick", old), "nick", session="sess10n") == "张三"
        assert security.decrypt(encrypt("李四", "nick", old), "nick", session="sess10n") == "李四"
        security.encrypt("x", "nick", user=55)

        first, second = gateway.forms
        assert (first["secret_version"], first["session"]) == ("3", "sess10n")
        assert second["customer_user_id"] == "55"
        assert "session" not in second

    @pytest.mark.parametrize("key", [APPS, Key(SECRET, -7, searchable=frozenset(KINDS))], ids=["plain", "indexed"])
    @pytest.mark.parametrize("owner", [{}, {"session": "sess10n"}, {"user": 55}], ids=repr)
    @pytest.mark.parametrize("kind", KINDS)
    def test_a_negative_version_is_the_apps_own_key(self, security, gateway, kind, owner, key):
        # SecurityClient.decrypt (Java): a version below 0 means the public key, abs(version) without a session
        gateway.answers(key_answer())

        assert security.decrypt(encrypt("13800138000", kind, key), kind, **owner) == "13800138000"
        assert gateway.form["secret_version"] == "7"
        assert "session" not in gateway.form
        assert "customer_user_id" not in gateway.form

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_apps_own_key_encrypts_with_a_negative_version(self, security, gateway, kind):
        # SecurityClient.encrypt (Java): "公共秘钥版本号用负数区分"
        gateway.answers(key_answer(1), key_answer(1), key_answer(1), key_answer(1))

        own = security.encrypt("13800138000", kind)
        assert own.rstrip(KINDS[kind]).endswith(f"{KINDS[kind]}-1")
        for owner in ({"session": "sess10n"}, {"user": 55}):
            assert security.encrypt("13800138000", kind, **owner).rstrip(KINDS[kind]).endswith(f"{KINDS[kind]}1")
        assert security.decrypt(own, kind, session="sess10n") == "13800138000"

    def test_keys_of_the_app_and_of_a_seller_are_cached_apart(self, security, gateway):
        gateway.answers(key_answer(1, bytes(16)), key_answer(1))
        own, sellers = encrypt("张三", "nick", Key(bytes(16), -1)), encrypt("李四", "nick", Key(SECRET, 1))

        for _ in range(2):
            assert security.decrypt(own, "nick", session="sess10n") == "张三"
            assert security.decrypt(sellers, "nick", session="sess10n") == "李四"
        assert [form.get("session") for form in gateway.forms] == [None, "sess10n"]

    def test_a_ciphertext_of_another_key_names_its_version(self, security, gateway):
        gateway.answers(key_answer(1, bytes(16)))

        with pytest.raises(DecryptionError, match="version -1"):
            security.decrypt(encrypt("张三", "nick", Key(SECRET, -1)), "nick")

    @pytest.mark.parametrize("kind", KINDS)
    def test_what_needs_no_key_is_returned_unchanged(self, security, gateway, kind):
        # StringUtils.isEmpty of the SDK for Java: also blank texts; decrypt: any text in another form
        for text in ("", " ", "\t"):
            assert security.encrypt(text, kind) == security.search(text, kind) == security.decrypt(text, kind) == text
        for text in ("a", "~~~", "$$$", "0571-8888", "~YQ~x~", "$138$!$1$", "未加密"):
            assert security.decrypt(text, kind) == text
        if kind == "phone":
            assert security.encrypt("0571-8888", kind) == "0571-8888"
        assert not gateway.requests

    def test_encrypted_and_empty_texts_need_no_key(self, security, gateway):
        assert security.encrypt("", "nick") == ""
        assert security.encrypt("", "phone") == ""
        written = encrypt("张三", "nick", KEY)

        assert security.encrypt(written, "nick") == written
        assert security.decrypt("张三", "nick") == "张三"
        assert not gateway.requests

    def test_a_key_is_renewed_in_the_background_after_its_interval(self, security, gateway, now):
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
        assert security.encrypt("x", "nick").endswith("~-7~")
        began.wait(60)
        assert security.encrypt("x", "nick").endswith("~-7~")
        release.set()
        ended.wait(60)

        assert security.encrypt("x", "nick").endswith("~-8~")
        assert len(gateway.requests) == 2

    def test_a_failed_renewal_is_logged_and_the_key_is_used(self, security, gateway, now, caplog):
        gateway.answers(key_answer())
        gateway.refuses({"code": 22})
        security.encrypt("x", "nick")
        now.seconds += 301
        ended = threading.Event()
        security._renewing = Ending(ended)

        with caplog.at_level(logging.WARNING, logger="taobao_top"):
            assert security.encrypt("x", "nick").endswith("~-7~")
            ended.wait(60)

        assert "could not be renewed in advance: TopError" in caplog.text

    def test_an_expired_key_is_renewed_before_its_use(self, security, gateway, now):
        gateway.answers(key_answer(), key_answer(8))
        security.encrypt("x", "nick")
        now.seconds += 601

        assert security.encrypt("x", "nick").endswith("~-8~")

    @pytest.mark.parametrize("fails", [False, True])
    def test_one_thread_fetches_a_key_and_the_others_share_its_result_or_error(self, security, gateway, fails):
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

        assert outcomes == ["22" if fails else encrypt("张三", "nick", APPS)] * 4
        assert len(gateway.requests) == 1
        assert not security._fetching

    def test_waiting_for_the_fetch_of_another_thread_ends(self, make_top):
        security = SecurityClient(make_top(deadline=0.01), "rand0m")
        security._fetching[(os.getpid(), (hashlib.sha256(b"").hexdigest(), None))] = Future()

        with pytest.raises(InProgress, match=r"another thread has been fetching the key for 0\.02 seconds: try again"):
            security.encrypt("x", "nick")

    def test_a_timeout_of_the_fetch_itself_is_raised_unchanged(self, security):
        future = Future()
        future.set_exception(TimeoutError("slow"))
        security._fetching[(os.getpid(), (hashlib.sha256(b"").hexdigest(), None))] = future

        with pytest.raises(TimeoutError, match="slow"):
            security.encrypt("x", "nick")

    @pytest.mark.parametrize("step", [-86_400, 86_400])
    def test_a_change_of_the_wall_clock_has_no_effect(self, make_top, gateway, step):
        wall = Now()
        security = SecurityClient(make_top(clock=wall, session="another"), "rand0m")
        gateway.answers(key_answer())
        security.encrypt("x", "nick")
        wall.seconds += step

        assert security.encrypt("x", "nick").endswith("~-7~")
        assert len(gateway.requests) == 1

    def test_a_forked_child_fetches_keys_itself(self, security, gateway, monkeypatch):
        gateway.answers(key_answer())
        place = (hashlib.sha256(b"").hexdigest(), None)
        security._fetching[(1, place)] = Future()

        assert security.encrypt("张三", "nick") == encrypt("张三", "nick", APPS)

    def test_texts_stay_plain_without_a_key_and_it_is_requested_again_after_5_minutes(self, security, gateway, now):
        gateway.refuses({"code": 15, "sub_code": "20005"})
        gateway.answers(key_answer())

        assert security.encrypt("张三", "nick") == "张三"
        assert security.search("张三", "nick") == "张三"
        assert len(gateway.requests) == 1
        now.seconds += 300
        assert security.encrypt("张三", "nick") != "张三"

    def test_other_refusals_are_raised(self, security, gateway):
        gateway.refuses({"code": 27})

        with pytest.raises(TopError):
            security.encrypt("x", "nick", session="sess10n")

    def test_a_response_without_its_root_is_a_CodecError(self, security, gateway):
        gateway.answers({"top_secret_get_response": []})

        with pytest.raises(CodecError, match="has no root 'top_secret_get_response'"):
            security.encrypt("13800138000", "phone")

    @pytest.mark.parametrize(
        "answer",
        [
            {"top_secret_get_response": {"secret": "x"}},
            {"top_secret_get_response": {"request_id": "r"}},
            {"top_secret_get_response": {"secret": "", "secret_version": 1, "interval": 1, "max_interval": 1}},
            {"top_secret_get_response": {"app_config": '{"publish_status":"2"}'}},
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
    def test_a_response_without_a_usable_key_is_a_CodecError(self, security, gateway, answer):
        gateway.answers(answer)

        with pytest.raises(CodecError, match=r"taobao\.top\.secret\.get: the response is not a key"):
            security.encrypt("x", "nick")

    @pytest.mark.parametrize("answer", [{"request_id": "r", "error": "proxy"}, {"request_id": "r"}])
    def test_an_answer_of_a_proxy_is_no_key_for_a_client_that_simplifies(self, make_top, gateway, answer):
        gateway.answers(answer)

        with pytest.raises(CodecError, match="has no root"):
            SecurityClient(make_top(simplify=True), "rand0m").encrypt("张三", "nick")
        assert "simplify" not in gateway.form

    @pytest.mark.parametrize("text", [None, 13800138000])
    @pytest.mark.parametrize("name", ["encrypt", "decrypt", "search"])
    def test_what_is_no_text_is_refused_before_a_key_is_fetched(self, security, gateway, text, name):
        with pytest.raises(TypeError, match="^text: a str was expected"):
            getattr(security, name)(text, "phone")
        assert gateway.requests == []

    def test_the_number_of_cached_keys_is_bounded(self, security, gateway):
        gateway.answers(key_answer())

        for user in range(1030):
            security.encrypt("x", "nick", user=user)

        assert len(security._keys) == 1024

    @pytest.mark.parametrize("code", ["", None, 5])
    def test_random_num_is_required(self, top, code):
        with pytest.raises(ConfigurationError, match="random_num"):
            SecurityClient(top, code)

    def test_the_repr_shows_no_secret_and_no_session_is_kept(self, security):
        assert repr(security) == "<SecurityClient of <TaobaoTop app 12345678 at https://gw.api.taobao.com/router/rest>>"


def test_oaid_decrypt_is_an_ordinary_call(top, gateway):
    gateway.answers({"top_oaid_decrypt_response": {"receiver_list": {"receiver": [{"oaid": "1", "name": "张三"}]}}})

    response = top.taobao.top.oaid.decrypt(query_list=[{"oaid": "1", "tid": "2", "scene": "1001"}])

    assert response.data["receiver_list"]["receiver"][0]["name"] == "张三"
    assert gateway.form["query_list"] == '[{"oaid":"1","tid":"2","scene":"1001"}]'
