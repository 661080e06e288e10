"""Help, languages, exit codes, completion, demo, describe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings

import click
import pytest
import requests
from click.testing import CliRunner

from chainable.cli import commands, entrypoint, exit_codes, sandbox_options
from chainable.cli.i18n import Words
from chainable.cli.notices import printed_warnings
from chainable.errors import APIError, CodecError, DecryptionError, SignatureError


def test_help_lists_commands_and_exit_codes(wx):
    result = wx("--help")

    assert result.code == 0
    assert result.out.startswith("Usage: wechatpay")
    for word in ("describe", "doctor", "trigger", "Exit codes:", "signature missing or wrong"):
        assert word in result.out


def test_a_group_inside_lists_its_commands_only(wx):
    result = wx("certificates", "--help").out

    assert "download" in result
    assert "Exit codes" not in result


def test_help_is_chinese_on_request(wx, top):
    assert "用法：" in wx("--lang", "zh", "--help").out
    text = wx("--lang", "zh", "request", "--help").out
    assert "发起任意调用" in text
    assert "显示帮助" in text
    assert "请求参数" in text
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
            assert all((command.help, command.words.zh)), command.name
            for param in command.params:
                if isinstance(param, click.Option):
                    assert all((param.help, param.words.zh)), (command.name, param.name)


def test_the_version(wx):
    from chainable import _version

    assert wx("--version").out == f"wechatpay {_version.__version__}\n"


def test_a_command_without_words_of_ours_is_listed_all_the_same():
    group = commands.Group("x", help=Words("X", "某"))
    group.add_command(click.Command("plain", help="Foreign.\n\nMore.", add_help_option=False))
    group.add_command(commands.Command("bare", add_help_option=False))
    result = CliRunner().invoke(group, ["--help"]).output

    assert "Foreign." in result
    assert "More" not in result
    assert "Options" in CliRunner().invoke(group, ["--help"]).output
    bare = commands.Command("bare", help=Words("B", "B"), add_help_option=False)
    assert bare.get_help_option(click.Context(bare)) is None


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_scripts(wx, shell):
    assert "_WECHATPAY_COMPLETE" in wx("completion", shell).out


def test_demos(wx, top):
    assert "✓ 7 calls" in top("demo").out
    result = wx("demo", "--json")
    assert result.code == 0
    assert result.data["passed"] is True


def missing(name):
    def load(*arguments):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    return load


def test_a_missing_extra_is_one_line():
    with pytest.raises(click.UsageError, match=r"the sandbox needs httptools: pip install"):
        sandbox_options.require_sandbox(missing("httptools"), "x")


@pytest.mark.parametrize("name", ["click", "rich.console"])
def test_without_click_there_is_advice(capsys, name):
    assert entrypoint.run("x", "a_program", "wechatpay-taobao-top", load=missing(name)) == 2
    english, chinese = capsys.readouterr().err.splitlines()
    assert english.endswith("pip install 'wechatpay-taobao-top[cli]'")
    assert chinese.startswith("命令行需要 click 与 rich：pip install")


def test_another_missing_module_is_raised():
    with pytest.raises(ModuleNotFoundError, match="no_such"):
        entrypoint.run("x", "chainable.cli.no_such", "x")


def test_the_programs_run(capsys):
    import taobao_top.cli
    import wechatpay.cli

    for main in (wechatpay.cli.main, taobao_top.cli.main):
        with pytest.raises(SystemExit) as ended:
            main(["--version"])
        assert ended.value.code == 0


def test_a_program_that_returns_gives_zero():
    class Module:
        @staticmethod
        def program(args, prog_name):
            assert (args, prog_name) == (None, "x")

    assert entrypoint.run("x", "a_program", "wechatpay-taobao-top", load=lambda name: Module) == 0


def test_describe(wx, top):
    assert "out_order_no" in wx("describe", "v3/hire-power-bank/insurance-orders").out
    assert wx("describe", "v3/security/echo", "--json").data["name"] == "POST v3/security/echo"
    assert "保险" in wx("describe", "保险").out
    assert wx("describe", "保险", "--json").data["candidates"]
    nothing = wx("describe", "qqqqqqqqzzzz")
    assert (nothing.code, nothing.err) == (exit_codes.NOT_FOUND, "nothing found for 'qqqqqqqqzzzz'\n")
    assert wx("describe", "qqqqqqqqzzzz", "--json").code == exit_codes.NOT_FOUND
    assert "机构投保创单" in top("describe", "alibaba.finance.insurance.createorder").out


def test_a_name_that_nothing_has_is_said_before_similar_ones(wx, top):
    for run, name, right in (
        (wx, "TRANSACTION.SUCESS", "v3 TRANSACTION.SUCCESS"),
        (wx, "ecommerce/refunds/applyy", "POST v3/ecommerce/refunds/apply"),
        (top, "taobao.trade.fullinfo.gte", "taobao.trade.fullinfo.get"),
    ):
        result = run("describe", name)
        assert result.code == exit_codes.NOT_FOUND
        assert result.err == f"nothing has the name {name!r} or a part of it; similar are:\n"
        assert right in result.out
        assert f"没有名称或标题包含 {name!r} 的接口" in run("describe", name, "--lang", "zh").err
        assert run("describe", name, "--json").data["near"] is True
    assert wx("describe", "保险", "--json").data["near"] is False


def test_a_search_that_is_cut_says_how_to_see_all(wx, top):
    result = wx("describe", "退款")
    assert result.out.splitlines()[0].split()[:3] == ["申请退款", "POST", "v3/refund/domestic/refunds"]
    assert "the first 10 of " in result.out
    assert "以上为前 10 个；加 --all 查看全部" in wx("describe", "退款", "--lang", "zh").out
    whole = wx("describe", "退款", "--all")
    assert "--all" not in whole.out
    assert len(whole.out.splitlines()) > 30
    data = wx("describe", "退款", "--json").data
    assert len(data["candidates"]) == 10 < data["total"]
    assert data["candidates"][0]["product"] == "退款"
    assert (
        len(top("describe", "发货", "--json", "--all").data["candidates"])
        == top("describe", "发货", "--json").data["total"]
    )


def test_headings_follow_the_language_of_the_line(wx, top):
    text = wx("describe", "v3/pay/transactions/native", "--lang", "zh").out
    for heading in ("请求参数", "类型", "描述", "最简调用（仅必填参数）", "返回字典", "6 种写法"):
        assert heading in text
    text = wx("describe", "--lang", "en", "v3/pay/transactions/native").out
    for heading in (
        "request parameters",
        "type",
        "description",
        "shortest call",
        "response dict",
        "6 ways to write it",
    ):
        assert heading in text
    assert "异步属性式" in wx("describe", "--all", "v3/pay/transactions/native", "--lang", "zh").out
    assert "公共参数" in top("describe", "taobao.time.get", "--lang", "zh").out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (APIError("no", code="X", status_code=400), exit_codes.REFUSED),
        (SignatureError("no", reason="stale"), exit_codes.SIGNATURE),
        (DecryptionError("no"), exit_codes.DECRYPTION),
        (requests.ConnectTimeout("no"), exit_codes.NETWORK),
        (CodecError("no"), exit_codes.USAGE),
        (TypeError("no"), exit_codes.USAGE),
    ],
)
def test_exit_codes(error, code):
    failure = exit_codes.Failure(error)

    assert failure.exit_code == code
    assert failure.members()["message"] == "no"


def command(raised):
    @commands.json_option
    def raises():
        raise raised

    group = commands.Group("x", help=Words("X", "某"))
    group.command("y", help=Words("Y", "某"))(raises)
    return group


@pytest.mark.parametrize(
    ("raised", "code", "words"),
    [
        (FileNotFoundError(2, "No such file or directory", "a.csv"), 2, "a.csv: No such file or directory"),
        (OSError("no file at all"), 2, "no file at all"),
        (click.UsageError("wrong"), 2, "wrong"),
        (DecryptionError("no"), 5, "no"),
    ],
)
def test_errors_are_json_with_the_json_option(raised, code, words):
    result = CliRunner().invoke(command(raised), ["y", "--json"])
    error = json.loads(result.stderr)["error"]

    assert (result.exit_code, error["exit_code"], error["message"]) == (code, code, words)
    result = CliRunner().invoke(command(raised), ["y"])
    assert result.exit_code == code
    assert words in result.stderr


def test_usage_errors_are_json_with_the_json_option(wx):
    result = wx("request", "--json", "jump", "v3/x")

    assert result.code == 2
    assert "jump" in json.loads(result.err)["error"]["message"]


def test_ctrl_c_is_an_exit_code_of_its_own():
    result = CliRunner().invoke(command(KeyboardInterrupt()), ["y"])

    assert result.exit_code == exit_codes.INTERRUPTED == 130
    assert result.output == ""


def test_a_reader_that_goes_away_is_not_an_error():
    result = CliRunner().invoke(command(BrokenPipeError(32, "Broken pipe")), ["y"])

    assert result.exit_code == 1
    assert result.output == ""


def test_a_pipe_that_closes_early():
    with subprocess.Popen(
        [sys.executable, "-c", "from wechatpay.cli import main; main()", "describe", "v3/pay"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""


# Each shell asks for the words of a line in its own way, and is answered in its own form.
SHELLS = [
    ("bash", "wechatpay {}", "2"),
    ("zsh", "wechatpay {}", "2"),
    ("fish", "wechatpay trigger", "TRANSACTION.S"),
]


@pytest.mark.parametrize(("shell", "words", "place"), SHELLS)
def test_every_shell_completes_an_event(shell, words, place):
    done = subprocess.run(
        [sys.executable, "-c", "from wechatpay.cli import main; main()"],
        env={
            "_WECHATPAY_COMPLETE": f"{shell}_complete",
            "COMP_WORDS": words.format("trigger TRANSACTION.S"),
            "COMP_CWORD": place,
        },
        capture_output=True,
        text=True,
    )

    assert "TRANSACTION.SUCCESS" in done.stdout
    assert done.stderr == ""


def test_the_script_completes_in_bash(tmp_path):
    """A bash process reads the script and completes ``wechatpay cert``."""
    (tmp_path / "wechatpay").write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "from wechatpay.cli import main; main()" "$@"\n'
    )
    (tmp_path / "wechatpay").chmod(0o755)
    script = (
        'eval "$(wechatpay completion bash)" && COMP_WORDS=(wechatpay cert) COMP_CWORD=1 '
        '&& _wechatpay_completion wechatpay && printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )

    assert done.stdout.split() == ["certificates"], done.stderr


@pytest.mark.parametrize(("locale", "line"), [("zh_CN.UTF-8", "警告：中文"), ("en_US.UTF-8", "warning: English")])
def test_warnings_are_lines_in_the_language_of_the_reader_each_once(monkeypatch, capsys, locale, line):
    monkeypatch.setenv("LANG", locale)
    with printed_warnings():
        warnings.simplefilter("always")
        warnings.warn(Words("English", "中文"), stacklevel=1)
        warnings.warn(Words("English", "中文"), stacklevel=2)
        warnings.warn(UserWarning(7), stacklevel=1)
    last = line.partition("English")[0].partition("中文")[0] + "7"
    assert capsys.readouterr().err == f"{line}\n{last}\n"


def test_a_program_prints_warnings_as_lines(monkeypatch, capsys):
    class Module:
        @staticmethod
        def program(**_):
            warnings.simplefilter("always")
            warnings.warn("a setting is unknown", stacklevel=1)

    assert entrypoint.run("x", "a_program", "wechatpay-taobao-top", load=lambda name: Module) == 0
    assert capsys.readouterr().err == "warning: a setting is unknown\n"
