"""
The URL that the platform notifies of violations of sub-merchants (商户违规通知).

Official page: https://pay.weixin.qq.com/doc/v3/partner/4012467549
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["routes"]

routes = Routes()

KIND = "violation notification"
PATH = "v3/merchant-risk-manage/violation-notifications"


def known(context: SandboxContext) -> dict[str, Any]:
    """Return what is set; nothing set is refused."""
    found = context.store.get(KIND, "url")
    if found is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", "未设置商户违规通知回调地址")
    return found


@routes.on(f"POST {PATH}")
def create(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Set the URL, once."""
    if context.store.get(KIND, "url") is not None:
        raise Refusal(400, "RESOURCE_ALREADY_EXISTS", "商户违规通知回调地址已存在")
    return written(context, call)


@routes.on(f"PUT {PATH}")
def change(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Set another URL."""
    known(context)
    return written(context, call)


def written(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Keep the URL of a request."""
    context.store.put(KIND, "url", {"notify_url": call.body["notify_url"]})
    return context.respond(call, known(context))


@routes.on(f"GET {PATH}")
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the URL."""
    return context.respond(call, known(context))


@routes.on(f"DELETE {PATH}")
def delete(context: SandboxContext, _call: ReceivedCall) -> None:
    """Set none."""
    known(context)
    context.store.delete(KIND, "url")
