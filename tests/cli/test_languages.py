"""Every message of the command lines, the doctors and the descriptions exists in both languages."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHINESE = re.compile(r"[\u3400-\u9fff：，]")
CHARACTER = re.compile(r"[\u3400-\u9fff]")
WORD = re.compile(r"[A-Za-z]{2,}")
EXPLAINING = (
    "chainable/errors.py",
    "chainable/explanation.py",
    "wechatpay/apiv3/errors.py",
    "wechatpay/describe/front_end.py",
    "wechatpay/apiv2/errors.py",
    "wechatpay/apiv3/sign_error.py",
    "wechatpay/reconciliation/differences.py",
)
"""Modules of the library whose texts people read: the doctors and the command line show them."""
MODULES = sorted(
    [
        path
        for package in ("chainable", "wechatpay", "taobao_top")
        for folder in ("cli", "describe")
        for path in (ROOT / package / folder).rglob("*.py")
    ]
    + [ROOT / path for path in EXPLAINING]
)
PAIRS = {"Words", "usage_error"}
"""Functions that take a text in English and in Chinese."""
SHOWN = {"UsageError", "BadParameter", "echo", "good", "warning", "bad", "print_table", "print_pairs"}
"""Functions that show their arguments to people."""
NAMES = re.compile(r"[a-z0-9_]+( \{\})?|(dns|tcp|tls) \{\}|[A-Z]+|Wechatpay-Serial: \{\}")
"""Texts that are the same in both languages: settings, protocols, headers."""


def text_of(node):
    """Return the text of a literal, values as {}; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", "")), node


def one_language(source):
    """Yield line and text of each message of a module that has one language only."""
    tree = ast.parse(source)
    for name, call in calls(tree):
        texts = [text_of(argument) for argument in call.args]
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        if name in PAIRS and len(texts) == 2:
            # A text without words, such as a name or a number, is the same in both languages.
            if (
                texts[0] is not None
                and CHINESE.search(texts[0].replace("API安全", "").replace("zh: 中文", "").replace("账户中心", ""))
                and ">" not in texts[0]
            ):
                yield call.lineno, texts[0]
            if texts[1] is not None and not CHINESE.search(texts[1]) and texts[0] != texts[1] and WORD.search(texts[1]):
                yield call.lineno, texts[1]
        elif name in SHOWN or name in PAIRS:
            for text in texts:
                if text is not None and WORD.search(text) and not NAMES.fullmatch(text):
                    yield call.lineno, text
        if text_of(keywords.get("help")) is not None:
            yield call.lineno, text_of(keywords["help"])


def chinese_only(source):
    """Yield line and text of each Chinese literal of a description without its English."""
    tree = ast.parse(source)
    paired = {
        id(inner)
        for name, call in calls(tree)
        if name in PAIRS | {"Label", "Meaning"}
        for argument in call.args
        for inner in ast.walk(argument)
    }
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        text = text_of(node)
        if text is not None and id(node) not in paired | documented and CHARACTER.search(text) and " · " not in text:
            yield node.lineno, text


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_message_has_one_language_only(path):
    assert list(one_language(path.read_text("utf-8"))) == []


DESCRIPTIONS = [path for path in MODULES if path.parent.name == "describe"]
ALLOWED = {
    "纯链式",  # the names of call styles, put together with their English
    "声明式",
    "属性式",
}


@pytest.mark.parametrize("path", DESCRIPTIONS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_label_is_chinese_only(path):
    assert [each for each in chinese_only(path.read_text("utf-8")) if each[1] not in ALLOWED] == []


@pytest.mark.parametrize(
    "source",
    [
        "raise click.UsageError('only english')",
        "echo(f'{x}: only english')",
        "bad('check', 'only english', Words('a', '中'), '')",
        "Words('english', 'english again')",
        "usage_error('only english')",
        "usage_error('english', 'english again')",
        "Words('中文', '中文')",
        "option('--x', help='only english')",
        "click.option('--x', help='只有中文')",
    ],
)
def test_a_message_with_one_language_is_found(source):
    assert list(one_language(source))


def test_a_chinese_label_without_english_is_found():
    assert list(chinese_only("Table('请求参数', ())")) == [(1, "请求参数")]
    assert list(chinese_only("Table(Label('请求参数', 'parameters'), ())")) == []
