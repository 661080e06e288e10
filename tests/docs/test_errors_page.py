"""The page of errors names every code that the client knows advice for."""

from pathlib import Path

from wechatpay.apiv2.errors import V2_CODES

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "errors.rst"


def test_every_code_with_advice_stands_on_the_page():
    text = PAGE.read_text("utf-8")
    assert sorted(code for code in V2_CODES if f"``{code}``" not in text) == []
