"""APIv2: XML, and signatures over its parameters, with the standard library alone."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from chainable.i18n import Words
from wechatpay.sandbox.http import Refusal, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.catalogue import Operation
    from wechatpay.sandbox.account import Account

__all__ = [
    "ALGORITHMS",
    "LENGTHS",
    "digest",
    "failure",
    "message",
    "read",
    "refusal_xml",
    "signature",
    "success",
    "write",
]

ALGORITHMS = ("MD5", "HMAC-SHA256")
LENGTHS = {32: "MD5", 64: "HMAC-SHA256"}


def read(body: bytes) -> dict[str, str]:
    """Return the elements of a flat XML document; ValueError if it is none."""
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise ValueError(Words(f"no XML: {error}", f"不是XML：{error}")) from None
    found: dict[str, str] = {}
    for element in root:
        if element.tag in found:
            raise ValueError(Words(f"no flat XML: {element.tag} stands twice", f"中 {element.tag} 出现了两次"))
        if len(element):
            raise ValueError(
                Words(f"no flat XML: {element.tag} has elements in it", f"中 {element.tag} 含有子元素，应为一层")
            )
        found[element.tag] = element.text or ""
    return found


def write(parameters: Mapping[str, Any], root: str = "xml") -> bytes:
    """Return a flat XML document without white space between its elements."""
    inner = "".join(
        f"<{name}><![CDATA[{str(value).replace(']]>', ']]]]><![CDATA[>')}]]></{name}>"
        for name, value in parameters.items()
    )
    return f"<{root}>{inner}</{root}>".encode()


def message(parameters: Mapping[str, Any], key: str) -> str:
    """Return the signed text: name=value in ASCII order without empty ones and ``sign``, the key at the end."""
    pairs = [
        f"{name}={parameters[name]}"
        for name in sorted(parameters)
        if name != "sign" and parameters[name] not in (None, "")
    ]
    return "&".join([*pairs, f"key={key}"])


def signature(parameters: Mapping[str, Any], key: str, algorithm: str) -> str:
    """Return the signature in capital hexadecimal digits."""
    return digest(message(parameters, key), key, algorithm)


def digest(text: str, key: str, algorithm: str) -> str:
    """Return the digest of a text that is put together already."""
    if algorithm == "HMAC-SHA256":
        return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest().upper()
    return hashlib.md5(text.encode()).hexdigest().upper()  # noqa: S324 (the platform's)


def success(operation: Operation, content: Mapping[str, Any], account: Account, algorithm: str) -> Reply:
    """Return the answer to a request that was accepted, signed unless the platform does not sign it."""
    taken = {"return_code": "SUCCESS", "return_msg": "OK"}
    parameters = {**taken, **content, **taken}
    if operation.unsigned_answer:
        parameters.pop("sign", None)
        return xml(parameters)
    if not operation.nonceless or "nonce_str" in parameters:
        parameters["nonce_str"] = account.random.hex(16, "response")
    parameters["sign"] = signature(parameters, account.secret, algorithm or "MD5")
    return xml(parameters)


def failure(operation: Operation, refusal: Refusal, account: Account, algorithm: str) -> Reply:
    """Return the response of a failed operation."""
    content: dict[str, Any] = {"result_code": "FAIL", "err_code": refusal.code, "err_code_des": refusal.message}
    name = operation.merchant_number_field
    if name:
        content[name] = account.mchid
    return success(operation, content, account, algorithm)


def refusal_xml(refusal: Refusal, **more: str) -> Reply:
    """Return the answer to a request that the gateway refused: it names no code, unless ``more`` does."""
    text = write({"return_code": "FAIL", "return_msg": refusal.message, **more})
    return Reply(body=text, content_type="text/plain", signed=False)


def xml(parameters: Mapping[str, Any]) -> Reply:
    """Return an XML answer."""
    return Reply(body=write(parameters), content_type="text/xml; charset=utf-8", signed=False)
