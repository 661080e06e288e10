"""
The parameters with which a front end starts the payment of an order.

Official pages: https://pay.weixin.qq.com/doc/v3/merchant/4012791857 (JSAPI),
https://pay.weixin.qq.com/doc/v3/merchant/4012791898 (mini program),
https://pay.weixin.qq.com/doc/v3/merchant/4013070351 (app),
https://pay.weixin.qq.com/doc/v3/merchant/4012791835 (H5)
"""

from __future__ import annotations

from binascii import b2a_base64
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from attrs import field, frozen

from chainable.errors import CodecError, ConfigurationError
from chainable.masking import safe_repr
from chainable.times import BEIJING
from wechatpay.crypto import rsa

if TYPE_CHECKING:
    from collections.abc import Callable

    from wechatpay.settings import Settings

__all__ = ["H5", "Invoke", "InvokeV2", "Native"]

H5_LIFE = timedelta(minutes=5)
NATIVE_LIFE = timedelta(hours=2)


@safe_repr
@frozen
class H5:
    """
    A payment page for a mobile browser outside WeChat.

    Attributes:
        url: Redirect the user to it, from the domain registered in the console.
        expires: The time until which the page opens, with a time zone.
    """

    url: str
    expires: datetime
    _clock: Callable[[], float] = field(repr=False, eq=False)

    @property
    def expired(self) -> bool:
        """Whether the time is over: place the order again with the same number."""
        return self._clock() >= self.expires.timestamp()


@safe_repr
@frozen
class Native:
    """
    A payment by scanning a QR code.

    Attributes:
        code_url: The content of the code: ``weixin://wxpay/bizpayurl?pr=…``.
        expires: The time until which the code works, with a time zone.
    """

    code_url: str
    expires: datetime
    _clock: Callable[[], float] = field(repr=False, eq=False)

    @property
    def expired(self) -> bool:
        """Whether the time is over: place the order again with the same number."""
        return self._clock() >= self.expires.timestamp()

    def svg(self, *, scale: int = 5) -> str:
        """
        Draw the code as an SVG element to put into a page.

        Args:
            scale: Pixels of one module.

        Raises:
            ConfigurationError: The package ``segno`` is not installed.
        """
        return str(_qr(self.code_url).svg_inline(scale=scale, border=4))

    def terminal(self) -> str:
        """
        Draw the code in lines of text, for a terminal with dark or light ground.

        Raises:
            ConfigurationError: The package ``segno`` is not installed.
        """
        from io import StringIO

        out = StringIO()
        _qr(self.code_url).terminal(out, border=4, compact=True)
        return out.getvalue()


