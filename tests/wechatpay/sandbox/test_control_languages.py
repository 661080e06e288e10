"""Errors of the sandbox's controls and of its inspector in both languages."""

from __future__ import annotations

import ast
import inspect
import json
import pkgutil
import re
from importlib import import_module

import pytest
import requests
from click.testing import CliRunner

from chainable.i18n import Words
from chainable.sandbox.store import Store
from wechatpay.cli.program import program
from wechatpay.sandbox import Sandbox, authentication_v2, flows, parameter_rules, request_validation, validation
from wechatpay.sandbox.faults import MESSAGES, STATUS_OF_CODE
from wechatpay.sandbox.flows.objects import Objects, refusing
from wechatpay.sandbox.flows.states import States
from wechatpay.sandbox.http import Refusal
from wechatpay.sandbox.inspector.page import FILES

CHINESE = re.compile(r"[一-鿿]")
ORDER = {
    "appid": "wxd678efh567hg6787",
    "mchid": "1900000109",
    "description": "茶",
    "out_trade_no": "zh00001",
    "notify_url": "http://127.0.0.1:9/",
    "amount": {"total": 1},
}


MODULES = [import_module(f"{flows.__name__}.{found.name}") for found in pkgutil.iter_modules(flows.__path__)]


def of_modules(kind):
    """Return the values of a class that stand in the modules of the flows."""
    return [value for module in MODULES for value in vars(module).values() if isinstance(value, kind)]


def in_chinese(table):
    """Return the Chinese names of a table of the page."""
    return FILES["i18n.js"].content.decode().partition(f"{table}: {{")[2].partition("}")[0]


def kinds_of_objects():
    """Return the kinds of the tables of objects, of those inside of families too."""
    for module in MODULES:
        for value in vars(module).values():
            for each in value if isinstance(value, tuple) else [value]:
                objects = getattr(each, "objects", each)
                if isinstance(objects, Objects):
                    yield objects.kind


def kinds_put(module):
    """Return what a module puts into the store by another name than a table's; of a name with a parent its beginning."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "context.store.put":
            kind = node.args[0]
            if isinstance(kind, ast.JoinedStr):  # a text with a parent behind it, or a constant's
                first = kind.values[0]
                named = isinstance(first, ast.FormattedValue)
                yield vars(module)[first.value.id] if named else ast.literal_eval(first).strip()
            elif isinstance(kind, ast.Name) and kind.id in vars(module):
                yield vars(module)[kind.id]


def test_kinds_have_the_names_that_the_page_shows():
    shown = in_chinese("kindNames")
    kinds = set(kinds_of_objects())

    assert len(kinds) > 10
    assert [kind for kind in kinds if not re.search(rf"(^|\W){kind}'?: '{kind.zh}'", shown)] == []


def test_kinds_besides_them_have_chinese_names_on_the_page():
    shown = in_chinese("kindNames")
    kinds = {kind for module in MODULES for kind in kinds_put(module)}

    assert {"move", "available code", "frozen order", "profit sharing ratio"} <= kinds
    assert [kind for kind in kinds if not re.search(rf"(^|\W){kind}'?: '[^']*[一-鿿]", shown)] == []


def test_states_have_chinese_names_on_the_page():
    shown = in_chinese("stateTexts") + FILES["states.js"].content.decode()
    states = {state for table in of_modules(States) for state in table.all}

    assert len(states) > 50
    assert [state for state in states if not re.search(rf"\b{state}(: '|\|)[^'|]*[一-鿿]", shown)] == []


@pytest.mark.parametrize(("error", "status"), [(LookupError, 404), (ValueError, 400)])
def test_the_platform_refuses_in_chinese(error, status):
    with pytest.raises(Refusal) as refused, refusing():
        raise error(Words("no order", "没有订单"))

    assert (refused.value.status, type(refused.value.message), refused.value.message) == (status, str, "没有订单")
    assert str(refused.value) == "no order"


def messages_of(module):
    """Return the sentences of a module's refusals, but for those that are for the journal alone."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Refusal", "Refusal.of_field", "self.refused"}:
            at = 1 if isinstance(node.func, ast.Attribute) and node.func.attr == "refused" else 2
            said = node.args[at] if len(node.args) > at else None
            if isinstance(said, (ast.Constant, ast.JoinedStr, ast.IfExp, ast.Call)) and not any(
                word.arg == "silent" for word in node.keywords
            ):
                yield ast.unparse(said)


SAYING = [*MODULES, authentication_v2, request_validation, validation, parameter_rules]


@pytest.mark.parametrize("module", SAYING, ids=lambda module: module.__name__.rpartition(".")[2])
def test_what_the_platform_says_is_chinese(module):
    passed_on = ("str(error)", "translate(")

    assert [
        said for said in messages_of(module) if not CHINESE.search(said) and not any(each in said for each in passed_on)
    ] == []


def test_the_check_finds_sentences():
    assert sum(len(list(messages_of(module))) for module in SAYING) > 100


