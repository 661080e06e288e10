"""``wechatpay act``: do what users and the platform do at a running sandbox."""

from __future__ import annotations

from typing import Any

from chainable.cli.act import act_command
from chainable.cli.i18n import Words
from wechatpay.cli.control_client import ControlClient

__all__ = ["act"]


def _names(where: str) -> list[tuple[str, str, str]]:
    described = ControlClient.connect(where).request("GET", "actions")["described"]
    return [(name, "\n".join(map(_line, about["takes"])), about["does"]) for name, about in described.items()]


def _line(parameter: dict[str, Any]) -> str:
    """Return a parameter as ``number: its number`` or ``[state=SUCCESS]: the state it ends in``."""
    name, default = parameter["name"], parameter["default"]
    written = name if parameter["required"] else f"[{name}={default}]" if default else f"[{name}]"
    return f"{written}: {parameter['about']}" if parameter["about"] else str(written)


def _perform(where: str, action: str, values: dict[str, str]) -> Any:
    return ControlClient.connect(where).request("POST", f"actions/{action}", values)["result"]


act = act_command(
    Words(
        "Act as a user or the platform at a running sandbox: act pay number=ORDER.\n\n"
        "Without ACTION, list the actions: pay, finish_refund, confirm_transfer, sign_contract, rotate, down …",
        "在运行中的沙箱里代替用户或平台操作：act pay number=订单号。\n\n"
        "不带 ACTION 则列出全部操作：pay、finish_refund、confirm_transfer、sign_contract、rotate、down……",
    ),
    ("wechatpay act pay number=order-1 --sandbox sandbox.env", "wechatpay act --sandbox sandbox.env"),
    _names,
    _perform,
)
