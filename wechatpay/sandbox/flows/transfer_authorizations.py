"""Transfers without confirmation: asked for, allowed by the user, closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.fake_data import digits, letters
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import Call

__all__ = ["AUTHORIZATION", "ask", "close", "confirm", "routes"]

routes = Routes()

AUTHORIZATION = "transfer authorization"
BASE = "v3/fund-app/mch-transfer/user-confirm-authorization"
ONE = f"{BASE}/out-authorization-no/{{out_authorization_no}}"
WAITING = "WAIT_USER_CONFIRM"


def ask(context: SandboxContext, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new authorization for the user to confirm, or the one there is."""
    number = str(sent["out_authorization_no"])
    known = context.store.get(AUTHORIZATION, number)
    if known is not None:
        if known["sent"] != dict(sent):
            raise Refusal(400, "INVALID_REQUEST", f"the authorization {number} exists with other parameters")
        return known
    names = ("appid", "openid", "user_display_name", "transfer_scene_id", "user_recv_perception")
    entry = {
        "sent": dict(sent),
        "notify_url": sent.get("authorization_notify_url"),
        "authorization": {
            **{name: sent[name] for name in names if name in sent},
            "out_authorization_no": number,
            "authorization_id": digits(26, "authorization", context.account.mchid, number),
            "state": WAITING,
            "create_time": context.stamp(),
            "authorize_time": None,
            "close_info": None,
        },
    }
    save(context, entry)
    return entry


def save(context: SandboxContext, entry: dict[str, Any]) -> None:
    """Write an authorization down."""
    authorization = entry["authorization"]
    context.store.put(
        AUTHORIZATION,
        authorization["out_authorization_no"],
        entry,
        authorization["authorization_id"],
        day=context.day(),
    )


@routes.action("confirm_authorization")
def confirm(context: SandboxContext, number: str) -> dict[str, Any]:
    """
    The user allows transfers without confirmation; the merchant is notified.

    Raises:
        LookupError: Unknown authorization.
        ValueError: It is not waiting for that.
    """
    return moved(
        context,
        number,
        WAITING,
        "MCHTRANSFER.AUTHORIZATION.CONFIRMED",
        state="TAKING_EFFECT",
        authorize_time=context.stamp(),
    )


@routes.action("close_authorization")
def close(context: SandboxContext, number: str, reason: str = "USER_CLOSE") -> dict[str, Any]:
    """
    An authorization is taken back; the merchant is notified.

    Raises:
        LookupError: Unknown authorization.
        ValueError: It is not in force.
    """
    return moved(
        context,
        number,
        "TAKING_EFFECT",
        "MCHTRANSFER.AUTHORIZATION.CLOSED",
        state="CLOSED",
        close_info={"close_time": context.stamp(), "close_reason": reason},
    )


def moved(context: SandboxContext, number: str, before: str, event: str, **changes: Any) -> dict[str, Any]:
    """Return an authorization brought from one state into another; the merchant is notified."""
    with context.change():
        entry = context.store.entry(AUTHORIZATION, number)
        authorization: dict[str, Any] = entry["authorization"]
        if authorization["state"] != before:
            raise ValueError(f"the authorization {number} is {authorization['state']}, not {before}")
        authorization |= changes
        save(context, entry)
        names = ("transfer_scene_id", "user_recv_perception", "create_time")
        content = {name: value for name, value in authorization.items() if name not in names}
        context.notify(entry["notify_url"], event, content)
        return authorization


def allowed(context: SandboxContext, number: Any) -> None:
    """Refuse a transfer under an authorization that is known and not in force."""
    entry = context.store.get(AUTHORIZATION, str(number))
    if entry is not None and entry["authorization"]["state"] != "TAKING_EFFECT":
        raise Refusal(
            400,
            "INVALID_REQUEST",
            f"the authorization {number} is {entry['authorization']['state']}, not TAKING_EFFECT",
        )


@routes.on(f"POST {BASE}")
def apply(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Ask the user."""
    authorization = ask(context, call.body)["authorization"]
    number = authorization["out_authorization_no"]
    context.schedule("confirm_authorization", number, when="confirm")
    return context.respond(call, {**authorization, "package_info": letters(64, "authorization", number)})


def found(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Return the authorization of a call."""
    number = call.variables["out_authorization_no"]
    entry = context.store.get(AUTHORIZATION, number)
    if entry is None:
        raise Refusal(404, "NOT_FOUND", f"there is no authorization {number}")
    authorization: dict[str, Any] = entry["authorization"]
    return authorization


@routes.on(f"GET {ONE}")
def query(context: SandboxContext, call: Call) -> dict[str, Any]:
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
def end(context: SandboxContext, call: Call) -> dict[str, Any]:
    """Take an authorization back."""
    number = found(context, call)["out_authorization_no"]
    try:
        return context.respond(call, close(context, number, "CLOSE_VIA_MCH_API"))
    except ValueError as error:
        raise Refusal(400, "INVALID_REQUEST", str(error)) from None
