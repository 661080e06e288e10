"""
Calls of APIv2: XML, signed over its parameters, and the reading of their responses.

Official page: https://pay.weixin.qq.com/doc/v2/merchant/4011984845
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from attrs import frozen

from chainable.codecs import JSON
from chainable.errors import ChainableError, CodecError, ConfigurationError, SignatureError
from chainable.i18n import Words, message_of, translate
from chainable.masking import brief, without_frames_of
from chainable.signing import SignableRequest, Signer, Verifier
from wechatpay.apiv2.errors import api_error, is_failure
from wechatpay.apiv2.field_keys import FieldKey, FieldKeys
from wechatpay.apiv2.signing import HMAC_SHA256, MD5, NonceSigner, ParamSigner, secret_of, verify_parameters
from wechatpay.apiv3.field_encryption import encrypt_text
from wechatpay.echoes import find_echo
from wechatpay.request import RequestSpec, resolver_of
from wechatpay.sensitive import Sensitive
from wechatpay.xml import XML, text_of

if TYPE_CHECKING:
    from chainable.call import Call
    from chainable.codecs import Codec
    from chainable.masking import Secret
    from chainable.response import Response
    from wechatpay.catalogue import Operation
    from wechatpay.echoes import Echo
    from wechatpay.settings import Settings

__all__ = ["APIv2"]

_NUMBERS = ("mch_id", "mchid", "combine_mch_id")
_BOTH = (MD5, HMAC_SHA256)
_UNKNOWN_MERCHANT_FIELD = "mch_id"

Check = Callable[["Response[Any]"], None]


class APIv2:
    """Prepares calls of APIv2; *run* sends those that request the keys of its fields."""

    def __init__(self, settings: Settings, run: Callable[[Call], Response[Any]]) -> None:
        self._settings = settings
        self._run = run
        self._field_keys = FieldKeys(settings.apiv3_key, self._fetch_key)

    def prepare(self, spec: RequestSpec) -> Call:
        """
        Build a call; each attempt signs its parameters anew.

        Raises:
            TypeError: An option does not fit this call.
            CodecError: A value cannot be encoded.
            ConfigurationError: The client has no APIv2 key.
        """
        operation = spec.operation
        _refuse_options(spec)
        in_query = spec.verb == "GET"
        given = spec.params if in_query else spec.xml
        codec: Codec | None = None if in_query else XML
        parameters = self._texts(spec, {} if given is None else given)
        if spec.files is not None:
            from wechatpay.files.uploads import form

            upload = form(operation, spec.files)
            parameters = {**upload.fields, **parameters}
            codec = upload
        self._add_merchant(operation, parameters)
        signer = self._signer(operation, parameters)
        if codec is not None:
            spec.headers.setdefault("Content-Type", codec.content_type)
        return spec.call(
            partial(self._read, _Reading(spec, self._check(), find_echo(spec))),
            query=urlencode(parameters if in_query else _unsigned_query(spec.params)),
            body=None if codec is None else codec.encode(parameters) if signer is None else b"",  # the signer writes it
            signer=signer,
            parameters=parameters,
            codec=codec,
        )

    def signed_url(self, spec: RequestSpec) -> str:
        """
        Build the signed URL of a browser page, for the program to redirect to.

        Raises:
            TypeError: The path is not a page, or a body was given.
            CodecError: A value cannot be encoded.
            ConfigurationError: The client has no APIv2 key.
        """
        operation = spec.operation
        if operation is None or operation.answer != "redirect":
            msg = Words(
                f"{spec.label} is not a page for a browser: call it", f"{spec.label} 不是浏览器页面：请直接调用"
            )
            raise TypeError(msg)
        for option in ("xml", "json", "data", "files"):
            spec.refuse(option, Words("a page takes params={…} only", "页面只接受 params={…}"))
        spec.refuse_plain_text()
        request = SignableRequest()
        request.parameters = parameters = self._texts(spec, {} if spec.params is None else spec.params)
        self._add_merchant(operation, parameters)
        request.url = spec.urls(urlencode(parameters))[0]
        signer = self._signer(operation, parameters)
        return str((request if signer is None else signer(request)).url)

    def _texts(self, spec: RequestSpec, given: object) -> dict[str, str]:
        """Return each parameter as the text that is sent and signed; None is left out."""
        if not isinstance(given, Mapping):
            msg = Words(
                f"a mapping of names to values was expected, not {type(given).__name__}: xml={{…}} (params={{…}} of a GET)",
                f"应为名称到值的字典，不是 {type(given).__name__}：xml={{…}}（GET 用 params={{…}}）",
            )
            raise TypeError(msg)
        operation = spec.operation
        place = "query" if spec.verb == "GET" else "xml"
        encoded = {} if operation is None else operation.encoded_fields.get(place, {})
        integers = {} if operation is None else operation.integer_fields.get(place, {})
        texts = {}
        for name, value in given.items():
            if value is None:
                continue
            if isinstance(value, Sensitive):
                found = self._field_key(operation)
                texts[name] = encrypt_text(found.key, value, name)
                if found.serial is not None:
                    texts.update(dict.fromkeys(_serial_fields(operation), found.serial))
                continue
            if isinstance(value, Decimal) and integers.get(name) is True:
                msg = Words(
                    f"{name}: an integer is expected, not a Decimal; amounts are in fen: pass 100 for 1.00 yuan",
                    f"{name}：应为整数，不能是 Decimal：金额单位是分，1.00 元请传 100",
                )
                raise CodecError(msg)
            texts[name] = text_of(value, str(name), encoded=str(encoded.get(name, "json")))
        return texts

    def _field_key(self, operation: Operation | None) -> FieldKey:
        if operation is not None and operation.key_operation is not None:
            return self._field_keys[operation.key_operation]
        certificates = self._settings.certificates
        return FieldKey(certificates[certificates.default_serial], None)

    def _fetch_key(self, operation_key: str) -> Mapping[str, Any]:
        path = resolver_of(operation_key.partition(" ")[2])
        data: Mapping[str, Any] = self._run(
            self.prepare(RequestSpec(self._settings, path, "POST", (), {"xml": {}}))
        ).data
        return data

    def _add_merchant(self, operation: Operation | None, parameters: dict[str, str]) -> None:
        if operation is None:
            if not any(name in parameters for name in _NUMBERS):
                parameters[_UNKNOWN_MERCHANT_FIELD] = self._settings.mchid
        elif operation.merchant_number_field is not None:
            parameters.setdefault(operation.merchant_number_field, self._settings.mchid)

    def _signer(self, operation: Operation | None, parameters: dict[str, str]) -> Signer | None:
        """Return the signer, by the rules of the operation; None for an unsigned request."""
        if operation is not None and operation.unsigned_request:
            return None
        signer: Any = self._settings.v2_signer
        if signer is None:
            if self._settings.secret is None:
                msg = Words(
                    "APIv2 signs each request with the key of APIv2: give secret= (or v2_signer=) to the client",
                    "APIv2 的每个请求都用 APIv2 密钥签名：请给客户端配置 secret（或 v2_signer）",
                )
                raise ConfigurationError(msg)
            signer = ParamSigner(MD5, self._settings.secret)
        allowed = _BOTH if operation is None or not operation.sign_types else operation.sign_types
        asked = parameters.get("sign_type")
        if asked and asked not in allowed:
            msg = Words(
                f"sign_type: this operation takes {' or '.join(allowed)}, not {brief(asked)}",
                f"sign_type：此接口只接受 {' 或 '.join(allowed)}，不接受 {brief(asked).zh}",
            )
            raise CodecError(msg)
        using = getattr(signer, "using", None)
        if using is not None and signer.sign_type not in allowed:
            signer = using(allowed[0])
        if operation is not None and operation.sign_type_required and not asked:
            preferred: Any = getattr(signer, "sign_type", None)
            parameters["sign_type"] = preferred if preferred in allowed else allowed[0]
        final: Signer = signer
        if "nonce_str" in parameters or (operation is not None and operation.nonceless):
            return final
        return NonceSigner(final, self._settings.nonce)

    def _check(self) -> Check:
        """Return what verifies a response: the user's signer, if it can, else the APIv2 key."""
        signer, secret = self._settings.v2_signer, self._settings.secret
        if signer is not None:
            own = secret_of(signer)
            if own is None and isinstance(signer, Verifier):
                return signer.verify
            secret = own or secret
        if secret is None:
            msg = Words(
                "responses of APIv2 are verified with its key: give secret=, or a v2_signer= that has verify(response)",
                "APIv2 的应答用其密钥验签：请配置 secret，或带 verify(response) 的 v2_signer",
            )
            raise ConfigurationError(msg)
        return partial(_check_parameters, secret)

    @without_frames_of(ChainableError)
    def _read(self, reading: _Reading, response: Response[Any]) -> Response[Any]:
        response.request_id = response.headers.get("Request-ID")
        self._settings.platform_clock.read(response)
        return reading.read(response)


