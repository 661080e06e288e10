"""Errors of sessions, batches, authorisations, encrypted data and the message channel have both languages."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import taobao_top

ROOT = Path(taobao_top.__file__).parent
MODULES = (
    "batch.py",
    "batch_format.py",
    "batch_future.py",
    "ciphertexts.py",
    "oauth.py",
    "rate_limit.py",
    "security.py",
    "sessions.py",
    "signing.py",
    "tokens.py",
    "tmc/client.py",
    "tmc/connection.py",
    "tmc/message.py",
    "tmc/receipt.py",
    "tmc/registry.py",
)
ERRORS = [
    "ChannelError",
    "CodecError",
    "ConfigurationError",
    "DecryptionError",
    "InProgress",
    "RuntimeError",
    "SignatureError",
    "TopError",
    "TypeError",
]
CHINESE = re.compile("[一-鿿]")
EXEMPT = {
    ("oauth.py", "CodecError", "members"): "Words of _labelled()",
    ("oauth.py", "CodecError", "msg"): "Words of _labelled()",
    ("batch.py", "RuntimeError", "_SENT"): "Words",
    ("tmc/connection.py", "ChannelError", "_closed(error)"): "Words of _closed()",
}
"""Messages that a name stands for."""


def messages(source):
    """Return the class and the message of each error that a module makes."""
    tree = ast.parse(source)
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        names = {
            target.id: node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS and node.args:
                message = node.args[0]
                known = names.get(message.id) if isinstance(message, ast.Name) else None
                yield node.func.id, known if is_words(known) else message, names


def is_words(node):
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Words"


def in_both(message, names):
    if not is_words(message):
        return False
    chinese = message.args[1]
    chinese = names.get(chinese.id, chinese) if isinstance(chinese, ast.Name) else chinese
    return CHINESE.search(ast.unparse(chinese)) is not None


@pytest.mark.parametrize("module", MODULES)
def test_every_error_has_both_languages(module):
    found = list(messages((ROOT / module).read_text(encoding="utf-8")))

    assert found
    assert [
        (error, ast.unparse(message))
        for error, message, names in found
        if not in_both(message, names) and (module, error, ast.unparse(message)) not in EXEMPT
    ] == []


def test_a_message_in_one_language_is_found():
    source = "def f():\n    msg = 'no'\n    raise TypeError(msg)\n    raise TypeError(Words('no', 'no'))\n"

    assert [in_both(message, names) for _, message, names in messages(source)] == [False, False]
