"""Serials are texts: no zero, no letter and no prefix gets lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainable.errors import ConfigurationError
from wechatpay.crypto.serials import normalise_serial, serial_text

SERIAL = "0A75B6A45ACD588826D15E583A95F5DD01020304"


@pytest.mark.parametrize(
    "written",
    [
        SERIAL,
        SERIAL.lower(),
        f" {SERIAL}\n",
        f"0x{SERIAL.lower()}",
        ":".join(SERIAL[i : i + 2] for i in range(0, 40, 2)),
        " ".join(SERIAL[i : i + 4] for i in range(0, 40, 4)),
        SERIAL[1:],
    ],
)
def test_pain_6_every_spelling_is_one(written):
    """As consoles, browsers and OpenSSL print it."""
    assert normalise_serial(written) == SERIAL


def test_public_key_ids_stay_as_they_are():
    """They are not hex, and their case is kept."""
    assert normalise_serial(" PUB_KEY_ID_011abC ") == "PUB_KEY_ID_011abC"


def test_pain_6_a_decimal_serial_is_reported_with_its_hex():
    """Java and Windows print serials in decimal."""
    with pytest.raises(ConfigurationError, match=f"serial: this is the serial in decimal.*{SERIAL}"):
        normalise_serial(str(int(SERIAL, 16)))


def test_digits_alone_may_be_hex():
    """Forty digits are read as hex, and a short number is not a real serial."""
    assert normalise_serial("1234567890" * 4) == "1234567890" * 4
    assert normalise_serial("4660") == "4660"


@pytest.mark.parametrize("wrong", ["", "3775B6A4********", "apiclient_cert.pem", "x" * 200, "１２"])
def test_other_texts_are_refused(wrong):
    """The message shows the beginning at most."""
    with pytest.raises(ConfigurationError, match="certs: neither the hex serial") as caught:
        normalise_serial(wrong, name="certs")

    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("wrong", [None, 0x1234, b"AB"])
def test_other_types_are_refused(wrong):
    """A number has already lost its zeros."""
    with pytest.raises(TypeError, match="a serial is text, not"):
        normalise_serial(wrong)


@given(st.binary(min_size=1, max_size=20))
def test_whole_bytes_are_written(octets):
    """Two digits for every byte that DER holds, its sign byte aside."""
    number = int.from_bytes(octets, "big")

    text = serial_text(number)

    assert int(text, 16) == number
    assert len(text) % 2 == 0
    assert len(text) >= 30 or normalise_serial(text.lower()) == text  # longer ones may read as decimal