def _refuse_options(spec: RequestSpec) -> None:
    """Refuse what APIv2, or the verb, or the operation has no place for."""
    operation = spec.operation
    if operation is not None and operation.answer == "redirect":
        msg = Words(
            f"{spec.label} is a page for the user's browser: client.signed_url(chain, params={{…}}) "
            "gives the URL to lead there",
            f"{spec.label} 是由用户浏览器打开的页面：client.signed_url(chain, params={{…}}) 返回要跳转的地址",
        )
        raise TypeError(msg)
    spec.refuse("json", Words("APIv2 speaks XML: give xml={…}", "APIv2 使用 XML：请用 xml={…}"))
    spec.refuse(
        "data",
        Words("the signature of APIv2 is part of the body: give xml={…}", "APIv2 的签名在请求体中：请用 xml={…}"),
    )
    if spec.stream and (operation is None or operation.answer != "binary"):
        msg = Words(
            "stream: this response is signed as a whole, so it is read as a whole; stream=True is for file downloads",
            "stream：该应答整体签名，因此整体读取；stream=True 只用于下载文件",
        )
        raise TypeError(msg)
    if spec.verb == "GET":
        for option in ("xml", "files"):
            spec.refuse(
                option,
                Words(
                    "a GET carries its parameters in the query: give params={…}",
                    "GET 的参数在查询串中：请用 params={…}",
                ),
            )
    elif operation is None or operation.request.query is None:
        spec.refuse(
            "params",
            Words("this POST carries everything in its body: give xml={…}", "该 POST 的参数都在请求体中：请用 xml={…}"),
        )
    spec.refuse_plain_text()


