"""The states of Pay Score parking: a user's service for a plate, and a car that is parked."""

from wechatpay.sandbox.flows.states import States, Transition

__all__ = ["PARKING", "PARKING_SERVICE"]

PARKING_SERVICE = States(
    first=("NORMAL",),
    transitions={
        "open": Transition(("PAUSE", "OUT_SERVICE"), "NORMAL", "user"),
        "pause": Transition(("NORMAL",), "PAUSE", "user"),
        "close": Transition(("NORMAL", "PAUSE"), "OUT_SERVICE", "user"),
    },
)
"""https://pay.weixin.qq.com/wiki/doc/apiv3_partner/apis/chapter8_8_1.shtml."""

PARKING = States(
    first=("NORMAL", "BLOCKED"),
    transitions={
        "block": Transition(("NORMAL",), "BLOCKED", "user", "VEHICLE.ENTRANCE_STATE_CHANGE"),
        "unblock": Transition(("BLOCKED",), "NORMAL", "user", "VEHICLE.ENTRANCE_STATE_CHANGE"),
    },
)
"""A blocked entrance cannot be charged: https://pay.weixin.qq.com/wiki/doc/apiv3_partner/apis/chapter8_8_2.shtml."""
