"""Masked values, and descriptions of texts that may be secrets."""

from __future__ import annotations

import copy
import json
import pickle
import traceback

import attrs
import pytest

from chainable import CodecError
from chainable.masking import (
    MaskedDict,
    MaskedText,
    MaskedTuple,
    MaskedURL,
    Secret,
    brief,
    fields_repr,
    guarded,
    looks_like_key,
    outline,
    safe_repr,
    shown,
    shown_name,
    shown_number,
    unframed,
    without_frames,
    without_frames_of,
    without_keys,
)

KEY = "0123456789abcdef0123456789abcdef"


class TestSecret:
    @pytest.mark.parametrize("value", ["text", b"bytes", {"a": "text"}])
    def test_a_secret_does_not_appear_in_any_text(self, value):
        secret = Secret(value)

        for text in (
            repr(secret),
            str(secret),
            f"{secret}",
            f"{secret!r:>20}",
            f"{secret:>40}",
            f"{secret} {[secret]!r}",
        ):
            assert "'text'" not in text
            assert "b'bytes'" not in text
        assert secret.reveal() == value
        assert not hasattr(secret, "__dict__")
        assert "text" not in repr([getattr(secret, name) for name in Secret.__slots__])
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(secret)
        with pytest.raises(TypeError):
            json.dumps(secret)

    def test_secrets_compare_by_value(self):
        assert Secret("a") == Secret("a")
        assert Secret("支付\ud800") == Secret("支付\ud800")
        assert Secret(b"a") == Secret(b"a")
        assert Secret(5) == Secret(5)
        assert Secret("a") != Secret("b")
        assert Secret("a") != Secret(b"a")
        assert Secret("a") != "a"
        assert len({Secret("a"), Secret("a"), Secret("b")}) == 2

    def test_of_returns_a_secret_unchanged(self):
        secret = Secret("a")

        assert Secret.of(secret) is secret
        assert Secret.of("a") == secret
        assert copy.copy(secret) is secret
        assert copy.deepcopy(secret) is secret
        assert secret
        assert not Secret("")


def test_masked_containers_show_names_and_sizes_only():
    assert repr(MaskedDict(session=KEY, a=1)) == "{'session': …, 'a': …}"
    assert repr(MaskedTuple((KEY, 1))) == "(…, …)"
    assert MaskedDict(a=1).__sentry_repr__() == "{'a': …}"
    assert MaskedTuple((1,)).__sentry_repr__() == "(…)"
    assert {**MaskedDict(a=1)} == {"a": 1} == MaskedDict(a=1)


@pytest.mark.parametrize(
    ("url", "representation"),
    [
        ("https://host.example/v3/PERSON?session=KEY", "'https://host.example/…'"),
        ("https://user:KEY@host.example", "'https://host.example/…'"),
        ("https://host.example?KEY", "'https://host.example/…'"),
        ("KEY", "'…'"),
    ],
)
def test_a_masked_url_shows_the_host_only(url, representation):
    assert repr(MaskedURL(url)) == MaskedURL(url).__sentry_repr__() == representation
    assert str(MaskedURL(url)) == url == MaskedURL(url)


def test_a_masked_text_is_a_str():
    text = MaskedText(KEY)

    assert repr(text) == text.__sentry_repr__() == "'…'"
    assert text == KEY
    assert f"{text}" == str(text) == KEY


