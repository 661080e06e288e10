"""Help pages: widths, line breaks, Chinese."""

from __future__ import annotations

import pytest

from chainable.cli import pages
from chainable.cli.words import Words, in_language


def test_chinese_takes_two_columns():
    assert pages.columns("a微信") == 5


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
    assert pages.wrapped(text, width) == lines
    assert all(pages.columns(line) <= width for line in lines)


def written(width):
    page = pages.HelpFormatter(width=width)
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


def test_no_terms_are_no_lines():
    page = pages.HelpFormatter(width=30)
    page.write_dl([])

    assert page.getvalue() == ""


@pytest.mark.parametrize("columns", ["40", "60"])
@pytest.mark.parametrize("tongue", ["en", "zh"])
def test_help_fits_into_a_narrow_terminal(wx, top, monkeypatch, columns, tongue):
    monkeypatch.setenv("COLUMNS", columns)
    for run, commands in ((wx, ("trigger", "request", "sandbox", "doctor")), (top, ("request", "sandbox"))):
        for command in commands:
            told = run("--lang", tongue, command, "--help").out
            assert max(map(pages.columns, told.splitlines())) <= int(columns)


def test_what_must_be_given_is_said_in_chinese(wx):
    assert "[必填]" in wx("--lang", "zh", "trigger", "--help").out
    assert "[默认：127.0.0.1]" in wx("--lang", "zh", "sandbox", "--help").out
    assert "[required]" in wx("--lang", "en", "trigger", "--help").out


def test_words_are_english_to_programs():
    words = Words("yes", "是")

    assert words == "yes"
    assert in_language(words, "zh") == "是"
    assert in_language(words, "en") == "yes"
    assert in_language("plain", "zh") == "plain"
