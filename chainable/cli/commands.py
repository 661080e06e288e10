"""Commands whose help is in English and Chinese, and whose errors are exit codes."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import click
import requests

from chainable._version import __version__
from chainable.cli.mistakes import Mistake, told
from chainable.cli.outcomes import INTERRUPTED, MEANINGS, Failure
from chainable.cli.pages import HelpFormatter
from chainable.cli.words import Words, choose, language
from chainable.errors import ChainableError
from chainable.masking import without_keys

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Argument", "Command", "Group", "Option", "as_json", "json_option", "root_options", "usage"]

_JSON = "chainable.json"
_HEADINGS = {"en": ("Usage: ", "Options"), "zh": ("用法：", "选项")}
_METAVARS = {"[OPTIONS]": "[选项]", "COMMAND [ARGS]...": "命令 [参数]..."}
_NOTES = (("[required]", "[必填]"), ("[default: ", "[默认："))


def as_json() -> bool:
    """Tell whether the command that runs was asked for JSON."""
    return bool(click.get_current_context().meta.get(_JSON, False))


def usage(message: str) -> click.UsageError:
    """Make the error for a wrong use of the command that runs."""
    return click.UsageError(message, click.get_current_context())


class Option(click.Option):
    """
    An option with help in two languages.

    Args:
        zh: The help in Chinese.
    """

    def __init__(self, *arguments: Any, zh: str = "", **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.zh = zh

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Give the line of help, in the language chosen."""
        if language(ctx) != "zh":
            return super().get_help_record(ctx)
        told = copy.copy(self)
        told.help = self.zh
        record = click.Option.get_help_record(told, ctx)
        return None if record is None else (record[0], _noted(record[1]))


def _in_words(error: click.UsageError, *, as_json: bool) -> click.ClickException:
    """Return an error of usage in the language of the user and without keys; one that shows itself is returned unchanged."""
    vars(error)["message"] = _without_keys(error.message)  # click declares it final
    if as_json:
        return Failure(error, as_json=True, told=told(error))
    if language(error.ctx) == "zh" and type(error).show is click.UsageError.show:
        return Mistake(error)
    return error


def _without_keys(text: str) -> str:
    return Words(without_keys(text), without_keys(text.zh)) if isinstance(text, Words) else without_keys(text)


def _noted(text: str) -> str:
    for english, chinese in _NOTES:
        text = text.replace(english, chinese)
    return text


class Argument(click.Argument):
    """An argument; its name speaks for itself."""


class Context(click.Context):
    """Where help pages are written with our line breaks."""

    formatter_class = HelpFormatter


class Command(click.Command):
    """
    A command with help in two languages; what the library raises becomes an exit code.

    Args:
        zh: The help in Chinese; its first sentence stands in the list of commands.
    """

    context_class = Context

    def __init__(self, *arguments: Any, zh: str = "", **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.zh = zh

    def said(self, context: click.Context) -> str:
        """Give the help in the language chosen."""
        return self.zh if language(context) == "zh" else self.help or ""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read its words; a wrong one is told in JSON to who asked for JSON."""
        wanted = "--json" in args
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise _in_words(error, as_json=wanted) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; an error of the library becomes one of the command line."""
        wanted = bool(ctx.meta.get(_JSON, False))
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # who reads has seen enough: click ends quietly
            raise
        except (ChainableError, requests.RequestException, OSError) as error:
            raise Failure(error, as_json=wanted) from error
        except click.UsageError as error:
            raise _in_words(error, as_json=wanted) from None
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Give ``--help``, its own help in the language chosen."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "显示本帮助。" if language(ctx) == "zh" else "Show this help."
        return option

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the line of usage."""
        tongue = language(ctx)
        written = self.collect_usage_pieces(ctx)
        pieces = " ".join(_METAVARS.get(piece, piece) if tongue == "zh" else piece for piece in written)
        formatter.write_usage(ctx.command_path, pieces, prefix=_HEADINGS[tongue][0])

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what it does."""
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(self.said(ctx))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        records = [record for option in options if (record := option.get_help_record(ctx)) is not None]
        with formatter.section(_HEADINGS[language(ctx)][1]):
            formatter.write_dl(records)


class Group(Command, click.Group):
    """Commands under one name, listed in the language chosen, with the exit codes below."""

    command_class = Command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, the commands and the exit codes."""
        super().format_options(ctx, formatter)
        chinese = language(ctx) == "zh"
        rows = []
        for name in self.list_commands(ctx):
            command = self.commands[name]
            text = command.said(ctx) if isinstance(command, Command) else command.help or ""
            rows.append((name, text.partition("\n")[0]))
        with formatter.section("命令" if chinese else "Commands"):
            formatter.write_dl(rows)
        if ctx.parent is None:
            with formatter.section("退出码" if chinese else "Exit codes"):
                formatter.write_dl([(str(code), words[chinese]) for code, words in MEANINGS.items()])


def _chosen(context: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None:
        choose(context, value)


def _wanted(context: click.Context, param: click.Parameter, value: bool) -> None:
    context.meta[_JSON] = value


def _version(context: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"{context.info_name} {__version__}")
        context.exit()


def root_options(command: Group) -> Group:
    """Give the whole program its ``--lang`` and ``--version``."""
    command.params.append(
        Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="Show the version.",
            zh="显示版本。",
        )
    )
    command.params.append(
        Option(
            ["--lang"],
            type=click.Choice(["en", "zh"]),
            is_eager=True,
            expose_value=False,
            callback=_chosen,
            help="Language of the help; LANG decides if this is left out.",
            zh="帮助的语言；不写则由环境变量 LANG 决定。",
        )
    )
    return command


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its ``--json``."""
    return click.option(
        "--json",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_wanted,
        cls=Option,
        help="Answer in JSON, for machines.",
        zh="以 JSON 输出，供程序读取。",
    )(function)
