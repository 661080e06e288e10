"""Signed messages part by part: as they have to be, and as they were signed."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from attrs import evolve
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from chainable.sandbox.inspector import Comparison, Part, aligned
from wechatpay import catalogue
from wechatpay.sandbox import apiv2
from wechatpay.sandbox.authentication import BRAND_SCHEME, SCHEME, SKEW
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.journal import KEPT
from wechatpay.sandbox.request_validation import parts_of, signed_part
from wechatpay.sandbox.signature_diagnosis import (
    Diagnosis,
    diagnose,
    diagnose_v2,
    digest,
    five_lines,
    seconds,
    variants,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from wechatpay.sandbox.account import Account
    from wechatpay.sandbox.http import Request
    from wechatpay.sandbox.journal import Entry

__all__ = ["checked", "compared", "compared_notice", "compared_v2"]

FIELD = re.compile(r'([A-Za-z_]+)="([^"]*)"')
LINES = ("method", "target", "timestamp", "nonce_str", "body")
ANSWER_LINES = ("Wechatpay-Timestamp", "Wechatpay-Nonce", "body")
PROBE = "WECHATPAY/SIGNTEST/"
ANY = "…"


def compared(entry: Entry, account: Account) -> Comparison:
    """Compare what a request's signature covers with what it has to cover."""
    return _request_v2(entry, account) if entry.version == "v2" else _request_v3(entry, account)


def checked(entry: Entry, comparison: Comparison) -> str:
    """
    Return what the sandbox found when it checked a request's signature.

    Returns:
        ``verified`` or ``unsigned``; ``unchecked``: a fault came first; ``stale``, ``sender`` or ``nonce``: the signature
        is right, its time, its sender or its nonce is not; ``refused``: right, and refused for another reason; else
        ``absent`` or ``wrong``.
    """
    if entry.verified:
        return "unsigned" if comparison.state == "unsigned" else "verified"
    if entry.fault and entry.code != "SIGN_ERROR":
        return "unchecked"
    if comparison.state != "verified":
        return "absent" if comparison.state == "absent" else "wrong"
    wrong = {part.name for part in comparison.header if part.expected != part.received}
    if "timestamp" in wrong:
        return "stale"
    if wrong:
        return "sender"
    return "nonce" if entry.code == "SIGN_ERROR" else "refused"


def parts(names: tuple[str, ...], expected: bytes, received: bytes | None) -> tuple[Part, ...]:
    """Return the lines of two messages, each with its end, by name; the last one holds the rest."""
    left = lines(expected, len(names))
    right = [None] * len(names) if received is None else lines(received, len(names))
    return tuple(Part(*each) for each in zip(names, left, right, strict=True))


def lines(message: bytes, count: int) -> list[str]:
    """Return a message as so many lines."""
    found = message.decode(errors="replace").split("\n", count - 1)
    return [line + "\n" for line in found[:-1]] + found[-1:]


# RSA


