"""Notifications: the envelope of v3, the XML of v2, and their content from the catalogue."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from chainable.i18n import Words
from wechatpay import catalogue
from wechatpay.sandbox import apiv2, consistency
from wechatpay.sandbox.fake_data import FakeData
from wechatpay.sandbox.http import as_json
from wechatpay.sandbox.webhooks import Notice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.catalogue import Event
    from wechatpay.sandbox.account import Account

__all__ = ["event_of", "imagined", "notice", "place"]


def event_of(name: str, version: str) -> Event:
    """Return the event of this type or slug; LookupError with the nearest ones."""
    found = catalogue.event(name, version)
    if found is None:
        known = sorted(each.name for each in catalogue.events() if each.version == version)
        raise LookupError(
            Words(
                f"{version} has no event {name}: there are {', '.join(known)}",
                f"{version} 没有事件 {name}，可用的事件：{'、'.join(known)}",
            )
        )
    return found


def imagined(account: Account, event: Event, changes: Mapping[str, Any], base_url: str, now: str) -> dict[str, Any]:
    """Return the content of an event, with these values by dotted name (``amount.total``); the others are made up."""
    imagination = FakeData(account, f"{event.version} {event.name}", {}, base_url, version=event.version, now=now)
    content = imagination.fill(inner_fields(event) if event.version == "v2" else event.resource)
    # v3 has one event for merchants and service providers, which then requires too much; v2 has one for each.
    kept = [each.name for each in event.fields if each.required] if event.version == "v2" else ()
    consistency.fit_parties(content, changes, kept)
    for name, value in changes.items():
        place(content, name.split("."), value)
    consistency.fit_amounts(content, changes)
    return content


def inner_fields(event: Event) -> Any:
    """Return the fields of a v2 event: of its encrypted part if it has one."""
    if event.encrypted_field is None:
        return event.fields
    return next(each.fields for each in event.fields if each.name == event.encrypted_field)


def place(content: dict[str, Any], names: list[str], value: Any) -> None:
    """Set the value of a dotted name."""
    *parents, last = names
    for name in parents:
        member: Any = content.get(name)
        if isinstance(member, list) and member and isinstance(member[0], dict):
            member = member[0]
        elif not isinstance(member, dict):
            member = content[name] = {}
        content = member
    content[last] = copy.deepcopy(value)


def notice(account: Account, name: str, content: Mapping[str, Any], now: str, *, version: str) -> Notice:
    """Return the encrypted message of an event, by type or slug; LookupError if the catalogue has no such event."""
    event = event_of(name, version)
    return notice_v3(account, event, name, content, now) if version == "v3" else notice_v2(account, event, content)


def notice_v3(account: Account, event: Event, event_type: str, content: Mapping[str, Any], now: str) -> Notice:
    """Return the signed-to-be envelope with its resource encrypted under the APIv3 key."""
    nonce = account.random.hex(6, "notice")
    original = event.original_type
    if isinstance(original, (list, tuple)):
        original = original[0]
    kind = original or event_type.partition(".")[0].lower()
    number = account.random.uuid("notice")
    envelope = {
        "id": number,
        "create_time": now,
        "resource_type": "encrypt-resource",
        "event_type": event_type,
        "summary": event.summary or event.title.partition("(")[0],
        "resource": {
            "original_type": kind,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": account.seal(as_json(content), nonce, kind),
            "associated_data": kind,
            "nonce": nonce,
        },
    }
    return Notice(number, event_type, "v3", as_json(envelope))


def notice_v2(account: Account, event: Event, content: Mapping[str, Any]) -> Notice:
    """Return the XML, signed where the event has a signature, its part encrypted where it has one."""
    number = account.random.uuid("notice")
    parameters = dict(content)
    names = {each.name for each in event.fields}
    if event.encrypted_field is not None:
        parameters = envelope_v2(account, event, content, number)
    for each in event.fields:
        if each.name in parameters and isinstance(parameters[each.name], (dict, list)):
            parameters[each.name] = json.dumps(parameters[each.name], ensure_ascii=False)
    if "nonce_str" in names:
        parameters["nonce_str"] = account.random.hex(16, "notice")
    if "sign" in names:
        chosen = parameters.get("sign_type") or parameters.get("algorithm") or "MD5"
        algorithm = "HMAC-SHA256" if chosen == "HMAC-SHA256" else "MD5"
        if "sign_type" in names:
            parameters["sign_type"] = algorithm
        parameters["sign"] = apiv2.signature(parameters, account.secret, algorithm)
    return Notice(number, event.name, "v2", apiv2.write(parameters))


def envelope_v2(account: Account, event: Event, content: Mapping[str, Any], number: str) -> dict[str, Any]:
    """Return the elements around an encrypted part."""
    if event.encryption == "aes-ecb":
        return {
            "return_code": "SUCCESS",
            "appid": account.appid,
            "mch_id": account.mchid,
            "req_info": seal_ecb(account.secret, apiv2.write(content, "root")),
        }
    nonce = account.random.hex(6, "notice")
    return {
        "mch_id": account.mchid,
        "appid": account.appid,
        "algorithm": "HMAC-SHA256",
        "event_id": number,
        "event_create_time": "20250102103456",
        "event_type": event.name,
        "event_algorithm": "AEAD_AES_256_GCM",
        "event_nonce": nonce,
        "event_associated_data": "",
        "event_ciphertext": account.seal(as_json(content), nonce, ""),
    }


def seal_ecb(secret: str, text: bytes) -> str:
    """Encrypt under the lower-case MD5 of the v2 key (AES-256-ECB, PKCS#7, base64)."""
    key = hashlib.md5(secret.encode()).hexdigest().encode()  # noqa: S324 (the platform's)
    padder = padding.PKCS7(128).padder()
    padded = padder.update(text) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 (the platform's)
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()
