"""Files and texts: what each is, and whether they belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.cli.findings import bad, good, warning
from chainable.errors import ConfigurationError
from wechatpay.crypto.keys import (
    check_apiv3_key,
    check_platform_key,
    load_certificate,
    load_merchant_pair,
    load_private_key,
    load_public_key,
)
from wechatpay.crypto.serials import normalise_serial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chainable.cli.findings import Finding

__all__ = ["SOON", "examine"]

SOON = 30 * 86400.0
"""Seconds before its end from which on a certificate is warned of."""


def examine(settings: Mapping[str, Any], clock: Callable[[], float]) -> Iterator[Finding]:
    """Look at each setting, and at what belongs together."""
    number = settings.get("mchid") or settings.get("brand_id")
    if number is None:
        yield bad("mchid", "is missing", "Every call names the merchant.", "Give WECHATPAY_MCHID.")
    else:
        yield good("mchid", str(number))
    yield _private_key(settings)
    yield from _merchant_certificate(settings, clock)
    yield from _apiv3_key(settings)
    yield from _secret(settings)
    yield from _platform_keys(settings, clock)


def _private_key(settings: Mapping[str, Any]) -> Finding:
    if "private_key" not in settings:
        return bad(
            "private_key", "is missing", "Nothing can be signed.", "Give apiclient_key.pem as WECHATPAY_PRIVATE_KEY."
        )
    try:
        key: Any = load_private_key(settings["private_key"], name="private_key")
    except ConfigurationError as error:
        return _wrong(
            "private_key",
            error,
            "Nothing can be signed.",
            "Give apiclient_key.pem, the file that begins BEGIN PRIVATE KEY.",
        )
    return good("private_key", f"an RSA private key of {key.key_size} bits")


def _merchant_certificate(settings: Mapping[str, Any], clock: Callable[[], float]) -> Iterator[Finding]:
    given, check = settings.get("merchant_cert"), "merchant_cert"
    serial = settings.get("serial")
    if given is None:
        if serial is None:
            yield bad(
                "serial",
                "is missing, and there is no merchant_cert to take it from",
                "Every signature names the merchant certificate.",
                "Give WECHATPAY_SERIAL, or apiclient_cert.pem as WECHATPAY_MERCHANT_CERT.",
            )
        else:
            yield _serial(serial)
            yield warning(
                check,
                "is not given",
                "Whether the key belongs to the serial cannot be told, and calls that show it in TLS cannot be made.",
                "Give apiclient_cert.pem as WECHATPAY_MERCHANT_CERT.",
            )
        return
    try:
        if str(given).endswith(".p12"):
            pair = load_merchant_pair(given, None, password=settings.get("mchid"))
            held = pair.certificate
        else:
            held = load_certificate(given, name=check)
    except ConfigurationError as error:
        yield _wrong(check, error, "Refunds and all calls with TLS certificates fail.", "Give apiclient_cert.pem.")
        return
    yield _validity(
        check, f"serial {held.serial}", held.not_after.timestamp() - clock(), "Apply for a new one in the console."
    )
    if serial is not None:
        yield _agree(str(serial), held.serial)
    if held.common_name and settings.get("mchid") not in {None, held.common_name}:
        yield warning(
            check,
            f"was issued to {held.common_name}, mchid is {settings['mchid']}",
            "A certificate signs for its own merchant only.",
            "Give this merchant's certificate, or correct WECHATPAY_MCHID.",
        )
    yield from _belong(settings, given)


def _serial(serial: Any) -> Finding:
    try:
        return good("serial", normalise_serial(str(serial)))
    except ConfigurationError as error:
        return _wrong("serial", error, "Every signature names it.", "Copy it from the console, or give merchant_cert.")


def _agree(serial: str, real: str) -> Finding:
    found = _serial(serial)
    if found.code or found.found == real:
        return found
    return bad(
        "serial",
        f"{found.found} is not that of merchant_cert, {real}",
        "The platform looks for another key and answers SIGN_ERROR.",
        "Leave WECHATPAY_SERIAL out: it is taken from merchant_cert.",
    )


def _belong(settings: Mapping[str, Any], certificate: Any) -> Iterator[Finding]:
    for name in ("private_key", "merchant_key"):
        if name in settings:
            try:
                load_merchant_pair(certificate, settings[name], password=settings.get("mchid"))
            except ConfigurationError as error:
                yield _wrong(
                    f"{name} and merchant_cert",
                    error,
                    "They do not belong together: the platform answers SIGN_ERROR, TLS fails.",
                    "Take both files from the same download of the certificate tool.",
                )
            else:
                yield good(f"{name} and merchant_cert", "belong together")


def _apiv3_key(settings: Mapping[str, Any]) -> Iterator[Finding]:
    given = settings.get("apiv3_key")
    if given is None:
        yield warning(
            "apiv3_key", "is not given", "Notifications and certificates cannot be opened.", "Give WECHATPAY_APIV3_KEY."
        )
        return
    keys = given if isinstance(given, tuple | list) else [given]
    for text in map(str, keys):
        if text != text.strip():
            yield warning(
                "apiv3_key",
                "has white space around it",
                "Clients that take it literally fail to decrypt.",
                "Remove the blanks or line breaks around it.",
            )
        try:
            check_apiv3_key(text.strip())
        except ConfigurationError as error:
            yield _wrong(
                "apiv3_key", error, "Notifications and certificates cannot be opened.", "Set it anew in the console."
            )
        else:
            yield good("apiv3_key", "32 bytes")


def _secret(settings: Mapping[str, Any]) -> Iterator[Finding]:
    secret = settings.get("secret")
    if secret is None:
        return
    if len(str(secret)) != 32 or not str(secret).isascii():
        yield bad(
            "secret",
            f"has {len(str(secret))} characters",
            "The key of APIv2 is 32 characters; with another every v2 call is refused.",
            "Set it under API安全 > APIv2密钥; it is not the AppSecret of an official account.",
        )
    elif secret == settings.get("apiv3_key"):
        yield warning(
            "secret", "is the same as apiv3_key", "They are two keys; one that leaks opens both.", "Set them apart."
        )
    else:
        yield good("secret", "32 characters")


def _platform_keys(settings: Mapping[str, Any], clock: Callable[[], float]) -> Iterator[Finding]:
    certs: Mapping[str, Any] = settings.get("certs") or {}
    if not certs:
        mend = "Give pub_key.pem with its id: WECHATPAY_CERTS=PUB_KEY_ID_…=/path/pub_key.pem."
        if settings.get("apiv3_key") is None:
            yield bad("certs", "is empty, and without apiv3_key nothing is fetched", "No answer can be verified.", mend)
        else:
            yield warning(
                "certs", "is empty", "Certificates will be fetched; merchants since autumn 2024 have none.", mend
            )
    for name, source in certs.items():
        check = f"certs {name}"
        try:
            loaded = load_public_key(source, name="certs")
            check_platform_key(name, loaded, name="certs")
            if loaded.serial is None:
                yield good(check, "the platform's public key")
                continue
            if settings.get("serial") is not None and loaded.serial == str(settings["serial"]).upper():
                msg = "this is the merchant's own certificate; the platform's was expected"
                raise ConfigurationError(msg)  # noqa: TRY301 (told like every other wrong file)
            left = load_certificate(source, name="certs").not_after.timestamp() - clock()
        except ConfigurationError as error:
            yield _wrong(check, error, "Answers cannot be verified.", "Give pub_key.pem with its PUB_KEY_ID_….")
            continue
        yield _validity(
            check, "a platform certificate", left, "Move to the platform's public key, which does not expire."
        )


def _validity(check: str, what: str, left: float, mend: str) -> Finding:
    days = int(left // 86400)
    if left <= 0:
        return bad(check, f"{what}, expired {-days} days ago", "The platform refuses what it signs.", mend)
    if left < SOON:
        return warning(check, f"{what}, expires in {days} days", "Calls fail from that day on.", mend)
    return good(check, f"{what}, {days} days left")


def _wrong(check: str, error: ConfigurationError, meaning: str, mend: str) -> Finding:
    return bad(check, str(error), meaning, mend)
