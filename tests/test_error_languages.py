"""Every error that the packages raise, and every warning of theirs, is worded in English and in Chinese."""

from __future__ import annotations

import ast
import builtins
import inspect
from pathlib import Path

import pytest
import requests

from chainable import errors
from chainable.reasons import REASONS as COMMON
from taobao_top.reasons import REASONS as TOP
from wechatpay.reasons import REASONS as WECHATPAY

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    path
    for package in ("chainable", "wechatpay", "taobao_top")
    for path in (ROOT / package).rglob("*.py")
    if not {"types", "sandbox"} & set(path.relative_to(ROOT).parts)
)
PUBLIC = {
    name for name in dir(errors) if inspect.isclass(getattr(errors, name)) and name.endswith(("Error", "Progress"))
}
BUILT_IN = {"TypeError", "ValueError", "AttributeError", "LookupError", "KeyError", "RuntimeError", "OSError"}
NETWORK = {name for name, kind in vars(requests.exceptions).items() if inspect.isclass(kind)} - set(dir(builtins))
SUBCLASSES = {"TopError", "OAuthRefusal", "UnknownParameterError"}
ERRORS = PUBLIC | BUILT_IN | NETWORK | SUBCLASSES
REASONS = COMMON | TOP | WECHATPAY
NEVER_SHOWN = {
    ("chainable/pinned.py", "the answer is longer than {} bytes"),  # of urllib3, for a receiver of the sandbox
    ("chainable/direct_connection.py", "the resolver knows no address of {}"),  # part of requests' ConnectionError
    ("chainable/connections.py", "the deadline of the call has passed"),  # requests' error of it has words of its own
}


def literal(node):
    """Return the text of a literal, values as {}; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    if isinstance(node, ast.BinOp):
        return literal(node.left) or literal(node.right)
    if isinstance(node, ast.IfExp):
        return literal(node.body) or literal(node.orelse)
    return None


def assigned(function):
    """Return the values that each name of a function gets, with the line of each."""
    found = {}
    for node in ast.walk(function):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else ()
        )
        for target in targets:
            if isinstance(target, ast.Name) and node.value is not None:
                found.setdefault(target.id, []).append(node.value)
    return found


def one_language(source):
    """Yield the line and text of each error that is worded in English only."""
    tree = ast.parse(source)
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
            continue
        names = assigned(function) if not isinstance(function, ast.Module) else {}
        for call in ast.walk(function):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            kind = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            is_warning = kind == "warn" and "DeprecationWarning" not in map(ast.unparse, call.args)
            if kind not in ERRORS and not is_warning:
                continue
            reason = next((each.value for each in call.keywords if each.arg == "reason"), None)
            if kind == "ConfigurationError" and reason is not None:
                continue  # its Chinese is in reasons.py
            first = call.args[0]
            values = [first]
            if isinstance(first, ast.Name):
                values = [value for value in names.get(first.id, ()) if value.lineno <= call.lineno][-1:]
            texts = [(value.lineno, literal(value)) for value in values]
            yield from {(line, text) for line, text in texts if text is not None}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_error_is_worded_in_one_language(path):
    name = path.relative_to(ROOT).as_posix()
    found = [each for each in sorted(set(one_language(path.read_text("utf-8")))) if (name, each[1]) not in NEVER_SHOWN]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    raise CodecError('only english')",
        "def f():\n    raise TypeError(f'{x}: only english')",
        "def f():\n    msg = 'only english'\n    raise errors.ConfigurationError(msg)",
        "def f():\n    return APIError('only english', code='1')",
        "def f():\n    msg: str = 'only' + english\n    raise ValueError(msg)",
        "raise AttributeError('a' if b else c)",
        "def f():\n    warnings.warn(f'{x}: only english', stacklevel=2)",
    ],
)
def test_an_error_in_one_language_is_found(source):
    assert list(one_language(source))


def test_errors_in_both_languages_pass():
    assert not list(one_language("def f():\n    msg = Words('a', '中')\n    raise CodecError(msg)"))
    assert not list(one_language("def f():\n    raise ConfigurationError('a', reason='file_missing')"))
    assert not list(one_language("def f():\n    warnings.warn('a is now b', DeprecationWarning, stacklevel=2)"))


def test_each_reason_has_its_chinese():
    """The reasons are found in the source: every call of ConfigurationError with a literal one."""
    used = set()
    for path in MODULES:
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call):
                values = [each.value for each in call.keywords if each.arg == "reason"]
                kind = getattr(call.func, "id", "")
                used |= {
                    value.value
                    for value in values
                    if kind == "ConfigurationError" and isinstance(value, ast.Constant) and value.value is not None
                }
    assert used
    assert used - REASONS.keys() == set()
