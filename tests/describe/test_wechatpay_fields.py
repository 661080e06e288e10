import json

import pytest

from wechatpay import catalogue
from wechatpay.catalogue import Field
from wechatpay.describe.as_python import attributes
from wechatpay.describe.field_rows import example, examples, rows
from wechatpay.describe.operations import described


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (Field("a", example="x"), "x"),
        (Field("a", enum=("ONE", "TWO")), "ONE"),
        (Field("a", "integer", example="888"), 888),
        (Field("a", "number", example=1.5), 1.5),
        (Field("a", "boolean", example="TRUE"), True),
        (Field("a", "boolean", example=False), False),
        (Field("a", "string[]", example="x"), ["x"]),
        (Field("a", "object[]", fields=(Field("b", example="y"),)), [{"b": "y"}]),
        (Field("a", encoded="json", example='{"b":1}'), '{"b":1}'),
    ],
)
def test_examples_have_their_type(field, expected):
    assert example(field) == expected


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (Field("a"), "'<a>'"),
        (Field("a", "integer"), "0"),
        (Field("a", "number"), "0"),
        (Field("a", "boolean"), "False"),
        (Field("a", encoded="json"), "'<a>'"),
        (Field("a", encrypted="rsa", example="OEim=="), "Sensitive('<a>')"),
    ],
)
def test_what_has_no_example_has_a_placeholder(field, text):
    assert example(field).text == text


def test_encoded_text_is_made_of_what_is_inside():
    inside = (Field("s"), Field("n", "integer"), Field("b", "boolean"), Field("e", example="x"))
    one = eval(example(Field("a", encoded="json", fields=inside)).text)
    assert json.loads(one) == {"s": "<s>", "n": 0, "b": False, "e": "x"}
    many = eval(example(Field("a", encoded="json", decoded="object[]", fields=inside)).text)
    assert json.loads(many) == [{"s": "<s>", "n": 0, "b": False, "e": "x"}]


def test_members_can_be_left_out():
    assert examples([Field("a", example="x"), Field("b", example="y")], without={"b"}) == {"a": "x"}


def test_encoded_fields_say_what_is_inside():
    (row,) = rows([Field("a", encoded="urlencode", encrypted="aes-gcm")])
    assert row.note == "表单文本"
    assert row.encrypted == "aes-gcm"


def test_objects_say_of_which_members_one_is_needed():
    payer, *_ = rows([Field("payer", "object", fields=(Field("a"), Field("b")), one_of=(("a", "b"), ("a", "c")))])
    assert payer.note == "至少填一个：a, b；a, c"
    assert payer.note.en == "at least one of a, b; of a, c"


def test_a_body_says_of_which_members_one_is_needed():
    (table,) = described(catalogue.operation("POST v2/pay/orderquery")).tables
    (body,) = [row for row in table.rows if row.name == "xml"]
    assert body.required
    assert body.note.en == "at least one of transaction_id, out_trade_no"
    (table,) = described(catalogue.operation("GET v3/payscore/serviceorder")).tables
    (query,) = [row for row in table.rows if row.name == "params"]
    assert query.note == "至少填一个：out_order_no, query_id"


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("v3/pay/transactions/id/{transaction_id}", ".v3.pay.transactions.id._transaction_id_"),
        ("v3/global/papay/delete", ".v3.global_.papay.delete_"),
        ("v3/3d/a.b/{outTradeNo}", ".v3['3d']['a.b']['{outTradeNo}']"),
        ("v3/bills/", ".v3.bills._empty_"),
        ("v3/mch_operate", ".v3.mch_operate"),
    ],
)
def test_paths_become_attributes(path, written):
    assert attributes(path) == written
