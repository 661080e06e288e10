"""The reviewed tables: which calls repeat, which are unsigned, how v2 and uploads are signed."""

from __future__ import annotations

import re

import pytest

from tools import source
from wechatpay import catalogue

pytestmark = pytest.mark.xdist_group("source")  # read it once

# What the titles of money say. Wider than it need be: a match only means that a row is demanded.
MONEY = re.compile(
    r"支付$|支付（|下单|扣款|扣费|退款|转账|付款|提现|分账$|请求.*分账|分账回退|红包|发放|发券|充值|赔付|理赔|补差|押金|结算$|还款$|出境|额度卡|核销|退券|完结|解冻|捐赠|预算"
)


@pytest.fixture(scope="module")
def tables():
    return {
        name: source.reviewed(name)
        for name in (
            "repeatable",
            "not-repeatable",
            "no-money",
            "echoes",
            "signatures",
            "v2-signing",
            "uploads",
            "keys",
        )
    }


@pytest.fixture(scope="module")
def posts(given):
    return [key for key in given if key.startswith("POST ")]


def members(record, place):
    return record["request"].get(place, {})


def test_every_row_is_of_an_operation_and_has_a_reason(tables, given):
    for name, rows in tables.items():
        assert not rows.keys() - given.keys(), name
        assert list(rows) == sorted(rows, key=lambda key: key.partition(" ")[::-1]), name
        for key, row in rows.items():
            assert row if name == "no-money" else row["reason"], key


def test_every_post_is_reviewed_and_stands_in_one_table(tables, posts):
    """Each POST is repeatable, or moves money and is not, or moves none: a new one has to be placed by a person."""
    repeatable, not_repeatable, no_money = (tables[name] for name in ("repeatable", "not-repeatable", "no-money"))
    for key in posts:
        assert (key in repeatable) + (key in not_repeatable) + (key in no_money) == 1, key
    assert {key for rows in (repeatable, not_repeatable, no_money) for key in rows} == set(posts)


def test_every_post_that_creates_or_moves_money_has_its_row(tables, posts, given):
    """Among the POSTs that are said to move none, a title that speaks of money needs to be one of these."""
    harmless = re.compile(
        r"查询|查看|回单|凭证|账单|通知|授权|签约|解约|协议|申请单|消息|接收方|核身|开通|账户|账号|帐号|报名|上报|模板|活动|二维码|员工|免费|计划$|小票|曝光"
        r"|前置服务|比例|展示|码牌|记录|查单|信息|规则|还款链接|保单|周期"
    )
    for key, kind in tables["no-money"].items():
        title = given[key]["title"]
        assert not MONEY.search(title) or harmless.search(title), f"{key} {title} ({kind}) has no row"
    rows = {**tables["repeatable"], **tables["not-repeatable"]}
    speaking = [key for key in posts if MONEY.search(given[key]["title"]) and not harmless.search(given[key]["title"])]
    assert len(speaking) > 170
    for key in speaking:
        assert key in rows, key


def test_the_number_that_makes_a_call_repeatable_is_a_field_of_it(tables, given):
    for key, row in tables["repeatable"].items():
        place, *names = row["idempotent_by"]
        assert catalogue.operation(key).idempotent_by == (place, *names)
        if place == "path":
            assert f"{{{names[0]}}}" in key
        elif place == "header":
            assert names[0] in members(given[key], "headers")
        else:
            fields = members(given[key], place)
            for name in names:
                assert name in fields, key
                fields = fields[name].get("fields", {}) if isinstance(fields[name], dict) else {}


def test_the_number_that_is_compared_is_in_request_and_answer(tables, given):
    asking = re.compile("查询|查单")
    for key, row in tables["echoes"].items():
        operation, record = catalogue.operation(key), given[key]
        assert operation.echoes == tuple(map(tuple, row["echoes"]))
        assert key.startswith("GET ") or (key.startswith("POST v2/") and asking.search(record["title"])), key
        assert not operation.unsigned_answer, key
        for place, name, *names in row["echoes"]:
            assert name in members(record, place), key
            fields = record["answer"]
            for inner in names:
                assert inner in fields, key
                fields = fields[inner].get("fields", {}) if isinstance(fields[inner], dict) else {}


def test_nothing_outside_the_table_is_compared(tables):
    assert {operation.key for operation in catalogue.operations() if operation.echoes} == set(tables["echoes"])


def test_nothing_outside_the_table_repeats(tables):
    rows = {operation.key for operation in catalogue.operations() if operation.idempotent_by is not None}
    assert rows == set(tables["repeatable"])
    assert all(key.startswith("POST ") for key in rows)


@pytest.mark.parametrize(
    "key",
    [
        "POST v2/pay/micropay",
        "POST v3/pay/transactions/codepay",
        "POST v2/pay/facepay",
        "POST v3/ecommerce/profitsharing/after-sales-orders",
        "POST v3/papay/pay/schedules/contract-id/{contract_id}/schedule",
    ],
)
def test_what_must_not_be_repeated_is_not(key, tables):
    assert key in tables["not-repeatable"]
    assert catalogue.operation(key).idempotent_by is None


