"""APIv2: XML in and out, signed by its parameters; checked with the standard library alone."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, ParseError

from attrs import field, frozen
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from wechatpay.sandbox.messages import Refusal, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wechatpay.catalogue import Operation
    from wechatpay.sandbox.account import Account
    from wechatpay.sandbox.messages import Request

__all__ = ["GateV2", "SignedV2", "message", "read", "signature", "write"]

LENGTHS = {32: "MD5", 64: "HMAC-SHA256"}


def read(body: bytes) -> dict[str, str]:
    """The elements of a flat XML document; ValueError if it is none."""
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise ValueError(f"no XML: {error}") from None
    found: dict[str, str] = {}
    for element in root:
        if element.tag in found:
            raise ValueError(f"no flat XML: {element.tag} stands twice")
        if len(element):
            raise ValueError(f"no flat XML: {element.tag} has elements in it")
        found[element.tag] = element.text or ""
    return found


def write(parameters: Mapping[str, Any], root: str = "xml") -> bytes:
    """A flat XML document without white space between its elements."""
    inner = "".join(
        f"<{name}><![CDATA[{str(value).replace(']]>', ']]]]><![CDATA[>')}]]></{name}>"
        for name, value in parameters.items()
    )
    return f"<{root}>{inner}</{root}>".encode()


def message(parameters: Mapping[str, Any], key: str) -> str:
    """What is signed: name=value in ASCII order, empty ones and ``sign`` left out, the key at the end."""
    pairs = [
        f"{name}={parameters[name]}"
        for name in sorted(parameters)
        if name != "sign" and parameters[name] not in (None, "")
    ]
    return "&".join([*pairs, f"key={key}"])


def signature(parameters: Mapping[str, Any], key: str, algorithm: str) -> str:
    """The signature in capital hexadecimal digits."""
    text = message(parameters, key).encode()
    if algorithm == "HMAC-SHA256":
        return hmac.new(key.encode(), text, hashlib.sha256).hexdigest().upper()
    return hashlib.md5(text).hexdigest().upper()  # noqa: S324 (the platform's)


@frozen
class SignedV2:
    """The parameters of a request, the algorithm of its signature, and what it had to cover, key masked."""

    parameters: dict[str, str] = field(repr=False)
    algorithm: str
    message: str = field(repr=False)


class GateV2:
    """
    The checks before any business of an APIv2 request.

    Args:
        account: Whose requests are expected.
    """

    def __init__(self, account: Account) -> None:
        self._account = account

    def parameters(self, operation: Operation, request: Request, sent: Mapping[str, str]) -> dict[str, str]:
        """The parameters of a request: those of the form parts, of the query, or of the XML body."""
        if operation.method == "GET":
            return request.query
        if operation.upload:
            return dict(sent)
        try:
            return read(request.body)
        except ValueError as error:
            raise Refusal(200, "XML_FORMAT_ERROR", f"the body is {error}") from None

    def check(self, operation: Operation, request: Request, parameters: dict[str, str]) -> SignedV2:
        """
        Let a request pass or refuse it.

        Raises:
            Refusal: Saying what is wrong: certificate, merchant number, nonce, algorithm or signature.
        """
        self._certificate(operation, request)
        name = operation.merchant_number_field
        if name and parameters.get(name) != self._account.mchid:
            raise Refusal(200, "MCHID_NOT_EXIST", f"{name} has to be {self._account.mchid}, the number of this account")
        self._nonce(operation, parameters)
        if operation.unsigned_request:
            return SignedV2(parameters, "", "")
        sign = parameters.get("sign", "")
        if not sign:
            raise Refusal(200, "SIGNERROR", "sign is missing")
        allowed = operation.sign_types or ("MD5", "HMAC-SHA256")
        algorithm = parameters.get("sign_type") or LENGTHS.get(len(sign), allowed[0])
        if algorithm not in allowed:
            raise Refusal(200, "SIGNERROR", f"signed with {algorithm}, this operation takes {' or '.join(allowed)}")
        if not hmac.compare_digest(sign, signature(parameters, self._account.secret, algorithm)):
            raise Refusal(
                200, "SIGNERROR", f"the signature does not match: {self._diagnosis(parameters, sign, algorithm)}"
            )
        return SignedV2(parameters, algorithm, message(parameters, "*" * 8))

    def _certificate(self, operation: Operation, request: Request) -> None:
        if not operation.mtls:
            return
        if not request.secure:
            raise Refusal(
                200, "CERT_ERROR", "this operation needs the merchant certificate: call it over HTTPS, with it"
            )
        if request.certificate is None:
            raise Refusal(200, "CERT_ERROR", "this operation needs the merchant certificate, and none was presented")
        if request.certificate != self._account.serial:
            raise Refusal(
                200,
                "CERT_ERROR",
                f"the certificate {request.certificate} is not this merchant's {self._account.serial}",
            )

    def _nonce(self, operation: Operation, parameters: Mapping[str, str]) -> None:
        given = bool(parameters.get("nonce_str"))
        free = operation.nonceless or operation.method == "GET" or operation.upload or operation.unsigned_request
        if not given and not free:
            raise Refusal(200, "PARAM_ERROR", "nonce_str is missing")
        if given and operation.nonceless and "nonce_str" not in documented(operation):
            raise Refusal(200, "PARAM_ERROR", "this operation takes no nonce_str: leave it out")

    def _diagnosis(self, parameters: Mapping[str, str], sign: str, algorithm: str) -> str:
        """What was signed instead, found by trying the mistakes people make."""
        key = self._account.secret
        for mistake, text in mistakes(parameters, key):
            for name in ("MD5", "HMAC-SHA256"):
                if sign.upper() == digest(text, key, name):
                    if sign != sign.upper():
                        return "it is in small letters: capitals are wanted"
                    return mistake or f"it is {name}, and sign_type says {algorithm}"
        if len(sign) not in LENGTHS:
            return f"it has {len(sign)} characters, 32 or 64 are possible"
        return "other parameters or another key were signed; expected is the signature of " + message(
            parameters, "*" * 8
        )


def documented(operation: Operation) -> frozenset[str]:
    """Names of the documented parameters."""
    fields = (*(operation.request.xml or ()), *(operation.request.query or ()))
    return frozenset(each.name for each in fields)


def mistakes(parameters: Mapping[str, str], key: str) -> Iterator[tuple[str, str]]:
    """What people sign instead, with the text that makes; an empty description: only the algorithm differs."""
    yield "", message(parameters, key)
    pairs = [f"{name}={parameters[name]}" for name in sorted(parameters) if name != "sign"]
    yield "empty parameters were signed too: leave them out", "&".join([*pairs, f"key={key}"])
    yield "the key was left out", "&".join(pairs)
    without = {name: value for name, value in parameters.items() if name != "sign_type"}
    yield "sign_type was sent, but not signed", message(without, key)
    unsorted = [f"{name}={value}" for name, value in parameters.items() if name != "sign" and value]
    yield "the parameters were not sorted", "&".join([*unsorted, f"key={key}"])
    yield "the key was joined without &key=", "&".join(pairs) + key


def digest(text: str, key: str, algorithm: str) -> str:
    """The digest of a text that is put together already."""
    if algorithm == "HMAC-SHA256":
        return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest().upper()
    return hashlib.md5(text.encode()).hexdigest().upper()  # noqa: S324 (the platform's)


def success(operation: Operation, content: Mapping[str, Any], account: Account, algorithm: str) -> Reply:
    """The answer to a request that was taken, signed unless the platform does not sign it."""
    taken = {"return_code": "SUCCESS", "return_msg": "OK"}
    parameters = {**taken, **content, **taken}
    if operation.unsigned_answer:
        parameters.pop("sign", None)
        return xml(parameters)
    if not operation.nonceless or "nonce_str" in parameters:
        parameters["nonce_str"] = secrets.token_hex(16)
    parameters["sign"] = signature(parameters, account.secret, algorithm or "MD5")
    return xml(parameters)


def failure(operation: Operation, refusal: Refusal, account: Account, algorithm: str) -> Reply:
    """The answer of a business that says no."""
    content: dict[str, Any] = {"result_code": "FAIL", "err_code": refusal.code, "err_code_des": refusal.message}
    name = operation.merchant_number_field
    if name:
        content[name] = account.mchid
    return success(operation, content, account, algorithm)


def refusal_xml(refusal: Refusal) -> Reply:
    """The answer to a request that did not pass the gate."""
    return xml({"return_code": "FAIL", "return_msg": refusal.message, "error_code": refusal.code})


def xml(parameters: Mapping[str, Any]) -> Reply:
    """An XML answer."""
    return Reply(body=write(parameters), content_type="text/xml; charset=utf-8", signed=False)