def signature_of(key: RSAPrivateKey, message: bytes) -> str:
    """Return the signature that has to be sent: this kind has one value only for each message."""
    return base64.b64encode(key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def _compared(names: tuple[str, ...], message: bytes, found: Diagnosis) -> Comparison:
    rest: tuple[Part, ...] = ()
    if found.state == "other":
        rest = (Part(found.algorithm, digest(message, found.algorithm).hex(), found.digest.hex()),)
    return Comparison(found.state, (*parts(names, message, found.message), *rest), (), found.zh, found.en)


# requests of APIv3


def _request_v3(entry: Entry, account: Account) -> Comparison:
    request = entry.request
    scheme, _, rest = (request.header("authorization") or "").partition(" ")
    fields = dict(FIELD.findall(rest))
    stamp = (fields.get("timestamp", ""), fields.get("nonce_str", ""))
    try:
        covered, _ = signed_part(request)
    except Refusal:
        covered = request.body
    message = entry.expected_message or five_lines(request.method, request.target, stamp, covered)
    key = account.key.public_key()
    others = variants(request, stamp, covered, message)
    found = _compared(LINES, message, diagnose(key, fields.get("signature"), message, others))
    if found.state == "other" and len(request.body) >= KEPT:
        found = evolve(found, state="cut")
    return evolve(found, header=tuple(_header_v3(entry, account, scheme, fields, message)))


def _header_v3(
    entry: Entry, account: Account, scheme: str, fields: Mapping[str, str], message: bytes
) -> Iterator[Part]:
    brand = entry.request.segments[0] == "brand"
    number = "brand_id" if brand else "mchid"
    yield Part("Authorization", BRAND_SCHEME if brand else SCHEME, scheme or None)
    yield Part(number, account.brand_id if brand else account.mchid, fields.get(number))
    yield Part("serial_no", account.serial, fields.get("serial_no"))
    yield Part("timestamp", timely(fields.get("timestamp", ""), entry.time), fields.get("timestamp"))
    yield Part("nonce_str", fields.get("nonce_str", ANY), fields.get("nonce_str"))
    yield Part("signature", signature_of(account.key, message), fields.get("signature"))


def timely(timestamp: str, now: float) -> str:
    """Return the timestamp if it is near enough, else the one it should have been."""
    sent = seconds(timestamp)
    return timestamp if sent is not None and abs(sent - now) <= SKEW else str(int(now))


# what the platform sends: answers and notifications of APIv3


def compared_notice(
    headers: Mapping[str, str], body: bytes, account: Account, time: float, others: Iterable[bytes] = ()
) -> Comparison:
    """Compare what the signature of an APIv3 response or notification covers with its body, or with other bodies."""
    names = ("wechatpay-timestamp", "wechatpay-nonce", "wechatpay-signature", "wechatpay-serial")
    timestamp, nonce, signature, serial = (headers.get(name, "") for name in names)
    head = f"{timestamp}\n{nonce}\n".encode()
    message = head + body + b"\n"
    key = account.platform_private_key(serial)
    if key is None:
        serial, key = account.public_key_id, account.platform_key
    variants = (
        ("签名后内容被改动", "the body was changed after it was signed", head + other + b"\n") for other in others
    )
    found = _compared(ANSWER_LINES, message, diagnose(key.public_key(), signature, message, variants))
    if found.state == "verified" and serial != headers.get(names[3], ""):
        found = evolve(found, state="foreign")  # nobody has the key that it names
    if signature.startswith(PROBE):
        found = evolve(found, zh="这是平台的探测流量，应当拒绝", en="a probe of the platform: it has to be refused")
    return evolve(
        found,
        header=(
            Part("Wechatpay-Serial", serial, headers.get(names[3])),
            Part("Wechatpay-Timestamp", timely(timestamp, time), headers.get(names[0])),
            Part("Wechatpay-Nonce", nonce or ANY, headers.get(names[1])),
            Part("Wechatpay-Signature", signature_of(key, message), headers.get(names[2])),
        ),
    )


# APIv2


def _request_v2(entry: Entry, account: Account) -> Comparison:
    operation = catalogue.operation(entry.operation or "")
    if entry.verified and operation is not None and operation.unsigned_request:
        return Comparison("unsigned")
    number = (operation.merchant_number_field if operation else None) or "mch_id"
    allowed = operation.sign_types if operation else ()
    parameters = _parameters(entry.request)
    found = compared_v2(parameters, account, allowed or apiv2.ALGORITHMS)
    if len(entry.request.body) >= KEPT and found.state != "verified":
        message = entry.expected_message.decode()
        found = Comparison("verified" if entry.verified else "cut", (Part("body", message, message),))
    return evolve(found, header=(Part(number, account.mchid, parameters.get(number)), *found.header))


def _parameters(request: Request) -> dict[str, str]:
    try:
        if request.method == "GET":
            return request.query
        if (request.header("content-type") or "").lower().startswith("multipart/"):
            texts = [part for part in parts_of(request) if part.filename is None]
            return {part.name: part.content.decode(errors="replace") for part in texts}
        return apiv2.read(request.body)
    except (Refusal, ValueError):
        return {}


def compared_v2(
    parameters: Mapping[str, str], account: Account, allowed: tuple[str, ...] = apiv2.ALGORITHMS
) -> Comparison:
    """Compare what an APIv2 ``sign`` covers with what it has to cover; the first algorithm allowed is the usual one."""
    sign = parameters.get("sign", "")
    named = parameters.get("sign_type") or apiv2.LENGTHS.get(len(sign), allowed[0])
    algorithm = named if named in allowed else allowed[0]
    found = diagnose_v2(parameters, sign, algorithm, account)
    right = found.right
    header = (
        Part("sign_type", algorithm, named if sign else None),
        Part("sign", right.signature(algorithm), sign or None),
    )
    if not sign:
        return Comparison("absent", aligned(right.pieces, None), header)
    if found.found is None:
        return Comparison("other", aligned(right.pieces, None), header)
    zh, en = "；".join(zh for zh, _ in found.mistakes), "; ".join(en for _, en in found.mistakes)
    pieces = aligned(right.pieces, found.found.pieces, last=("key",))
    return Comparison("found" if found.mistakes else "verified", pieces, header, zh, en)