class Invoke:
    """
    Signs the parameters that start a payment; ``client.invoke``.

    All values are text. Pass each dictionary to the front end unchanged. A ``prepay_id`` is valid for two hours.

    Args:
        settings: Those of the client.

    Raises:
        CodecError: By each method: an argument is not one line of text, or not such a URL.
        ConfigurationError: By each method that signs: the client has no private key (in ``v2``, no APIv2 key).
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.v2 = InvokeV2(settings)

    def jsapi(self, *, appid: str, prepay_id: str) -> dict[str, str]:
        """
        Return the parameters of ``WeixinJSBridge.invoke('getBrandWCPayRequest', …)``.

        Args:
            appid: The appid of the official account in the order; in partner
                mode ``sub_appid``, if the user's openid belongs to that.
            prepay_id: The order's.
        """
        parameters = _page_parameters(self._settings, appid, prepay_id, "RSA")
        return {**parameters, "paySign": self._sign(parameters, "appId", "timeStamp", "nonceStr", "package")}

    def mini_program(self, *, appid: str, prepay_id: str) -> dict[str, str]:
        """
        Return the parameters of ``wx.requestPayment(…)``.

        Args:
            appid: The appid of the mini program; signed, but not returned.
            prepay_id: The order's.
        """
        parameters = self.jsapi(appid=appid, prepay_id=prepay_id)
        del parameters["appId"]
        return parameters

    def app(self, *, appid: str, prepay_id: str, partnerid: str | None = None) -> dict[str, str]:
        """
        Return the parameters of the app SDK's ``PayReq``.

        Args:
            appid: The app's appid on the open platform; in partner mode
                ``sub_appid``, if the app belongs to that.
            prepay_id: The order's.
            partnerid: The merchant number of the order; by default the client's.
        """
        parameters = _app_parameters(self._settings, appid, prepay_id, partnerid)
        return {**parameters, "sign": self._sign(parameters, "appid", "timestamp", "noncestr", "prepayid")}

    def h5(self, h5_url: str, *, redirect_url: str | None = None) -> H5:
        """
        Return the page of an H5 order.

        Args:
            h5_url: The ``h5_url`` of the response, an https URL.
            redirect_url: The URL that the user returns to; it is percent-encoded here.
        """
        if not isinstance(h5_url, str) or not h5_url.startswith("https://"):
            msg = "h5_url: the URL in the order's response was expected, which begins with https://"
            raise CodecError(msg)
        url = h5_url
        if redirect_url is not None:
            join = "&" if "?" in url else "?"
            url = f"{url}{join}redirect_url={quote(_line('redirect_url', redirect_url), safe='')}"
        return H5(url, self._in(H5_LIFE), self._settings.clock)

    def native(self, code_url: str) -> Native:
        """
        Return the QR code of a Native order.

        Args:
            code_url: The ``code_url`` of the response, a ``weixin://`` URL.
        """
        if not isinstance(code_url, str) or not code_url.startswith("weixin://"):
            msg = "code_url: the URL in the order's response was expected, which begins with weixin://"
            raise CodecError(msg)
        return Native(code_url, self._in(NATIVE_LIFE), self._settings.clock)

    def _in(self, life: timedelta) -> datetime:
        return datetime.fromtimestamp(int(self._settings.clock()), BEIJING) + life

    def _sign(self, parameters: dict[str, str], *names: str) -> str:
        """Sign the parameters of these names, each with a line feed."""
        key: Any = self._settings.key
        if key is None:
            key = getattr(self._settings.signer, "key", None)
        if key is None:
            msg = "the front end's parameters are signed with the merchant's key: give private_key= to the client"
            raise ConfigurationError(msg)
        message = "".join(f"{parameters[name]}\n" for name in names)
        return b2a_base64(rsa.sign(key, message.encode()), newline=False).decode()


class InvokeV2:
    """
    Signs the parameters of orders of APIv2; ``client.invoke.v2``.

    The ``sign_type`` is that of the order, ``MD5`` or ``HMAC-SHA256``; another one is a ConfigurationError.

    Args:
        settings: Those of the client.

    Official page: https://pay.weixin.qq.com/doc/v2/merchant/4011937151
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def jsapi(self, *, appid: str, prepay_id: str, sign_type: str = "MD5") -> dict[str, str]:
        """Return the parameters of ``WeixinJSBridge.invoke('getBrandWCPayRequest', …)``; see :meth:`Invoke.jsapi`."""
        parameters = _page_parameters(self._settings, appid, prepay_id, sign_type)
        return {**parameters, "paySign": self._sign(parameters, sign_type)}

    def mini_program(self, *, appid: str, prepay_id: str, sign_type: str = "MD5") -> dict[str, str]:
        """Return the parameters of ``wx.requestPayment(…)``; see :meth:`Invoke.mini_program`."""
        parameters = self.jsapi(appid=appid, prepay_id=prepay_id, sign_type=sign_type)
        del parameters["appId"]
        return parameters

    def app(
        self, *, appid: str, prepay_id: str, partnerid: str | None = None, sign_type: str = "MD5"
    ) -> dict[str, str]:
        """Return the parameters of the app SDK's ``PayReq``; see :meth:`Invoke.app`."""
        parameters = _app_parameters(self._settings, appid, prepay_id, partnerid)
        return {**parameters, "sign": self._sign(parameters, sign_type)}

    def _sign(self, parameters: dict[str, str], sign_type: str) -> str:
        from wechatpay.apiv2.signing import ParamSigner, secret_of, signature

        secret = self._settings.secret or secret_of(self._settings.v2_signer)
        if secret is None:
            msg = "orders of APIv2 are signed with its key: give secret= to the client"
            raise ConfigurationError(msg)
        signer = ParamSigner(sign_type, secret)  # refuses an unknown algorithm
        return signature(signer.sign_type, parameters, secret)


def _page_parameters(settings: Settings, appid: str, prepay_id: str, sign_type: str) -> dict[str, str]:
    return {
        "appId": _line("appid", appid),
        "timeStamp": str(int(settings.clock())),
        "nonceStr": settings.nonce(),
        "package": f"prepay_id={_bare(prepay_id)}",
        "signType": sign_type,
    }


def _app_parameters(settings: Settings, appid: str, prepay_id: str, partnerid: str | None) -> dict[str, str]:
    return {
        "appid": _line("appid", appid),
        "partnerid": settings.mchid if partnerid is None else _line("partnerid", partnerid),
        "prepayid": _bare(prepay_id),
        "package": "Sign=WXPay",
        "noncestr": settings.nonce(),
        "timestamp": str(int(settings.clock())),
    }


def _bare(prepay_id: str) -> str:
    if isinstance(prepay_id, str) and prepay_id.startswith("prepay_id="):
        msg = "prepay_id: the bare id in the order's response was expected, without 'prepay_id='"
        raise CodecError(msg)
    return _line("prepay_id", prepay_id)


def _line(name: str, value: str) -> str:
    """Refuse a value that is not one line of text."""
    if not isinstance(value, str) or not value or not value.isprintable() or value != value.strip():
        msg = f"{name}: one line of text without white space around it was expected"
        raise CodecError(msg)
    return value


def _qr(content: str) -> Any:
    try:
        import segno
    except ModuleNotFoundError:
        msg = "QR codes are drawn by the package segno, which is not installed: install the extra 'qr': pip install 'wechatpay-taobao-top[qr]'"
        raise ConfigurationError(msg) from None
    return segno.make(content, error="m", micro=False)
