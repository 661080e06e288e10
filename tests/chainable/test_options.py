"""The options of a call are taken out of its keywords and checked."""

from __future__ import annotations

import pytest

from chainable.errors import ConfigurationError
from chainable.options import CallOptions, call_options


def test_options_are_taken_and_parameters_stay():
    keywords = {"timeout": 3, "retries": 0, "deadline": 9, "headers": {"X-A": "b", "X-C": None}, "order": 1}
    keywords |= {"stream": True, "verify": False, "repeatable": True}

    options = call_options(keywords)

    assert keywords == {"order": 1}
    assert options == CallOptions((3.0, 3.0), 0, 9.0, {"X-A": "b"}, True, False, True)
    assert "X-A" not in repr(options)


def test_without_options_those_of_the_client_apply():
    assert call_options({}) == call_options({"timeout": None, "headers": None}) == CallOptions()


def test_a_gateway_may_have_fewer_options():
    keywords = {"timeout": 3, "stream": "live"}

    assert call_options(keywords, ("timeout",)) == CallOptions(timeout=(3.0, 3.0))
    assert keywords == {"stream": "live"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout", -1),
        ("retries", "3"),
        ("deadline", 0),
        ("headers", "X-A: b"),
        ("stream", 1),
        ("verify", 7),
        ("repeatable", "no"),
    ],
)
def test_a_value_of_another_type_is_refused(name, value):
    with pytest.raises(ConfigurationError, match=f"^{name}:"):
        call_options({name: value})


@pytest.mark.parametrize(("typo", "option"), [("timeuot", "timeout"), ("header", "headers"), ("retry", None)])
def test_a_misspelt_option_is_not_sent_as_a_parameter(typo, option):
    if option is None:
        assert call_options({typo: 1}) == CallOptions()
        return
    with pytest.raises(TypeError, match=f"'{typo}' is no option: did you mean '{option}'"):
        call_options({typo: 1})
    assert call_options({typo: 1}, ()) == CallOptions()