def test_unsigned_answers_are_the_listed_ones(tables):
    rows = tables["signatures"]
    for operation in catalogue.operations():
        row = rows.get(operation.key, {})
        assert operation.unsigned_answer is row.get("unsigned_answer", False)
        assert operation.unsigned_request is row.get("unsigned_request", False)
        assert operation.digest_header == row.get("digest_header")
        if operation.answer in {"binary", "redirect"}:
            assert operation.unsigned_answer or operation.digest_header, operation.key
    assert {key for key, row in rows.items() if "digest_header" in row} == {
        "GET v3/global/statements",
        "GET v3/statements",
    }


def test_an_unsigned_v2_answer_has_no_sign_on_its_page_but_two(tables, given):
    signed = [
        key
        for key, row in tables["signatures"].items()
        if key.partition(" ")[2].startswith("v2/")
        and "unsigned_answer" in row
        and "sign" in given[key].get("answer", {})
    ]
    assert signed == ["POST v2/mmpaysptrans/pay_bank"]


def test_v2_signing_says_what_the_pages_say(tables, given):
    v2 = [key for key in given if key.partition(" ")[2].startswith("v2/")]
    assert set(tables["v2-signing"]) == set(v2)
    for key in v2:
        operation, record = catalogue.operation(key), given[key]
        fields = members(record, "query") | members(record, "xml") | members(record, "multipart")
        sign_type = fields.get("sign_type")
        assert operation.sign_type_parameter is (sign_type is not None)
        if sign_type is None:
            assert operation.sign_types == (() if operation.unsigned_request else ("MD5",))
        else:
            assert sorted(operation.sign_types) == sorted(sign_type["enum"])
            hmac_only = operation.sign_types == ("HMAC-SHA256",)
            assert operation.sign_type_required is (sign_type.get("required", False) or hmac_only)
        named = [name for name in ("mch_id", "mchid", "combine_mch_id") if name in fields]
        assert [operation.merchant_number_field] == (named[:1] or [None]), key
    for operation in catalogue.operations():
        if operation.key not in tables["v2-signing"]:
            assert (operation.sign_types, operation.merchant_number_field) == ((), None)


@pytest.mark.parametrize(
    "path",
    [
        *("secapi/pay/profitsharing", "secapi/pay/multiprofitsharing", "pay/profitsharingquery"),
        "billcommentsp/batchquerycomment",
    ],
)
def test_hmac_only(path):
    operation = catalogue.operation(f"POST v2/{path}")
    assert (operation.sign_types, operation.sign_type_required) == (("HMAC-SHA256",), True)


@pytest.mark.parametrize(
    ("path", "name"),
    [("promotion/transfers", "mchid"), ("sendredpack", "mch_id"), ("gettransferinfo", "mch_id")],
)
def test_transfers_and_red_packets_are_md5(path, name):
    operation = catalogue.operation(f"POST v2/mmpaymkttransfers/{path}")
    assert (operation.sign_types, operation.sign_type_parameter) == (("MD5",), False)
    assert operation.merchant_number_field == name


def test_every_multipart_operation_has_its_shape(tables, given):
    uploads = {key for key, record in given.items() if "multipart" in record["request"]}
    assert set(tables["uploads"]) == uploads
    assert len(uploads) == 15
    for key in uploads:
        upload, parts = catalogue.operation(key).upload, given[key]["request"]["multipart"]
        assert parts[upload.file]["type"] == "file"
        inside = parts[upload.meta]["fields"] if upload.meta else parts
        names = {upload.filename, upload.digest, *upload.fixed} - {None}
        assert names <= inside.keys(), key
        assert all(inside[name]["enum"] == [fixed] for name, fixed in upload.fixed.items())
        assert upload.hash in {"sha256", "sm3", "md5"}
    assert catalogue.operation("POST v3/merchant/media/upload").upload.size == 7_864_320
    assert "png" in catalogue.operation("POST v3/merchant/media/upload").upload.types


def test_other_keys_are_named_by_the_operation_that_gives_them(tables, given):
    for key, row in tables["keys"].items():
        operation = catalogue.operation(key)
        assert operation.key_operation == row["key_operation"]
        assert row["key_operation"] in given
        assert operation.encrypted_fields


def test_every_encrypted_v3_request_has_its_header(given):
    for key, record in given.items():
        if record.get("encrypted"):
            assert "Wechatpay-Serial" in members(record, "headers"), key
            assert catalogue.operation(key).encrypted_fields, key


def test_successors_are_operations_in_use(given):
    successors = {key: record["successor"] for key, record in given.items() if "successor" in record}
    assert len(successors) == 31
    for key, successor in successors.items():
        assert given[key]["status"] in {"deprecated", "discarded", "redesigned"}
        assert given[successor].get("status") not in {"deprecated", "discarded", "redesigned"}
    redesigned = {key for key, record in given.items() if record.get("status") == "redesigned"}
    assert redesigned <= successors.keys()
