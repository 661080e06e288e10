"""
A call of APIv2, from what the user wrote to the bytes that leave, and back.

Official page: https://pay.weixin.qq.com/doc/v2/merchant/4011984845
"""

from __future__ import annotations

import os
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from attrs import frozen

from chainable.call import Call
from chainable.codecs import JSON
from chainable.errors import ChainableError, CodecError, ConfigurationError, SignatureError
from chainable.masking import brief, without_frames_of
from chainable.signing import Signer, Verifier
from wechatpay.apiv2.errors import is_refusal, refusal
from wechatpay.apiv2.keys import FieldKey, field_key
from wechatpay.apiv2.signing import HMAC_SHA256, MD5, FreshNonce, ParamSigner, secret_of, verify_parameters
from wechatpay.apiv2.xml import XML, text_of
from wechatpay.crypto import rsa
from wechatpay.echoes import echo
from wechatpay.sensitive import Sensitive

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from chainable.codecs import Codec
    from chainable.masking import Secret
    from chainable.response import Response
    from wechatpay.catalogue import Operation
    from wechatpay.client import WeChatPay
    from wechatpay.echoes import Echo
    from wechatpay.request import Wanted

__all__ = ["prepare", "signed_url"]

_NUMBERS = ("mch_id", "mchid", "combine_mch_id")
_BOTH = (MD5, HMAC_SHA256)
_UNKNOWN_MERCHANT_FIELD = "mch_id"

Check = Callable[["Response[Any]"], None]


def prepare(client: WeChatPay, wanted: Wanted) -> Call:
    """
    Write the call for all attempts; its body is signed into each.

    Raises:
        TypeError: An option does not fit this call.
        CodecError: A value cannot be written.
        ConfigurationError: The client lacks the APIv2 key.
    """
    operation = wanted.operation
    if operation is not None and operation.answer == "redirect":
        msg = (
            f"{wanted.label} is a page for the user's browser: client.signed_url(chain, params={{…}}) "
            "gives the URL to lead there"
        )
        raise TypeError(msg)
    wanted.refuse("json", "APIv2 speaks XML: give xml={…}")
    wanted.refuse("data", "the signature of APIv2 stands inside the body: give xml={…}")
    if wanted.stream and (operation is None or operation.answer != "binary"):
        msg = "stream: this answer is signed as a whole, so it is read as a whole; stream=True is for file downloads"
        raise TypeError(msg)
    in_query = wanted.verb == "GET"
    if in_query:
        for option in ("xml", "files"):
            wanted.refuse(option, "a GET carries its parameters in the query: give params={…}")
    elif operation is None or operation.request.query is None:
        wanted.refuse("params", "this POST carries everything in its body: give xml={…}")
    wanted.refuse_plain()
    given = wanted.params if in_query else wanted.xml
    headers = wanted.headers
    codec: Codec | None = None if in_query else XML
    parameters = _texts(client, wanted, {} if given is None else given)
    if wanted.files is not None:
        from wechatpay.files.uploads import form

        upload = form(operation, wanted.files)
        parameters = {**upload.fields, **parameters}
        codec = upload
    _fill_in(client, operation, parameters)
    signer = _signer(client, operation, parameters)
    if codec is not None:
        headers.setdefault("Content-Type", codec.content_type)
    return Call(
        verb=wanted.verb,
        label=wanted.label,
        urls=wanted.urls(urlencode(parameters if in_query else _unsigned_query(wanted.params))),
        headers=headers,
        body=None if codec is None else codec.encode(parameters) if signer is None else b"",  # the signer writes it
        signer=signer,
        verifier=None,  # the signature stands inside the body: it is checked where that is read
        answer=_Reading(client, wanted, _check(client), echo(wanted)),
        parameters=parameters,
        codec=codec,
        repeatable=wanted.repeatable(),
        timeout=wanted.timeout,
        retries=wanted.retries,
        deadline=wanted.deadline,
        unsigned=operation is not None and operation.unsigned_answer,
        stream=wanted.stream,
        verify=wanted.verify,
        certificate=wanted.certificate,
    )


