"""Transfers without confirmation: asked for, allowed by the user, closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wechatpay.sandbox.call import Routes
from wechatpay.sandbox.messages import Refusal
from wechatpay.sandbox.plausible import digits, letters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wechatpay.sandbox.call import Call
    from wechatpay.sandbox.platform import Platform

__all__ = ["AUTHORIZATION", "ask", "close", "confirm", "routes"]

routes = Routes()

AUTHORIZATION = "transfer authorization"
BASE = "v3/fund-app/mch-transfer/user-confirm-authorization"
ONE = f"{BASE}/out-authorization-no/{{out_authorization_no}}"
WAITING = "WAIT_USER_CONFIRM"


def ask(platform: Platform, sent: Mapping[str, Any]) -> dict[str, Any]:
    """A new authorization for the user to confirm, or the one there is."""
    number = str(sent["out_authorization_no"])
    known = platform.ledger.get(AUTHORIZATION, number)
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
            "authorization_id": digits(26, "authorization", platform.account.mchid, number),
            "state": WAITING,
            "create_time": platform.stamp(),
            "authorize_time": None,
            "close_info": None,
        },
    }
    save(platform, entry)
    return entry


def save(platform: Platform, entry: dict[str, Any]) -> None:
    """Write an authorization down."""
    authorization = entry["authorization"]
    platform.ledger.put(
        AUTHORIZATION,
        authorization["out_authorization_no"],
        entry,
        authorization["authorization_id"],
        day=platform.day(),
    )


def confirm(platform: Platform, number: str) -> dict[str, Any]:
    """
    The user allows transfers without confirmation; the merchant is notified.

    Raises:
        LookupError: There is no such authorization.
        ValueError: It is not waiting for that.
    """
    return moved(
        platform,
        number,
        WAITING,
        "MCHTRANSFER.AUTHORIZATION.CONFIRMED",
        state="TAKING_EFFECT",
        authorize_time=platform.stamp(),
    )


def close(platform: Platform, number: str, reason: str) -> dict[str, Any]:
    """
    An authorization is taken back; the merchant is notified.

    Raises:
        LookupError: There is no such authorization.
        ValueError: It is not in force.
    """
    return moved(
        platform,
        number,
        "TAKING_EFFECT",
        "MCHTRANSFER.AUTHORIZATION.CLOSED",
        state="CLOSED",
        close_info={"close_time": platform.stamp(), "close_reason": reason},
    )


def moved(platform: Platform, number: str, before: str, event: str, **changes: Any) -> dict[str, Any]:
    """An authorization brought from one state into another; the merchant is notified."""
    with platform.change():
        entry = platform.ledger.entry(AUTHORIZATION, number)
        authorization: dict[str, Any] = entry["authorization"]
        if authorization["state"] != before:
            raise ValueError(f"the authorization {number} is {authorization['state']}, not {before}")
        authorization |= changes
        save(platform, entry)
        names = ("transfer_scene_id", "user_recv_perception", "create_time")
        content = {name: value for name, value in authorization.items() if name not in names}
        platform.notify(entry["notify_url"], event, content)
        return authorization


def allowed(platform: Platform, number: Any) -> None:
    """Refuse a transfer under an authorization that is known and not in force."""
    entry = platform.ledger.get(AUTHORIZATION, str(number))
    if entry is not None and entry["authorization"]["state"] != "TAKING_EFFECT":
        raise Refusal(
            400,
            "INVALID_REQUEST",
            f"the authorization {number} is {entry['authorization']['state']}, not TAKING_EFFECT",
        )


@routes.on(f"POST {BASE}")
def apply(platform: Platform, call: Call) -> dict[str, Any]:
    """Ask the user."""
    authorization = ask(platform, call.body)["authorization"]
    number = authorization["out_authorization_no"]
    platform.later_authorized(number)
    return platform.answer(call, {**authorization, "package_info": letters(64, "authorization", number)})


def found(platform: Platform, call: Call) -> dict[str, Any]:
    """The authorization of a call."""
    number = call.variables["out_authorization_no"]
    entry = platform.ledger.get(AUTHORIZATION, number)
    if entry is None:
        raise Refusal(404, "NOT_FOUND", f"there is no authorization {number}")
    authorization: dict[str, Any] = entry["authorization"]
    return authorization


@routes.on(f"GET {ONE}")
def query(platform: Platform, call: Call) -> dict[str, Any]:
    """An authorization as it stands."""
    authorization = found(platform, call)
    waiting = authorization["state"] == WAITING
    number = authorization["out_authorization_no"]
    return platform.answer(
        call,
        {
            **authorization,
            "authorization_id": None if waiting else authorization["authorization_id"],
            "package_info": letters(64, "authorization", number) if waiting else None,
        },
    )


@routes.on(f"POST {ONE}/close")
def end(platform: Platform, call: Call) -> dict[str, Any]:
    """Take an authorization back."""
    number = found(platform, call)["out_authorization_no"]
    try:
        return platform.answer(call, close(platform, number, "CLOSE_VIA_MCH_API"))
    except ValueError as error:
        raise Refusal(400, "INVALID_REQUEST", str(error)) from None
