import pytest

from chainable.describe import ANY_JSON, FILE, Code, arguments, in_both_languages, placeholder, python


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


def test_remarks_are_in_both_languages_and_code_is_the_same():
    code = in_both_languages(
        python({"a": placeholder("a", "number"), "b": Code("b''", FILE), "c": Code("{}", ANY_JSON)}) + "\n"
    )
    assert "'a': 0,  # 占位值，请替换\n" in code
    assert code.en.splitlines()[1:4] == [
        "    'a': 0,  # a placeholder: replace it",
        "    'b': b'',  # the content; a Path or an open file will do",
        "    'c': {},  # any JSON",
    ]
    assert in_both_languages("x = 1\n").en == "x = 1\n"