@pytest.mark.parametrize("code", sorted(STATUS_OF_CODE))
def test_an_injected_error_says_what_the_platform_says(sandbox, merchant, code):
    sandbox.fault("error", code=code)

    answer = merchant.post("/v3/pay/transactions/native", ORDER)

    assert answer.data == {"code": code, "message": MESSAGES[code]}
    assert CHINESE.search(MESSAGES[code])


def test_an_injected_error_of_another_code_names_it(sandbox, merchant):
    sandbox.fault("error", code="AUTHCODEEXPIRE")

    assert merchant.post("/v3/pay/transactions/native", ORDER).data["message"] == "请求失败: AUTHCODEEXPIRE"


def test_the_platform_says_chinese_where_the_controls_say_both(sandbox, merchant, ask):
    sandbox.pay("zh00001")

    said = merchant.post("/v3/pay/transactions/native", ORDER).data
    status, file = ask("GET", "media/m1")

    assert said == {"code": "OUT_TRADE_NO_USED", "message": "该订单已支付: zh00001"}
    assert (status, file) == (
        404,
        {"code": "RESOURCE_NOT_EXISTS", "message": "there is no file m1", "zh": "文件不存在: m1"},
    )


def test_a_control_that_is_refused_a_field_has_the_detail(ask, monkeypatch):
    refusal = Refusal.of_field("body", "/number", "此字段为必填项")

    def refuse(store):
        raise refusal

    monkeypatch.setattr(Store, "kinds", refuse)

    status, answer = ask("GET", "state")

    assert (status, answer["code"]) == (400, "PARAM_ERROR")
    assert answer["message"] == "参数错误，请检查 body /number：此字段为必填项"
    assert answer["detail"] == {"location": "body", "field": "/number", "issue": "此字段为必填项"}


@pytest.fixture
def ask(sandbox, merchant):
    """Call the control API of a sandbox that holds an order; return status and JSON."""
    assert merchant.post("/v3/pay/transactions/native", ORDER).status == 200

    def asked(method, path, content=None, **headers):
        body = content if isinstance(content, bytes) else json.dumps(content or {}).encode()
        headers = {"Content-Type": "application/json", **headers}
        with requests.Session() as session:
            session.trust_env = False
            response = session.request(
                method, f"{sandbox.base_url}_sandbox/{path}", data=body, headers=headers, timeout=10
            )
        return response.status_code, response.json()

    return asked


def test_an_unknown_action(ask):
    status, answer = ask("POST", "actions/dance")

    assert (status, answer["code"]) == (404, "NOT_FOUND")
    assert answer["message"].startswith("there is no action dance: there are ")
    assert ", change_insurance_order, " in answer["message"]
    assert answer["zh"].startswith("没有操作 dance，可用的操作：")
    assert "、change_insurance_order、" in answer["zh"]


def test_a_wrong_state(ask):
    assert ask("POST", "actions/pay", {"number": "zh00001"})[0] == 200

    assert ask("POST", "actions/pay", {"number": "zh00001"}) == (
        400,
        {
            "code": "PARAM_ERROR",
            "message": "the order zh00001 cannot be paid, it is SUCCESS",
            "zh": "订单 zh00001 不能支付，状态是 SUCCESS",
        },
    )


