"""
Calls of APIv3: JSON, encrypted and signed, and the reading of their responses.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012081606
"""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from chainable.codecs import JSON, digits, is_decimal
from chainable.errors import ChainableError, CodecError, ConfigurationError
from chainable.i18n import Words
from chainable.lazy import lazy_function
from chainable.masking import without_frames_of
from chainable.times import beijing
from wechatpay.apiv3.field_encryption import FieldEncryption

if TYPE_CHECKING:
    from chainable.call import Call
    from chainable.response import Response
    from chainable.signing import Signer, Verifier
    from wechatpay.echoes import Echo
    from wechatpay.request import RequestSpec
    from wechatpay.settings import Settings

__all__ = ["APIv3"]

_decrypt_fields = lazy_function("wechatpay.apiv3.field_decryption", "decrypt_fields")
_find_echo = lazy_function("wechatpay.echoes", "find_echo")


class APIv3:
    """Prepares calls of APIv3."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def prepare(self, spec: RequestSpec) -> Call:
        """
        Build a call; fields are encrypted once for all attempts.

        Raises:
            TypeError: An option does not fit this call.
            CodecError: A value cannot be encoded.
            ConfigurationError: The client has no key that signs this call.
        """
        operation = spec.operation
        spec.refuse("xml", Words("APIv3 speaks JSON: give json={…}", "APIv3 使用 JSON：请用 json={…}"))
        spec.refuse_plain_text()
        if spec.stream and not (operation and (operation.unsigned_answer or operation.digest_header)):
            msg = Words(
                "stream: this response is signed as a whole, so it is read as a whole; stream=True is for file downloads",
                "stream：该应答整体签名，因此整体读取；stream=True 只用于下载文件",
            )
            raise TypeError(msg)
        headers = spec.headers
        given = next((headers.pop(name) for name in list(headers) if name.lower() == "wechatpay-serial"), None)
        integers = operation.integer_fields.get("json") if operation else None
        encryption = FieldEncryption(self._settings.certificates, given, integers, self._settings.verifier_serial)
        query = _query(spec.params, encryption)
        body, signed_body, content_type = _body(spec, encryption)
        if body is not None:
            headers.setdefault("Content-Type", content_type)
        headers.setdefault("Accept", "application/json")
        headers["Wechatpay-Serial"] = encryption.serial()
        echo = _find_echo(spec) if operation is not None and operation.echoes else None
        return spec.call(
            partial(self._read, spec, echo),
            query=query,
            body=body,
            signed_body=signed_body,
            signer=self._signer(spec),
            verifier=self._verifier(spec),
        )

    def prepare_certificates(self, spec: RequestSpec, serial: str | None) -> Call:
        """
        Build the call that requests the platform's certificates, without a ``Wechatpay-Serial`` while no key is known.

        It has no verifier: the key store verifies the response with the certificates that it brings.
        """
        spec.headers["Accept"] = "application/json"
        if serial is not None:
            spec.headers["Wechatpay-Serial"] = serial
        return spec.call(partial(self._read, spec, None), signer=self._signer(spec))

    def _signer(self, spec: RequestSpec) -> Signer:
        if (spec.first == "brand") is not self._settings.is_brand:
            msg = Words(
                "client.brand… is signed with brand_id=, every other path with mchid=: make a client for each",
                "client.brand… 用 brand_id 签名，其他路径用 mchid：请分别新建客户端",
            )
            raise ConfigurationError(msg)
        if self._settings.signer is None:
            msg = Words(
                "APIv3 signs each request: give private_key= and serial= (or merchant_cert=), or signer=",
                "APIv3 的每个请求都要签名：请配置 private_key 与 serial（或 merchant_cert），或 signer",
            )
            raise ConfigurationError(msg)
        return self._settings.signer

    def _verifier(self, spec: RequestSpec) -> Verifier:
        verifier = self._settings.response_verifier
        if spec.operation is not None and spec.operation.digest_header is not None:
            from wechatpay.files.statements import StatementVerifier

            return StatementVerifier(verifier, spec.operation.digest_header)
        return verifier

    @without_frames_of(ChainableError)
    def _read(self, spec: RequestSpec, echo: Echo | None, response: Response[Any]) -> Response[Any]:
        response.request_id = response.headers.get("Request-ID")
        self._settings.platform_clock.read(response)
        if not 200 <= response.status_code < 300:
            from wechatpay.apiv3.errors import api_error

            name, about = spec.name_and_page()
            raise api_error(response, name=name, about=about, verbs=spec.known_verbs(), misspelt=spec.misspelt_fields)
        response.pending = response.status_code == 202
        if spec.stream:
            return response
        operation = spec.operation
        data = _decoded(response, None if operation is None else operation.answer)
        if echo is not None and response.verified:
            echo.check(response, data)
        fields = {} if operation is None else operation.encrypted_answer_fields
        return response.set_data(data, partial(_decrypt_fields, self._settings.decryption_key, fields))


def _body(spec: RequestSpec, encryption: FieldEncryption) -> tuple[bytes | None, bytes | None, str]:
    """Return the body, the bytes that are signed in its place, and the media type."""
    if spec.files is not None:
        from wechatpay.files.uploads import multipart

        upload = multipart(spec.operation, spec.files, spec.json, encryption.json)
        return upload.body, upload.signed_body, upload.content_type
    if spec.data is None and spec.operation is not None and spec.operation.upload is not None:
        part = spec.operation.upload.file
        msg = Words(
            f"files: this operation uploads a file: give files={{{part!r}: path, open file or (name, bytes)}}",
            f"files：此接口用于上传文件：请给出 files={{{part!r}: 路径、已打开的文件或 (文件名, bytes)}}",
        )
        raise TypeError(msg)
    body = spec.data if spec.json is None else encryption.json(spec.json)
    return body, None, JSON.content_type


def _query(params: Any, encryption: FieldEncryption) -> str:
    if params is None:
        return ""
    if not hasattr(params, "items"):
        msg = Words(
            f"params: a mapping was expected, not {type(params).__name__}",
            f"params：应为字典，不是 {type(params).__name__}",
        )
        raise TypeError(msg)
    pairs: list[tuple[str, str]] = []
    for name, value in params.items():
        if not isinstance(name, str):
            msg = Words(f"params: the name {name!r} is not text", f"params：名称 {name!r} 不是文本")
            raise CodecError(msg)
        values = value if isinstance(value, list | tuple) else (value,)
        pairs += [(name, _text(name, encryption.text(name, each))) for each in values if each is not None]
    try:
        return urlencode(pairs, quote_via=quote)
    except UnicodeEncodeError:
        raise CodecError(
            Words(
                "params: a text contains a lone surrogate, which UTF-8 cannot encode",
                "params：文本中有单独的代理字符（lone surrogate），无法用 UTF-8 编码",
            )
        ) from None


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, datetime):
        return beijing(value).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if is_decimal(value) and value.is_finite():
        return digits(value, ((None, "params"), name))
    msg = Words(
        f"params: {name}: a {type(value).__name__} has no form in a query; give text, an int or a Decimal",
        f"params：{name}：{type(value).__name__} 无法写进查询参数；请给文本、int 或 Decimal",
    )
    raise CodecError(msg)


def _decoded(response: Response[Any], expected: str | None) -> Any:
    body = response.content
    if not body:
        return None
    media_type = response.headers.get("Content-Type", "")
    # Some JSON responses arrive as text/plain, so the first byte of the body counts as well.
    if "json" in media_type or (expected != "binary" and body.lstrip()[:1] in {b"{", b"["}):
        try:
            return JSON.decode(body)
        except CodecError:
            if expected is None and "json" not in media_type:
                return body
            raise
    return body
