"""
Signatures of APIv2: MD5 or HMAC-SHA256 over the parameters, under the APIv2 key.

The signed message has the parameters in ASCII order of their names, without
``sign`` and empty ones, joined like a query, with the key at the end.

Official page: https://pay.weixin.qq.com/doc/v2/merchant/4011985891
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from attrs import evolve, field, frozen

from chainable.errors import CodecError, ConfigurationError, SignatureError
from chainable.i18n import Words
from chainable.masking import MaskedDict, Secret, brief, guarded, safe_repr, without_frames
from chainable.signing import SignableRequest, Signer
from wechatpay.xml import XML

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests import PreparedRequest, Response

__all__ = [
    "HMAC_SHA256",
    "MD5",
    "NonceSigner",
    "ParamSigner",
    "WorkWXSigner",
    "secret_of",
    "signature",
    "verify_parameters",
]

MD5, HMAC_SHA256 = "MD5", "HMAC-SHA256"

_BY_LENGTH = {32: MD5, 64: HMAC_SHA256}


def signature(sign_type: str, parameters: Mapping[str, str], secret: Secret[str]) -> str:
    """
    Sign parameters; no local variable has the signed text, which ends with the key, or the signature.

    Empty texts and ``sign`` are not signed, ``'0'`` is. The APIv2 key is the key of HMAC as well.

    Returns:
        Upper-case hex, 32 or 64 digits.

    Raises:
        CodecError: A text contains a lone surrogate.
    """
    try:
        covered = "".join(
            [f"{name}={parameters[name]}&" for name in sorted(parameters) if parameters[name] and name != "sign"]
            + ["key="]
        ).encode()
    except UnicodeEncodeError:
        covered = None
    if covered is None:
        parameters = MaskedDict(parameters)
        raise CodecError(
            Words(
                "a parameter has a lone surrogate, which UTF-8 cannot encode: correct the text",
                "参数中有单独的代理字符（lone surrogate），无法用 UTF-8 编码：请改正文本",
            )
        )
    if sign_type == HMAC_SHA256:
        return hmac.digest(secret.reveal().encode(), covered + secret.reveal().encode(), "sha256").hex().upper()
    return hashlib.md5(covered + secret.reveal().encode(), usedforsecurity=False).hexdigest().upper()


def verify_parameters(
    parameters: Mapping[str, Any], secret: str | Secret[str], *, response: Response | None = None
) -> None:
    """
    Verify the ``sign`` of a response or a notification, decoded from XML.

    The algorithm is that of ``sign_type``, else the one whose signatures have
    this length.  All fields are signed, including unknown ones.  The digits are
    all in upper case, as the platform writes them, or all in lower case.

    Raises:
        SignatureError: The signature is missing or wrong.
    """
    error = _find_error(parameters, secret if isinstance(secret, Secret) else Secret(secret))
    del parameters, secret  # a traceback shows neither
    if error is not None:
        reason, text = error
        raise SignatureError(text, reason=reason, response=response)


def secret_of(signer: object) -> Secret[str] | None:
    """Return the APIv2 key of a signer, from its attribute ``secret``; None if it has none."""
    found: Any = getattr(signer, "secret", None)
    return Secret.of(found) if found else None


def _find_error(parameters: Mapping[str, Any], secret: Secret[str]) -> tuple[str, str] | None:
    """Return the reason and the text of the error; None if the signature is right."""
    given = parameters.get("sign")
    if not isinstance(given, str) or not given:
        return "missing", "the message has no sign"
    sign_type = parameters.get("sign_type") or _BY_LENGTH.get(len(given))
    if sign_type not in (MD5, HMAC_SHA256):  # a value of any type
        return "mismatch", f"a sign of {len(given)} characters belongs to neither MD5 nor HMAC-SHA256"
    nested = [name for name, value in parameters.items() if not isinstance(value, str)]
    if nested:
        return "mismatch", f"nested elements cannot be covered by a signature over parameters: {nested[0]!r}"
    try:
        # The right signature has no local name: it is as secret as the key.
        right = hmac.compare_digest(
            signature(sign_type, parameters, secret).encode(), given.upper().encode(errors="replace")
        ) and given in {given.upper(), given.lower()}  # mixed case is refused
    except CodecError:  # a lone surrogate, which the platform cannot have sent
        right = False
    if right:
        return None
    return "mismatch", (
        "the sign is not that of this message under the APIv2 key given (secret=): it was "
        "changed on its way, is forged, or the key was replaced"
    )


def _as_secret(given: str | Secret[str]) -> Secret[str]:
    return Secret.of(given)


@safe_repr
@guarded
@frozen(eq=False)
class ParamSigner(Signer):
    """
    Signs the parameters of a request.

    Requests of the client have parameters; those of any other request
    (``requests.post(url, data=xml, auth=ParamSigner('MD5', secret))``) are read
    from its XML body or its query.

    Args:
        sign_type: ``'MD5'`` or ``'HMAC-SHA256'``; a ``sign_type`` among the
            parameters takes precedence.
        secret: The APIv2 key.

    Raises:
        ConfigurationError: The algorithm is unknown, or the key is not text.
    """

    sign_type: str
    _secret: Secret[str] = field(alias="secret", repr=False, converter=_as_secret)

    def __attrs_post_init__(self) -> None:
        if self.sign_type not in {MD5, HMAC_SHA256}:
            msg = Words(
                f"sign_type: 'MD5' or 'HMAC-SHA256' was expected, not {_shown(self.sign_type)}",
                f"sign_type：应为 'MD5' 或 'HMAC-SHA256'，不是 {_shown(self.sign_type)}",
            )
            raise ConfigurationError(msg)
        if not isinstance(self._secret.reveal(), str) or not self._secret:
            msg = Words(
                "secret: the APIv2 key is a text of 32 characters, set under 账户中心 > API安全",
                "secret：APIv2 密钥是 32 个字符的文本，在 账户中心 > API安全 设置",
            )
            raise ConfigurationError(msg)

    @property
    def secret(self) -> str:
        """The APIv2 key."""
        return self._secret.reveal()

    def using(self, sign_type: str) -> ParamSigner:
        """Return a signer with the same key and another algorithm."""
        return self if sign_type == self.sign_type else evolve(self, sign_type=sign_type)

    def sign(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """
        Return the parameters with ``sign``, and with ``sign_type`` if it is not MD5.

        Raises:
            CodecError: The ``sign_type`` among the parameters is unknown.
        """
        signed = dict(parameters)
        signed.pop("sign", None)
        sign_type = signed.get("sign_type")
        if not sign_type:
            sign_type = self.sign_type
            if sign_type != MD5:
                signed["sign_type"] = sign_type
        elif sign_type not in {MD5, HMAC_SHA256}:
            msg = Words(
                f"sign_type: 'MD5' or 'HMAC-SHA256' was expected, not {_shown(sign_type)}",
                f"sign_type：应为 'MD5' 或 'HMAC-SHA256'，不是 {_shown(sign_type)}",
            )
            raise CodecError(msg)
        signed["sign"] = signature(sign_type, signed, self._secret)
        return signed

    @without_frames
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """
        Sign the request: rewrite its body, or its query if it has no body.

        Raises:
            CodecError: The body of a request of another client is not XML.
        """
        if isinstance(r, SignableRequest) and r.parameters is not None:
            signed = self.sign(r.parameters)
            codec = r.codec
        elif r.body:
            if not isinstance(r.body, str | bytes):
                msg = Words(
                    f"a body of XML is signed as text or bytes, not as {type(r.body).__name__}",
                    f"XML 正文按文本或 bytes 签名，不能是 {type(r.body).__name__}",
                )
                raise TypeError(msg)
            body = r.body.encode() if isinstance(r.body, str) else r.body
            signed = self.sign(_texts(XML.decode(body)))
            codec = XML
            r.headers.setdefault("Content-Type", XML.content_type)
        else:
            signed = self.sign(dict(parse_qsl(urlsplit(r.url or "").query)))
            codec = None
        if codec is None:
            r.url = urlunsplit(urlsplit(r.url or "")._replace(query=urlencode(signed)))
        else:
            r.body = codec.encode(signed)
            r.headers["Content-Length"] = str(len(r.body))
        return r


def _shown(value: object) -> str:
    return brief(value) if isinstance(value, str) else f"a {type(value).__name__}"


def _texts(parameters: Mapping[str, Any]) -> dict[str, str]:
    for name, value in parameters.items():
        if not isinstance(value, str):
            msg = Words(
                f"{name}: nested elements cannot be signed; write them as JSON text",
                f"{name}：嵌套的元素无法签名，请写成 JSON 文本",
            )
            raise CodecError(msg)
    return dict(parameters)


@safe_repr
@frozen(eq=False)
class NonceSigner(Signer):
    """Adds a new ``nonce_str`` to each attempt before another signer signs it."""

    signer: Signer
    nonce: Callable[[], str]

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Add a new nonce and sign."""
        if isinstance(r, SignableRequest) and r.parameters is not None:
            r.parameters = {**r.parameters, "nonce_str": self.nonce()}
        return self.signer(r)


