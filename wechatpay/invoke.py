"""
The parameters with which a front end starts the payment of an order, or opens another page of WeChat.

Official pages: https://pay.weixin.qq.com/doc/v3/merchant/4012791857 (JSAPI),
https://pay.weixin.qq.com/doc/v3/merchant/4012791898 (mini program),
https://pay.weixin.qq.com/doc/v3/merchant/4013070351 (app),
https://pay.weixin.qq.com/doc/v3/merchant/4012791835 (H5)
"""

from __future__ import annotations

from binascii import b2a_base64
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from attrs import field, frozen

from chainable.errors import CodecError, ConfigurationError
from chainable.i18n import Words
from chainable.masking import safe_repr
from chainable.times import BEIJING
from wechatpay.business_views import BusinessView, TransferView
from wechatpay.crypto import rsa

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wechatpay.settings import Settings

__all__ = ["H5", "BusinessView", "Invoke", "InvokeV2", "Native", "TransferView"]

H5_LIFE = timedelta(minutes=5)
NATIVE_LIFE = timedelta(hours=2)
_HMAC = "HMAC-SHA256"
_COUPON_PAGE = "https://action.weixin.qq.com/busifavor/getcouponinfo"
_COUPON_FIELDS = ("stock_id", "out_request_no", "coupon_code", "create_coupon_merchant", "customize_send_time")


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
        """Whether the time is over, so that the order has to be placed again with the same number."""
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
        """Whether the time is over, so that the order has to be placed again with the same number."""
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
            msg = Words(
                "h5_url: the URL in the order's response was expected, which begins with https://",
                "h5_url：应为下单应答中以 https:// 开头的地址",
            )
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
            msg = Words(
                "code_url: the URL in the order's response was expected, which begins with weixin://",
                "code_url：应为下单应答中以 weixin:// 开头的地址",
            )
            raise CodecError(msg)
        return Native(code_url, self._in(NATIVE_LIFE), self._settings.clock)

    def merchant_transfer(
        self, *, appid: str, package_info: str, sub_mchid: str | None = None, sub_appid: str | None = None
    ) -> TransferView:
        """
        Return the page on which the user confirms a transfer (商家转账), or that later ones need no confirmation.

        Nothing of it is signed. ``jsapi()``, ``mini_program()`` and ``app()`` of the result are what each front end needs.

        Args:
            appid: The appid of the transfer.
            package_info: That of the response, which has it while the state is ``WAIT_USER_CONFIRM``.
            sub_mchid: The sub-merchant of the transfer, in partner mode.
            sub_appid: The ``sub_appid`` of the transfer, if it has one.

        Official page: https://pay.weixin.qq.com/doc/v3/partner/4016960577
        """
        parameters = {"mchId": self._settings.mchid, "appId": _line("appid", appid)}
        for name, option, value in (("subMchId", "sub_mchid", sub_mchid), ("subAppId", "sub_appid", sub_appid)):
            if value is not None:
                parameters[name] = _line(option, value)
        parameters["package"] = _line("package_info", package_info)
        return TransferView("requestMerchantTransfer", parameters)

    def payscore_enable(self, *, apply_permissions_token: str) -> BusinessView:
        """
        Return the page on which the user authorizes a service of 微信支付分.

        Args:
            apply_permissions_token: That of the response, valid for an hour. Nothing is signed.

        Official page: https://pay.weixin.qq.com/docs/merchant/apis/weixin-pay-score/jsapi-auth.html
        """
        token = _line("apply_permissions_token", apply_permissions_token)
        return BusinessView("wxpayScoreEnable", {"apply_permissions_token": token})

    def payscore_use(self, *, package: str, signed: bool = False) -> BusinessView:
        """
        Return the page on which the user confirms an order of 微信支付分.

        Args:
            package: That of the response to the order.
            signed: Sign it with the APIv2 key, by HMAC-SHA256. Today's pages ask for this of institutions
                (机构模式) only; they asked it of all merchants before.

        Official pages: https://pay.weixin.qq.com/docs/merchant/apis/weixin-pay-score/jsapi-confirm.html,
        https://pay.weixin.qq.com/doc/global/v3/zh/4014096508 (signed)
        """
        parameters = {"package": _line("package", package)}
        return BusinessView("wxpayScoreUse", self._payscore(parameters) if signed else parameters)

    def payscore_detail(self, *, service_id: str, out_order_no: str) -> BusinessView:
        """
        Return the page that shows the user an order of 微信支付分; signed with the APIv2 key, by HMAC-SHA256.

        Args:
            service_id: The service of the order.
            out_order_no: Your number of it.

        Official page: https://pay.weixin.qq.com/docs/merchant/apis/weixin-pay-score/jsapi-order.html
        """
        parameters = {
            "service_id": _line("service_id", service_id),
            "out_order_no": _line("out_order_no", out_order_no),
        }
        return BusinessView("wxpayScoreDetail", self._payscore(parameters))

    def papay_mini_program(
        self,
        *,
        pre_entrustweb_id: str,
        redirect_appid: str = "wxbd687630cd02ce1d",
        redirect_path: str = "pages/index/index",
    ) -> dict[str, Any]:
        """
        Return the parameters of ``wx.navigateToMiniProgram(…)``, which opens the signing of a contract (委托代扣).

        Nothing of it is signed. All three come from the response to the pre-signing (预签约).

        Args:
            pre_entrustweb_id: The id of the session.
            redirect_appid: The appid of the mini program.
            redirect_path: The path in it.

        Official page: https://pay.weixin.qq.com/docs/merchant/apis/entrusted-payment/redirect-mini-program.html
        """
        return {
            "appId": _line("redirect_appid", redirect_appid),
            "path": _line("redirect_path", redirect_path),
            "extraData": {"pre_entrustweb_id": _line("pre_entrustweb_id", pre_entrustweb_id)},
        }

    def send_coupons(self, coupons: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """
        Return the attributes of ``<send-coupon>``, the plugin with which mini programs hand out coupons (小程序发券插件).

        They are signed with the APIv2 key of this merchant, by HMAC-SHA256.

        Args:
            coupons: For each coupon ``stock_id`` and ``out_request_no``, and ``coupon_code``,
                ``create_coupon_merchant`` or ``customize_send_time`` where the stock needs it.

        Raises:
            CodecError: There is no coupon, one lacks a member, or has an unknown one.

        Official page: https://pay.weixin.qq.com/docs/partner/products/offer-coupons-by-mini-program/apilist.html
        """
        if not coupons:
            raise CodecError(Words("coupons: at least one coupon was expected", "coupons：至少要有一张券"))
        merchant = self._settings.mchid
        given = [_coupon(each, f"coupons[{at}]") for at, each in enumerate(coupons)]
        numbered = {f"{name}{at}": value for at, each in enumerate(given) for name, value in each.items()}
        sign = _sign_v2(self._settings, {**numbered, "send_coupon_merchant": merchant}, _HMAC)
        return {"send_coupon_params": given, "sign": sign, "send_coupon_merchant": merchant}

    def coupon_url(self, *, stock_id: str, out_request_no: str, openid: str, coupon_code: str | None = None) -> str:
        """
        Return the page on which a user takes a merchant coupon (商家券 H5 发券): redirect to it inside WeChat.

        It is signed with the APIv2 key of this merchant, by HMAC-SHA256.

        Args:
            stock_id: The stock of the coupon.
            out_request_no: Your number of the request, unique.
            openid: The user, by an appid that is bound to this merchant or to the owner of the stock.
            coupon_code: The code, if the stock takes them from you.

        Official page: https://pay.weixin.qq.com/docs/merchant/apis/offer-coupons-by-h5/h5-coupon.html
        """
        parameters = {
            "stock_id": _line("stock_id", stock_id),
            "out_request_no": _line("out_request_no", out_request_no),
            "send_coupon_merchant": self._settings.mchid,
            "open_id": _line("openid", openid),
        }
        if coupon_code is not None:
            parameters["coupon_code"] = _line("coupon_code", coupon_code)
        parameters["sign"] = _sign_v2(self._settings, parameters, _HMAC)
        return f"{_COUPON_PAGE}?{urlencode(parameters)}#wechat_pay&wechat_redirect"

    def _payscore(self, parameters: dict[str, str]) -> dict[str, str]:
        """Add what signed pages of 微信支付分 have: merchant, time, nonce and signature."""
        whole = {
            "mch_id": self._settings.mchid,
            **parameters,
            "timestamp": str(int(self._settings.clock())),
            "nonce_str": self._settings.nonce(),
            "sign_type": _HMAC,
        }
        return {**whole, "sign": _sign_v2(self._settings, whole, _HMAC)}

    def _in(self, life: timedelta) -> datetime:
        return datetime.fromtimestamp(int(self._settings.clock()), BEIJING) + life

    def _sign(self, parameters: dict[str, str], *names: str) -> str:
        """Sign the parameters of these names, each with a line feed."""
        key: Any = self._settings.key
        if key is None:
            key = getattr(self._settings.signer, "key", None)
        if key is None:
            msg = Words(
                "the front end's parameters are signed with the merchant's key: give private_key= to the client",
                "前端参数用商户私钥签名：请给客户端配置 private_key",
            )
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
        return {**parameters, "paySign": _sign_v2(self._settings, parameters, sign_type)}

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
        return {**parameters, "sign": _sign_v2(self._settings, parameters, sign_type)}


def _sign_v2(settings: Settings, parameters: Mapping[str, str], sign_type: str) -> str:
    """Sign parameters with the APIv2 key."""
    from wechatpay.apiv2.signing import ParamSigner, secret_of, signature

    secret = settings.secret or secret_of(settings.v2_signer)
    if secret is None:
        msg = Words(
            "these parameters are signed with the APIv2 key: give secret= to the client",
            "这些参数用 APIv2 密钥签名：请给客户端配置 secret",
        )
        raise ConfigurationError(msg)
    signer = ParamSigner(sign_type, secret)  # refuses an unknown algorithm
    return signature(signer.sign_type, parameters, secret)


def _coupon(coupon: Mapping[str, str], where: str) -> dict[str, str]:
    """Return the members of a coupon, checked."""
    given = {name: _line(f"{where}.{name}", value) for name, value in coupon.items() if value is not None}
    unknown = sorted(given.keys() - set(_COUPON_FIELDS))
    missing = [name for name in _COUPON_FIELDS[:2] if name not in given]
    if unknown or missing:
        problem = (
            Words(f"{unknown[0]} is unknown", f"没有字段 {unknown[0]}")
            if unknown
            else Words(f"{missing[0]} is missing", f"缺少 {missing[0]}")
        )
        msg = Words(
            f"{where}: {problem}; a coupon has {', '.join(_COUPON_FIELDS)}, the first two always",
            f"{where}：{problem.zh}；券有 {'、'.join(_COUPON_FIELDS)}，前两个必填",
        )
        raise CodecError(msg)
    return given


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
        msg = Words(
            "prepay_id: the bare id in the order's response was expected, without 'prepay_id='",
            "prepay_id：应为下单应答中的 id 本身，不带 'prepay_id='",
        )
        raise CodecError(msg)
    return _line("prepay_id", prepay_id)


def _line(name: str, value: str) -> str:
    """Refuse a value that is not one line of text."""
    if not isinstance(value, str) or not value or not value.isprintable() or value != value.strip():
        msg = Words(
            f"{name}: one line of text without white space around it was expected",
            f"{name}：应为一行文本，首尾不能有空白",
        )
        raise CodecError(msg)
    return value


def _qr(content: str) -> Any:
    try:
        import segno
    except ModuleNotFoundError:
        msg = Words(
            "QR codes are drawn by the package segno, which is not installed: install the extra 'qr': pip install 'wechatpay-taobao-top[qr]'",
            "生成二维码需要 segno 包，尚未安装：请安装可选依赖 qr：pip install 'wechatpay-taobao-top[qr]'",
        )
        raise ConfigurationError(msg) from None
    return segno.make(content, error="m", micro=False)
