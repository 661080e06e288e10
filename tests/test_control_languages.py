"""Errors of the controls and inspectors of both sandboxes have both languages."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("chainable/sandbox", "wechatpay/sandbox", "taobao_top/sandbox")
CHINESE = re.compile(r"[一-鿿]")

MESSAGE = {"LookupError": 0, "ValueError": 0, "TypeError": 0, "ControlError": 1}
"""The position of the message in the arguments of an error."""

PLATFORM = {
    "taobao_top/sandbox/tmc_codec.py": "frames of the message channel that close the connection",
    "chainable/sandbox/multipart.py": "parsing errors of uploads, returned as a Refusal",
    "wechatpay/sandbox/apiv2.py": "parsing errors of XML, returned as a Refusal",
    "wechatpay/sandbox/validation.py": "parsing errors of JSON, returned as a Refusal",
}
"""Modules whose errors end as responses of the platform, which are English."""

EXEMPT = {
    ("taobao_top/sandbox/inspector/python_source.py", "text"): "caught: the catalogue's example is shown instead",
    ("chainable/sandbox/control_api.py", "reason"): "the type of access.refusal() is Words",
    ("chainable/sandbox/faults.py", ""): "caught by _value(), which names the setting",
    ("wechatpay/sandbox/account.py", "f'the sandbox has no platform key {serial}'"): "a bug of the caller",
    ("wechatpay/sandbox/account.py", "f'no platform key {serial}'"): "caught, and returned as a Refusal",
}
"""Errors that nobody reads: module and message."""


def messages(source):
    """Return the message of every error raised in a module: its node, or None."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Raise) or node.exc is None:
            continue
        error, arguments = (node.exc.func, node.exc.args) if isinstance(node.exc, ast.Call) else (node.exc, [])
        if isinstance(error, ast.Name) and error.id in MESSAGE:
            position = MESSAGE[error.id]
            found.append(arguments[position] if len(arguments) > position else None)
    return found


def in_both(message):
    """Return whether a message is a call of Words with a Chinese text."""
    if not (isinstance(message, ast.Call) and isinstance(message.func, ast.Name) and message.func.id == "Words"):
        return False
    _, chinese = message.args
    return isinstance(chinese, ast.Name) or CHINESE.search(ast.unparse(chinese)) is not None


def monolingual():
    """Return module and message of every error without Chinese text."""
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    names = {path: path.relative_to(ROOT).as_posix() for path in paths}
    return {
        (names[path], ast.unparse(message) if message else "")
        for path in paths
        if names[path] not in PLATFORM
        for message in messages(path.read_text(encoding="utf-8"))
        if not in_both(message)
    }


def test_errors_have_both_languages():
    assert monolingual() == set(EXEMPT)


@pytest.mark.parametrize(
    ("source", "both"),
    [
        ("raise LookupError(Words('no order', '没有订单'))", True),
        ("raise ControlError(400, Words(english, chinese)) from None", True),
        ("raise ValueError('no order')", False),
        ("raise TypeError", False),
        ("raise ControlError(400, reason)", False),
        ("raise ValueError(Words('no order', 'no order'))", False),
    ],
)
def test_an_error_in_one_language_is_found(source, both):
    (message,) = messages(source)
    assert in_both(message) is both


def test_raises_of_other_errors_are_left_out():
    assert messages("try:\n    raise Refusal(400, code, text)\nexcept Refusal:\n    raise") == []
