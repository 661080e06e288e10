"""The sandbox accepts, for each operation, a request built from the catalogue's fields and examples."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from wechatpay import catalogue
from wechatpay.sandbox import fake_data
from wechatpay.sandbox.flows.applyment import UPLOADED

if TYPE_CHECKING:
    from collections.abc import Callable

    from wechatpay.catalogue import Field, Operation

# What a business may say about an order that nobody placed; nothing of it is about the form of the request.
ABSENT = {
    "ORDER_NOT_EXIST",
    "ORDERNOTEXIST",
    "RESOURCE_NOT_EXISTS",
    "NOT_FOUND",
    "NO_STATEMENT_EXIST",
    "CONTRACT_NOT_EXIST",
    "REFUNDNOTEXIST",
    "NOT_SHARE_ORDER",
    "NOT_ENOUGH",
    "20002",
    "NO_BILL_EXIST",
}
PERIOD = {"available_begin_time": timedelta(hours=1), "available_end_time": timedelta(days=1)}
NOT_SHARED = "非分账订单不支持分账"
"""The same of v3, which has no code of its own for it."""
REPORTED = [{"info_type": name, "info_content": "x"} for name in ("活动名称", "奖励说明")]
FORMS: dict[str, Callable[[Any, Any], str]] = {
    **dict.fromkeys(("appid", "sp_appid", "combine_appid"), lambda merchant, _: merchant.account.appid),
    "notify_url": lambda _, example: example if "://" in str(example) else "https://shop.example/notify",
    "time_expire": lambda _, example: str(example or "2019-06-11").replace("20", "29", 1),  # it is over by now
}
"""Values that no example can have."""
FILE = b"\x89PNG\r\n\x1a\n sandbox"


class Builder:
    def __init__(self, merchant: Any, operation: Operation) -> None:
        self.merchant = merchant
        self.operation = operation

    def members(self, fields: tuple[Field, ...] | None) -> dict[str, Any]:
        made = {each.name: self.value(each) for each in fields or ()}
        now = self.merchant.sandbox.context.now()  # the examples of stocks are over, and worth nothing
        made |= {name: (now + PERIOD[name]).isoformat(timespec="seconds") for name in PERIOD if name in made}
        made |= {name: 1 for name in ("max_coupons", "coupon_amount", "max_amount") if name in made}
        count = "total_count" if "total_count" in made else "total_num"
        if {"transfer_detail_list", count} <= made.keys():  # the examples of some pages do not add up
            made[count] = len(made["transfer_detail_list"])
            made["total_amount"] = sum(each["transfer_amount"] for each in made["transfer_detail_list"])
        if {"post_payments", "total_amount"} <= made.keys():
            discounts = [each.get("amount", 0) for each in made.get("post_discounts", ())]
            made["total_amount"] = sum(each["amount"] for each in made["post_payments"]) - sum(discounts)
        if "plan_detail_list" in made and "deduction_quantity" in made:
            made["deduction_quantity"] = len(made["plan_detail_list"])
            for total, part in (("total_original_price", "original_price"), ("total_actual_price", "actual_price")):
                made[total] = sum(each[part] for each in made["plan_detail_list"])
        if (
            made.get("transfer_scene_id") == "1000" and "transfer_scene_report_infos" in made
        ):  # each scene has its own, and those of 1000 are two
            made["transfer_scene_report_infos"] = REPORTED
        return made

    def value(self, each: Field) -> Any:
        if each.type.endswith("[]"):
            kind = each.type[:-2]
            made = [self.members(each.fields) if kind == "object" else self.scalar(each, kind)]
            if each.name == "sub_orders":  # two orders at least are combined
                made.append(made[0] | {"out_trade_no": "another20150806"})
            return made
        if each.type == "object":
            return self.members(each.fields)
        if each.encoded and each.example is None:
            inner: Any = self.members(each.fields)
            if each.encoded == "urlencode":
                return urlencode(inner)
            return json.dumps([inner] if (each.decoded or "").endswith("[]") else inner)
        return self.scalar(each, each.type)

    def scalar(self, each: Field, kind: str) -> Any:
        if each.encrypted == "rsa":
            return self.cipher("张三")
        if each.name in ("mchid", "sp_mchid", "combine_mchid", "belong_merchant"):
            return self.merchant.account.mchid
        if each.name == "bill_date":  # there are no bills of long ago
            day = (self.merchant.sandbox.context.now() - timedelta(days=2)).date().isoformat()
            return day if self.operation.path.startswith("v3/") else day.replace("-", "")
        if each.name == "token":
            return fake_data.made_up_token("token")
        example = each.example
        if UPLOADED.search(each.name) and kind == "string" and self.operation.path.startswith("v3/"):
            return self.media()
        if example is None and each.enum:
            example = each.enum[0]
        if kind in ("integer", "number"):
            return 1 if example is None else float(example) if "." in str(example) else int(example)
        if kind == "boolean":
            return str(example).lower() != "false"
        if each.name in FORMS:
            return FORMS[each.name](self.merchant, example)
        return "2019-06-11" if example is None else str(example)

    def media(self) -> str:
        meta = {"filename": "a.png", "sha256": hashlib.sha256(FILE).hexdigest()}
        return str(self.merchant.upload("/v3/merchant/media/upload", meta, FILE).data["media_id"])

    def cipher(self, text: str) -> str:
        account = self.merchant.account
        if self.operation.path.startswith("v3/"):
            return str(self.merchant.encrypt(text))
        if (self.operation.key_operation or "").endswith("getpublickey"):
            return str(self.merchant.encrypt(text, account.bank_key.public_key()))
        return str(self.merchant.encrypt(text, account.platform_certificates[-1].certificate.public_key()))

    def target(self, prefix: str = "/") -> str:
        path = self.operation.path.removeprefix("v2/")
        for each in self.operation.request.path or ():
            value = each.enum[0] if each.enum else "" if each.name == "empty" else str(self.value(each))
            path = path.replace(f"{{{each.name}}}", quote(value, safe=""))
        path = path.replace("{empty}", "")
        query = self.members(self.operation.request.query)
        if query:
            flat = {
                name: str(value).lower() if isinstance(value, bool) else value[0] if isinstance(value, list) else value
                for name, value in query.items()
            }
            path += "?" + urlencode(flat)
        return prefix + path


def test_v3_requests_of_the_catalogues_fields_pass(merchant: Any) -> None:
    check("v3/", try_v3, merchant)


def test_v2_requests_of_the_catalogues_fields_pass(merchant: Any) -> None:
    check("v2/", try_v2, merchant)


def check(prefix: str, attempt: Callable[[Any, Operation], None], merchant: Any) -> None:
    tried, wrong = 0, {}
    for operation in catalogue.operations():
        if operation.path.startswith(prefix):
            tried += 1
            try:
                attempt(merchant, operation)
            except (AssertionError, ValueError, SyntaxError) as error:
                wrong[operation.key] = str(error).splitlines()[0]
            merchant.sandbox.reset()
    assert not wrong
    assert tried == {"v3/": 1018, "v2/": 129}[prefix]


def try_v3(merchant: Any, operation: Operation) -> None:
    builder = Builder(merchant, operation)
    target = builder.target()
    headers = {
        each.name.lower(): str(each.example)
        for each in operation.request.headers or ()
        if each.name not in ("Wechatpay-Serial", "Accept-Encoding")
    }
    if operation.upload:
        parts = {each.name: each for each in operation.request.multipart or ()}
        meta = builder.members(parts["meta"].fields)
        if operation.upload.digest:
            sm3 = any(str(value) in {"SM3", "DIGEST_ALGORITHM_SM3"} for value in meta.values())
            meta[operation.upload.digest] = hashlib.new("sm3" if sm3 else "sha256", FILE).hexdigest()
        answer = merchant.upload(target, meta, FILE, name=operation.upload.file)
    elif operation.request.json is not None:
        answer = merchant.call(operation.method, target, builder.members(operation.request.json), headers=headers)
    else:
        answer = merchant.call(operation.method, target, headers=headers)
    if answer.status >= 400:
        assert answer.data["code"] in ABSENT or answer.data["message"] == NOT_SHARED, answer.data
        assert answer.signed()
    elif operation.response.content == "json":
        typed(operation.response.fields, answer.data)
        assert answer.signed()
    elif operation.response.content == "empty":
        assert (answer.status, answer.body) == (204, b"")
        assert answer.signed()
    else:
        assert answer.body


def try_v2(merchant: Any, operation: Operation) -> None:
    builder = Builder(merchant, operation)
    algorithm = (operation.sign_types or ("MD5",))[0]
    number = operation.merchant_number_field
    fields = operation.request.xml or operation.request.query or ()
    sent = {name: value for name, value in builder.members(fields).items() if name != "sign"}
    if "sign_type" in sent:
        sent["sign_type"] = algorithm
    if number:
        sent[number] = merchant.account.mchid
    if "cert_sn" in sent:
        sent["cert_sn"] = merchant.account.certificate_serial
    target = "/" + builder.target("").partition("?")[0]
    if operation.method == "GET":
        answer = merchant.v2_get(target, sent, algorithm)
    elif operation.upload:
        text = {"mch_id": merchant.account.mchid, "media_hash": hashlib.md5(FILE).hexdigest(), "sign_type": "MD5"}
        text["sign"] = merchant.sign(text)
        answer = merchant.send(_request(target, _form(text), merchant.account.serial))
    else:
        sent = {name: str(value).lower() if isinstance(value, bool) else value for name, value in sent.items()}
        answer = merchant.v2(target, sent, algorithm, nonce=not operation.nonceless, number=number)
    content = operation.answer
    if content == "redirect":
        assert answer.status == 302
    elif content == "json":
        typed(operation.response.fields, answer.data)
    elif content == "text":
        assert answer.body
    elif content == "binary":
        refused = answer.xml if answer.body.startswith(b"<xml>") else {}
        assert not refused or (refused.get("err_code") or refused["error_code"]) in ABSENT
    else:
        result = answer.xml
        assert result["return_code"] == "SUCCESS", result
        assert result.get("result_code") != "FAIL" or result["err_code"] in ABSENT, result
        if not operation.unsigned_answer:
            assert result["sign"] == merchant.sign(result, algorithm)


def _form(fields: dict[str, str]) -> bytes:
    lines = [
        f'--x1y2\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = b'--x1y2\r\nContent-Disposition: form-data; name="media"; filename="a.png"\r\n\r\n'
    return b"".join([*lines, head, FILE, b"\r\n--x1y2--\r\n"])


def _request(target: str, body: bytes, certificate: str) -> Any:
    from wechatpay.sandbox.http import Request

    headers = (("content-type", "multipart/form-data; boundary=x1y2"), ("x", secrets.token_hex(4)))
    return Request("POST", target, headers, body, secure=True, certificate=certificate)


def typed(fields: tuple[Field, ...], value: dict[str, Any]) -> None:
    """Every required member is there, and every member has its type."""
    for each in fields:
        if each.name not in value:
            assert not each.required, each.name
            continue
        check: dict[str, Callable[[Any], bool]] = {
            "string": lambda member: isinstance(member, str),
            "integer": lambda member: isinstance(member, int),
            "number": lambda member: isinstance(member, (int, float)),
            "boolean": lambda member: isinstance(member, bool),
            "object": lambda member: isinstance(member, dict),
        }
        member = value[each.name]
        kind = each.type.removesuffix("[]")
        for one in member if each.type.endswith("[]") else [member]:
            assert check[kind](one), (each.name, one)
            if kind == "object":
                typed(each.fields, one)
