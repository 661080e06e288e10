"""
The keys of the platform's own two sandboxes of APIv2.

Official page: https://pay.weixin.qq.com/doc/v2/merchant/4011987549
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from chainable.errors import CodecError
from chainable.i18n import Words
from chainable.masking import Secret
from wechatpay import catalogue
from wechatpay.apiv2.protocol import APIv2
from wechatpay.request import RequestSpec, resolver_of

if TYPE_CHECKING:
    from chainable.call import Call
    from chainable.response import Response
    from wechatpay.settings import Settings

__all__ = ["sandbox_key"]

_SANDBOX = "v2/xdc/apiv2getsignkey/sign/getsignkey"
_OLD_SANDBOX = "v2/sandboxnew/pay/getsignkey"


class _Client(Protocol):
    """A :class:`wechatpay.WeChatPay`."""

    @property
    def settings(self) -> Settings: ...

    def run(self, call: Call, /) -> Response[Any]: ...


def sandbox_key(client: _Client, *, old: bool = False) -> str:
    """
    Exchange the merchant's APIv2 key for that of the platform's own sandbox.

    Make a second client with it, ``WeChatPay(mchid=…, secret=sandbox_key(client))``,
    and call ``client.v2.xdc.apiv2sandbox.…``; the sandboxes accept MD5 only, and
    have fixed amounts for each case.

    Args:
        client: A :class:`wechatpay.WeChatPay` with the real key.
        old: Use the older sandbox; its calls go to
            ``base_url='https://api.mch.weixin.qq.com/sandboxnew/'``.

    Raises:
        APIError: The platform refused to send the key.
        CodecError: The response has no key.
    """
    path = _OLD_SANDBOX if old else _SANDBOX
    operation = catalogue.Operation(
        key=f"POST {path}",
        method="POST",
        path=path,
        body="xml",
        answer="xml",
        unsigned_answer=True,
        sign_types=("MD5",),
        merchant_number_field="mch_id",
    )
    spec = RequestSpec(client.settings, resolver_of(path), "POST", (), {"xml": {}}, operation)
    response = client.run(APIv2(client.settings, client.run).prepare(spec))
    key: Secret[Any] = Secret(response.data.get("sandbox_signkey"))
    if not isinstance(key.reveal(), str) or not key:
        msg = Words("the response has no sandbox_signkey", "应答中没有 sandbox_signkey")
        raise CodecError(msg)
    return str(key.reveal())
