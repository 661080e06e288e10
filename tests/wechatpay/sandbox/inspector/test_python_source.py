"""A request that arrived, written as Python; the Python is run."""

import json
import warnings

import pytest

from chainable.sandbox.inspector import readable
from wechatpay.sandbox.http import Request
from wechatpay.sandbox.inspector.python_source import spelled

NAMES = ["同步纯链式", "同步声明式", "同步属性式", "异步纯链式", "异步声明式", "异步属性式"]
ORDER = {"out_trade_no": "T10001", "description": 'it\'s "quoted" 值', "notify_url": "https://example.com/n"}


@pytest.fixture(scope="module")
def client(running):
    return running.client()


def run(code, client):
    """The code as a user would paste it, in a program where ``client`` is there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        exec(compile(code, "pasted", "exec"), {"client": client, "print": str})


def all_forms(sandbox, client, entry):
    """Run each form; the requests that they made."""
    forms = spelled(entry)
    assert [form.name for form in forms] == NAMES
    made = []
    for form in forms:
        run(form.code, client)
        made.append(sandbox.journal[-1])
    assert all(each.verified and each.operation == entry.operation for each in made)
    return made


def test_the_six_forms_send_the_same_again(sandbox, client):
    content = {
        **ORDER,
        "appid": sandbox.account.appid,
        "mchid": sandbox.account.mchid,
        "amount": {"total": 1},
        "detail": {"goods_detail": [{"merchant_goods_id": "1", "quantity": 2, "unit_price": 3}]},
    }
    client.v3.pay.transactions.native.post(json=content)
    for made in all_forms(sandbox, client, sandbox.journal[-1]):
        assert json.loads(made.request.body) == content


def test_variables_and_queries_come_back(sandbox, client, merchant):
    merchant.order("T70001")
    client.v3.pay.transactions.out_trade_no._out_trade_no_.get(
        out_trade_no="T70001", params={"mchid": sandbox.account.mchid}
    )
    entry = sandbox.journal[-1]
    assert {made.request.target for made in all_forms(sandbox, client, entry)} == {entry.request.target}


def test_what_was_encrypted_is_encrypted_again(sandbox, client):
    from wechatpay import Sensitive

    client.v3.profitsharing.receivers.add.post(
        json={
            "appid": sandbox.account.appid,
            "type": "PERSONAL_OPENID",
            "account": "o1",
            "name": Sensitive("张三"),
            "relation_type": "USER",
        }
    )
    entry = sandbox.journal[-1]
    assert entry.opened == {"body/name": "张三"}
    assert "Sensitive('张三')" in spelled(entry)[0].code
    for made in all_forms(sandbox, client, entry):
        assert made.opened == entry.opened
        assert json.loads(made.request.body)["name"] != json.loads(entry.request.body)["name"]


def test_v2_goes_out_as_xml_again(sandbox, client):
    client.v2.pay.unifiedorder.post(
        xml={
            "appid": sandbox.account.appid,
            "body": "x",
            "out_trade_no": "T90001",
            "total_fee": 1,
            "spbill_create_ip": "127.0.0.1",
            "notify_url": "https://example.com/n",
            "trade_type": "NATIVE",
            "product_id": "1",
            "sign_type": "HMAC-SHA256",
        }
    )
    entry = sandbox.journal[-1]
    assert "nonce_str" not in spelled(entry)[0].code
    for made in all_forms(sandbox, client, entry):
        assert made.authorization["sign_type"] == "HMAC-SHA256"


def test_a_header_that_matters_is_kept(sandbox, merchant):
    sent = merchant.request(
        "POST", "/v3/marketing/partnerships/terminate", b"{}", headers=[("idempotency-key", "once")]
    )
    assert "'Idempotency-Key': 'once'" in spelled(merchant.send(sent))[0].code


def test_v2_queries_are_parameters(sandbox, merchant):
    from wechatpay import catalogue

    operation = next(each for each in catalogue.operations() if each.path.startswith("v2/") and each.method == "GET")
    target = f"/{operation.path.removeprefix('v2/')}?a=1&sign=x"
    code = [form.code for form in spelled(merchant.send(Request("GET", target)))]
    assert any("'a': '1'" in each for each in code) or operation.answer == "redirect"


def test_where_the_values_cannot_be_read_the_catalogue_has_an_example(sandbox, merchant):
    broken = merchant.send(merchant.request("POST", "/v3/pay/transactions/native", b"{"))
    assert "out_trade_no" in spelled(broken)[0].code
    upload = merchant.send(merchant.request("POST", "/v3/merchant/media/upload", b"{}"))
    assert "files=" in spelled(upload)[0].code


def test_a_request_without_an_operation_has_no_form(sandbox, merchant):
    assert spelled(merchant.send(merchant.request("GET", "/v3/nowhere"))) == ()
    entry = merchant.order("T30001")
    entry.operation = "POST v3/nowhere"
    assert spelled(entry) == ()


def test_bodies_are_shown_line_by_line():
    assert readable('{"a":[1],"b":"值"}'.encode()) == '{\n  "a": [\n    1\n  ],\n  "b": "值"\n}'
    assert readable(b"12345678901234567890123") == "12345678901234567890123"
    assert readable(b"<xml><a>1</a><b/></xml>") == "<xml>\n<a>1</a>\n<b/>\n</xml>"
    assert readable(b"\xffno json") == "\ufffdno json"
    assert readable(b"[" * 100_000) == "[" * 100_000
