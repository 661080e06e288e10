"""The permission of a sub-merchant that a marketplace or a provider transfers its money to users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.flows.objects import Objects
from wechatpay.sandbox.flows.states_sharing import SUB_MERCHANT
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

routes = Routes()

PERMISSIONS = Objects(Words("sub-merchant permission", "子商户转账授权"), "sub_mchid", states=SUB_MERCHANT)
PATHS = ("v3/ecommerce/mch-transfer/authorizations", "v3/fund-app/mch-transfer/partner/sub-mch-authorizations")
IN_MARKETPLACES = {"INVITED": "AUTHORIZE_PROCESSING", "PASSED": "AUTHORIZED"}
"""https://pay.weixin.qq.com/docs/partner/apis/platsolution-mch-transfer/authorization/get-authorization.html."""
OF_PROVIDERS = {"PASSED": "AUTHORIZED", "CANCELED": "CANCELED"}
CHANGES = {"PASSED": "pass", "REJECTED": "reject", "EXPIRED": "expire", "CANCELED": "cancel"}


def facts(permission: dict[str, Any]) -> dict[str, Any]:
    """Return a permission under all the names that its members have."""
    state = permission["state"]
    apply_order = {**permission, "state": "PASSED" if state == "CANCELED" else state}
    names = ("sub_mchid", "out_apply_no", "state", "accept_time", "update_time")
    return {
        **permission,
        "authorization_state": IN_MARKETPLACES.get(state, "UNAUTHORIZED"),
        "authorize_time": permission["authorization_time"],
        "apply_order": {name: apply_order[name] for name in names} if permission["accept_time"] else None,
    }


@routes.on(*(f"POST {path}" for path in PATHS))
def apply(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Ask a sub-merchant for its permission; what it granted stays, and an application that waits is not repeated."""
    number = str(call.body["sub_mchid"])
    permission = PERMISSIONS.get(context, number)
    if permission is None or permission["state"] not in ("INVITED", "PASSED"):
        permission = {
            "sub_mchid": number,
            "out_apply_no": call.body.get("out_apply_no") or "",
            "state": "INVITED",
            "accept_time": context.stamp(),
            "update_time": context.stamp(),
            "authorization_time": None,
            "cancel_authorization_time": None,
        }
        PERMISSIONS.save(context, permission)
        context.schedule("permit_transfers", number, when="sign")
    return context.respond(call, facts(permission))


@routes.action("permit_transfers", "二级商户答复转账授权：通过、拒绝、过期，或事后取消。", state=CHANGES)
def permit(context: SandboxContext, number: str, state: str = "PASSED") -> dict[str, Any]:
    """Answer as the sub-merchant whether it permits transfers; a permission can be canceled later."""
    times = {"PASSED": "authorization_time", "CANCELED": "cancel_authorization_time"}
    at = {times[state]: context.stamp()} if state in times else {}
    with context.change():
        return PERMISSIONS.change(context, number, CHANGES[state], update_time=context.stamp(), **at)


@routes.on(*(f"GET {path}/{{sub_mchid}}" for path in PATHS))
def query(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Return the permission of a sub-merchant as it stands; one that nobody asked for is not granted."""
    number = call.variables["sub_mchid"]
    nothing = dict.fromkeys(("out_apply_no", "accept_time", "authorization_time", "cancel_authorization_time"))
    permission = PERMISSIONS.get(context, number) or {**nothing, "sub_mchid": number, "state": "UNASKED"}
    told = facts(permission)
    return context.respond(call, {**told, "state": OF_PROVIDERS.get(permission["state"], "UNAUTHORIZED")})
