"""
What the coverage-guided fuzzer calls: ``python tests/fuzz/targets.py NAME [libFuzzer's options] CORPUS``.

Only errors of the family may come out of what reads the platform's XML,
notifications, and the key files that users give.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports(include=["wechatpay", "chainable"]):
    from chainable.errors import ChainableError
    from wechatpay.crypto.keys import (
        load_certificate,
        load_merchant_pair,
        load_p12,
        load_private_key,
        load_public_key,
    )
    from wechatpay.notifications import Notifications
    from wechatpay.xml import XML


class Trusting:
    """Takes everything for authentic: the fuzzer cannot sign, and forgeries end early enough."""

    def verify(self, response: object, /) -> None:
        pass


NOTIFICATIONS = Notifications(
    Trusting(),
    secret="s" * 32,
    mchid="1900000109",
    ciphers={"PLAIN": lambda ciphertext, _nonce, _extra: ciphertext.encode()},
)


def xml(data: bytes) -> None:
    """Parsed XML can be written and parsed again, unless it is nested."""
    members = XML.decode(data)
    if all(isinstance(value, str) for value in members.values()):
        with suppress(ChainableError):
            written = XML.encode(members)
            assert XML.decode(written) == members


def notification(data: bytes) -> None:
    """Of both protocols, by the first byte of the body."""
    found = NOTIFICATIONS.parse({}, data)
    assert found.raw == data
    repr(found)


def pem(data: bytes) -> None:
    """Each reader gets all of it; none knows what to expect."""
    for load in (load_private_key, load_public_key, load_certificate, load_merchant_pair, load_p12):
        with suppress(ChainableError):
            load(data, password=b"1900000109") if load in {load_private_key, load_p12} else load(data)


TARGETS = {target.__name__: target for target in (xml, notification, pem)}


def main() -> None:
    """Fuzz until the options say that it is enough; what comes out is a crash."""
    target = TARGETS[sys.argv.pop(1)]

    def once(data: bytes) -> None:
        with suppress(ChainableError):
            target(data)

    atheris.Setup(sys.argv, once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