_WORKWX_FIELDS = (
    # A red packet and a transfer; each has a field that the other lacks.
    (
        "mch_billno",
        ("act_name", "mch_billno", "mch_id", "nonce_str", "re_openid", "total_amount", "wxappid"),
    ),
    (
        "ww_msg_type",
        (
            "amount",
            "appid",
            "desc",
            "mch_id",
            "nonce_str",
            "openid",
            "partner_trade_no",
            "ww_msg_type",
        ),
    ),
)


@safe_repr
@guarded
@frozen(eq=False)
class WorkWXSigner(Signer):
    """
    Adds ``workwx_sign``, the second signature of WeCom (企业微信) payments.

    Pass it to the client as ``v2_signer``; other calls are signed without it.

    Args:
        signer: The ordinary signer, which signs ``workwx_sign`` as well.
        agent_secret: The secret of the WeCom payment application, not the APIv2 key.

    Official page: https://developer.work.weixin.qq.com/document/path/90276
    """

    signer: ParamSigner
    _agent_secret: Secret[str] = field(alias="agent_secret", repr=False, converter=_as_secret)

    @property
    def agent_secret(self) -> str:
        """The secret of the WeCom payment application."""
        return self._agent_secret.reveal()

    @property
    def sign_type(self) -> str:
        """The algorithm of the ordinary signer."""
        return self.signer.sign_type

    @property
    def secret(self) -> str:
        """The APIv2 key, which verifies responses."""
        return self.signer.secret

    def using(self, sign_type: str) -> WorkWXSigner:
        """Return a signer with the same keys and another algorithm for the ordinary signature."""
        return evolve(self, signer=self.signer.using(sign_type))

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Add the second signature to WeCom payments, then sign."""
        if isinstance(r, SignableRequest) and r.parameters is not None:
            r.parameters = self.sign(r.parameters)
        return self.signer(r)

    def sign(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """Return the parameters, with ``workwx_sign`` if they are those of a WeCom payment."""
        signed = dict(parameters)
        for mark, names in _WORKWX_FIELDS:
            if mark in signed and names[-1] in signed:
                pairs = [f"{name}={signed[name]}" for name in names if signed.get(name)]
                signed["workwx_sign"] = _workwx_sign("&".join(pairs), self._agent_secret)
        return signed


def _workwx_sign(text: str, secret: Secret[str]) -> str:
    covered = f"{text}&secret=".encode()
    return hashlib.md5(covered + secret.reveal().encode(), usedforsecurity=False).hexdigest().upper()
