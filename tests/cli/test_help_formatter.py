"""Help pages: width, line breaks, both languages."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from chainable.cli import help_formatter
from chainable.cli.i18n import Words, translate


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("two words here", 9, ["two words", "here"]),
        ("签名错误，请检查密钥。", 10, ["签名错误，", "请检查密", "钥。"]),
        ("见（WeChatPay）。", 13, ["见", "（WeChatPay）", "。"]),
        ("见（WeChatPay）。", 15, ["见", "（WeChatPay）。"]),
        ("a-very-long-word b", 6, ["a-very", "-long-", "word b"]),
        ("   spaced   out   ", 20, ["spaced out"]),
        ("《", 10, ["《"]),
        ("", 10, [""]),
    ],
)
def test_lines_break_where_they_may(text, width, lines):
    assert help_formatter.wrap(text, width) == lines
    assert all(cell_len(line) <= width for line in lines)


def written(width):
    page = help_formatter.HelpFormatter(width=width)
    with page.section("选项"):
        page.write_dl([("--long-option-name TEXT", "说明文字很长需要换行"), ("-x", "short"), ("--none", "")])
    with page.section("Options"), page.indentation():
        page.write_text("One.\n\nTwo.")
    return page.getvalue()


def test_long_terms_stand_above_their_meaning():
    assert written(30) == (
        "选项：\n"
        "  --long-option-name TEXT\n"
        "                  说明文字很长\n"
        "                  需要换行\n"
        "  -x              short\n"
        "  --none\n"
        "\n"
        "Options:\n"
        "    One.\n"
        "\n"
        "    Two.\n"
    )  # fmt: skip


def test_a_list_without_terms_is_empty():
    page = help_formatter.HelpFormatter(width=30)
    page.write_dl([])

    assert page.getvalue() == ""


@pytest.mark.parametrize("columns", ["40", "60"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_help_fits_into_a_narrow_terminal(wx, top, monkeypatch, columns, lang):
    monkeypatch.setenv("COLUMNS", columns)
    for run, commands in ((wx, ("trigger", "request", "sandbox", "doctor")), (top, ("request", "sandbox"))):
        for command in commands:
            result = run("--lang", lang, command, "--help").out
            assert max(map(cell_len, result.splitlines())) <= int(columns)


def test_required_options_are_marked_in_chinese(wx):
    assert "[必填]" in wx("--lang", "zh", "trigger", "--help").out
    assert "[默认：127.0.0.1]" in wx("--lang", "zh", "sandbox", "--help").out
    assert "[required]" in wx("--lang", "en", "trigger", "--help").out


def test_words_are_english_text():
    words = Words("yes", "是")

    assert words == "yes"
    assert translate(words, "zh") == "是"
    assert translate(words, "en") == "yes"
    assert translate("plain", "zh") == "plain"
