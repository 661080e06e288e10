"""Verify a request, and validate its fields: APIv3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes

from chainable.i18n import translate
from chainable.sandbox import multipart
from wechatpay.sandbox.authentication import TRADE, RequestVerifier
from wechatpay.sandbox.http import Refusal, pointer
from wechatpay.sandbox.parameter_rules import check_together
from wechatpay.sandbox.routing import ReceivedCall
from wechatpay.sandbox.validation import Validator, parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wechatpay import catalogue
    from wechatpay.catalogue import Operation
    from wechatpay.sandbox.account import Account
    from wechatpay.sandbox.http import Request
    from wechatpay.sandbox.journal import Entry
    from wechatpay.sandbox.router import Found

__all__ = ["RequestValidation", "digest_matches", "parts_of", "uploaded"]

LANGUAGES = ("zh-CN", "zh-HK", "zh-TW", "en", "en-US")
NAMES_SM3 = re.compile(r"([A-Z_]+_)?SM3")
DIGESTS: Mapping[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "md5": hashes.MD5(),  # noqa: S303 (the platform's)
    "sm3": hashes.SM3(),
}


class RequestValidation:
    """Verifies and validates an account's APIv3 requests."""

    def __init__(self, account: Account, clock: Callable[[], float]) -> None:
        self._account = account
        self.verifier = RequestVerifier(account, clock)

    def verify(self, request: Request, entry: Entry) -> list[multipart.Part]:
        """Verify sender and signature, and return the parts of a multipart body."""
        covered, parts = signed_part(request)
        signed = self.verifier.check(request, covered)
        entry.verified = True
        entry.authorization = dict(signed.fields)
        entry.expected_message = signed.message
        return parts

    def call(
        self, request: Request, found: Found, parts: list[multipart.Part], entry: Entry, *, strict: bool
    ) -> ReceivedCall:
        """Check a verified request's fields, and open the encrypted ones."""
        operation = found.operation
        serial = self.serial(request, strict=strict, operation=operation.key)
        asked = asked_serial(request)

        def reveal(ciphertext: str) -> str:
            if asked is None:
                raise Refusal.of_field(
                    "header",
                    "/Wechatpay-Serial",
                    "缺少加密敏感字段所用公钥或证书的序列号",
                    message="HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)",
                )
            return self._account.reveal(asked, ciphertext)

        validator = Validator(operation.path, reveal, strict)
        fields = operation.request
        variables = validator.check("path", fields.path or (), found.variables, text=True)
        one_of = fields.one_of
        query = validator.check("query", fields.query or (), request.query, text=True, one_of=one_of.get("query", ()))
        if strict:
            check_headers(operation, request)
        files: tuple[multipart.Part, ...] = ()
        if operation.upload:
            body, files = upload_of(operation, operation.upload, parts, validator)
        else:
            body = validator.check("body", fields.json or (), json_of(request), one_of=one_of.get("json", ()))
        entry.opened = validator.opened
        if strict:
            check_together(operation, self._account, body)
        return ReceivedCall(operation, request, variables, query, body, files, serial)

    def serial(self, request: Request, *, strict: bool, required: bool = False, operation: str | None = None) -> str:
        """Return the key the answer is signed with: the one asked for, else the account's; an empty one is none."""
        asked = asked_serial(request)
        if asked is None and not required:
            return self._account.signer(operation)
        if asked is None or self._account.platform_private_key(asked) is None:
            if strict or required:
                raise Refusal.of_field(
                    "header",
                    "/Wechatpay-Serial",
                    "不是该商户的微信支付公钥ID或平台证书序列号",
                    value=asked,
                    # https://pay.weixin.qq.com/doc/v3/merchant/4013053279; the gateway of brands has another code
                    code="INVALID_REQUEST" if "/brand/" in request.path else "PARAM_ERROR",
                    message="平台证书序列号Wechatpay-Serial错误",
                )
            return self._account.signer(operation)
        return asked


def asked_serial(request: Request) -> str | None:
    """Return the key that a request names; an empty header names none."""
    return request.header("wechatpay-serial") or None


