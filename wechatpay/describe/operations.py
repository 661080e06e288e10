"""Descriptions of operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from chainable.describe import CallStyle, Code, Description, Label, Meaning, Row, Table, arguments, in_both_languages
from wechatpay.describe.as_python import attributes
from wechatpay.describe.field_rows import examples, needed, one_of, rows
from wechatpay.describe.front_end import front_end_step
from wechatpay.describe.relations import known_errors, notifications

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wechatpay.catalogue import Field, Operation

__all__ = ["described"]

_STATUS = {
    "deprecated": Label("不再推荐使用", "deprecated"),
    "discarded": Label("已下线", "discarded"),
    "redesigned": Label("已有新版", "redesigned"),
    "privated": Label("仅对部分商户开放", "for some merchants only"),
}
_ANSWERS = {
    "binary": Label("文件内容", "bytes of a file"),
    "text": Label("文本", "text"),
    "empty": Label("无内容", "empty"),
    "redirect": Label("由浏览器打开的页面", "a page for the browser"),
}
_PLACES = {
    "params": Meaning("查询参数", "Query parameters"),
    "headers": Meaning("请求头", "Headers"),
    "json": Meaning("JSON 请求体", "JSON body"),
    "xml": Meaning("XML 请求体", "XML body"),
    "files": Meaning("要上传的文件", "Files to upload"),
}
_FILLED_HEADERS = {"Wechatpay-Serial"}
_STYLES = (("纯链式", "attributes"), ("声明式", "chain()"), ("属性式", "[…]"))


def described(operation: Operation) -> Description:
    """Describe an operation."""
    parts = _Parts(operation)
    return Description(
        key=operation.key,
        title=operation.title,
        name=operation.key,
        facts=tuple(_facts(operation)),
        links=operation.docs,
        tables=(Table(Label("请求参数", "request parameters"), tuple(parts.rows())),),
        forms=tuple(_forms(operation, parts.arguments())),
        shortest=_shortest(operation, parts.arguments(required=True)),
        answers=(Table(Label("返回字典", "response dict"), tuple(rows(operation.response.fields))),),
        errors=known_errors(operation.key),
        notifications=tuple(notifications(operation.key)),
    )


def _facts(operation: Operation) -> Iterator[tuple[str, str]]:
    if operation.status:
        status = _STATUS.get(operation.status, Label(operation.status, operation.status))
        successor = f" → {operation.successor}" if operation.successor else ""
        yield Label("状态", "status"), Label(f"{status}{successor}", f"{status.en}{successor}")
    if operation.base_uri:
        needed = Label("必须", "required") if operation.base_uri_required else Label("可选", "optional")
        host = Label(f"{operation.base_uri}（{needed}）", f"{operation.base_uri} ({needed.en})")
        yield Label("接入点", "access point"), host
    if operation.mtls:
        yield Label("商户证书", "merchant certificate"), Label("需要", "required")
    if operation.encrypted_fields:
        wrap = Label("敏感信息字段用 Sensitive(…) 包裹", "wrap sensitive fields in Sensitive(…)")
        yield Label("加密", "encryption"), wrap
    if operation.encrypted_answer_fields:
        read = Label("应答含密文，用 response.decrypted() 读取", "read with response.decrypted()")
        yield Label("解密", "decryption"), read
    if operation.idempotent_by:
        place, *names = operation.idempotent_by
        number = f"{place} {'.'.join(names)}"
        yield Label("重试", "retry"), Label(f"{number} 不变可安全重试", f"safe with the same {number}")
    if (step := front_end_step(operation)) is not None:
        yield Label("前端", "front end"), step
    if operation.answer in _ANSWERS:
        yield Label("应答", "response"), _ANSWERS[operation.answer]


class _Parts:
    """The parameters of a call, as rows of a table and as arguments of code."""

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
            yield evolve(row, note=Label("路径变量", "path variable"))
        for place, fields in self._places.items():
            note = one_of(self._operation.request.one_of.get("query" if place == "params" else place, ()))
            required = bool(note) or any(field.required and field.name not in self._filled for field in fields)
            yield Row(name=place, type="object", required=required, meaning=_PLACES[place], note=note)
            yield from rows(fields, 1, filled=self._filled)

    def arguments(self, *, required: bool = False) -> dict[str, Any]:
        """Return the arguments of the call: all, or those that are *required*, for the client's own merchant."""
        made = examples(self._variables)
        for place, known in self._places.items():
            groups = self._operation.request.one_of.get("query" if place == "params" else place, ())
            fields = needed(known, groups) if required else known
            values = examples(fields, without=self._filled, required=required)
            if required and "mchid" in values:
                values["mchid"] = Code("client.mchid")
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
    # Required, with a choice of types: the client does not choose for the user.
    return any(field.name == "sign_type" and field.required for field in operation.request.xml or ())


def _file(operation: Operation) -> str:
    types = operation.upload.types if operation.upload else ()
    return f"file.{types[0] if types else 'jpg'}"


def _shortest(operation: Operation, given: dict[str, Any]) -> CallStyle:
    """Return the first form of the call with these arguments."""
    first = next(_forms(operation, given))
    return CallStyle(Label("最简调用（仅必填参数）", "shortest call (required parameters only)"), first.code)


def _forms(operation: Operation, given: dict[str, Any]) -> Iterator[CallStyle]:
    chains = (f"client{attributes(operation.path)}", f"client.chain({operation.path!r})", f"client[{operation.path!r}]")
    inside = arguments(given)
    head = "from wechatpay import Sensitive\n\n" if "Sensitive(" in inside else ""
    if operation.answer == "redirect":
        for (zh, en), chain in zip(_STYLES, chains, strict=True):
            code = f"{head}url = client.signed_url(\n    {chain},{inside.rstrip()}\n)\nprint(url)\n"
            yield CallStyle(Label(f"同步{zh}", f"sync, {en}"), in_both_languages(code))
        return
    verb = operation.method.lower()
    seen = {"binary": "len(response.data)", "empty": "response.status_code"}.get(operation.answer, "response.data")
    for (zh, en), chain in zip(_STYLES, chains, strict=True):
        name = Label(f"同步{zh}", f"sync, {en}")
        code = f"{head}response = {chain}.{verb}({inside})\nprint({seen})\n"
        yield CallStyle(name, in_both_languages(code))
    for (zh, en), chain in zip(_STYLES, chains, strict=True):
        call = f"{chain}.{verb}_async({inside})"
        code = f"{head}{call}.then(lambda response: print({seen})).wait()\n"
        yield CallStyle(Label(f"异步{zh}", f"async, {en}"), in_both_languages(code))
