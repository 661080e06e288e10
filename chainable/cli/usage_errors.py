"""Usage errors in both languages, worded by the type and attributes of click's exceptions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.i18n import Words, translate
from chainable.cli.i18n import language as language_of
from chainable.masking import without_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LocalizedUsageError", "describe", "invalid_value", "unknown_command"]


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
    if isinstance(error, click.NoSuchOption):
        name = error.option_name
        return _suggest(Words(f"No such option '{name}'.", f"没有选项 '{name}'。"), error.possibilities)
    if isinstance(error, click.MissingParameter):
        return _missing(error)
    if isinstance(error, click.BadOptionUsage):
        return _bad_option(error)
    if isinstance(error, click.BadParameter):
        name, text = _hint(error), error.message
        return Words(f"Invalid value for {name}: {text}", f"{name} 的值无效：{translate(text, 'zh')}")
    return error.message


def unknown_command(name: str, known: Iterable[str]) -> Words:
    """Return the message for a command that does not exist, with the most similar ones."""
    from difflib import get_close_matches

    return _suggest(Words(f"No such command '{name}'.", f"没有命令 '{name}'。"), get_close_matches(name, list(known)))


def invalid_value(kind: Any, value: Any) -> Words:
    """Return why a value does not fit a type of click's; the caller knows that it does not."""
    if isinstance(kind, click.Choice):
        choices = ", ".join(map(str, kind.choices))
        return Words(f"{value!r} is not one of {choices}.", f"{value!r} 不是可选值，可选值：{choices}。")
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


def _suggest(message: Words, similar: Iterable[str] | None) -> Words:
    names = ", ".join(f"'{name}'" for name in sorted(similar or ()))
    return Words(f"{message} Did you mean {names}?", f"{message.zh}是否要写 {names}？") if names else message


def _missing(error: click.MissingParameter) -> Words:
    name = _hint(error)
    argument = isinstance(error.param, click.Argument)
    message = Words(
        f"Missing {'argument' if argument else 'option'} {name}.", f"缺少{'参数' if argument else '选项'} {name}。"
    )
    if error.param is None or not isinstance(error.param.type, click.Choice):
        return message
    choices = ", ".join(map(str, error.param.type.choices))
    return Words(f"{message} Choose from: {choices}", f"{message.zh}可选值：{choices}")


def _bad_option(error: click.BadOptionUsage) -> Words:
    name = error.option_name
    options = [] if error.ctx is None else error.ctx.command.get_params(error.ctx)
    if any(isinstance(option, click.Option) and option.is_flag and name in option.opts for option in options):
        return Words(f"Option '{name}' does not take a value.", f"选项 '{name}' 不带值。")
    return Words(f"Option '{name}' requires a value.", f"选项 '{name}' 需要一个值。")


def _hint(error: click.BadParameter) -> str:
    return "" if error.param is None else str(error.param.get_error_hint(error.ctx))