def check_gateway(request: Request) -> None:
    """
    Check the headers that the gateway looks at before the signature.

    Orders may come without Accept and User-Agent. Node's ``fetch`` sends ``Accept-Language: *``, which is refused.
    https://pay.weixin.qq.com/doc/v3/merchant/4012081709
    """
    for_trade = request.path.startswith(TRADE)
    if not for_trade and not (request.header("accept") and request.header("user-agent")):
        raise Refusal(400, "INVALID_REQUEST", "Http头缺少Accept或User-Agent", gateway=True)
    if (request.header("accept-language") or LANGUAGES[0]) not in LANGUAGES:
        raise Refusal(406, "PARAM_ERROR", "传入了不支持的Accept-Language", gateway=True)


def signed_part(request: Request) -> tuple[bytes, list[multipart.Part]]:
    """Return the signed part of the body: all of it, or the meta part of an upload."""
    if not (request.header("content-type") or "").lower().startswith("multipart/"):
        return request.body, []
    parts = parts_of(request)
    # A meta with a file name is a file to the platform, which then finds nothing that was signed: SIGN_ERROR.
    return next((part.content for part in parts if part.name == "meta" and part.filename is None), b""), parts


def parts_of(request: Request) -> list[multipart.Part]:
    """Return the parts of a multipart body."""
    try:
        return multipart.parse(request.header("content-type") or "", request.body)
    except ValueError as error:
        why = "不是UTF-8编码" if isinstance(error, UnicodeError) else translate(error.args[0], "zh")
        raise Refusal.of_field("header", "/Content-Type", f"multipart报文无法解析: {why}") from None


def check_headers(operation: Operation, request: Request) -> None:
    """Check the headers that an operation requires; Wechatpay-Serial is needed with encrypted fields only."""
    for each in operation.request.headers or ():
        if each.required and each.name != "Wechatpay-Serial" and not request.header(each.name.lower()):
            raise Refusal.of_field("header", pointer(each.name), "此字段为必填项")


def json_of(request: Request) -> dict[str, Any]:
    """Return the JSON object in a body; empty for an empty body."""
    if not request.body:
        return {}
    content_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise Refusal.of_field("header", "/Content-Type", "应为application/json", value=content_type)
    return object_in(request.body, "", "请求报文")


def object_in(text: bytes, at: str, what: str) -> dict[str, Any]:
    """Return the JSON object in a text."""
    try:
        value = parse_json(text)
    except ValueError:
        raise Refusal.of_field("body", at, f"{what}不是UTF-8编码的JSON") from None
    if not isinstance(value, dict):
        raise Refusal.of_field("body", at, f"{what}应为JSON对象")
    return value


def upload_of(
    operation: Operation, described: catalogue.Upload, parts: list[multipart.Part], validator: Validator
) -> tuple[dict[str, Any], tuple[multipart.Part, ...]]:
    """Return the meta and the files of an upload."""
    sent = {part.name: part.content for part in parts if part.name != "meta" or part.filename is None}
    expected = operation.request.multipart or ()
    for each in expected:
        if each.required and each.name not in sent:
            raise Refusal.of_field("body", pointer(each.name), "此字段为必填项")
    fields = next((each.fields for each in expected if each.name == "meta"), ())
    meta = validator.check("meta", fields, object_in(sent.get("meta", b""), "/meta", "meta"))
    files = uploaded(parts)
    digest_matches(described, meta, files)
    return meta, files


def uploaded(parts: list[multipart.Part]) -> tuple[multipart.Part, ...]:
    """Return the files among the parts."""
    return tuple(part for part in parts if part.filename is not None)


def digest_matches(described: catalogue.Upload, meta: Mapping[str, Any], files: tuple[multipart.Part, ...]) -> None:
    """Check that there is a file, and that its digest is right."""
    if not files:
        raise Refusal.of_field("body", pointer(described.file), "缺少文件")
    claimed = str(meta.get(described.digest or "", ""))
    name = "sm3" if any(NAMES_SM3.fullmatch(str(value)) for value in meta.values()) else described.hash
    digest = hashes.Hash(DIGESTS[name])
    digest.update(files[0].content)
    actual = digest.finalize().hex()
    if described.digest and claimed.lower() != actual:
        raise Refusal.of_field(
            "body", pointer("meta", described.digest), f"与文件的{name}不一致，文件的{name}是 {actual}", value=claimed
        )
