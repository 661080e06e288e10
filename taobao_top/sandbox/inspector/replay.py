"""Requests that the page sends: repeated calls, and calls to the user's server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from chainable.sandbox.faults import HEADER
from taobao_top.sandbox.request import TopRequest
from taobao_top.sandbox.signature import sign
from taobao_top.sandbox.spi_calls import call_spi
from taobao_top.sandbox.times import written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taobao_top.sandbox.app import Application
    from taobao_top.sandbox.gateway import Gateway
    from taobao_top.sandbox.journal import Entry

__all__ = ["REPEATED", "called", "replayed"]

REPEATED = ("call", "batch")
"""The kinds of entries that can be sent again."""


def replayed(gateway: Gateway, app: Application, entry: Entry) -> dict[str, Any]:
    """
    Send a call or a batch once more, signed anew if its signature was right; return the new entry's id, status, code.

    Raises:
        ValueError: It is of another kind.
        LookupError: It went into the journal of another app.
    """
    if entry.kind not in REPEATED:
        raise ValueError(
            Words(f"an entry of the kind {entry.kind} cannot be sent again", f"{entry.kind} 类型的记录不能重新发送")
        )
    parameters = dict(entry.parameters)
    if entry.verified:
        del parameters["sign"]
        milliseconds = parameters["timestamp"].isdecimal()
        parameters["timestamp"] = str(int(app.clock() * 1000)) if milliseconds else written(app.clock())
        parameters["sign"] = sign(parameters["sign_method"], app.account.app_secret, parameters, entry.body)
    request = TopRequest(
        verb=entry.verb,
        path=entry.path,
        parameters=parameters,
        files=entry.files,
        body=entry.body,
        headers={name: value for name, value in entry.headers.items() if name != HEADER},
    )
    before = app.journal.written
    (gateway.batch if entry.kind == "batch" else gateway.answer)(request)
    made = _first(app, before, lambda each: each.kind == entry.kind and each.parameters == parameters)
    return {"id": made.number, "status": made.status, "code": made.code}


def called(gateway: Gateway, app: Application, members: Mapping[str, Any]) -> dict[str, Any]:
    """Call the user's server as ``call_spi`` does with these members; return the new entry's id and the status."""
    given = {**members}
    url = str(given.pop("url"))
    before = app.journal.written
    outcome = call_spi(app, url, **given, allowed=gateway.may_call)
    made = _first(app, before, lambda each: each.kind == "outbound" and each.path == url)
    return {"id": made.number, "status": outcome.status}


def _first(app: Application, before: int, wanted: Callable[[Entry], bool]) -> Entry:
    for entry in app.journal:
        if entry.number > before and wanted(entry):
            return entry
    raise LookupError(
        Words(
            "the request is in the journal of another app, or was forgotten already",
            "该请求记在另一个应用的日志中，或者记录已被清除",
        )
    )