def signed_url(client: WeChatPay, wanted: Wanted) -> str:
    """
    Give the URL of a browser page, signed, for the program to redirect to.

    Raises:
        TypeError: The path is no page; a body was given.
        CodecError: A value cannot be written.
        ConfigurationError: The client lacks the APIv2 key.
    """
    from chainable.signing import SignableRequest

    operation = wanted.operation
    if operation is None or operation.answer != "redirect":
        msg = f"{wanted.label} is no page for a browser: call it"
        raise TypeError(msg)
    for option in ("xml", "json", "data", "files"):
        wanted.refuse(option, "a page takes params={…} only")
    wanted.refuse_plain()
    parameters = _texts(client, wanted, {} if wanted.params is None else wanted.params)
    _fill_in(client, operation, parameters)
    request = SignableRequest()
    request.url = wanted.urls(urlencode(parameters))[0]
    request.parameters = parameters
    signer = _signer(client, operation, parameters)
    return str((request if signer is None else signer(request)).url)


def _texts(client: WeChatPay, wanted: Wanted, given: object) -> dict[str, str]:
    """Write each parameter as the text that is sent and signed; None is left out."""
    if not isinstance(given, Mapping):
        msg = (
            f"a mapping of names to values was expected, not {type(given).__name__}: xml={{…}} (params={{…}} of a GET)"
        )
        raise TypeError(msg)
    operation = wanted.operation
    place = "query" if wanted.verb == "GET" else "xml"
    encoded = {} if operation is None else operation.encoded_fields.get(place, {})
    texts = {}
    for name, value in given.items():
        if value is None:
            continue
        if isinstance(value, Sensitive):
            found = _field_key(client, operation)
            texts[name] = _encrypted(found.key, name, value)
            if found.serial is not None:
                texts.update(dict.fromkeys(_serial_fields(operation), found.serial))
            continue
        texts[name] = text_of(value, str(name), encoded=str(encoded.get(name, "json")))
    return texts


def _unsigned_query(params: object) -> dict[str, str]:
    """Write what a POST carries in its query, which no signature covers."""
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        msg = f"params: a mapping was expected, not {type(params).__name__}"
        raise TypeError(msg)
    return {str(name): text_of(value, str(name)) for name, value in params.items() if value is not None}


def _field_key(client: WeChatPay, operation: Operation | None) -> FieldKey:
    if operation is not None and operation.key_operation is not None:
        return field_key(client, operation.key_operation)
    return FieldKey(client.certificates[client.certificates.default_serial], None)


def _serial_fields(operation: Operation | None) -> list[str]:
    """Give the names under which an operation wants to know whose key its fields are encrypted with."""
    fields = () if operation is None else operation.request.xml or ()
    return [one.name for one in fields if one.name in {"cert_serial_number", "cert_sn"}]


def _encrypted(key: RSAPublicKey, name: str, value: Sensitive) -> str:
    try:
        return b2a_base64(rsa.encrypt(key, value.reveal().encode()), newline=False).decode()
    except UnicodeEncodeError:
        msg = f"{name}: the text contains a lone surrogate, which no UTF-8 can carry"
        raise CodecError(msg) from None
    except ValueError as error:
        msg = f"{name}: {error}"
        raise CodecError(msg) from None


def _fill_in(client: WeChatPay, operation: Operation | None, parameters: dict[str, str]) -> None:
    if operation is None:
        if not any(name in parameters for name in _NUMBERS):
            parameters[_UNKNOWN_MERCHANT_FIELD] = client.mchid
    elif operation.merchant_number_field is not None:
        parameters.setdefault(operation.merchant_number_field, client.mchid)


def _signer(client: WeChatPay, operation: Operation | None, parameters: dict[str, str]) -> Signer | None:
    """Give what signs each attempt, by the rules of the operation; None for a plain request."""
    if operation is not None and operation.unsigned_request:
        return None
    signer: Any = client._v2_signer  # noqa: SLF001 (the protocol is the client's own)
    if signer is None:
        if client._secret is None:  # noqa: SLF001
            msg = "APIv2 signs each request with the key of APIv2: give secret= (or v2_signer=) to the client"
            raise ConfigurationError(msg)
        signer = ParamSigner(MD5, client._secret)  # noqa: SLF001
    allowed = _BOTH if operation is None or not operation.sign_types else operation.sign_types
    asked = parameters.get("sign_type")
    if asked and asked not in allowed:
        msg = f"sign_type: this operation takes {' or '.join(allowed)}, not {brief(asked)}"
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
    return FreshNonce(final, client._nonce or _nonce)  # noqa: SLF001


