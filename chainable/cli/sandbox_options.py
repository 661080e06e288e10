"""Options of the command ``sandbox`` in both command lines, and how it starts and ends."""

from __future__ import annotations

import errno
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from chainable.cli.commands import add_options, as_json, option, usage_error
from chainable.cli.i18n import Words, echo, translate
from chainable.cli.output import print_json, print_pairs
from chainable.cli.overwriting import force_option, forced
from chainable.cli.signals import wait_until_interrupted
from chainable.loopback import is_loopback
from chainable.private_files import NotOursError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = [
    "FaultRules",
    "faults_option",
    "listening",
    "listening_options",
    "load_faults",
    "require_sandbox",
    "run_until_interrupted",
    "seed_option",
    "seeded",
    "state_option",
    "warn_if_public",
    "write_account",
    "write_env_options",
]


def require_sandbox(load: Callable[[], Any], distribution: str) -> Any:
    """Import a sandbox with *load*; without its extra, name the package to install."""
    try:
        return load()
    except ModuleNotFoundError as error:
        install = f"pip install '{distribution}[sandbox]'"
        msg = Words(f"the sandbox needs {error.name}: {install}", f"沙箱需要 {error.name}：{install}")
        raise click.UsageError(msg) from None


listening_options = add_options(
    option(
        "--port",
        type=click.IntRange(0, 65535),
        default=0,
        help=Words("HTTP port; 0 takes any free one.", "HTTP 端口，0 表示任意空闲端口。"),
    ),
    option(
        "--https-port",
        type=click.IntRange(0, 65535),
        default=0,
        help=Words("HTTPS port; 0 takes any free one.", "HTTPS 端口，0 表示任意空闲端口。"),
    ),
    option("--address", default="127.0.0.1", show_default=True, help=Words("Address to listen on.", "监听地址。")),
    option(
        "--host",
        "names",
        multiple=True,
        help=Words(
            "Name or IP address by which other machines or containers call the sandbox: it goes into the certificate and "
            "the env file. May be repeated.",
            "其他机器或容器访问沙箱所用的主机名或 IP：写入证书与 env 文件，可重复。",
        ),
    ),
    option(
        "--allow-host",
        "allowed",
        multiple=True,
        help=Words(
            "Name under which the controls and the inspector answer; default: those of --host. May be repeated.",
            "控制接口与查看页面应答的主机名，默认为 --host 的值，可重复。",
        ),
    ),
)
"""``--port``, ``--https-port``, ``--address``, ``--host`` and ``--allow-host`` of a sandbox."""


state_option = add_options(
    option(
        "--state",
        type=click.Path(dir_okay=False, path_type=Path),
        help=Words("SQLite file for account, clock and state.", "保存账户、时间与状态的 SQLite 文件。"),
    ),
    option(
        "--data",
        type=click.Path(dir_okay=False, path_type=Path),
        hidden=True,
        help=Words("The former name of --state.", "--state 的旧名。"),
    ),
)
"""``--state``: where a sandbox keeps its account, clock and state."""


REASONS = {
    errno.EADDRINUSE: Words(
        "the port is in use: choose another one, or 0 for any free one", "端口已被占用：请换一个，或用 0 取任意空闲端口"
    ),
    errno.EADDRNOTAVAIL: Words("this machine does not have the address", "本机没有该地址"),
}
"""Why a sandbox cannot listen."""


@contextmanager
def listening() -> Iterator[None]:
    """Make and start a sandbox inside; where it cannot listen, say why as options are refused."""
    try:
        yield
    except OSError as error:
        why = REASONS.get(error.errno or 0)
        if why is None:
            raise
        raise usage_error(f"{why}: {error.strerror}", f"{why.zh}：{error.strerror}") from None


