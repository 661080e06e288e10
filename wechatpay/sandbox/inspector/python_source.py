"""A received request as Python code, in the six forms."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chainable.describe import CallStyle, Code, arguments
from wechatpay import catalogue
from wechatpay.describe import attributes, described
from wechatpay.sandbox import apiv2, router

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wechatpay.catalogue import Operation
    from wechatpay.sandbox.journal import Entry

__all__ = ["spelled"]

FILLED = frozenset({"sign", "nonce_str"})
HEADERS = frozenset({"Idempotency-Key", "Wechatpay-Negative-Test"})
SPELLINGS = ("纯链式", "声明式", "属性式")
SEEN = {"binary": "len(response.data)", "empty": "response.status_code"}


def spelled(entry: Entry) -> tuple[CallStyle, ...]:
    """
    Return a request in the six forms with the values sent, encrypted ones opened.

    Uploads, redirects and bodies that cannot be read have the catalogue's example; an unknown operation has no form.
    """
    operation = catalogue.operation(entry.operation or "")
    found = router.find(entry.request.method, entry.request.segments)
    if operation is None or isinstance(found, router.NotFound):
        return ()
    if operation.upload or operation.answer == "redirect":
        return described(operation.key).forms
    try:
        given = dict(_given(entry, operation))
    except ValueError:
        return described(operation.key).forms
    variables = {name: value for name, value in found.variables.items() if name not in operation.fixed}
    return tuple(_forms(operation, arguments({**variables, **given})))


def _forms(operation: Operation, inside: str) -> Iterator[CallStyle]:
    head = "from wechatpay import Sensitive\n\n" if "Sensitive(" in inside else ""
    path, verb = operation.path, operation.method.lower()
    chains = (f"client{attributes(path)}", f"client.chain({path!r})", f"client[{path!r}]")
    seen = SEEN.get(operation.answer, "response.data")
    for name, chain in zip(SPELLINGS, chains, strict=True):
        yield CallStyle(f"同步{name}", f"{head}response = {chain}.{verb}({inside})\nprint({seen})\n")
    for name, chain in zip(SPELLINGS, chains, strict=True):
        call = f"{chain}.{verb}_async({inside})"
        yield CallStyle(f"异步{name}", f"{head}{call}.then(lambda response: print({seen})).wait()\n")


def _given(entry: Entry, operation: Operation) -> Iterator[tuple[str, Any]]:
    request = entry.request
    query = request.query
    if entry.version == "v2":
        place, sent = ("params", query) if request.method == "GET" else ("xml", apiv2.read(request.body))
        filled = FILLED | {operation.merchant_number_field or "mch_id"}
        yield (
            place,
            _opened({name: value for name, value in sent.items() if name not in filled}, "", _at(entry, "body")),
        )
    else:
        if query:
            yield "params", _opened(query, "", _at(entry, "query"))
        if request.body:
            yield "json", _opened(json.loads(request.body), "", _at(entry, "body"))
    headers = {name: request.header(name.lower()) for name in sorted(HEADERS)}
    sent_headers = {name: value for name, value in headers.items() if value is not None}
    if sent_headers:
        yield "headers", sent_headers


def _at(entry: Entry, location: str) -> dict[str, str]:
    return {name.removeprefix(location): plain for name, plain in entry.opened.items() if name.startswith(location)}


def _opened(value: Any, at: str, plain: Mapping[str, str]) -> Any:
    """Return the value with each ciphertext replaced by what it hides, wrapped as the client wants it."""
    if isinstance(value, dict):
        return {name: _opened(member, f"{at}/{name}", plain) for name, member in value.items()}
    if isinstance(value, list):
        return [_opened(member, f"{at}/{index}", plain) for index, member in enumerate(value)]
    return Code(f"Sensitive({plain[at]!r})") if at in plain else value
