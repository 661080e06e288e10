import json
from xml.etree import ElementTree as ET

import pytest

from chainable.describe import Candidate
from taobao_top.catalogue import Method, Param, method, methods
from taobao_top.describe import attributes, describe, described
from taobao_top.describe.field_rows import examples
from taobao_top.describe.samples import samples
from taobao_top.response_parsing import root_name

INSURANCE = "alibaba.finance.insurance.createorder"
NAMES = ["同步纯链式", "同步声明式", "同步属性式", "异步纯链式", "异步声明式", "异步属性式"]


def test_the_description_of_a_method_is_complete():
    found = describe(INSURANCE)
    assert (found.key, found.title, found.name) == (INSURANCE, "机构投保创单", INSURANCE)
    common, request = found.tables
    assert common.heading == "公共参数"
    assert [row.name for row in common.rows if row.required] == [
        "method",
        "app_key",
        "timestamp",
        "v",
        "sign_method",
        "sign",
    ]
    assert request.heading == "请求参数"
    assert [(row.name, row.type, row.depth) for row in request.rows[:3]] == [
        ("create_order_request", "CreateOrderRequest", 0),
        ("identifier", "String", 1),
        ("order_id", "String", 1),
    ]
    assert ("policy_list", "Policy[]") in [(row.name, row.type) for row in request.rows]
    assert [form.name for form in found.forms] == NAMES
    assert found.forms[0].code.startswith(
        "response = top.alibaba.finance.insurance.createorder.post(\n    create_order_request={\n"
    )
    assert "'total_installments': 1,\n" in found.forms[0].code
    assert "'is_renew_policy': False,\n" in found.forms[0].code
    assert [row.name for row in found.answers[0].rows] == ["is_success", "response_code", "response_msg"]
    assert [sample.name for sample in found.samples] == ["应答 JSON", "应答 XML", "错误 JSON", "错误 XML"]
    assert json.loads(json.dumps(found.to_json()))["facts"] == {"类目": "场景金融保险"}


def test_answers_have_the_same_members_as_json_and_as_xml():
    answer, tree, refusal, element = (sample.text for sample in described(INSURANCE).samples)
    inside = json.loads(answer)["alibaba_finance_insurance_createorder_response"]
    assert inside == {"is_success": True, "response_code": "SUCCESS", "response_msg": "参数异常"}
    parsed = ET.fromstring(tree)
    assert parsed.tag == "alibaba_finance_insurance_createorder_response"
    assert {child.tag: child.text for child in parsed} == {
        "is_success": "true",
        "response_code": "SUCCESS",
        "response_msg": "参数异常",
    }
    error = json.loads(refusal)["error_response"]
    assert (error["code"], error["sub_code"]) == (50, "isv.invalid-parameter")
    assert ET.fromstring(element).findtext("sub_msg") == "<sub_msg>"


def test_lists_stand_inside_a_member_named_after_their_items():
    made = Method("taobao.made.up.get")
    params = (
        Param("trades", "TradeFull", list=True, fields=(Param("tid", "Number"), Param("paid", "Boolean"))),
        Param("ids", "String", list=True),
        Param("more", "Json"),
    )

    class Answering:
        name = made.name
        response = params

    text = next(samples(Answering())).text
    assert json.loads(text) == {
        root_name(made.name): {
            "trades": {"trade_full": [{"tid": 0, "paid": False}]},
            "ids": {"string": ["<ids>"]},
            "more": "<more>",
        },
    }
    assert root_name(made.name) == "made_up_get_response"


def test_examples_are_read_by_type():
    made = examples(
        [
            Param("a", "Number", example="12"),
            Param("b", "Number", example="1.5"),
            Param("c", "Boolean", example="TRUE"),
            Param("d", "Price"),
            Param("e", "byte[]"),
            Param("f", "Json"),
            Param("g", "Date", list=True),
            Param("h", "Holder", fields=(Param("i", "byte[]"),)),
        ],
    )
    assert (made["a"], made["b"], made["c"]) == (12, "1.5", True)
    assert made["d"].remark
    assert made["e"].text == "b'...'"
    assert eval(made["f"].text) == {"<f>": ""}
    assert made["h"]["i"].text == "'<i>'"
    assert made["g"][0].text == "'1970-01-01 00:00:00'"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("taobao.time.get", ".taobao.time.get"),
        ("taobao.x.import", ".taobao.x.import_"),
        ("aliexpress.feed.post.publish", ".aliexpress.feed.post.publish"),
        ("tmall.item.post", ".tmall.item.post_"),
        ("cainiao.global-x.3pl.chain", ".cainiao['global-x']['3pl'].chain_"),
    ],
)
def test_names_become_attributes(name, written):
    assert attributes(name) == written


@pytest.mark.parametrize(
    "query",
    [
        INSURANCE,
        "机构投保创单",
        "top.alibaba.finance.insurance.createorder",
        "top.alibaba.finance.insurance.createorder.post(create_order_request={…})",
        "top['alibaba.finance.insurance.createorder'].post_async",
        'top.chain("alibaba.finance.insurance.createorder").post(\n    create_order_request={},\n)',
        "alibaba.finance.insurance.createorder.postAsync()",
    ],
)
def test_a_method_is_found_however_it_is_written(query):
    assert describe(f" {query} ").key == INSURANCE


def test_several_meanings_are_given_best_first():
    found = describe("trade.memo")
    assert all(isinstance(candidate, Candidate) for candidate in found)
    assert {c.key for c in found[:2]} == {"taobao.trade.memo.add", "taobao.trade.memo.update"}
    assert describe("") == []
    similar = describe("机构投保创订单")  # nothing has this title
    assert (similar[0].key, similar[0].near) == (INSURANCE, True)


def test_an_unknown_name_is_reported():
    with pytest.raises(LookupError, match=r"no\.such"):
        described("no.such")


def test_a_known_need_of_a_session_is_shown():
    facts = dict(described("taobao.tbk.sc.general.link.convert").facts)
    assert (facts["授权"], facts["授权"].en) == ("需要", "required")


def test_what_cannot_be_a_keyword_goes_into_a_mapping():
    # Three names: a keyword of Python, an option of a call, a dot.
    odd = [
        name for name in methods() if any(not p.isidentifier() or p in {"from", "timeout"} for p in method(name).types)
    ]
    assert odd
    for name in odd:
        code = described(name).forms[0].code
        assert ".post({\n" in code
        compile(code, name, "exec")


def test_many_methods_are_described_and_their_forms_are_python():
    for name in list(methods())[::25]:
        found = described(name)
        assert [form.name for form in found.forms] == NAMES
        for form in (found.forms[0], found.forms[-1]):
            compile(form.code, name, "exec")
        for sample in found.samples:
            json.loads(sample.text) if sample.language == "json" else ET.fromstring(sample.text)
