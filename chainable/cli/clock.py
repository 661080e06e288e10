"""The command ``clock`` of both command lines: what time it is in a running sandbox, and setting it ahead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chainable.cli.commands import Command, argument, as_json, command, json_option, usage_error
from chainable.cli.control_client import sandbox_option
from chainable.cli.i18n import Words, echo
from chainable.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    import click

    from chainable.cli.control_client import ControlClient

__all__ = ["clock_command"]

_SPAN = re.compile(r"([+-]?)(?=[0-9])(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s?)?", re.ASCII)
_UNITS = (86_400, 3600, 60, 1)
_NAMES = (
    (Words("day", "天"), Words("days", "天")),
    (Words("hour", "小时"), Words("hours", "小时")),
    (Words("minute", "分钟"), Words("minutes", "分钟")),
    (Words("second", "秒"), Words("seconds", "秒")),
)
"""The names of the units, for one and for several."""


class ClockCommand(Command):
    """A command whose argument may begin with a minus sign: ``-1d`` is a time, not an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, a time span behind all options."""
        back = next((each for each in args if each.startswith("-") and _SPAN.fullmatch(each)), None)
        if back is not None and "--" not in args:
            args = [*(each for each in args if each is not back), "--", back]
        return super().parse_args(ctx, args)


def clock_command(program: str, env: str, connect: Callable[[str], ControlClient]) -> Command:
    """Return the command of a program; *connect* makes a client of the sandbox at a place, such as the file *env*."""

    @command(
        "clock",
        Words(
            "Show the time of a running sandbox, or change it: +1d, +2h30m, +90 (seconds), -1d, now.\n\n"
            "What depends on it follows: expiry, retries of notifications, bills, ages of sessions. The commands follow, too; "
            "a client of your own keeps its clock and is refused: pass it a clock= that returns the time of the sandbox.",
            "显示或调整运行中沙箱的时间：+1d、+2h30m、+90（秒）、-1d（拨回）、now（恢复为当前时间）。\n\n"
            "依赖时间的一切随之变化：订单过期、通知重试、账单、授权有效期。各命令也随之变化；"
            "自己的客户端仍用本机时间，请求会被拒绝：请传入返回沙箱时间的 clock=。",
        ),
        (f"{program} clock +1d --sandbox {env}", f"{program} clock now --sandbox {env}"),
        ClockCommand,
    )
    @argument("span", required=False)
    @sandbox_option(required=True)
    @json_option
    def clock(span: str | None, *, where: str) -> None:
        found = _SPAN.fullmatch(span or "")
        if span in (None, "now"):
            _print(connect(where).request("GET" if span is None else "DELETE", "clock"))
        elif found is None:
            raise usage_error(
                f"{span}: write +1d, +2h30m, +90 (seconds) or -1d, or now",
                f"{span}：应写作 +1d、+2h30m、+90（秒）、-1d 或 now",
            )
        else:
            sign = -1 if found[1] == "-" else 1
            seconds = sum(float(text or 0) * unit for text, unit in zip(found.groups()[1:], _UNITS, strict=True))
            client = connect(where)
            client.request("POST", "clock", {"seconds": sign * seconds})
            _print(client.request("GET", "clock"))

    return clock


def _print(found: Mapping[str, Any]) -> None:
    """Print the time of a sandbox, and how far it is from that of its machine."""
    if as_json():
        print_json(found)
        return
    ahead = round(found["ahead"])
    span = _span(abs(ahead))
    distance = Words("the time of its machine", "与其所在机器一致")
    if ahead:
        distance = Words(
            f"{span} {'ahead of' if ahead > 0 else 'behind'} its machine",
            f"比其所在机器{'快' if ahead > 0 else '慢'} {span.zh}",
        )
    now = found["now"].replace("T", " ")
    echo(Words(f"time of the sandbox: {now}, {distance}", f"沙箱时间：{now}，{distance.zh}"))


def _span(seconds: int) -> Words:
    """Return a number of seconds in days, hours, minutes and seconds."""
    english, chinese = [], []
    for unit, (one, several) in zip(_UNITS, _NAMES, strict=True):
        count, seconds = divmod(seconds, unit)
        if count:
            name = one if count == 1 else several
            english.append(f"{count} {name}")
            chinese.append(f"{count} {name.zh}")
    return Words(" ".join(english), " ".join(chinese))
