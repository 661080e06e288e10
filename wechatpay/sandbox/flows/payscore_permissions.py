"""Permissions of Pay Score: users let a service charge them without a confirmation for each order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import letters
from wechatpay.sandbox.flows import orders
from wechatpay.sandbox.flows.objects import Objects, chosen, refusing
from wechatpay.sandbox.flows.states_payscore import PERMISSION
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["close", "ended", "open_", "routes"]

routes = Routes()

PERMISSIONS = Objects(
    Words("Pay Score permission", "支付分授权"),
    "authorization_code",
    state="authorization_state",
    states=PERMISSION,
)
OF_USER = "Pay Score permission of user"
DIRECT, PARTNER, BANK = (f"v3/payscore/{whose}permissions" for whose in ("", "partner/", "acquiringbank/"))
BY_CODE = "authorization-code/{authorization_code}"
BY_USER = "v3/payscore/users/{openid}/permissions/{service_id}/terminate"
STATUS = {"open": "USER_OPEN_SERVICE", "close": "USER_CLOSE_SERVICE", "terminate": "USER_CLOSE_SERVICE"}


@routes.on(f"POST {DIRECT}", f"POST {PARTNER}", f"POST {PARTNER}/apply-for-scene", f"POST {BANK}")
def apply(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Apply for a permission; the user gives it behind the token. A code is used by one user of one service."""
    sent = dict(call.body)
    code = str(sent["authorization_code"])
    if PERMISSIONS.repeated(context, code, sent) is None:
        known = chosen(sent, "service_id", "appid", "sub_appid", "sub_mchid", "channel_id", "notify_url")
        permission = {
            **known,
            "mchid": context.account.mchid,
            "authorization_code": code,
            "authorization_state": "UNBINDUSER",
            "sent": sent,
        }
        PERMISSIONS.save(context, permission)
    context.schedule("open_service", code, when="sign")
    token = letters(32, "permission", code)
    return context.respond(
        call, {"apply_permissions_token": token, "transaction_permissions_token": token, "scene": sent.get("scene")}
    )


@routes.action("open_service", "用户同意支付分授权；商户收到通知。")
def open_(context: SandboxContext, number: str, openid: str = "") -> dict[str, Any]:
    """Give the permission of Pay Score as the user with this openid; the merchant is notified."""
    with context.change():
        permission = PERMISSIONS.entry(context, number)
        user = openid or orders.openid({}, number)
        changed = move(context, permission, "open", openid=user, authorization_success_time=context.stamp())
        context.store.put(OF_USER, of_user(permission["service_id"], user), {"code": number})
        return changed


@routes.action("close_service", "用户解除支付分授权；商户收到通知。")
def close(context: SandboxContext, number: str) -> dict[str, Any]:
    """Take the permission of Pay Score back as its user; the merchant is notified."""
    with context.change():
        return end(context, PERMISSIONS.entry(context, number), "close")


def end(context: SandboxContext, permission: dict[str, Any], change: str) -> dict[str, Any]:
    """End a permission, and notify the merchant."""
    return move(context, permission, change, cancel_authorization_time=context.stamp())


def move(context: SandboxContext, permission: dict[str, Any], change: str, **members: str) -> dict[str, Any]:
    """Carry out a change of a permission, store it, notify the merchant, and return it."""
    PERMISSIONS.move(permission, change, **members)
    PERMISSIONS.save(context, permission)
    names = ("appid", "mchid", "sub_appid", "sub_mchid", "channel_id", "service_id", "openid", "authorization_code")
    content = {
        **chosen(permission, *names),
        "user_service_status": STATUS[change],
        "openorclose_time": f"{context.now():%Y%m%d%H%M%S}",
    }
    context.notify(permission.get("notify_url"), PERMISSION.transitions[change].notifies, content)
    return permission


def of_user(service: Any, openid: Any) -> str:
    """Return the name of a user's permission of a service."""
    return f"{service} {openid}"


def given(context: SandboxContext, sent: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the last permission that a user gave a service; None if there was none."""
    user = of_user(sent.get("service_id"), sent.get("openid") or sent.get("sub_openid"))
    known = context.store.get(OF_USER, user)
    return PERMISSIONS.get(context, known["code"]) if known else None


def ended(context: SandboxContext, sent: Mapping[str, Any]) -> bool:
    """Return whether a user took back, or a merchant ended, the permission of a service."""
    permission = given(context, sent)
    return permission is not None and permission["authorization_state"] == "UNAVAILABLE"


def named(context: SandboxContext, call: ReceivedCall) -> dict[str, Any] | None:
    """Return the permission that a request names by its code, or by its user; None: the user never gave one."""
    asking = {**call.query, **call.body, **call.variables}
    code = asking.get("authorization_code")
    found = PERMISSIONS.find(context, code) if code else given(context, asking)
    names = ("service_id", "sub_mchid")
    if found and any(asking.get(name, found.get(name)) != found.get(name) for name in names):
        raise Refusal(404, PERMISSIONS.missing, "授权协议不存在")
    return found


@routes.on(
    f"GET {DIRECT}/{BY_CODE}",
    f"GET {PARTNER}/{BY_CODE}",
    f"GET {BANK}/{BY_CODE}",
    f"GET {DIRECT}/openid/{{openid}}",
    f"GET {PARTNER}/search",
    f"POST {DIRECT}/assess-user-risk-level",
    f"POST {PARTNER}/assess-user-risk-level",
    "GET v3/payscore/user-service-state",
)
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return a permission as it stands; ``UNAVAILABLE`` for a user who never gave one."""
    asking = {**call.query, **call.body, **call.variables}
    permission = named(context, call)
    if permission is None:
        if any(each.required and each.name == "authorization_success_time" for each in call.operation.response.fields):
            raise Refusal(404, PERMISSIONS.missing, "授权协议不存在")
        names = ("service_id", "appid", "openid", "sub_openid", "sub_mchid", "sub_appid")
        permission = {**chosen(asking, *names), "authorization_state": "UNAVAILABLE"}
    state = permission["authorization_state"]
    usable = state if state == "AVAILABLE" else "UNAVAILABLE"
    return context.respond(call, {**permission, "use_service_state": usable})


@routes.on(
    *(f"POST {base}/{BY_CODE}/terminate" for base in (DIRECT, PARTNER, BANK)),
    f"POST {DIRECT}/openid/{{openid}}/terminate",
    f"POST {PARTNER}/terminate",
    f"POST {BY_USER}",
)
def terminate(context: SandboxContext, call: ReceivedCall) -> None:
    """End a permission, once; again changes nothing."""
    permission = named(context, call)
    if permission is None:
        raise Refusal(404, PERMISSIONS.missing, "授权协议不存在")
    if permission["authorization_state"] != "UNAVAILABLE":
        with refusing():
            end(context, permission, "terminate")