def _nonce() -> str:
    return os.urandom(16).hex().upper()


def _check(client: WeChatPay) -> Check:
    """Give what checks the signature of an answer: the signer, if it can, else the APIv2 key."""
    signer, secret = client._v2_signer, client._secret  # noqa: SLF001
    if signer is not None:
        own = secret_of(signer)
        if own is None and isinstance(signer, Verifier):
            return _By(signer)
        secret = own or secret
    if secret is None:
        msg = "answers of APIv2 are checked with its key: give secret=, or a v2_signer= that has verify(response)"
        raise ConfigurationError(msg)
    return _ByKey(secret)


@frozen
class _By:
    """Leaves the check to an object of the user's."""

    verifier: Verifier

    def __call__(self, response: Response[Any]) -> None:
        self.verifier.verify(response)


@frozen
class _ByKey:
    """Checks with the APIv2 key what is decoded already."""

    secret: Secret[str]

    def __call__(self, response: Response[Any]) -> None:
        verify_parameters(response.data, self.secret, response=response)


@frozen
class _Reading:
    """Makes the user's answer of what the platform sent."""

    client: WeChatPay
    wanted: Wanted
    check: Check
    asked: Echo | None

    @without_frames_of(ChainableError)
    def __call__(self, response: Response[Any]) -> Response[Any]:
        response.request_id = response.headers.get("Request-ID")
        self.client.learn_clock(response)
        operation = self.wanted.operation
        expected = "xml" if operation is None else operation.answer
        if response.status_code >= 300:
            raise self._refused(response, _readable(response.content))
        if expected == "binary":
            return self._file(response)
        if expected == "json":
            return self._json(response)
        unsigned = operation is not None and operation.unsigned_answer
        try:
            response.take(XML.decode(response.content))
        except CodecError as error:
            if unsigned:
                raise
            msg = f"the answer carries no sign: {error}"
            raise SignatureError(msg, reason="missing", response=response) from None
        return self._xml(response, unsigned=unsigned)

    def _xml(self, response: Response[Any], *, unsigned: bool) -> Response[Any]:
        # What was decoded stays in the response: a local would show in a traceback.
        refused = is_refusal(response.data)
        if not unsigned and (response.data.get("sign") or not refused):
            self.check(response)
            response.verified = True
        if refused:
            raise self._refused(response, response.data)
        if self.asked is not None and response.verified:
            self.asked.check(response, response.data)
        return response

    def _file(self, response: Response[Any]) -> Response[Any]:
        """A file in plain text, or an error in XML."""
        if self.wanted.stream:
            from wechatpay.files.streams import beginning, read_text

            start = beginning(response)
            if _is_xml(start):
                read_text(response)
        else:
            start = response.content[:64]
        if _is_xml(start):
            del start
            return self._xml(response.take(XML.decode(response.content)), unsigned=True)
        return response if self.wanted.stream else response.take(response.content)

    def _json(self, response: Response[Any]) -> Response[Any]:
        response.take(JSON.decode(response.content))
        if isinstance(response.data, dict) and any(
            str(response.data.get(name) or 0) != "0" for name in ("retcode", "errcode")
        ):
            raise self._refused(response, response.data)
        return response

    def _refused(self, response: Response[Any], data: Mapping[str, Any] | None) -> Exception:
        operation = self.wanted.operation
        about = "" if operation is None else f"{operation.title} {operation.page or ''}".strip()
        name = f"{self.wanted.verb} {self.wanted.label}"
        return refusal(response, data, name=name, about=about, advice=self.wanted.known_verbs())


def _is_xml(start: bytes) -> bool:
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<xml")


def _readable(body: bytes) -> dict[str, Any] | None:
    try:
        return XML.decode(body)
    except CodecError:
        return None
