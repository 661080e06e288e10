"""Help, languages, exit codes, completion, demo, describe."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
import requests
from click.testing import CliRunner

from chainable.cli import commands, extras, outcomes
from chainable.errors import APIError, CodecError, DecryptionError, SignatureError


def test_help_lists_commands_and_exit_codes(wx):
    told = wx("--help")

    assert told.code == 0
    assert told.out.startswith("Usage: wechatpay")
    for word in ("describe", "doctor", "trigger", "Exit codes:", "a signature is missing or wrong"):
        assert word in told.out


def test_a_group_inside_lists_its_commands_only(wx):
    told = wx("certificates", "--help").out

    assert "download" in told
    assert "Exit codes" not in told


def test_help_is_chinese_on_request(wx, top):
    assert "用法：" in wx("--lang", "zh", "--help").out
    text = wx("--lang", "zh", "request", "--help").out
    assert "发起任意调用" in text
    assert "显示本帮助" in text
    assert "请求体" in text
    assert "排查问题" in top("--lang", "zh", "--help").out


def test_help_is_chinese_where_the_system_is(top, monkeypatch):
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")

    assert "退出码" in top("--help").out
    assert "退出码" not in top("--lang", "en", "--help").out


def test_every_command_has_help_in_both_languages():
    from taobao_top.cli.program import program as top
    from wechatpay.cli.program import program as wx

    def walk(command):
        yield command
        for inner in getattr(command, "commands", {}).values():
            yield from walk(inner)

    for program in (wx, top):
        for command in walk(program):
            assert all((command.help, command.zh)), command.name
            for param in command.params:
                if isinstance(param, click.Option):
                    assert all((param.help, param.zh)), (command.name, param.name)


def test_the_version(wx):
    from chainable import _version

    assert wx("--version").out == f"wechatpay {_version.__version__}\n"


def test_a_command_without_words_of_ours_is_listed_all_the_same():
    group = commands.Group("x", help="X", zh="某")
    group.add_command(click.Command("plain", help="Foreign.\n\nMore.", add_help_option=False))
    group.add_command(commands.Command("bare", add_help_option=False))
    told = CliRunner().invoke(group, ["--help"]).output

    assert "Foreign." in told
    assert "More" not in told
    assert "Options" in CliRunner().invoke(group, ["--help"]).output
    bare = commands.Command("bare", help="B", zh="B", add_help_option=False)
    assert bare.get_help_option(click.Context(bare)) is None


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_scripts(wx, shell):
    assert "_WECHATPAY_COMPLETE" in wx("completion", shell).out


def test_demos(wx, top):
    assert "✓ 7 calls" in top("demo").out
    told = wx("demo", "--json")
    assert told.code == 0
    assert told.data["passed"] is True


def test_a_missing_extra_is_one_line(wx, monkeypatch):
    monkeypatch.setitem(sys.modules, "wechatpay.sandbox", None)
    told = wx("demo")

    assert told.code == 2
    assert "wechatpay-taobao-top[sandbox]" in told.err


def test_without_click_there_is_advice(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "click", None)
    for name in ("wechatpay.cli.program", "chainable.cli.commands"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    from wechatpay.cli import main

    assert main() == 2
    assert "pip install 'wechatpay-taobao-top[cli]'" in capsys.readouterr().err


def test_what_else_is_missing_is_not_taken_for_the_extra():
    with pytest.raises(ModuleNotFoundError, match="no_such"):
        extras.run("x", "chainable.cli.no_such", "advice")


def test_the_programs_run(monkeypatch, capsys):
    import taobao_top.cli
    import wechatpay.cli

    for main in (wechatpay.cli.main, taobao_top.cli.main):
        monkeypatch.setattr(sys, "argv", ["x", "--version"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0


def test_a_program_that_returns_gives_zero(monkeypatch):
    module = type(sys)("a_program")
    module.program = lambda prog_name: None
    monkeypatch.setitem(sys.modules, "a_program", module)

    assert extras.run("x", "a_program", "advice") == 0


def test_describe(wx, top):
    assert "out_order_no" in wx("describe", "v3/hire-power-bank/insurance-orders").out
    assert wx("describe", "v3/security/echo", "--json").data["name"] == "POST v3/security/echo"
    assert "保险" in wx("describe", "保险").out
    assert wx("describe", "保险", "--json").data["candidates"]
    nothing = wx("describe", "qqqqqqqqzzzz")
    assert (nothing.code, nothing.err) == (outcomes.NOTHING, "nothing is called 'qqqqqqqqzzzz'\n")
    assert wx("describe", "qqqqqqqqzzzz", "--json").code == outcomes.NOTHING
    assert "机构投保创单" in top("describe", "alibaba.finance.insurance.createorder").out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (APIError("no", code="X", status_code=400), outcomes.REFUSED),
        (SignatureError("no", reason="stale"), outcomes.SIGNATURE),
        (DecryptionError("no"), outcomes.DECRYPTION),
        (requests.ConnectTimeout("no"), outcomes.NETWORK),
        (CodecError("no"), outcomes.USAGE),
        (TypeError("no"), outcomes.USAGE),
    ],
)
def test_exit_codes(error, code):
    failure = outcomes.Failure(error)

    assert failure.exit_code == code
    assert failure.members()["message"] == "no"


def test_bash_completes_a_command():
    done = subprocess.run(
        [sys.executable, "-c", "from wechatpay.cli import main; main()"],
        env={
            "_WECHATPAY_COMPLETE": "bash_complete",
            "COMP_WORDS": "wechatpay trigger TRANSACTION.S",
            "COMP_CWORD": "2",
        },
        capture_output=True,
        text=True,
    )

    assert "TRANSACTION.SUCCESS" in done.stdout
