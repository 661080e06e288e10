"""The deliveries of a sandbox: shown as they happen, and forwarded to another URL."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import click
import requests

from chainable.cli.commands import as_json
from chainable.cli.i18n import Words, echo, localized
from chainable.cli.output import print_json_line, print_table
from chainable.pinned import PinnedSession

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["HEADINGS", "DeliveryWatcher", "Forwarder", "delivery_row", "response_text"]

HEADINGS = (
    Words("id", "编号"),
    Words("event", "事件"),
    Words("to", "地址"),
    Words("state", "状态"),
    Words("attempts", "次数"),
    Words("last response", "最近应答"),
    Words("next in s", "几秒后重试"),
)
_STATES = {
    "waiting": Words("waiting", "待重试"),
    "accepted": Words("accepted", "已接受"),
    "given up": Words("given up", "已放弃"),
    "blocked": Words("blocked", "未发送"),
    "lost": Words("lost by a fault", "已丢失（故障）"),
    "forwarded": Words("forwarded", "已转发"),
}
_FAILURES = {
    "NewConnectionError": Words("no connection: nothing listens there", "连不上：该地址没有服务在监听"),
    "ConnectionError": Words("no connection, or closed before a response", "连不上，或没有应答就断开了"),
    "ConnectTimeoutError": Words("no connection in time", "连接超时"),
    "ConnectTimeout": Words("no connection in time", "连接超时"),
    "ReadTimeoutError": Words("no response in time", "等待应答超时"),
    "ReadTimeout": Words("no response in time", "等待应答超时"),
    "NameResolutionError": Words("the host has no address", "域名无法解析"),
    "ProtocolError": Words("closed before a response", "没有应答就断开了"),
    "SSLError": Words("the certificate of the host is not trusted", "对方的证书不受信任"),
}
"""Why there was no response, by the kind of the error."""
_SUCCESS = re.compile(rb"<return_code>\s*(<!\[CDATA\[)?SUCCESS\b")
_TIMEOUT = 5.0
"""Seconds that the platform waits for a response."""


def delivery_row(delivery: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the cells of a delivery, under :data:`HEADINGS`."""
    attempts = delivery["attempts"]
    last = response_text(attempts[-1]) if attempts else ""
    state = _STATES[delivery["state"]]
    return (delivery["id"], delivery["event_type"], delivery["url"], state, len(attempts), last, delivery["next"])


def response_text(attempt: Mapping[str, Any]) -> str:
    """Return the response to an attempt, or why there was none, in the language of the command."""
    if attempt["status"]:
        return f"{attempt['status']} {attempt['answer'][:60]}".strip()
    error = str(attempt["error"])
    words = _FAILURES.get(error.partition(":")[0])
    return error[:80] if words is None else localized(words)


class Forwarder:
    """Forwards the attempts of a sandbox to a URL: the same bytes with the same headers."""

    def __init__(self, to: str) -> None:
        self.to = to

    def __call__(self, delivery: Mapping[str, Any], attempt: Mapping[str, Any]) -> dict[str, Any]:
        """Forward an attempt, and return the attempt with the response of the other URL."""
        started = time.monotonic()
        result: dict[str, Any] = {"status": 0, "answer": "", "error": "", "accepted": False}
        try:
            with PinnedSession() as session:
                response = session.post(
                    self.to, data=delivery["body"].encode(), headers=attempt["headers"], timeout=_TIMEOUT
                )
        except requests.RequestException as error:
            result["error"] = f"{type(error).__name__}: {error}"
        else:
            status, content = response.status_code, response.content
            success = status in {200, 204} if delivery["version"] == "v3" else bool(_SUCCESS.search(content))
            result |= {"status": status, "answer": response.text, "accepted": status < 300 and success}
        return {**result, "milliseconds": (time.monotonic() - started) * 1000, "forgery": attempt["forgery"]}


class DeliveryWatcher:
    """Prints new attempts of the deliveries that *fetch* returns, and forwards them."""

    def __init__(self, fetch: Callable[[], list[dict[str, Any]]], forward: Forwarder | None = None) -> None:
        self._fetch = fetch
        self._forward = forward
        self._seen: dict[int, int] = {}
        self._new: dict[int, dict[str, Any]] = {}
        self._responses: dict[int, str] = {}
        self._accepted: set[int] = set()
        self._first = True

    def __call__(self) -> None:
        """Fetch once; of deliveries that exist at the first call, print the last attempt and forward nothing."""
        for delivery in self._fetch():
            number = delivery["id"]
            attempts = delivery["attempts"][-1 if self._first else self._seen.get(number, 0) :]
            if not delivery["attempts"] and delivery["state"] == "blocked" and number not in self._seen:
                _print(delivery, None)
                if delivery.get("headers"):
                    attempts = [{"headers": delivery["headers"], "forgery": "", "duplicate": False}]
            for attempt in attempts:
                if delivery["attempts"]:
                    _print(delivery, attempt)
                if self._forward is not None and not self._first and delivery["url"] != self._forward.to:
                    self._pass_on(delivery, attempt, self._forward)
            if not self._first and (attempts or number not in self._seen):
                self._new[number] = delivery
            self._seen[number] = len(delivery["attempts"])
        self._first = False

    def end(self) -> None:
        """Fetch a last time, and print a table of the new deliveries with their last responses."""
        self()
        if not as_json() and self._new:
            rows = [(*delivery_row(each), self._responses.get(number)) for number, each in self._new.items()]
            print_table("", (*HEADINGS, Words("forwarded", "转发应答")), rows)

    def _pass_on(self, delivery: dict[str, Any], attempt: dict[str, Any], forward: Forwarder) -> None:
        number = delivery["id"]
        if number in self._accepted and not attempt["duplicate"]:
            return  # a retry for the sandbox's own receiver; this one has accepted the notification
        forged = attempt["forgery"]
        if forged == "body" or (forged and delivery["version"] == "v2"):
            if not as_json():
                event = f"! #{number} {delivery['event_type']}"
                echo(
                    Words(
                        f"{event}: not forwarded: the sandbox does not keep a forged body",
                        f"{event}：未转发：沙箱不保留伪造的正文",
                    )
                )
            return
        result = forward(delivery, attempt)
        self._responses[number] = response_text(result)
        if result["accepted"] and not forged:
            self._accepted.add(number)
        _print({**delivery, "url": forward.to, "state": "forwarded"}, result)


def _print(delivery: dict[str, Any], attempt: dict[str, Any] | None) -> None:
    if as_json():
        print_json_line({**delivery, "attempts": [] if attempt is None else [attempt]})
        return
    mark = "!" if attempt is None else "✓" if attempt["accepted"] else "✗"
    unsent = Words("not sent: not on this machine", "未发送：不在本机")
    response = localized(unsent) if attempt is None else response_text(attempt)
    state = localized(_STATES[delivery["state"]])
    forged = f" [{attempt['forgery']}]" if attempt is not None and attempt["forgery"] else ""
    click.echo(f"{mark} #{delivery['id']} {delivery['event_type']}{forged} -> {delivery['url']}: {response} ({state})")
