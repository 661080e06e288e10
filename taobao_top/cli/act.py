"""``taobao-top act``: do what buyers, sellers and the platform do at a running sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.cli.act import act_command
from chainable.cli.commands import usage_error
from chainable.cli.i18n import Words
from chainable.cli.request_items import parse_literal
from taobao_top.cli.control_client import ControlClient
from taobao_top.cli.deliveries import check_topic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chainable.cli.control_client import ControlClient as Client

__all__ = ["act"]


def _perform(sandbox: Client, name: str, action: Mapping[str, Any], given: dict[str, str]) -> Any:
    missing = [each["name"] for each in action["takes"] if each["required"] and each["name"] not in given]
    if missing:
        listed = " ".join(f"{each}=…" for each in missing)
        raise usage_error(f"{name}: values are missing: {listed}", f"{name}：缺少 {listed}")
    if action["path"] == "messages":
        check_topic(given["topic"])
    inside = {each: parse_literal(value, float) for each, value in given.items() if each != "tid"}
    path = action["path"].replace("{tid}", given.get("tid", ""))
    return sandbox.request(action["verb"], path, {**action["fixed"], **inside})


act = act_command(
    Words(
        "Act as a buyer, a seller or the platform at a running sandbox: act pay tid=TID.\n\n"
        "Without ACTION, list the actions: add_trades, pay, confirm, authorize, ban, advance …",
        "在运行中的沙箱里代替买家、卖家或平台操作：act pay tid=交易号。\n\n"
        "不带 ACTION 则列出全部操作：add_trades、pay、confirm、authorize、ban、advance……",
    ),
    (
        "taobao-top act add_trades count=2 --sandbox top.env",
        "taobao-top act advance seconds=3600 --sandbox top.env",
        "taobao-top act --sandbox top.env",
    ),
    ControlClient.connect,
    _perform,
)