class TestFrames:
    def frames(self, error):
        stack = traceback.TracebackException.from_exception(error, capture_locals=True).stack
        return [(frame.name, frame.locals or {}) for frame in stack]

    def test_expected_errors_lose_their_frames(self):
        @without_frames
        def load(secret, *, password):
            try:
                int(secret)
            except ValueError:
                raise CodecError("this is not a number") from None

        with pytest.raises(CodecError, match="not a number") as caught:
            load(KEY, password=KEY)

        assert [name for name, _ in self.frames(caught.value)][1:] == ["called"]
        assert not any(KEY in value for name, values in self.frames(caught.value)[1:] for value in values.values())
        assert caught.value.__context__ is None
        assert load.__name__ == "load"

    def test_other_errors_keep_their_frames(self):
        @without_frames_of(CodecError)
        def load(secret, *, password):
            del secret, password
            raise KeyError("unexpected")

        with pytest.raises(KeyError) as caught:
            load(KEY, password=KEY)

        assert [name for name, _ in self.frames(caught.value)][1:] == ["called", "load"]
        assert not any(KEY in value for name, values in self.frames(caught.value)[1:] for value in values.values())

    def test_a_cause_is_kept_without_frames(self):
        def fail():
            try:
                {}[KEY[:1]]
            except KeyError as error:
                raise CodecError("no") from error

        with pytest.raises(CodecError) as caught:
            fail()
        error = unframed(caught.value)

        assert isinstance(error.__cause__, KeyError)
        assert error.__cause__.__traceback__ is None

    def test_guarded_classes_lose_the_frames_of_init(self):
        @guarded
        class Holder:
            def __init__(self, secret):
                self.secret = secret
                raise CodecError("no")

        with pytest.raises(CodecError) as caught:
            Holder(KEY)

        assert [name for name, _ in self.frames(caught.value)][1:] == ["called"]

    def test_the_repr_of_an_incomplete_object_works(self):
        @safe_repr
        class Half:
            def __repr__(self):
                return f"Half({self.number})"

        half = Half()
        assert repr(half) == "<Half, incomplete>"
        half.number = 5
        assert repr(half) == "Half(5)"

    def test_the_repr_of_fields_is_that_of_attrs_without_hidden_fields(self):
        def make(decorate):
            return decorate(
                type("Pair", (), {"__annotations__": {"one": "str", "two": "str"}, "two": attrs.field(repr=False)})
            )

        ours, theirs = make(lambda cls: fields_repr(attrs.frozen(repr=False)(cls))), make(attrs.frozen)
        assert repr(ours("a", KEY)) == repr(theirs("a", KEY)) == "Pair(one='a')"
        assert repr(ours.__new__(ours)) == "<Pair, incomplete>"


class TestWords:
    def test_an_outline_shows_no_characters_of_the_text(self):
        assert outline(KEY) == "32 characters, which looks like a key or secret"
        assert outline("x") == "1 character"
        assert outline("abc def") == "7 characters"
        assert outline("-----BEGIN PRIVATE KEY-----\nMII") == "a PEM block of the type PRIVATE KEY"

    def test_brief_shows_two_characters(self):
        assert brief("abcd") == "'abcd'"
        assert brief("abcde") == "'ab…' (5 characters)"
        assert KEY[2:] not in brief(KEY)

    def test_shown_describes_a_wrong_value(self):
        assert [shown(value) for value in (5, 1.5, True, None, [KEY], KEY[:5])] == [
            "5", "1.5", "True", "None", "a list", "'01…' (5 characters)"
        ]  # fmt: skip

    def test_names_and_numbers_are_shown_unless_they_look_like_keys(self):
        assert shown_name("APIV3_KEY2") == "'APIV3_KEY2'"
        assert shown_name("private_key") == "'private_key'"
        assert KEY[2:] not in shown_name(KEY)
        for name in ("merchantKey", "apiv3Key", "notifyUrl", "a_b", "Secret", "v3_key_2"):
            assert shown_name(name) == repr(name)
        for secret in ("a1b2c3d4e5f60718", "qWeRtYuIoPaSdFgHjKlZ", "QwErTyUiOpAs", "s3cr3tpassw0rd", "hunter_2026"):
            assert secret[2:] not in shown_name(secret)
        assert shown_number("1900000109") == "1900000109"
        assert shown_number("4" * 28) == "4" * 28
        assert KEY[2:] not in shown_number(KEY)

    def test_keys_are_recognised(self):
        assert looks_like_key(f" {KEY} ")
        assert looks_like_key("-----BEGIN PRIVATE KEY-----")
        assert not looks_like_key("/etc/ssl/certs/ca-certificates.crt")
        assert not looks_like_key("1900000109")
        assert without_keys(f"a {KEY}, 4200001234202501011234567890 and apiclient_key.pem") == (
            "a 01…, 4200001234202501011234567890 and apiclient_key.pem"
        )


@pytest.mark.parametrize(
    ("value", "chinese"), [(5, "5"), ([], "list"), ("ab", "'ab'"), ("0123456", "'01…'（7 个字符）"), (None, "None")]
)
def test_a_wrong_value_is_shown_in_chinese(value, chinese):
    assert shown(value).zh == chinese
