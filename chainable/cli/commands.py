"""Commands with help in English and Chinese, whose errors become exit codes."""

from __future__ import annotations

import copy
import re
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import requests

from chainable._version import __version__
from chainable.cli.color import COLORS, set_color
from chainable.cli.exit_codes import INTERRUPTED, MEANINGS, Failure
from chainable.cli.help_formatter import HelpFormatter, wrap_command
from chainable.cli.i18n import LANGUAGES, Words, language, set_language, translate
from chainable.cli.usage_errors import LocalizedUsageError, invalid_value, unknown_command, unknown_option
from chainable.errors import ChainableError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

__all__ = [
    "Argument",
    "Command",
    "Group",
    "Option",
    "add_options",
    "add_root_options",
    "argument",
    "as_json",
    "command",
    "json_option",
    "option",
    "settings_option",
    "usage_error",
]

_JSON = "chainable.json"
_NO_HELP = Words("", "")
_COMMAND = "COMMAND [ARGS]..."
_METAVARS = {"[OPTIONS]": "[选项]", _COMMAND: "命令 [参数]..."}
_NOTES = (("[required]", "[必填]"), ("[default: ", "[默认："))


def as_json() -> bool:
    """Return whether the current command was given ``--json``."""
    return bool(click.get_current_context().meta.get(_JSON, False))


def usage_error(text: str, zh: str) -> click.UsageError:
    """Build the error for a wrong use of the current command, in English and Chinese."""
    return click.UsageError(Words(text, zh), click.get_current_context())


class _Parameter(click.Parameter):
    """A parameter whose invalid values are described in both languages."""

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """Convert a value, or the values of an option that may be repeated."""
        try:
            return super().type_cast_value(ctx, value)
        except click.BadParameter:
            values = value if isinstance(value, tuple | list) else (value,)
            message = invalid_value(self.type, next(each for each in values if not self._fits(each, ctx)))
            raise click.BadParameter(message, ctx, self) from None

    def _fits(self, value: Any, ctx: click.Context) -> bool:
        try:
            self.type(value, self, ctx)
        except click.BadParameter:
            return False
        return True


class Option(_Parameter, click.Option):
    """An option with help in both languages."""

    def __init__(self, names: Sequence[str], *, help: Words = _NO_HELP, **keywords: Any) -> None:  # noqa: A002
        super().__init__(names, help=str(help), **keywords)
        self.words = help

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the line of help, in the language of the command."""
        if language(ctx) != "zh":
            return super().get_help_record(ctx)
        translated = copy.copy(self)
        translated.help = self.words.zh
        record = click.Option.get_help_record(translated, ctx)
        if record is None:
            return None
        names, text = record
        for english, chinese in _NOTES:
            text = text.replace(english, chinese)
        return names, text


class Argument(_Parameter, click.Argument):
    """An argument; the help of its command describes it."""


class Context(click.Context):
    """A context whose help pages break lines by columns."""

    formatter_class = HelpFormatter


class Command(click.Command):
    """
    A command with help in both languages, whose first line is its entry in lists; errors become exit codes.

    *examples* are lines to paste into a shell, without a prompt.
    """

    context_class = Context
    allow_extra_args = True  # refused below, in both languages

    def __init__(
        self,
        name: str | None,
        *,
        help: Words = _NO_HELP,  # noqa: A002 (click's word)
        examples: Sequence[str] = (),
        **keywords: Any,
    ) -> None:
        super().__init__(name, help=str(help), **keywords)
        self.words = help
        self.examples = tuple(examples)
        self.params += _common_options()

    def help_text(self, context: click.Context) -> str:
        """Return the help in the language of the command."""
        return translate(self.words, language(context))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; with ``--json`` among them, errors are JSON."""
        json = "--json" in args
        _read_ahead(ctx, args)
        given = list(args)
        try:
            rest = super().parse_args(ctx, args)
            self._refuse_extra(ctx, rest)
        except click.NoSuchOption as error:
            message = unknown_option(error.option_name, given, error.ctx or ctx)
            raise _shown(click.UsageError(message, error.ctx or ctx), as_json=json) from None
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise _shown(error, as_json=json) from None
        return rest

    def _refuse_extra(self, ctx: click.Context, rest: list[str]) -> None:
        if rest and not ctx.resilient_parsing:
            extra = " ".join(rest)
            message = Words(f"Unexpected arguments: {extra}", f"多余的参数：{extra}")
            if "=" in rest[0] and any("-d" in each.opts for each in self.params):
                message = Words(
                    f"{message}. Request parameters are given with -d: -d {rest[0]}",
                    f"{message.zh}。请求参数用 -d 给出：-d {rest[0]}",
                )
            raise click.UsageError(message, ctx)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error of the library becomes an exit code."""
        json = bool(ctx.meta.get(_JSON, False))
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # the reader has closed the pipe: click ends quietly
            raise
        except (ChainableError, requests.RequestException, OSError) as error:
            raise Failure(error, as_json=json, message=_explain(error, ctx)) from error
        except click.UsageError as error:
            raise _shown(error, as_json=json) from None
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return ``--help``, with its own help in the language of the command."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = translate(Words("Show this help.", "显示帮助。"), language(ctx))
        return option

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the usage line."""
        lang = language(ctx)
        pieces = self.collect_usage_pieces(ctx)
        text = " ".join(_METAVARS.get(piece, piece) if lang == "zh" else piece for piece in pieces)
        formatter.write_usage(ctx.command_path, text, prefix=translate(Words("Usage: ", "用法："), lang))

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help text."""
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(self.help_text(ctx))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        records = [record for option in options if (record := option.get_help_record(ctx)) is not None]
        with formatter.section(translate(Words("Options", "选项"), language(ctx))):
            formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, for the name that the program was called by."""
        root = ctx.find_root()
        with formatter.section(translate(Words("Examples", "示例"), language(ctx))):
            for example in self.examples:
                line = re.sub(rf"(^|\| ){re.escape(str(root.command.name))}\b", rf"\1{root.info_name}", example)
                for row in wrap_command(line, formatter.width - formatter.current_indent):
                    formatter.write(f"{' ' * formatter.current_indent}{row}\n")


