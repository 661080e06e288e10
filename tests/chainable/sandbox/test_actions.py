"""What actions do and take, as their docstrings say."""

from __future__ import annotations

from functools import partial

from chainable.sandbox.actions import describe


def finish(context, number: str, state: str = "SUCCESS", reason: str = "", openid: str | None = None) -> None:
    """
    End a split as ``SUCCESS`` or ``CLOSED``;
    the merchant is notified.

    ``number`` is its ``out_order_no``. ``reason`` is the
    ``fail_reason`` of ``CLOSED``. More.
    """


def test_the_docstring_explains_parameters():
    assert describe(partial(finish, None), {"state": "how it ends", "reason": "why"}) == {
        "does": "End a split as SUCCESS or CLOSED; the merchant is notified.",
        "takes": [
            {"name": "number", "required": True, "default": None, "about": "number is its out_order_no."},
            {"name": "state", "required": False, "default": "SUCCESS", "about": "how it ends"},
            {"name": "reason", "required": False, "default": None, "about": "reason is the fail_reason of CLOSED."},
            {"name": "openid", "required": False, "default": None, "about": ""},
        ],
    }


def test_an_action_without_a_docstring():
    assert describe(lambda: None, {}) == {"does": "", "takes": []}
