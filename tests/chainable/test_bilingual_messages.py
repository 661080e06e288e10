"""Messages of the library in both languages: ``explain("zh")`` says the details in Chinese too."""

from __future__ import annotations

import pickle
from datetime import datetime
from decimal import Decimal

import pytest

from chainable import i18n
from chainable.codecs import JSON
from chainable.errors import CodecError, PathError
from chainable.explanation import explain
from chainable.i18n import Words, message_of
from chainable.keywords import with_known_names
from chainable.path import expand, near_verbs, split, split_name
from chainable.resolution import PathResolver
from chainable.spelling import did_you_mean


def details(work):
    """Return the English message and the Chinese details of the error that *work* raises."""
    with pytest.raises((CodecError, PathError, TypeError, AttributeError)) as caught:
        work()
    lines = explain(caught.value, "zh").splitlines()
    assert explain(caught.value, "en").endswith(f"Details: {caught.value}")
    return str(caught.value), lines[-1]


@pytest.mark.parametrize(
    ("work", "english", "chinese"),
    [
        (lambda: JSON.encode({"a": {1: 2}}), "the key 1 is not a str", "详情：a：键 1 不是字符串"),
        (lambda: JSON.encode({"a": [{1}]}), "cannot represent the type set", "详情：a[0]：set 无法写成 JSON"),
        (lambda: JSON.encode({"a": Decimal("NaN")}), "NaN is not a JSON number", "详情：a：NaN 不是 JSON 的数字"),
        (lambda: JSON.encode({"a": float("inf")}), "inf is not a JSON number", "详情：a：inf 不是 JSON 的数字"),
        (lambda: JSON.encode({"a": datetime(2026, 1, 1)}), "a: the datetime has no time", "详情：a：datetime 没有时区"),
        (lambda: JSON.decode(b"\xff"), "the body is not UTF-8 (at byte 0", "详情：正文不是 UTF-8（共 1 字节"),
        (lambda: JSON.decode(b"{"), "the body is not JSON", "详情：正文不是 JSON：共 1 个字符"),
        (lambda: JSON.decode(b"[" * 100_000), "JSON that cannot be decoded", "详情：正文是 JSON，但无法解析"),
        (lambda: split("https://example.com/v3"), "a path was expected, not a URL", "详情：应为路径，不是 URL"),
        (lambda: split("v3//pay"), "a path segment is empty", "详情：路径中有空段"),
        (lambda: split("v3/.."), "'..' is not allowed", "详情：路径的一段不能是 '..'"),
        (lambda: split("v3/a{b}"), "braces mark a whole segment", "详情：花括号表示整段是变量"),
        (lambda: split("v3/a?b=1"), "'?' is not allowed", "详情：路径中不能有 '?'：查询参数请用 params"),
        (lambda: split("v3/%20"), "'%' is not allowed", "详情：路径中不能有 '%'"),
        (lambda: split("v3/a b"), "' ' is not allowed", "详情：路径中不能有 ' '：请把值传给"),
        (lambda: split_name("http://x.y/z"), "the name of a method was expected", "详情：应为 API 名称，不是 URL"),
        (lambda: split_name("a b"), "is not a method name", "详情：'a b' 不是 API 名称"),
        (lambda: expand("id", 1.5), "is a str or an int, not float", "详情：id：路径变量应为 str 或 int，不是 float"),
        (lambda: expand("id", ".."), "would change the path", "详情：id：'..' 会改变路径"),
        (lambda: expand("id", "\ud800"), "a lone surrogate", "详情：id：文本含有 UTF-8 无法编码的单独代理字符"),
        (lambda: PathResolver.start(None).attribute("é"), "'é' is not allowed", "详情：路径中不能有 'é'"),
        (
            lambda: PathResolver.start(None).literal("{id}").resolve("GET").target({}, {}),
            "the path variable 'id' has no value: pass id=... to the verb",
            "详情：路径变量 'id' 没有值：请在调用请求方法时传入 id=...",
        ),
        (
            lambda: PathResolver.start(None).literal("{id}").resolve("GET").target({"idd": 1}, {}),
            "'idd', which was given, is not its name",
            "；传入的 'idd' 不是它的名称",
        ),
    ],
)
def test_the_details_are_in_chinese_too(work, english, chinese):
    text, shown = details(work)

    assert english in text
    assert chinese in shown


def test_a_pickled_error_keeps_both_languages():
    error = pickle.loads(pickle.dumps(CodecError(Words("wrong", "有误"))))

    assert str(error) == "wrong"
    assert error.explain("zh").endswith("详情：有误")


def test_a_plain_message_is_the_same_in_both_languages():
    assert message_of(ValueError("one", 2)) == "('one', 2)"
    assert message_of(ValueError()) == ""


def test_suggestions_are_in_both_languages():
    assert did_you_mean("descripton", ["description"]).zh == "；是否要写 'description'？"
    assert did_you_mean("x", ["description"]).zh == ""
    assert near_verbs("post_asyn", ["POST"]).zh == ".post_async(…) 或 .post(…)"
    assert near_verbs("POST", ["POST"]).zh == ".post(…)"


@with_known_names("Shop", "tests.chainable.names_of_other_kits")
def shop(*, name: str, base_url: str = "") -> str:
    return name + base_url


def test_an_unknown_argument_is_named_in_both_languages(monkeypatch):
    import sys
    from types import ModuleType

    module = ModuleType("tests.chainable.names_of_other_kits")
    monkeypatch.setattr(module, "OTHER_NAMES", {"key": "name", "appid": Words("give it", "请传给调用")}, raising=False)
    monkeypatch.setitem(sys.modules, module.__name__, module)

    assert shop(name="a") == "a"
    assert details(lambda: shop(key="a"))[1] == "详情：Shop() 没有参数 'key'；是否要写 'name'？"
    assert details(lambda: shop(appid="a"))[1] == "详情：Shop() 没有参数 'appid'；请传给调用"
    assert details(lambda: shop(nam="a"))[1] == "详情：Shop() 没有参数 'nam'；是否要写 'name'？"


@pytest.mark.parametrize(
    ("platform", "user", "language"),
    [
        ("win32", "Chinese (Simplified)_China", "zh"),
        ("win32", "zh_CN", "zh"),
        ("win32", "en_US", "en"),
        ("win32", None, "en"),
        ("linux", "zh_CN", "en"),
    ],
)
def test_without_a_locale_in_the_environment_windows_is_asked(monkeypatch, platform, user, language):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(i18n.sys, "platform", platform)
    monkeypatch.setattr(i18n.locale, "getlocale", lambda: (user, "utf-8"))
    assert i18n.environment_language() == language
