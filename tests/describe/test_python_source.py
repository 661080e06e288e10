import pytest

from chainable.describe import Code, arguments, placeholder, python


def test_members_stand_on_lines_of_their_own():
    value = {"a": "文", "b": [{"c": 1}, []], "d": {}, "e": Code("call()")}
    text = python(value)
    assert (
        text
        == "{\n    'a': '文',\n    'b': [\n        {\n            'c': 1,\n        },\n        [],\n    ],\n    'd': {},\n    'e': call(),\n}"
    )
    assert eval(text, {"call": lambda: 5}) == {**value, "e": 5}


def test_remarks_stand_behind_the_comma():
    assert python([Code("0", "fill in")]) == "[\n    0,  # fill in\n]"


def test_arguments_are_written_between_parentheses():
    assert arguments({}) == ""
    assert arguments({"x": 1, "json": {"a": 2}}) == "\n    x=1,\n    json={\n        'a': 2,\n    },\n"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("number", "0"), ("boolean", "False"), ("text", "'<sub_mchid>'"), ("date", "'1970-01-01 00:00:00'")],
)
def test_placeholders_are_distinguished_from_real_values(kind, expected):
    code = placeholder("sub_mchid", kind)
    assert code.text == expected
    assert "<" in code.text or code.remark
