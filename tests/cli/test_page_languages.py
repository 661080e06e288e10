"""Every text of the inspector pages exists in both languages: in the tables of words, and wherever pages say them."""

from __future__ import annotations

import ast
import re

import pytest

from tests.cli.test_languages import CHARACTER, ROOT, WORD, text_of

SHARED = ROOT / "chainable/sandbox/inspector"
PAGES = {name: ROOT / name / "sandbox/inspector" for name in ("wechatpay", "taobao_top")}
TOKEN = re.compile(r"""\s+|//[^\n]*|'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|([\w$]+)|([{}:,])""")
LITERAL = re.compile(r"""'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`([^`\n]*)`""")
SENTENCE = re.compile(r"[A-Za-z]{2,} +[A-Za-z]{2,}")
SAID = re.compile(r"\b(?:say|labelled)\('([a-zA-Z]+)'|data-(?:text|label|hint)=\"([a-zA-Z]+)\"")
NAMED = re.compile(r"\bnamed\('([a-zA-Z]+)'")

CROSSED = {"language", "switchLanguage"}
"""The button that changes the language speaks the other one."""
NAMES = {"catalogueTexts", "kindNames", "partNames"}
"""Tables of names; one without a text is shown as it is: an identifier, or the catalogue's Chinese."""
NOT_SHOWN = {"noopener noreferrer", "pre mark", "#events option:checked"}
"""Literals of the scripts that the browser reads, not people."""
DATA = {"沙箱商品", "notify TRANSACTION.SUCCESS", "notify taobao_trade_*"}
"""Data, the same in both languages: the title of the sandbox's goods, what a fault rule is written like."""


def table(source, position):
    """Return the object literal of JavaScript that begins at a position, as nested dicts of str."""
    outer = {}
    stack, key = [outer], "found"
    while key is not None or len(stack) > 1:
        match = TOKEN.match(source, position)
        assert match, source[position : position + 40]
        position = match.end()
        *texts, sign = match.groups()
        text = next((text for text in texts if text is not None), None)
        if text is not None and key is None:
            key = text
        elif text is not None:
            stack[-1][key], key = text, None
        elif sign == "{":
            stack[-1][key] = inner = {}
            stack.append(inner)
            key = None
        elif sign == "}":
            stack.pop()
    return outer["found"]


def words(name):
    """Return the table of a page's words, or of those that both pages say, in Chinese and in English."""
    if name == "chainable":
        source = (SHARED / "language.js").read_text("utf-8")
        both = table(source, source.index("{", source.index("const LANGUAGES")))
        return both["zh"], both["en"]
    source = (PAGES[name] / "i18n.js").read_text("utf-8")
    return [table(source, source.index("{", source.index(f"const {lang} ="))) for lang in ("zh", "en")]


def leaves(texts, inside=""):
    for word, text in texts.items():
        if isinstance(text, dict):
            yield from leaves(text, word)
        else:
            yield inside or word, word, text


def scripts(name):
    """Return the scripts and the page of a package, without the table of words and comments."""
    folder = PAGES.get(name, SHARED)
    paths = [*folder.glob("*.js"), *folder.glob("*.html")]
    sources = {path.name: path.read_text("utf-8") for path in paths if path.name not in {"i18n.js", "language.js"}}
    return {file: re.sub(r"(?<!:)//[^\n]*", "", source) for file, source in sources.items()}


EVERY = pytest.mark.parametrize("name", ["chainable", *PAGES])


@EVERY
def test_both_languages_of_a_page_have_the_same_words(name):
    zh, en = words(name)

    assert zh.keys() - NAMES == en.keys() - NAMES
    for word in zh.keys() - NAMES:
        if isinstance(zh[word], dict):
            assert zh[word].keys() == en[word].keys(), word


@EVERY
def test_each_text_of_a_page_is_in_its_language(name):
    zh, en = words(name)
    english = {(inside, word): text for inside, word, text in leaves(en)}

    for inside, word, text in leaves(zh):
        if inside not in CROSSED and WORD.search(text) and not CHARACTER.search(text):
            assert text.lower() == english[inside, word].lower(), word  # the name of a parameter, such as session
    for (inside, word), text in english.items():
        assert text, word
        assert inside in CROSSED or not CHARACTER.search(text), word


@EVERY
def test_a_page_says_no_word_without_a_text(name):
    pages = list(PAGES) if name == "chainable" else [name]
    for page in pages:
        (zh, en), (all_zh, all_en) = words(page), words("chainable")
        for file, source in scripts(name).items():
            said = {word or other for word, other in SAID.findall(source)} | set(NAMED.findall(source))
            assert said <= (all_zh | zh).keys(), file
            assert said - NAMES <= (all_en | en).keys(), file


@EVERY
def test_a_page_says_no_text_of_its_scripts(name):
    found = []
    for file, source in scripts(name).items():
        if file.endswith(".html"):  # attributes name words; a text of the page itself has both languages
            texts = [text for text in re.findall(r">([^<>]+)<", source) if WORD.search(text) or CHARACTER.search(text)]
            found += [text for text in texts if not (WORD.search(text) and CHARACTER.search(text))]
            continue
        for groups in LITERAL.findall(source):
            text = re.sub(r"\$\{[^}]*\}", "", "".join(groups))
            if CHARACTER.search(text) or (SENTENCE.search(text) and "(" not in text):  # between two literals is code
                found.append(text)
    assert [text for text in found if text not in NOT_SHOWN | DATA] == []


SPOKEN = [
    *(path for folder in (SHARED, *PAGES.values()) for path in sorted(folder.glob("*.py"))),
    ROOT / "taobao_top/sandbox/signature_diagnosis.py",
]
SPELLINGS = {"纯链式", "声明式", "属性式", "同步{}", "异步{}"}
"""The names of call styles, whose English is in ``catalogueTexts``."""


def unpaired(source):
    """Yield line and text of each Chinese literal that has no English beside it."""
    tree = ast.parse(source)
    parents = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        text = text_of(node)
        if text is None or not CHARACTER.search(text) or isinstance(parents[id(node)], ast.JoinedStr):
            continue
        beside = parents[id(node)]
        if isinstance(beside, ast.keyword):
            beside = parents[id(beside)]
        others = map(text_of, ast.walk(beside))
        if not any(other and WORD.search(other) and not CHARACTER.search(other) for other in others):
            yield node.lineno, text


@pytest.mark.parametrize("path", SPOKEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_messages_of_a_page_have_both_languages(path):
    assert [each for each in unpaired(path.read_text("utf-8")) if each[1] not in SPELLINGS] == []


def test_a_chinese_text_without_english_is_found():
    assert list(unpaired("found('签名不对')\nfound(zh='签名不对', en='')")) == [(1, "签名不对"), (2, "签名不对")]
    assert list(unpaired("found('签名不对', 'wrong signature')\nfound(zh='不对', en=f'{x} is wrong')")) == []


def test_a_table_of_words_is_read():
    source = "const zh = {\n  a: '甲', 'b c': \"it's\", // why\n  inner: { 通知: 'x', },\n};\nteach"
    assert table(source, source.index("{")) == {"a": "甲", "b c": "it's", "inner": {"通知": "x"}}