class Group(Command, click.Group):
    """
    Commands under one name, listed with the exit codes in the language of the command.

    *explain* finds the Chinese text of a configuration error; *unset* are the reasons of those that nothing was set.
    """

    command_class = Command

    def __init__(
        self,
        *arguments: Any,
        explain: Callable[[Exception], Words] | None = None,
        unset: Collection[str] = (),
        **keywords: Any,
    ) -> None:
        self.explain = explain
        self.unset = unset
        # Without a command click runs the callback, which refuses in both languages.
        super().__init__(
            *arguments,
            invoke_without_command=True,
            no_args_is_help=True,
            subcommand_metavar=_COMMAND,
            callback=_require_command,
            **keywords,
        )

    def _refuse_extra(self, ctx: click.Context, rest: list[str]) -> None:
        """Keep the rest: it is the command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first argument names."""
        name = args[0]
        if not (name in self.commands or name.startswith("-") or ctx.resilient_parsing):
            raise click.UsageError(unknown_command(name, self.commands), ctx)
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, the commands and, for the whole program, the exit codes."""
        super().format_options(ctx, formatter)
        lang = language(ctx)
        rows = []
        for name in self.list_commands(ctx):
            command = self.commands[name]
            text = command.help_text(ctx) if isinstance(command, Command) else command.help or ""
            rows.append((name, text.partition("\n")[0]))
        with formatter.section(translate(Words("Commands", "命令"), lang)):
            formatter.write_dl(rows)
        if ctx.parent is None:
            with formatter.section(translate(Words("Exit codes", "退出码"), lang)):
                formatter.write_dl([(str(code), translate(text, lang)) for code, text in MEANINGS.items()])


def command(
    name: str,
    help: Words,  # noqa: A002 (click's word)
    examples: Sequence[str] = (),
    kind: type[Command] = Command,
) -> Callable[[Callable[..., Any]], Command]:
    """Make a :class:`Command` of a function, or a command of another kind."""
    return click.command(name, cls=kind, help=help, examples=examples)


def option(*names: str, help: Words, **keywords: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # noqa: A002
    """Add an :class:`Option` to a command."""
    return click.option(*names, cls=Option, help=help, **keywords)


def add_options(*options: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Callable[..., Any]:
    """Combine options to one decorator."""
    return lambda function: reduce(lambda inner, add: add(inner), reversed(options), function)


def argument(name: str, **keywords: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add an :class:`Argument` to a command."""
    return click.argument(name, cls=Argument, **keywords)


