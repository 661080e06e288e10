"""Transfers without confirmation: asked for, allowed by the user, closed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import digits, letters
from wechatpay.sandbox.flows.described import choices
from wechatpay.sandbox.flows.objects import Objects, chosen, refusing
from wechatpay.sandbox.flows.states import AUTHORIZATION
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["AUTHORIZATIONS", "ask", "close", "confirm", "routes"]

routes = Routes()

AUTHORIZATIONS = Objects(
    Words("transfer authorization", "免确认收款授权"),
    "out_authorization_no",
    "authorization_id",
    inside="authorization",
    states=AUTHORIZATION,
    missing="NOT_FOUND",
    hidden=("transfer_scene_id", "user_recv_perception", "create_time"),
)
BASE = "v3/fund-app/mch-transfer/user-confirm-authorization"
ONE = f"{BASE}/out-authorization-no/{{out_authorization_no}}"
CLOSE_REASONS = partial(choices, f"GET {ONE}", "close_info", "close_reason")
WAITING = "WAIT_USER_CONFIRM"
IN_FORCE = "TAKING_EFFECT"


def ask(context: SandboxContext, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new authorization for the user to confirm, or the one there is."""
    number = str(sent["out_authorization_no"])
    entry = AUTHORIZATIONS.repeated(context, number, sent)
    if entry is None:
        names = ("appid", "openid", "user_display_name", "transfer_scene_id", "user_recv_perception")
        authorization = {
            **chosen(sent, *names),
            "out_authorization_no": number,
            "authorization_id": digits(26, "authorization", context.account.mchid, number),
            "state": WAITING,
            "create_time": context.stamp(),
            "authorize_time": None,
            "close_info": None,
        }
        notify_url = sent.get("authorization_notify_url")
        entry = {"sent": dict(sent), "notify_url": notify_url, "authorization": authorization}
        AUTHORIZATIONS.save(context, entry)
    return entry


@routes.action("confirm_authorization", "用户同意免确认收款授权；商户收到通知。")
def confirm(context: SandboxContext, number: str) -> dict[str, Any]:
    """Allow transfers without confirmation as the user; the merchant is notified."""
    return AUTHORIZATIONS.tell(context, number, "confirm", authorize_time=context.stamp())


@routes.action("close_authorization", "解除免确认收款授权；商户收到通知。", reason=CLOSE_REASONS)
def close(context: SandboxContext, number: str, reason: str = "USER_CLOSE") -> dict[str, Any]:
    """Take an authorization back; the merchant is notified."""
    info = {"close_time": context.stamp(), "close_reason": reason}
    return AUTHORIZATIONS.tell(context, number, "close", close_info=info)


def in_force(context: SandboxContext, number: Any) -> dict[str, Any]:
    """Return an authorization that is in force; LookupError if it is unknown, ValueError in another state."""
    authorization = AUTHORIZATIONS.of(AUTHORIZATIONS.entry(context, str(number)))
    AUTHORIZATIONS.in_state(authorization, IN_FORCE)
    return authorization


def allowed(context: SandboxContext, number: Any, openid: Any) -> dict[str, Any]:
    """Return the authorization of a transfer; one that is not in force, or of another user, is refused."""
    with refusing():
        authorization = in_force(context, number)
    if openid and authorization.get("openid", openid) != openid:
        raise Refusal(400, "INVALID_REQUEST", f"授权单 {number} 的用户与 {openid} 不一致")
    return authorization


@routes.on(f"POST {BASE}")
def apply(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Ask the user."""
    authorization = ask(context, call.body)["authorization"]
    number = authorization["out_authorization_no"]
    context.schedule("confirm_authorization", number, when="confirm")
    return context.respond(call, {**authorization, "package_info": letters(64, "authorization", number)})


def found(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the authorization of a call."""
    return AUTHORIZATIONS.of(AUTHORIZATIONS.find(context, call.variables["out_authorization_no"]))


@routes.on(f"GET {ONE}")
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return an authorization as it stands."""
    authorization = found(context, call)
    waiting = authorization["state"] == WAITING
    number = authorization["out_authorization_no"]
    return context.respond(
        call,
        {
            **authorization,
            "authorization_id": None if waiting else authorization["authorization_id"],
            "package_info": letters(64, "authorization", number) if waiting else None,
        },
    )


@routes.on(f"POST {ONE}/close")
def end(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Take an authorization back."""
    with refusing("NOT_FOUND"):
        closed = close(context, call.variables["out_authorization_no"], "CLOSE_VIA_MCH_API")
    return context.respond(call, closed)
