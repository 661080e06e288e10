"""What an answer looks like on the wire, as JSON and as XML."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from chainable.describe import Code, Sample
from taobao_top.describe.fields import examples

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from taobao_top.catalogue import Method, Param

__all__ = ["root", "samples"]

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ITEMS = {"String": "string", "Number": "number", "Boolean": "boolean", "Date": "date"}
_ERROR = {
    "code": 50,
    "msg": "Remote service error",
    "sub_code": "isv.invalid-parameter",
    "sub_msg": "<sub_msg>",
    "request_id": "<request_id>",
}


def root(name: str) -> str:
    """Give the outermost member of a method's answer: ``taobao.`` dropped, dots as underscores."""
    return name.removeprefix("taobao.").replace(".", "_") + "_response"


def samples(method: Method) -> Iterator[Sample]:
    """Give a good answer and a refusal, each as JSON and as XML."""
    answer = {root(method.name): _shape(method.response)}
    refusal = {"error_response": _ERROR}
    yield Sample("应答 JSON", "json", _json(answer))
    yield Sample("应答 XML", "xml", _xml(answer))
    yield Sample("错误 JSON", "json", _json(refusal))
    yield Sample("错误 XML", "xml", _xml(refusal))


def _shape(params: Iterable[Param]) -> dict[str, Any]:
    # On the wire a list stands inside a member named after its items.
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
