"""Wrong uses of a command, told in Chinese: what click says, and what we say ourselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from chainable.cli.words import Words, language

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Mistake", "in_chinese", "told"]

# What click says differs a little between its releases; what is not known here stays as it is.
_SENTENCES = tuple(
    (re.compile(pattern, re.DOTALL), chinese)
    for pattern, chinese in (
        (r"(.+) \(?(?:Did you mean(?: one of)?|Possible (?:options|commands)):? (.+?)\??\)?", "{0}是否要写 {1}？"),
        (r"No such option:? (.+?)\.?", "没有选项 {0}。"),
        (r"No such command (.+?)\.?", "没有命令 {0}。"),
        (r"Missing command\.", "缺少命令。"),
        (r"Missing argument (\S+?)\.(.*)", "缺少参数 {0}。{1}"),
        (r"Missing option (.+?)\.(.*)", "缺少选项 {0}。{1}"),
        (r"\s*Choose from:\s*(.+)", "可选值：{0}"),
        (r"Invalid value for (.+?): (.+)", "{0} 的值无效：{1}"),
        (r"(.+) is not one of (.+)\.", "{0} 不在可选值 {1} 之中。"),
        (r"(.+) is not a valid integer(?: range)?\.", "{0} 不是整数。"),
        (r"(.+) is not a valid float(?: range)?\.", "{0} 不是数字。"),
        (r"(.+) is not in the range (.+)\.", "{0} 不在范围 {1} 之内。"),
        (r"(?:File|Directory|Path) (.+) does not exist\.", "{0} 不存在。"),
        (r"(?:File|Directory|Path) (.+) is a directory\.", "{0} 是目录，应为文件。"),
        (r"(?:File|Directory|Path) (.+) is a file\.", "{0} 是文件，应为目录。"),
        (r"(?:File|Directory|Path) (.+) is not readable\.", "{0} 无法读取。"),
        (r"Option (.+) requires an argument\.", "选项 {0} 需要一个值。"),
        (r"Option (.+) does not take a value\.", "选项 {0} 不带值。"),
        (r"Got unexpected extra arguments? \((.+)\)", "多余的参数：{0}"),
    )
)


def in_chinese(text: str) -> str:
    """Give what click says in Chinese; what it is not known to say stays as it is."""
    for pattern, chinese in _SENTENCES:
        found = pattern.fullmatch(text)
        if found is not None:
            return chinese.format(*(re.sub(r"\s+", " ", in_chinese(part)) for part in found.groups()))
    return text


def told(error: click.UsageError) -> str:
    """Give what is wrong, in the language of the command."""
    if language(error.ctx) != "zh":
        return error.format_message()
    return error.message.zh if isinstance(error.message, Words) else in_chinese(error.format_message())


class Mistake(click.UsageError):
    """
    A wrong use, shown in Chinese.

    Args:
        error: What click raised, or we.
    """

    def __init__(self, error: click.UsageError) -> None:
        super().__init__(told(error), error.ctx)

    def show(self, file: Any = None) -> None:
        """Print it on the error stream, under how the command is used."""
        for line in self._lines():
            click.echo(line, err=True, file=file)

    def _lines(self) -> Iterator[str]:
        if self.ctx is not None:
            yield self.ctx.get_usage()
            yield f"用“{self.ctx.command_path} --help”查看帮助。"
            yield ""
        yield f"错误：{self.message}"
