"""The commands ``snapshot`` and ``restore`` of both command lines."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chainable.cli.commands import argument, command
from chainable.cli.control_client import sandbox_option
from chainable.cli.i18n import Words
from chainable.private_files import write_private

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainable.cli.commands import Command
    from chainable.cli.control_client import ControlClient

__all__ = ["snapshot_commands"]


def snapshot_commands(program: str, env: str, connect: Callable[[str], ControlClient]) -> tuple[Command, Command]:
    """Return both commands of a program; *connect* makes a client of the sandbox at a place, such as the file *env*."""

    @command(
        "snapshot",
        Words(
            "Write the state of a running sandbox to FILE, keys included: restore FILE brings it back.",
            "把运行中沙箱的状态（含密钥）写入 FILE，用 restore FILE 恢复。",
        ),
        (f"{program} snapshot before.state --sandbox {env}",),
    )
    @argument("file", type=click.Path(dir_okay=False, path_type=Path))
    @sandbox_option(required=True)
    def snapshot(file: Path, *, where: str) -> None:
        write_private(file, base64.b64decode(connect(where).request("GET", "snapshot")["snapshot"]))

    @command(
        "restore",
        Words(
            "Bring the state of a running sandbox back to a snapshot: objects, clock and faults; requests stay listed.",
            "把运行中的沙箱恢复到快照时的状态：业务数据、时间与故障；请求记录保留。",
        ),
        (f"{program} restore before.state --sandbox {env}",),
    )
    @argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @sandbox_option(required=True)
    def restore(file: Path, *, where: str) -> None:
        text = base64.b64encode(file.read_bytes()).decode()
        connect(where).request("POST", "restore", {"snapshot": text})

    return snapshot, restore
