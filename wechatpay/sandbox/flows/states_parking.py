"""The states of parking: the service of a plate, and entrances."""

from __future__ import annotations

from wechatpay.sandbox.flows.states import States, Transition

__all__ = ["ENTRANCE", "PARKING_SERVICE"]

PARKING_SERVICE = States(
    first=("NORMAL",),
    transitions={
        "open": Transition(("PAUSE", "OUT_SERVICE"), "NORMAL", "user"),
        "PAUSE": Transition(("NORMAL",), "PAUSE", "user"),
        "OUT_SERVICE": Transition(("NORMAL", "PAUSE"), "OUT_SERVICE", "user"),
    },
)
"""``service_state``: https://pay.weixin.qq.com/doc/v3/partner/4012534183."""

ENTRANCE = States(
    first=("NORMAL", "BLOCKED"),
    transitions={"block": Transition(("NORMAL",), "BLOCKED", "user", "VEHICLE.ENTRANCE_STATE_CHANGE")},
)
"""``state``: https://pay.weixin.qq.com/doc/v3/partner/4012533994."""
