"""What the command ``sandbox`` is in both command lines: where it listens, what it keeps, how it ends."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from chainable.cli.commands import Option, as_json, usage
from chainable.cli.output import put_json, put_pairs
from chainable.cli.overwriting import force_option
from chainable.cli.waiting import until_interrupted
from chainable.cli.words import Words, say
from chainable.loopback import is_loopback
from chainable.private_files import NotOursError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = [
    "Breakable",
    "data_option",
    "faults_option",
    "keeping",
    "listening_options",
    "needs_sandbox",
    "obey",
    "stay",
    "warn_of",
    "write_env_options",
]


def needs_sandbox(load: Callable[[], Any], advice: str) -> Any:
    """
    Load what the ``sandbox`` extra brings.

    Args:
        load: Imports it.
        advice: What to install.

    Raises:
        click.UsageError: It is not installed.
    """
    try:
        return load()
    except ModuleNotFoundError as error:
        msg = Words(f"the sandbox needs {error.name}: {advice}", f"沙箱需要 {error.name}：{advice}")
        raise click.UsageError(msg) from None


def listening_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the ports and the address it listens on."""
    for option in reversed(
        (
            click.option(
                "--port",
                type=click.IntRange(0, 65535),
                default=0,
                cls=Option,
                help="HTTP port; 0 takes a free one.",
                zh="HTTP 端口，0 为任意。",
            ),
            click.option(
                "--https-port",
                type=click.IntRange(0, 65535),
                default=0,
                cls=Option,
                help="HTTPS port; 0 takes a free one.",
                zh="HTTPS 端口，0 为任意。",
            ),
            click.option(
                "--address",
                default="127.0.0.1",
                cls=Option,
                help="Address to listen on.",
                zh="监听地址。",
                show_default=True,
            ),
        )
    ):
        function = option(function)
    return function


data_option = click.option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    cls=Option,
    help="SQLite file that keeps account and state.",
    zh="保存账户与状态的 SQLite 文件。",
)
"""Where a sandbox keeps what it knows."""


def faults_option(example: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command ``--faults``, *rules* to its function; *example* is a rule."""
    return click.option(
        "--faults",
        "rules",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        cls=Option,
        help=f"JSON file of what is to break: [{example}].",
        zh=f"故障规则的 JSON 文件：[{example}]。",
    )


class Breakable(Protocol):
    """The faults of a sandbox."""

    def load(self, path: Path) -> None:
        """Put the rules of a file in force; ValueError if it holds none."""


def obey(faults: Breakable, rules: Path | None) -> None:
    """
    Put the rules of a file in force.

    Raises:
        click.UsageError: It holds none.
    """
    if rules is None:
        return
    try:
        faults.load(rules)
    except ValueError as error:
        raise usage(Words(f"--faults {rules}: {error}", f"--faults {rules}：{error}")) from None


def _reads(context: click.Context, param: click.Parameter, value: str | None) -> None:
    """Refuse the old spelling: the same word reads a file in other commands, and here it replaced one."""
    if value is not None:
        msg = Words(
            f"--env reads settings, and this command has none to read: to write its account, use --write-env {value}",
            f"--env 用于读取配置，本命令无需读取；要写出账户，请用 --write-env {value}",
        )
        raise click.UsageError(msg, context)


def write_env_options(reader: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add to a command *write_env*, the file that the account is written to for *reader*, and ``--force``."""

    def given(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(
            (
                click.option(
                    "--write-env",
                    type=click.Path(dir_okay=False, path_type=Path),
                    cls=Option,
                    help=f"Write the account here, for {reader}(file=…) and --env of other commands.",
                    zh=f"把账户写入此文件，供 {reader}(file=…) 与其他命令的 --env 读取。",
                ),
                force_option(
                    "Replace files that no sandbox made; they are kept as FILE.bak.",
                    "覆盖并非由沙箱生成的文件；原文件保留为 FILE.bak。",
                ),
                click.option(
                    "--env",
                    hidden=True,
                    expose_value=False,
                    callback=_reads,
                    cls=Option,
                    help="Not here: --write-env writes.",
                    zh="此处不可用：写出请用 --write-env。",
                ),
            )
        ):
            function = option(function)
        return function

    return given


@contextmanager
def keeping() -> Iterator[None]:
    """
    Show on the error stream which files of the user's are kept, and under which name.

    Raises:
        click.UsageError: A file of the user's is in the way, and nothing was forced.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        except NotOursError as error:
            raise usage(
                Words(
                    f"--write-env: {error.path} was not made by {error.maker!r}: name another file, "
                    "or replace it with --force, which keeps it as a backup",
                    f"--write-env：{error.path} 并非由“{error.maker}”生成：请换一个文件名，"
                    "或加 --force 覆盖（原文件保留为备份）",
                )
            ) from None
    for each in caught:
        say(f"{each.message}", err=True)


def warn_of(address: str) -> None:
    """Say so where other machines can reach a sandbox."""
    if not is_loopback(address):
        say(
            Words(
                f"warning: {address} can be reached from other machines, and so can this sandbox",
                f"警告：{address} 可从其他机器访问，沙箱也随之暴露",
            ),
            err=True,
        )


def stay(title: Words, account: Mapping[str, Any]) -> None:
    """Print an account, and return at Ctrl-C or SIGTERM."""

    def ready() -> None:
        if as_json():
            put_json(dict(account))
        else:
            put_pairs(title, account.items())
            say(Words("Ctrl-C ends it.", "按 Ctrl-C 结束。"))

    until_interrupted(ready=ready)
