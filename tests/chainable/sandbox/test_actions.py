"""What actions do and take, in both languages."""

from __future__ import annotations

from functools import partial

import pytest

from chainable.i18n import Words
from chainable.sandbox.actions import Suggestions, describe, explained

FAMILY = Words("Profit sharing", "分账")
WORDS = {
    "state": Words("how it ends", "最终状态"),
    "reason": Words("why", "原因"),
    "number": Words("its number", "单号"),
    "finish.number": Words("the out_order_no", "商户分账单号"),
}


@explained("结束分账；商户收到通知。", state=("SUCCESS", "CLOSED"), reason=lambda: iter(["NO_RELATION"]))
def finish(context, number: str, state: str = "SUCCESS", reason: str = "", openid: str | None = None) -> None:
    """
    End a split as ``SUCCESS`` or ``CLOSED``;
    the merchant is notified.

    Not told.
    """


def test_an_action_is_explained_in_both_languages():
    found = describe("finish", partial(finish, None), FAMILY, WORDS)

    assert {name: text for name, text in found.items() if name != "takes"} == {
        "family": "Profit sharing",
        "family_zh": "分账",
        "does": "End a split as SUCCESS or CLOSED; the merchant is notified.",
        "does_zh": "结束分账；商户收到通知。",
    }
    assert [tuple(each.values()) for each in found["takes"]] == [
        ("number", True, None, [], "the out_order_no", "商户分账单号"),
        ("state", False, "SUCCESS", ["SUCCESS", "CLOSED"], "how it ends", "最终状态"),
        ("reason", False, None, ["NO_RELATION"], "why", "原因"),
        ("openid", False, None, [], "", ""),
    ]
    assert list(found["takes"][0]) == ["name", "required", "default", "choices", "about", "about_zh"]


def test_the_number_of_another_action_has_the_usual_words():
    assert describe("end", partial(finish, None), FAMILY, WORDS)["takes"][0]["about_zh"] == "单号"


def test_an_action_that_is_not_explained():
    found = describe("nothing", lambda: None, FAMILY, {})

    assert (found["does"], found["does_zh"], found["takes"]) == ("", "", [])


def test_a_value_that_is_none_of_the_choices_is_refused():
    for wrong in (("state", "SUCESS"), ("reason", "MOOD"), ("state", ""), ("state", True), ("reason", None)):
        with pytest.raises(ValueError, match=rf"^{wrong[0]}: '\w*' is not a choice") as caught:
            finish(None, "1", **dict([wrong]))
        assert "可选：" in caught.value.args[0].zh
    with pytest.raises(ValueError, match="did you mean 'SUCCESS'\\?; choose one of SUCCESS, CLOSED"):
        finish(None, "1", "SUCESS")
    finish(None, "1", "CLOSED", reason="NO_RELATION")
    finish(None, "1", "SUCCESS", "")  # the defaults


def test_true_and_false_are_text_and_suggestions_leave_the_choice():
    @explained("", now=("true", "false"), code=Suggestions(("A", "B")))
    def act(now: str | bool = "false", code: str = "") -> tuple[str | bool, str]:
        return now, code

    assert act(True, "C") == (True, "C")
    assert act("true", code="A") == ("true", "A")
    with pytest.raises(ValueError, match="choose one of true, false"):
        act("yes")
    with pytest.raises(TypeError, match="unexpected keyword"):
        act(code="A", other="x")
