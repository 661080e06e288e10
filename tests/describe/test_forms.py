"""The first form of operations, as it stands, against the sandboxes, which check it in full."""

import re
from pathlib import Path

import pytest

from chainable import APIError
from taobao_top.catalogue import methods
from taobao_top.describe import described as method
from taobao_top.sandbox import Sandbox as TopSandbox
from wechatpay import catalogue
from wechatpay.describe import described
from wechatpay.sandbox import Sandbox

FAMILIES = sorted({"/".join(operation.path.split("/")[:2]) for operation in catalogue.operations()})
VALUES = (
    "与签名的商户号",  # the examples are of several merchants
    "MediaID 不存在",  # and of files that nobody uploaded here
    "与明细金额之和",  # and some do not add up
    "应等于后付费项目金额之和",
    "与计划明细不一致",
    "time_expire时间过短",  # and of times that are over
    "字符串必须匹配正则表达式",  # a placeholder is no URL and no number
)
"""What the sandbox says of values that only an example can have: it has read the request."""


def refusal(code, **names):
    try:
        exec(compile(code, "a form", "exec"), names)
    except APIError as error:
        return error
    return None


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as started:
        yield started


@pytest.fixture(scope="module")
def client(sandbox):
    return sandbox.client(retries=0)


CONDITIONS = ("JSAPI支付必须传openid", "类型为APPID时必填", "必填其一", "主体为", "时填写")
"""What the sandbox says of parameters that only some values of others require: the catalogue does not mark them."""
FORMS = {"first": lambda found: found.forms[0], "shortest": lambda found: found.shortest}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_first_and_the_shortest_form_of_every_operation_are_taken(
    family, form, sandbox, client, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    for operation in catalogue.operations():
        if not operation.path.startswith(f"{family}/") and operation.path != family:
            continue
        code = FORMS[form](described(operation.key)).code
        for name in re.findall(r"'(file\.\w+)'", code):
            Path(name).write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
        sandbox.reset()
        error = refusal(code, client=client)
        # What the examples name is not there: that is as it should be, and shows that the request was read.
        if error is not None:
            texts = VALUES if form == "first" else (*VALUES, *CONDITIONS)
            example = error.message == "参数错误" or any(text in str(error) for text in texts)
            assert error.code not in {"PARAM_ERROR", "SIGN_ERROR"} or example, str(error)
            assert error.code not in {"404", "405"}, str(error)
        if operation.answer != "redirect":
            assert sandbox.journal


def test_the_shortest_call_of_an_order_needs_no_change(sandbox, client):
    sandbox.reset()
    for kind in ("native", "jsapi", "app"):
        assert refusal(described(f"POST v3/pay/transactions/{kind}").shortest.code, client=client) is None
        sandbox.reset()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", range(10))
def test_the_first_and_the_shortest_form_of_many_methods_are_taken(place, form):
    names = list(methods())[place::50]
    with TopSandbox() as sandbox:
        top = sandbox.client(retries=0)
        for name in names:
            error = refusal(FORMS[form](method(name)).code, top=top)
            # A placeholder of 0 is out of some ranges; what is missing or of a wrong type would be our fault.
            assert error is None or error.code == "50" or "a whole number from" in str(error), str(error)
        assert len(sandbox.journal) == len(names)
