"""Usage errors in both languages, worded by the type and attributes of click's exceptions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.i18n import Words, translate
from chainable.cli.i18n import language as language_of
from chainable.masking import without_keys
from chainable.path import fold, similar_names

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "SANDBOX",
    "LocalizedUsageError",
    "describe",
    "invalid_value",
    "similar",
    "suggest",
    "unknown_command",
    "unknown_option",
]

_PART = 3
SANDBOX = "where"
"""The name of the parameter ``--sandbox``."""


class LocalizedUsageError(click.UsageError):
    """A usage error of click or a command, shown in the language of the command and without keys."""

    def __init__(self, error: click.UsageError) -> None:
        self._language = language_of(error.ctx)
        super().__init__(without_keys(translate(describe(error), self._language)), error.ctx)

    def show(self, file: Any = None) -> None:
        """Print the usage line and the error on the error stream."""
        lines = []
        if self.ctx is not None:
            path = self.ctx.command_path
            hint = Words(f"Try '{path} --help' for help.", f"运行“{path} --help”查看帮助。")
            lines = [self.ctx.get_usage(), translate(hint, self._language), ""]
        error = Words(f"Error: {self.message}", f"错误：{self.message}")
        click.echo("\n".join([*lines, translate(error, self._language)]), err=True, file=file)


def describe(error: click.UsageError) -> str:
    """Return the message of an error: :class:`~chainable.cli.i18n.Words` for all that our command lines can raise."""
    if isinstance(error, click.MissingParameter):
        return _missing(error)
    if isinstance(error, click.BadOptionUsage):
        return _bad_option(error)
    if isinstance(error, click.BadParameter):
        name, text = _hint(error), error.message
        return Words(f"Invalid value for {name}: {text}", f"{name} 的值无效：{translate(text, 'zh')}")
    return error.message


def similar(name: str, known: Iterable[str]) -> list[str]:
    """Return at most three names that a wrong one may mean, best first: by spelling, or by a part of at least three."""
    spelled = {fold(each): each for each in known}
    wrong = fold(name)
    found = [*similar_names(wrong, spelled)]
    if len(wrong) >= _PART:
        found += [each for each in spelled if each.startswith(wrong) and each not in found]
        found += [each for each in spelled if wrong in each and each not in found]
    return [spelled[each] for each in found[:3]]


def suggest(message: Words, names: Iterable[str]) -> Words:
    """Add the names that were perhaps meant to a message, if there are any."""
    listed = ", ".join(f"'{name}'" for name in names)
    return Words(f"{message} Did you mean {listed}?", f"{message.zh}是否要写 {listed}？") if listed else message


def unknown_command(name: str, known: Iterable[str]) -> Words:
    """Return the message for a command that does not exist, with the most similar ones."""
    return suggest(Words(f"No such command '{name}'.", f"没有命令 '{name}'。"), similar(name, known))


def unknown_option(name: str, args: Iterable[str], context: click.Context) -> Words:
    """
    Return the message for an option that does not exist, with the most similar ones.

    Args:
        name: The option, as click found it: of ``-env`` only ``-e``.
        args: The words of the line.
        context: That of the command.
    """
    words = list(args)
    written = next((each for each in words if each.startswith(name)), name).partition("=")[0]
    message = Words(f"No such option '{written}'.", f"没有选项 '{written}'。")
    command = context.command
    owners = [each.name for each in _inner(command) if written in _options(each)]
    if owners:
        path = f"{context.command_path} {next((each for each in owners if each in words), owners[0])} … {written}"
        return Words(
            f"Option '{written}' belongs behind its command: {path}", f"选项 '{written}' 应写在命令之后：{path}"
        )
    return suggest(message, similar(written, _options(command)))


def _inner(command: click.Command) -> list[click.Command]:
    return list(command.commands.values()) if isinstance(command, click.Group) else []


def _options(command: click.Command) -> list[str]:
    """Return the long names of the options that a help page shows."""
    options = [param for param in command.params if isinstance(param, click.Option) and not param.hidden]
    return [name for option in options for name in option.opts if name.startswith("--")]


def invalid_value(kind: Any, value: Any) -> Words:
    """Return why a value does not fit a type of click's; the caller knows that it does not."""
    if isinstance(kind, click.Choice):
        names = [str(each) for each in kind.choices]
        choices = ", ".join(names)
        message = Words(f"{value!r} is not one of {choices}.", f"{value!r} 不是可选值，可选值：{choices}。")
        return suggest(message, similar(str(value), names))
    if isinstance(kind, click.Path):
        return _invalid_path(kind, value)
    integer = isinstance(kind, type(click.INT))
    try:
        (int if integer else float)(value)
    except ValueError:
        if integer:
            return Words(f"{value!r} is not an integer.", f"{value!r} 不是整数。")
        return Words(f"{value!r} is not a number.", f"{value!r} 不是数字。")
    bounds = _bounds(kind)
    return Words(f"{value} is out of range: {bounds}.", f"{value} 超出范围：{bounds}。")


def _invalid_path(kind: click.Path, value: Any) -> Words:
    path = Path(value)
    if not path.exists():
        return Words(f"'{path}' does not exist.", f"'{path}' 不存在。")
    if path.is_dir() and not kind.dir_okay:
        return Words(f"'{path}' is a directory; a file was expected.", f"'{path}' 是目录，应为文件。")
    if path.is_file() and not kind.file_okay:
        return Words(f"'{path}' is a file; a directory was expected.", f"'{path}' 是文件，应为目录。")
    return Words(f"'{path}' is not readable.", f"'{path}' 无法读取。")


def _bounds(kind: Any) -> str:
    low = None if kind.min is None else f"{'>' if kind.min_open else '>='} {kind.min}"
    high = None if kind.max is None else f"{'<' if kind.max_open else '<='} {kind.max}"
    return ", ".join(filter(None, (low, high)))


def _missing(error: click.MissingParameter) -> Words:
    name = _hint(error)
    argument = isinstance(error.param, click.Argument)
    message = Words(
        f"Missing {'argument' if argument else 'option'} {name}.", f"缺少{'参数' if argument else '选项'} {name}。"
    )
    if error.param is not None and error.param.name == SANDBOX:
        return _sandbox_first(message, error.ctx)
    if error.param is None or not isinstance(error.param.type, click.Choice):
        return message
    choices = ", ".join(map(str, error.param.type.choices))
    return Words(f"{message} Choose from: {choices}", f"{message.zh}可选值：{choices}")


def _sandbox_first(message: Words, context: click.Context | None) -> Words:
    name = "" if context is None else f"{context.find_root().info_name} "
    start = f"{name}sandbox --write-env sandbox.env"
    return Words(
        f"{message} Start a sandbox in another terminal ({start}), then add --sandbox sandbox.env.",
        f"{message.zh}请先在另一个终端启动沙箱（{start}），再加上 --sandbox sandbox.env。",
    )


def _bad_option(error: click.BadOptionUsage) -> Words:
    name = error.option_name
    options = [] if error.ctx is None else error.ctx.command.get_params(error.ctx)
    if any(isinstance(option, click.Option) and option.is_flag and name in option.opts for option in options):
        return Words(f"Option '{name}' does not take a value.", f"选项 '{name}' 不带值。")
    return Words(f"Option '{name}' requires a value.", f"选项 '{name}' 需要一个值。")


def _hint(error: click.BadParameter) -> str:
    return "" if error.param is None else str(error.param.get_error_hint(error.ctx))
