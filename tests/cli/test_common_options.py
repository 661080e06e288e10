"""What every command has: ``--lang`` and ``--color`` anywhere in a line, suggestions, ``python -m``."""

from __future__ import annotations

import json
import os
import pty
import runpy
import subprocess
import sys
from decimal import Decimal

import click
import pytest

from chainable.cli import exit_codes, output
from chainable.cli.usage_errors import similar


def walk(command):
    yield command
    for inner in getattr(command, "commands", {}).values():
        yield from walk(inner)


@pytest.mark.parametrize(
    "line",
    [
        ["--lang", "zh", "act", "--nope"],
        ["act", "--lang", "zh", "--nope"],
        ["act", "--nope", "--lang", "zh"],
        ["act", "pay", "--nope", "--lang=zh"],
        ["--lang", "en", "act", "--lang", "zh", "--nope"],
    ],
)
def test_the_language_stands_anywhere_in_a_line(wx, line):
    result = wx(*line)

    assert result.code == 2
    assert "没有选项 '--nope'。" in result.err


@pytest.mark.parametrize(
    "line",
    [
        ["certificates", "--lang", "zh", "--help"],
        ["certificates", "--help", "--lang", "zh"],
        ["certificates", "list", "--help", "--lang", "zh"],
        ["certificates", "--lang", "zh", "list", "--help"],
    ],
)
def test_the_language_reaches_help_pages_inside_a_group(wx, line):
    assert "用法：" in wx(*line).out


def test_the_language_of_a_line_is_checked_and_ends_with_the_options(wx, top):
    assert "'fr' is not one of en, zh" in wx("act", "--lang", "fr").err
    assert "No such command '--lang'" not in top("--lang", "zh", "nope").err
    assert "没有找到" in wx("describe", "qqqqzzzz", "--lang", "zh").err
    assert "nothing found for '--lang zh qqqqzzzz'" in wx("describe", "--", "--lang", "zh", "qqqqzzzz").err


def test_every_command_takes_the_common_options():
    from taobao_top.cli.program import program as top
    from wechatpay.cli.program import program as wx

    for program in (wx, top):
        for command in walk(program):
            names = [name for param in command.params for name in param.opts]
            assert (names.count("--lang"), names.count("--color")) == (1, 1), command.name


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["bil"], "No such command 'bil'. Did you mean 'bill'?"),
        (["cert"], "Did you mean 'certificates'?"),
        (["certificates", "lst"], "Did you mean 'list'?"),
        (["qqq"], "No such command 'qqq'.\n"),
        (["bill", "--sav", "x"], "No such option '--sav'. Did you mean '--save'?"),
        (["bill", "--maxsize=5", "x"], "No such option '--maxsize'. Did you mean '--max-size'?"),
        (["act", "-sandbox", "x"], "No such option '-sandbox'. Did you mean '--sandbox'?"),
        (["act", "-q"], "No such option '-q'.\n"),
        (["--env", "a.env", "bill", "x"], "Option '--env' belongs behind its command: wechatpay bill … --env"),
        (["--json", "describe", "x"], "Option '--json' belongs behind its command: wechatpay describe … --json"),
        (["--redeliver"], "Option '--redeliver' belongs behind its command: wechatpay deliveries … --redeliver"),
        (["sandbox", "--en", "x"], "No such option '--en'."),
    ],
)
def test_a_wrong_word_says_what_was_perhaps_meant(wx, line, words):
    result = wx(*line)

    assert result.code == 2
    assert words in result.err


def test_a_wrong_option_is_json_with_the_json_option(wx):
    error = json.loads(wx("bill", "--json", "--sav", "x").err)["error"]
    assert error["message"] == "No such option '--sav'. Did you mean '--save'?"


@pytest.mark.parametrize(
    ("event", "nearest"),
    [
        ("TRANSACTION.SUCASS", "TRANSACTION.SUCCESS"),
        ("TRANSACTION.SUCESS", "TRANSACTION.SUCCESS"),
        ("transaction.success", "TRANSACTION.SUCCESS"),
        ("REFUND.SUCCES", "REFUND.SUCCESS"),
        ("PAYSCORE.USERPAID", "PAYSCORE.USER_PAID"),
    ],
)
def test_a_misspelt_event_names_the_nearest_one(wx, event, nearest):
    result = wx("trigger", event, "--to", "http://127.0.0.1:9/")

    assert result.code == 2
    assert f"Did you mean '{nearest}'" in result.err
    assert f"是否要写 '{nearest}'" in wx("trigger", event, "--to", "http://127.0.0.1:9/", "--lang", "zh").err


def test_an_event_that_resembles_none_points_to_the_search(wx):
    assert "'wechatpay describe qqq' searches" in wx("trigger", "qqq", "--to", "http://127.0.0.1:9/").err
    assert "unknown v2 event" in wx("trigger", "qqq", "--v2", "--to", "http://127.0.0.1:9/").err


def test_similar_names_are_those_of_the_same_spelling_first():
    assert similar("ab", ["abc", "xxxab"]) == ["abc"]
    assert similar("list", ["certificates list", "play-list", "list-all"]) == [
        "list-all",
        "play-list",
        "certificates list",
    ]


@pytest.mark.parametrize(
    ("source", "day"),
    [
        ("28-11-2026", "2026-11-28"),
        ("2026/11/28", "2026-11-28"),
        ("11/28/2026", "2026-11-28"),
        ("20261128", "2026-11-28"),
        ("261128", "2026-11-28"),
        ("2026.1.5", "2026-01-05"),
        ("2026-1-5", "2026-01-05"),
        ("2026年1月5日", "2026-01-05"),
        ("5.6.2026", "2026-05-06 or 2026-06-05"),
    ],
)
def test_a_day_in_another_form_shows_the_right_one(wx, source, day):
    result = wx("bill", source)

    assert result.code == 2
    assert f"SOURCE {source}: write the day as YYYY-MM-DD: {day}" in result.err
    assert f"日期应写成 YYYY-MM-DD：{day.replace('or', '或')}" in wx("bill", source, "--lang", "zh").err


