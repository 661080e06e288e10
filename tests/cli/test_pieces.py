"""Request items, redaction, charts, progress, output."""

from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree as ET

import click
import pytest
import requests

from chainable.cli import chart, encoding, output, progress, request_command, request_items
from chainable.cli.redaction import HIDDEN, Redactor


def test_later_items_are_merged_into_earlier_ones(tmp_path):
    file = tmp_path / "a.json"
    file.write_text('{"amount": {"currency": "CNY"}, "rate": 0.10}', "utf-8")

    made = request_items.parse_body(
        [
            f"@{file}",
            "amount.total=1",
            "a.0.b=x",
            "a.0.c=2",
            "a.1.b=y",
            "flag=true",
            'text="5"',
            'o:={"k": [1]}',
            "n=NaN",
            "huge=1e9999999999999999999",
        ]
    )

    assert made == {
        "amount": {"currency": "CNY", "total": 1},
        "rate": Decimal("0.10"),
        "a": [{"b": "x", "c": 2}, {"b": "y"}],
        "flag": True,
        "text": "5",
        "o": {"k": [1]},
        "n": "NaN",
        "huge": "1e9999999999999999999",
    }
    assert request_items.parse_body([]) is None


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "1e9999999999999999999", "[" * 100_000, "{"])
def test_an_item_that_is_not_json_is_refused(text):
    with pytest.raises(click.UsageError, match="-d n: not JSON"):
        request_items.parse_body([f"n:={text}"])


def test_types_decide_where_they_are_known():
    def kind(path):
        return "string" if path == ("list", "number") else None

    assert request_items.parse_body(["list.0.number=12", "other=12"], kind) == {"list": [{"number": "12"}], "other": 12}


def test_the_standard_input_is_a_body():
    @click.command()
    def command():
        click.echo(json.dumps(request_items.parse_body(["-"])))

    from click.testing import CliRunner

    assert json.loads(CliRunner().invoke(command, input='{"é": 1}').output) == {"é": 1}


@pytest.mark.parametrize("item", ["novalue", "=1", ":=1", "a:={", "a.1=x", "a.2000=x"])
def test_an_item_without_a_value_is_refused(item):
    with pytest.raises(click.UsageError):
        request_items.parse_body([item])


def test_a_value_inside_a_text_is_refused():
    with pytest.raises(click.UsageError, match="parent is not an object"):
        request_items.parse_body(["a=1", "a.b=2"])
    assert request_items.parse_body(["0=1"]) == [1]
    assert request_items.parse_body(["a.b=1", "a.0=2"]) == {"a": {"b": 1, "0": 2}}


def test_json_that_is_not_an_object_replaces_it(tmp_path):
    file = tmp_path / "a.json"
    file.write_text("[1]")

    assert request_items.parse_body(["a=1", f"@{file}"]) == [1]


def test_a_file_that_is_not_text_is_refused(tmp_path):
    file = tmp_path / "a.json"
    file.write_bytes(b"\xff\xfe\xfa")

    with pytest.raises(click.UsageError, match="UTF-8"):
        request_items.read_text(f"@{file}")


def test_pairs_and_headers():
    assert request_items.parse_pairs(["a=b=c"], "-p") == {"a": "b=c"}
    assert request_items.parse_headers(["A: b:c"], "-H") == {"A": "b:c"}
    with pytest.raises(click.UsageError, match="-p 'x'"):
        request_items.parse_pairs(["x"], "-p")
    with pytest.raises(click.UsageError, match="-H"):
        request_items.parse_headers(["x"], "-H")


def test_secrets_are_redacted():
    redactor = Redactor(["a" * 32, " spaced-secret ", "x"])
    text = redactor(
        f'{"a" * 32} spaced-secret x signature="abc" -----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----!'
    )

    assert text == f'{HIDDEN} {HIDDEN} x signature="{HIDDEN}" {HIDDEN}!'
    assert Redactor()("-----BEGIN RSA PRIVATE KEY-----\nMII") == HIDDEN


def test_json_of_all_that_answers_hold():
    result = json.loads(
        output.as_text({"a": Decimal("1.5"), "b": Decimal(3), "c": date(2026, 1, 2), "d": b"x", "e": Ellipsis})
    )

    assert result == {"a": 1.5, "b": 3, "c": "2026-01-02", "d": "x", "e": "Ellipsis"}


HOURS = [Decimal(0)] * 9 + [Decimal("12.50"), Decimal(-3)] + [Decimal(0)] * 13


def test_bars_in_the_terminal():
    first, second = chart.bars(HOURS)

    assert first.startswith("09:00          12.50 ██")
    assert second == "10:00          -3.00 " + "▒" * 12
    assert chart.bars([]) == []


def test_a_chart_is_written_as_svg(tmp_path):
    file = tmp_path / "day.svg"
    chart.write_image(file, "<day>", HOURS)
    root = ET.fromstring(file.read_bytes())

    assert "<day>" in "".join(root.itertext())
    assert "09:00 12.50" in "".join(root.itertext())
    assert [each.get("fill") for each in root.iter("{http://www.w3.org/2000/svg}rect")][10:12] == ["#2471a3", "#c0392b"]


@pytest.mark.parametrize("name", ["day.png", "day.gif", "day"])
def test_a_chart_is_written_as_svg_only(tmp_path, name):
    with pytest.raises(click.UsageError, match=r"use day\.svg"):
        chart.write_image(tmp_path / name, "day", HOURS)


def test_progress_is_silent_without_a_terminal():
    with progress.progress("x") as result:
        result(1, None)
        result(2, 2)


def test_nothing_is_shown_of_a_request_that_was_not_made(capsys):
    request_command.print_signed(None, Redactor())

    assert capsys.readouterr().err == ""


def test_a_plain_request_has_no_signed_message(capsys):
    request_command.print_signed(requests.Request("GET", "https://a.cn/x").prepare(), Redactor())

    assert capsys.readouterr().err.startswith("> GET https://a.cn/x")


def test_a_table_with_and_without_headings(capsys):
    output.print_table("", ("a", "b"), [(1, None)])
    output.print_pairs("title", [("name", "value")])
    output.print_pairs("alone", [])
    text = capsys.readouterr().out

    assert "a" in text
    assert "title" in text
    assert text.endswith("alone\n")


def test_a_terminal_has_a_width_of_its_own(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")

    assert output.console().is_terminal


def test_a_stream_that_lacks_characters_gets_plainer_ones():
    kept = io.BytesIO()
    stream = io.TextIOWrapper(kept, encoding="gbk")
    encoding.replace_unencodable(stream)
    stream.write("✓ 中文 ✗ 🔒")
    stream.flush()

    assert kept.getvalue().decode("gbk") == "+ 中文 x ?"
    encoding.replace_unencodable(object())
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", "chainable.cli.plainly")