@pytest.mark.parametrize(
    ("method", "path", "content", "message", "zh"),
    [
        ("POST", "actions/pay", {}, "number is missing", "pay 的参数：number、openid；缺少 number"),
        ("POST", "actions/rotate", {"a": "1"}, "rotate takes nothing", "rotate 的参数：无；没有参数 a"),
        ("POST", "actions/pay", {"number": 1}, "has to be text", "pay：number 应为字符串"),
        ("POST", "actions/pay", {"number": "x"}, "there is no order x", "订单 x 不存在"),
        ("POST", "actions/retire", {"serial": "x"}, "no platform certificate x", "没有序列号为 x 的平台证书"),
        (
            "POST",
            "actions/finish_refund",
            {"number": "x", "status": "LATE"},
            "status: 'LATE' is not a choice; choose one of",
            "status：没有 'LATE'，可选：SUCCESS、CLOSED、ABNORMAL",
        ),
        (
            "POST",
            "actions/confirm_transfer",
            {"number": "x", "state": "LATE"},
            "state: 'LATE' is not a choice; choose one of",
            "state：没有 'LATE'，可选：SUCCESS、FAIL、CANCELLED",
        ),
        ("GET", "bills/2026-01-01?type=all", None, "there are trade and funds bills", "账单类型应为 trade 或 funds"),
        ("GET", "bills/yesterday", None, "'yesterday' is no day", "'yesterday' 不是日期，应写作 2026-01-31"),
        ("GET", "state/order?limit=x", None, "limit: a whole number is expected", "limit：应为整数"),
        ("GET", "journal?after=x", None, "after: a whole number is expected", "after：应为整数"),
        ("GET", "journal/x", None, "id: a whole number is expected", "id：应为整数"),
        ("GET", "deliveries/x", None, "id: a whole number is expected", "id：应为整数"),
        ("POST", "deliveries/x/redeliver", {}, "id: a whole number is expected", "id：应为整数"),
        ("DELETE", "faults/x", None, "index: a whole number is expected", "index：应为整数"),
        ("POST", "clock", {"days": "x"}, "days: a number is expected", "days：应为数字"),
        ("POST", "restore", {}, "snapshot: the text is expected", "snapshot：应为 GET snapshot 返回的文本"),
        (
            "POST",
            "restore",
            {"snapshot": 3},
            "snapshot: the text is expected",
            "snapshot：应为 GET snapshot 返回的文本",
        ),
        (
            "POST",
            "trigger",
            {"events": "X"},
            "event is missing, to is missing, events is unknown",
            "trigger 的参数：event、to、set",
        ),
        ("GET", "journal/999999", None, "request 999999 is not kept", "没有请求 999999 的记录"),
        ("GET", "deliveries/999999", None, "delivery 999999 is not kept", "没有回调 999999 的记录"),
        ("GET", "nothing", None, "nothing is at GET", "GET /_sandbox/nothing 不存在"),
        ("POST", "trigger", {"event": "X", "to": "http://127.0.0.1:9/"}, "v3 has no event X", "v3 没有事件 X"),
        (
            "POST",
            "trigger",
            {"event": "TRANSACTION.SUCCESS", "to": "http://127.0.0.1:9/", "forgery": "x"},
            "no forgery is called",
            "没有伪造方式 'x'",
        ),
        ("POST", "faults", {}, "kind: '' is not a fault", "kind：没有故障 ''，可选：error、"),
        (
            "POST",
            "faults",
            {"kind": "error", "x": 1},
            "a fault has no 'x'",
            "故障没有设置项 'x'，可用的设置项：after、",
        ),
        ("POST", "faults", {"kind": "error", "times": 0}, "times: 1 or more", "times：应不小于 1"),
        ("POST", "faults", {"kind": "error", "after": "x"}, "after: 'x' is not valid", "after：'x' 无效"),
        ("DELETE", "faults", {"kind": "error"}, "the rule is gone", "规则已不存在：已被移除或已用完"),
        ("DELETE", "faults", {"struck": 1}, "a fault needs a kind", "缺少故障的 kind，可选：error、"),
        ("POST", "faults", b"{", "the body must be JSON", "请求体应为 JSON"),
        ("POST", "faults", b"[]", "the body must be a JSON object", "请求体应为 JSON 对象"),
        ("GET", "inspector/nothing", None, "nothing is at", "GET /_sandbox/inspector/nothing 不存在"),
        ("GET", "inspector/entries/999999", None, "request 999999 is not kept", "没有请求 999999 的记录"),
        (
            "POST",
            "inspector/refund",
            {"out_trade_no": "x"},
            "the store has no order x",
            "沙箱中不存在 x（order）",
        ),
    ],
)
def test_what_else_is_refused(ask, method, path, content, message, zh):
    status, answer = ask(method, path, content)

    assert status in {400, 404}
    assert message in answer["message"]
    assert answer["zh"].startswith(zh)


@pytest.mark.parametrize(
    ("headers", "status", "zh"),
    [
        ({"Origin": "https://shop.example"}, 403, "控制接口不接受其他网站页面发出的请求"),
        ({"Sec-Fetch-Site": "cross-site"}, 403, "控制接口不接受其他网站页面发出的请求"),
        ({"Host": "shop.example"}, 403, "控制接口只能通过沙箱自己的地址访问：请求头 Host 应为该地址"),
        ({"Content-Type": "text/plain"}, 400, "请求头 Content-Type 应为 application/json"),
    ],
)
def test_a_request_from_elsewhere_is_refused(ask, headers, status, zh):
    answered, answer = ask("POST", "reset", **headers)

    assert (answered, answer["code"]) == (status, "NO_AUTH" if status == 403 else "PARAM_ERROR")
    assert not CHINESE.search(answer["message"])
    assert answer["zh"] == zh


@pytest.mark.parametrize(("lang", "words"), [("zh", "没有操作 'dance'"), ("en", "there is no action 'dance'")])
def test_the_command_prints_its_language(sandbox, lang, words):
    result = CliRunner().invoke(program, ["--lang", lang, "act", "dance", "--sandbox", sandbox.base_url])

    assert result.exit_code == 2
    assert words in result.stderr
    assert (CHINESE.search(result.stderr) is not None) == (lang == "zh")


def test_an_option_of_the_sandbox_is_refused_in_both_languages():
    with pytest.raises(ValueError, match="nothing automatic is called 'x'") as refused:
        Sandbox(automatic={"x"})

    assert refused.value.args[0].zh == "automatic 没有 'x'，可选：confirm、finish、pay、refund、sign"
