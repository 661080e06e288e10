"""
The pages of WeChat that a front end opens: to confirm a transfer, to use 微信支付分.

Official pages: https://pay.weixin.qq.com/doc/v3/partner/4016960577 (transfer, JSAPI and mini program),
https://pay.weixin.qq.com/doc/v3/partner/4015468960 (transfer, app),
https://pay.weixin.qq.com/docs/merchant/apis/weixin-pay-score/jsapi-confirm.html (pay score, JSAPI),
https://pay.weixin.qq.com/doc/v3/partner/4012155286 (pay score, mini program)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from attrs import frozen

from chainable.masking import safe_repr

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BusinessView", "TransferView"]


@safe_repr
@frozen
class BusinessView:
    """
    A page of WeChat, opened by ``openBusinessView``.

    Attributes:
        business_type: ``wxpayScoreUse``, ``wxpayScoreEnable``, ``wxpayScoreDetail`` or ``requestMerchantTransfer``.
        parameters: What the page gets, by the platform's names.
    """

    business_type: str
    parameters: Mapping[str, str]

    def jsapi(self) -> dict[str, Any]:
        """Return the parameters of ``wx.invoke('openBusinessView', …)`` in a page of an official account."""
        return {"businessType": self.business_type, "queryString": self._query()}

    def mini_program(self) -> dict[str, Any]:
        """Return the parameters of ``wx.openBusinessView(…)`` in a mini program."""
        return {"businessType": self.business_type, "extraData": dict(self.parameters)}

    def app(self) -> dict[str, Any]:
        """Return the members of ``WXOpenBusinessView.Req`` of the app SDK."""
        return {"businessType": self.business_type, "query": self._query()}

    def _query(self) -> str:
        return urlencode(self.parameters, quote_via=quote, safe="")


@safe_repr
@frozen
class TransferView(BusinessView):
    """A page on which a user confirms a transfer; web pages and mini programs open it by a function of its own."""

    def jsapi(self) -> dict[str, Any]:
        """Return the parameters of ``WeixinJSBridge.invoke('requestMerchantTransfer', …)``."""
        return dict(self.parameters)

    def mini_program(self) -> dict[str, Any]:
        """Return the parameters of ``wx.requestMerchantTransfer(…)``."""
        return dict(self.parameters)