def _unsigned_query(params: object) -> dict[str, str]:
    """Return the query of a POST, which no signature covers."""
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        msg = Words(
            f"params: a mapping was expected, not {type(params).__name__}",
            f"params：应为字典，不是 {type(params).__name__}",
        )
        raise TypeError(msg)
    return {str(name): text_of(value, str(name)) for name, value in params.items() if value is not None}


def _serial_fields(operation: Operation | None) -> list[str]:
    """Return the parameters that name the serial of the key which encrypts the fields."""
    fields = () if operation is None else operation.request.xml or ()
    return [one.name for one in fields if one.name in {"cert_serial_number", "cert_sn"}]


def _check_parameters(secret: Secret[str], response: Response[Any]) -> None:
    verify_parameters(response.data, secret, response=response)


@frozen
class _Reading:
    """How the response of one call is decoded and verified."""

    spec: RequestSpec
    check: Check
    echo: Echo | None

    def read(self, response: Response[Any]) -> Response[Any]:
        operation = self.spec.operation
        expected = "xml" if operation is None else operation.answer
        if response.status_code >= 300:
            raise self._error(response, _decoded_or_none(response.content))
        if expected == "binary":
            return self._file(response)
        if expected == "json":
            return self._json(response)
        unsigned = operation is not None and operation.unsigned_answer
        try:
            response.set_data(XML.decode(response.content))
        except CodecError as error:
            if unsigned:
                raise
            msg = Words(f"the response has no sign: {error}", f"应答没有 sign：{translate(message_of(error), 'zh')}")
            raise SignatureError(msg, reason="missing", response=response) from None
        return self._xml(response, unsigned=unsigned)

    def _xml(self, response: Response[Any], *, unsigned: bool) -> Response[Any]:
        # The decoded data has no local name: tracebacks show locals.
        failed = is_failure(response.data)
        if not unsigned and (response.data.get("sign") or not failed):
            self.check(response)
            response.verified = True
        if failed:
            raise self._error(response, response.data)
        if self.echo is not None and response.verified:
            self.echo.check(response, response.data)
        return response

    def _file(self, response: Response[Any]) -> Response[Any]:
        """Return a file in plain text, or raise the error in XML that came in its place."""
        if self.spec.stream:
            from wechatpay.files.streams import peek, read_text

            start = peek(response)
            if _is_xml(start):
                read_text(response)
        else:
            start = response.content[:64]
        if _is_xml(start):
            del start
            return self._xml(response.set_data(XML.decode(response.content)), unsigned=True)
        return response if self.spec.stream else response.set_data(response.content)

    def _json(self, response: Response[Any]) -> Response[Any]:
        response.set_data(JSON.decode(response.content))
        if isinstance(response.data, dict) and any(
            str(response.data.get(name) or 0) != "0" for name in ("retcode", "errcode")
        ):
            raise self._error(response, response.data)
        return response

    def _error(self, response: Response[Any], data: Mapping[str, Any] | None) -> Exception:
        name, about = self.spec.name_and_page()
        return api_error(response, data, name=name, about=about, verbs=self.spec.known_verbs())


def _is_xml(start: bytes) -> bool:
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<xml")


def _decoded_or_none(body: bytes) -> dict[str, Any] | None:
    try:
        return XML.decode(body)
    except CodecError:
        return None
