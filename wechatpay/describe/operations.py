"""One operation, described."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from chainable.describe import CallStyle, Description, Meaning, Row, Table, arguments
from wechatpay.describe.fields import examples, rows
from wechatpay.describe.spelling import attributes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wechatpay.catalogue import Field, Operation

__all__ = ["described"]

_STATUS = {
    "deprecated": "不再推荐使用 · deprecated",
    "discarded": "已下线 · discarded",
    "redesigned": "已有新版 · redesigned",
    "privated": "仅对部分商户开放 · for some merchants only",
}
_ANSWERS = {
    "binary": "文件内容 · the bytes of a file",
    "text": "文本 · text",
    "empty": "无内容 · nothing",
    "redirect": "由浏览器打开的页面 · a page for the browser",
}
_PLACES = {
    "params": Meaning("查询参数", "Query parameters"),
    "headers": Meaning("请求头", "Headers"),
    "json": Meaning("JSON 请求体", "JSON body"),
    "xml": Meaning("XML 请求体", "XML body"),
    "files": Meaning("要上传的文件", "Files to upload"),
}
_FILLED_HEADERS = {"Wechatpay-Serial"}
_SPELLINGS = ("纯链式", "声明式", "属性式")


def described(operation: Operation) -> Description:
    """Describe an operation of the catalogue."""
    parts = _Parts(operation)
    return Description(
        key=operation.key,
        title=operation.title,
        name=operation.key,
        facts=tuple(_facts(operation)),
        links=operation.docs,
        tables=(Table("请求参数", tuple(parts.rows())),),
        forms=tuple(_forms(operation, parts.arguments())),
        answers=(Table("返回字典", tuple(rows(operation.response.fields))),),
    )


def _facts(operation: Operation) -> Iterator[tuple[str, str]]:
    if operation.status:
        successor = f"，请改用 {operation.successor}" if operation.successor else ""
        yield "状态", _STATUS.get(operation.status, operation.status) + successor
    if operation.base_uri:
        yield "接入点", operation.base_uri + ("（必须）" if operation.base_uri_required else "（可选）")
    if operation.mtls:
        yield "商户证书", "需要 · the merchant certificate goes along"
    if operation.encrypted_fields:
        yield "加密", "请求含敏感字段，用 Sensitive(…) 包住 · wrap sensitive fields"
    if operation.encrypted_answer_fields:
        yield "解密", "应答含密文，用 response.decrypted() 读 · read with response.decrypted()"
    if operation.idempotent_by:
        place, *names = operation.idempotent_by
        yield "重试", f"可安全重复：{place} {'.'.join(names)} · may be repeated under the same number"
    if operation.answer in _ANSWERS:
        yield "应答", _ANSWERS[operation.answer]


class _Parts:
    """What goes into a call: rows of its table, arguments of its code."""

    def __init__(self, operation: Operation) -> None:
        request = operation.request
        self._operation = operation
        self._variables = [field for field in request.path or () if field.name not in operation.fixed]
        self._fixed = [field for field in request.path or () if field.name in operation.fixed]
        self._filled = _filled(operation)
        places: dict[str, list[Field]] = {
            "params": list(request.query or ()),
            "headers": list(request.headers or ()),
            "json": list(request.json or ()),
            "xml": list(request.xml or ()),
            "files": [],
        }
        for part in request.multipart or ():
            if part.type == "file":
                places["files"].append(part)
            elif part.name == "meta":
                places["json"].extend(part.fields)
            else:
                places["xml"].append(part)
        self._places = {place: fields for place, fields in places.items() if fields}

    def rows(self) -> Iterator[Row]:
        for row in (*rows(self._variables), *rows(self._fixed, filled=self._operation.fixed)):
            yield evolve(row, note="路径变量")
        for place, fields in self._places.items():
            required = any(field.required and field.name not in self._filled for field in fields)
            yield Row(name=place, type="object", required=required, meaning=_PLACES[place])
            yield from rows(fields, 1, filled=self._filled)

    def arguments(self) -> dict[str, Any]:
        made = examples(self._variables)
        for place, fields in self._places.items():
            values = examples(fields, without=self._filled)
            if place == "files":
                values = {field.name: _file(self._operation) for field in fields}
            if values:
                made[place] = values
        return made


def _filled(operation: Operation) -> set[str]:
    filled = set(_FILLED_HEADERS)
    upload = operation.upload
    if operation.path.startswith("v2/"):
        filled |= {"sign", "nonce_str", operation.merchant_number_field or "mch_id"}
        if len(operation.sign_types) == 1 or upload or not _asks_sign_type(operation):
            filled.add("sign_type")
    if upload:
        filled |= {name for name in (upload.filename, upload.digest) if name}
        filled |= {"digest_alogrithm", "digest_algorithm"}
    return filled


def _asks_sign_type(operation: Operation) -> bool:
    # Where the page wants it said and leaves a choice, the client does not choose for the user.
    return any(field.name == "sign_type" and field.required for field in operation.request.xml or ())


def _file(operation: Operation) -> str:
    types = operation.upload.types if operation.upload else ()
    return f"文件.{types[0] if types else 'jpg'}"


def _forms(operation: Operation, given: dict[str, Any]) -> Iterator[CallStyle]:
    chains = (f"client{attributes(operation.path)}", f"client.chain({operation.path!r})", f"client[{operation.path!r}]")
    inside = arguments(given)
    head = "from wechatpay import Sensitive\n\n" if "Sensitive(" in inside else ""
    if operation.answer == "redirect":
        for name, chain in zip(_SPELLINGS, chains, strict=True):
            yield CallStyle(
                f"同步{name}", f"{head}url = client.signed_url(\n    {chain},{inside.rstrip()}\n)\nprint(url)\n"
            )
        return
    verb = operation.method.lower()
    seen = {"binary": "len(response.data)", "empty": "response.status_code"}.get(operation.answer, "response.data")
    for name, chain in zip(_SPELLINGS, chains, strict=True):
        yield CallStyle(f"同步{name}", f"{head}response = {chain}.{verb}({inside})\nprint({seen})\n")
    for name, chain in zip(_SPELLINGS, chains, strict=True):
        call = f"{chain}.{verb}_async({inside})"
        yield CallStyle(f"异步{name}", f"{head}{call}.then(lambda response: print({seen})).wait()\n")
