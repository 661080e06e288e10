"""Samples of responses on the wire, as JSON and XML."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from chainable.describe import Code, Label, Sample
from taobao_top.describe.field_rows import examples
from taobao_top.response_parsing import root_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from taobao_top.catalogue import Method, Param

__all__ = ["samples"]

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ITEMS = {"String": "string", "Number": "number", "Boolean": "boolean", "Date": "date"}
_ERROR = {
    "code": 50,
    "msg": "Remote service error",
    "sub_code": "isv.invalid-parameter",
    "sub_msg": "<sub_msg>",
    "request_id": "<request_id>",
}


def samples(method: Method) -> Iterator[Sample]:
    """Return a response and an error, each as JSON and XML."""
    response = {root_name(method.name): _shape(method.response)}
    error = {"error_response": _ERROR}
    yield Sample(Label("应答 JSON", "response, JSON"), "json", _json(response))
    yield Sample(Label("应答 XML", "response, XML"), "xml", _xml(response))
    yield Sample(Label("错误 JSON", "error, JSON"), "json", _json(error))
    yield Sample(Label("错误 XML", "error, XML"), "xml", _xml(error))


def _shape(params: Iterable[Param]) -> dict[str, Any]:
    # On the wire a list is wrapped in a member named after its items.
    made: dict[str, Any] = {}
    for param in params:
        value = _shape(param.fields) if param.fields else _plain(examples([param])[param.name], param)
        item = _ITEMS.get(param.type) or _HUMP.sub("_", param.type).lower()
        made[param.name] = {item: [value]} if param.list else value
    return made


def _plain(value: Any, param: Param) -> Any:
    given = value[0] if param.list else value
    if isinstance(given, Code):
        return {"0": 0, "False": False}.get(given.text, f"<{param.name}>")
    return given


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _xml(value: dict[str, Any]) -> str:
    return "\n".join(_elements(value, 0))


def _elements(value: dict[str, Any], depth: int) -> Iterator[str]:
    pad = "  " * depth
    for name, member in value.items():
        for one in member if isinstance(member, list) else [member]:
            if isinstance(one, dict):
                yield f"{pad}<{name}>"
                yield from _elements(one, depth + 1)
                yield f"{pad}</{name}>"
            else:
                text = json.dumps(one) if isinstance(one, bool) else str(one)
                yield f"{pad}<{name}>{escape(text)}</{name}>"