seed_option = option(
    "--seed",
    help=Words(
        "Text that makes account, keys, ids and nonces the same every time; for tests only.",
        "任意文本：相同的文本每次得到相同的账户、密钥、编号与随机串，仅供测试。",
    ),
)
"""``--seed``: what a sandbox takes its random values from."""


def seeded(seed: int | str) -> Words:
    """Return a seed as a command prints it."""
    return Words(f"{seed} (its keys are for tests only)", f"{seed}（密钥仅供测试）")


def faults_option(example: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add ``--faults`` to a command, the argument *rules*; *example* is a rule."""
    return option(
        "--faults",
        "rules",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help=Words(f"JSON file of fault rules: [{example}].", f"故障规则 JSON 文件：[{example}]。"),
    )


class FaultRules(Protocol):
    """The fault rules of a sandbox."""

    def load(self, path: Path) -> None:
        """Load the rules of a JSON file; raise ValueError if it is invalid."""


def load_faults(faults: FaultRules, rules: Path | None) -> None:
    """Load the rules of a file, if one is given."""
    if rules is None:
        return
    try:
        faults.load(rules)
    except ValueError as error:
        reason = error.args[0] if isinstance(error.args[0], Words) else str(error)
        raise usage_error(f"--faults {rules}: {reason}", f"--faults {rules}：{translate(reason, 'zh')}") from None


def _refuse_env(context: click.Context, param: click.Parameter, value: str | None) -> None:
    """Refuse ``--env``: it reads settings in other commands, and would have replaced a file here."""
    if value is not None:
        msg = Words(
            f"--env reads settings, which this command does not need: to write the account, use --write-env {value}",
            f"--env 用于读取配置，本命令不需要；要写出账户，请用 --write-env {value}",
        )
        raise click.UsageError(msg, context)


def write_env_options(reader: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add ``--write-env``, which writes the account for *reader*, and ``--force`` to a command."""
    return add_options(
        option(
            "--write-env",
            type=click.Path(dir_okay=False, path_type=Path),
            help=Words(
                f"Write the account to this file, for {reader}(file=…) and --env of other commands.",
                f"把账户写入此文件，供 {reader}(file=…) 与其他命令的 --env 使用。",
            ),
        ),
        force_option(
            Words(
                "Replace files that a sandbox did not write; they are kept as FILE.bak.",
                "覆盖不是由沙箱生成的文件，原文件保留为 FILE.bak。",
            )
        ),
        option(
            "--env",
            hidden=True,
            expose_value=False,
            callback=_refuse_env,
            help=Words("Unavailable: use --write-env.", "不可用：请用 --write-env。"),
        ),
    )


def write_account(sandbox: Any, file: Path | None) -> None:
    """Write a sandbox's account to a file, if one is given, and report backups of the user's files."""
    if file is None:
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            sandbox.write_env(file, force=forced())
        except NotOursError as error:
            raise usage_error(
                f"--write-env: {error.path} was not written by {error.maker!r}: choose another file, "
                "or replace it with --force, which keeps a backup",
                f"--write-env：{error.path} 不是由“{error.maker}”生成的：请换一个文件名，"
                "或加 --force 覆盖（原文件保留为备份）",
            ) from None
    for each in caught:
        warned: Any = each.message
        echo(warned.args[0], err=True)


def warn_if_public(address: str) -> None:
    """Warn if other machines can reach an address."""
    if not is_loopback(address):
        echo(
            Words(
                f"warning: other machines can reach {address}, and with it this sandbox",
                f"警告：其他机器可以访问 {address}，沙箱会暴露",
            ),
            err=True,
        )


def run_until_interrupted(title: Words, account: Mapping[str, Any]) -> None:
    """Print an account, and return after Ctrl-C or SIGTERM."""

    def ready() -> None:
        if as_json():
            print_json(dict(account))
        else:
            print_pairs(title, account.items())
            echo(Words("Press Ctrl-C to stop.", "按 Ctrl-C 结束。"))

    wait_until_interrupted(ready=ready)