def _shown(error: click.UsageError, *, as_json: bool) -> click.ClickException:
    """Return a usage error as it is shown; one that shows itself, such as a help page, is returned unchanged."""
    if as_json:
        return Failure(error, as_json=True, message=LocalizedUsageError(error).message)
    return LocalizedUsageError(error) if type(error).show is click.UsageError.show else error


def _explain(error: Exception, ctx: click.Context) -> str | None:
    """Return the message of a configuration error with a reason, in the language of the command."""
    root = ctx.find_root()
    explain: Callable[[Exception], Words] | None = getattr(root.command, "explain", None)
    if explain is None or not isinstance(error, ConfigurationError) or error.reason is None:
        return None
    message = explain(error)
    if error.reason in getattr(root.command, "unset", ()) and not ctx.params.get("env"):
        start = f"{root.info_name} sandbox --write-env sandbox.env"
        message = Words(
            f"{message}. Settings of a file are given with --env FILE. "
            f"Without an account, start a sandbox in another terminal ({start}), then add --env sandbox.env.",
            f"{message.zh}。配置文件用 --env FILE 指定；没有账号时，请先在另一个终端启动沙箱（{start}），"
            "再加上 --env sandbox.env。",
        )
    return translate(message, language(ctx))


def _require_command() -> None:
    if click.get_current_context().invoked_subcommand is None:
        raise usage_error("Missing command.", "缺少命令。")


def _set_language(context: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None:
        set_language(context, value)


def _set_color(context: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None:
        set_color(context, value)


_COMMON = (
    ("--lang", LANGUAGES, set_language),
    ("--color", COLORS, set_color),
)


def _read_ahead(context: click.Context, args: Sequence[str]) -> None:
    """Find the options of every command before the line is parsed: its errors and help pages have to follow them."""
    words = [*args[: args.index("--")]] if "--" in args else [*args]
    for name, values, use in _COMMON:
        for word, following in zip(words, [*words[1:], ""], strict=False):
            value = following if word == name else word.removeprefix(f"{name}=")
            if word.startswith(name) and value in values:
                use(context, value)


def _common_options() -> list[click.Parameter]:
    """Return ``--lang`` and ``--color``, which stand anywhere in a line."""
    return [
        Option(
            ["--lang"],
            type=click.Choice(LANGUAGES),
            is_eager=True,
            expose_value=False,
            callback=_set_language,
            help=Words(
                "Language of help and messages (zh: 中文). Default: by LANG.", "帮助与提示的语言，默认取环境变量 LANG。"
            ),
        ),
        Option(
            ["--color"],
            type=click.Choice(COLORS),
            is_eager=True,
            expose_value=False,
            callback=_set_color,
            help=Words(
                "Colours of the output. Default: auto, on a terminal without NO_COLOR.",
                "输出的颜色，默认 auto：仅在终端中、且未设置 NO_COLOR 时着色。",
            ),
        ),
    ]


def _set_json(context: click.Context, param: click.Parameter, value: bool) -> None:
    context.meta[_JSON] = value


def _version(context: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"{context.info_name} {__version__}")
        context.exit()


def add_root_options(command: Group) -> Group:
    """Add ``--version`` to a program."""
    command.params.insert(
        0,
        Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help=Words("Show the version.", "显示版本。"),
        ),
    )
    return command


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--json`` to a command."""
    return option(
        "--json",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_set_json,
        help=Words("Print JSON.", "以 JSON 输出。"),
    )(function)


def settings_option(prefix: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return ``--env``, a file of the settings whose names begin with *prefix* in the environment."""
    return option(
        "--env",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help=Words(
            f"Settings file: lines of {prefix}NAME=value, or TOML. Default: the environment.",
            f"配置文件：每行一个 {prefix}NAME=value，或 TOML；默认读环境变量。",
        ),
    )