@pytest.mark.parametrize("source", ["2026-02-30", "99999999", "31-31-2026", "1-1-26"])
def test_a_day_that_does_not_exist_is_refused_before_a_call(wx, source):
    result = wx("bill", source)

    assert result.code == 2
    assert "this day does not exist" in result.err


def test_a_saved_bill_may_be_called_like_a_day(wx, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "20261128").write_text("x")
    assert "20261128: this is not a bill" in wx("bill", "20261128").err


@pytest.mark.parametrize(("package", "command"), [("wechatpay", "wechatpay"), ("taobao_top", "taobao-top")])
def test_a_package_runs_as_a_module(package, command, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, f"{package}.__main__", raising=False)
    monkeypatch.setattr(sys, "argv", ["x", "nope"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(package, run_name="__main__")
    assert ended.value.code == 2
    assert f"Usage: python -m {package} [OPTIONS]" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["x", "sandbox", "--help"])
    with pytest.raises(SystemExit):
        runpy.run_module(package, run_name="__main__")
    shown = capsys.readouterr().out
    assert f"  python -m {package} sandbox " in shown.partition("Examples:")[2]
    assert command not in shown.partition("Examples:")[2].replace(f"python -m {package}", "")
    assert runpy.run_module(package, run_name="imported")["main"] is not None


@pytest.mark.parametrize("package", ["wechatpay", "taobao_top"])
@pytest.mark.parametrize(
    ("missing", "line", "extra"),
    [
        ("click", "describe x", "cli"),
        ("rich", "describe x", "cli"),
        ("httptools", "sandbox", "sandbox"),
        ("trustme", "demo", "sandbox"),
    ],
)
def test_a_missing_extra_says_what_to_install(package, missing, line, extra):
    code = (
        f"import sys; sys.modules['{missing}'] = None; from {package}.cli import main; sys.exit(main({line.split()}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.returncode == 2
    assert f"pip install 'wechatpay-taobao-top[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


VALUE = {"名": "值 [bold]x[/]", "n": [1, None, True], "d": Decimal("1.5"), "long": "x" * 300}


def printed(*, terminal, run=lambda: output.print_json(VALUE)):
    """Return what a function prints on a terminal, or into a pipe."""
    reader, writer = pty.openpty() if terminal else os.pipe()
    before = sys.stdout
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        sys.stdout = stream
        try:
            run()
        finally:
            sys.stdout = before
        stream.flush()
        text = os.read(reader, 1 << 16).decode()
    os.close(reader)
    return text.replace("\r\n", "\n")


@pytest.fixture
def colors(monkeypatch):
    """Set the environment's word on colours, and the command's."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")

    def choose(value, **environment):
        for name, text in environment.items():
            monkeypatch.setenv(name, text)
        context = click.Context(click.Command("x"))
        if value is not None:
            context.meta["chainable.color"] = value
        return context

    return choose


@pytest.mark.parametrize(
    ("terminal", "chosen", "environment", "colored"),
    [
        (True, None, {}, True),
        (True, "auto", {}, True),
        (True, "never", {}, False),
        (True, None, {"NO_COLOR": "1"}, False),
        (True, None, {"NO_COLOR": ""}, True),
        (True, "always", {"NO_COLOR": "1"}, True),
        (True, None, {"TERM": "dumb"}, False),
        (False, None, {}, False),
        (False, "auto", {}, False),
        (False, "always", {}, True),
        (False, "always", {"TERM": "dumb"}, True),
        (False, "never", {"FORCE_COLOR": "1"}, False),
        (False, None, {"FORCE_COLOR": "1"}, True),
    ],
)
def test_json_has_colours_on_a_terminal_only(colors, terminal, chosen, environment, colored):
    plain = output.as_text(VALUE) + "\n"
    with colors(chosen, **environment):
        text = printed(terminal=terminal)
    assert ("\x1b[" in text) is colored
    assert click.unstyle(text) == plain


def test_a_line_of_json_and_a_table_follow_the_same_choice(colors):
    with colors("always"):
        assert "\x1b[" in printed(terminal=False, run=lambda: output.print_json_line({"a": 1}))
        assert "\x1b[" in printed(terminal=False, run=lambda: output.print_table("", ("a",), [(1,)]))
    with colors("never"):
        assert printed(terminal=True, run=lambda: output.print_json_line({"a": 1})) == '{"a": 1}\n'
        assert "\x1b[" not in printed(terminal=True, run=lambda: output.print_table("", ("a",), [(1,)]))


def test_the_option_reaches_output_and_errors(wx, colors):
    colors(None)
    line = ["describe", "v3/security/echo", "--json"]
    assert "\x1b[" not in wx(*line).out
    assert "\x1b[" in wx(*line, "--color", "always").out
    assert "\x1b[" in wx("--color=always", *line).out
    assert json.loads(click.unstyle(wx(*line, "--color", "always").out))["name"] == "POST v3/security/echo"
    assert "\x1b[" in wx("bill", "--json", "--sav", "x", "--color", "always").err
    assert "\x1b[" not in wx("bill", "--json", "--sav", "x").err
    assert "'blue' is not one of auto, always, never" in wx(*line, "--color", "blue").err
    assert exit_codes.Failure(ValueError("x"), as_json=True).exit_code == 2
