"""The deliveries of a running sandbox, over its admin pages."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import requests

from chainable.cli.commands import as_json, usage
from chainable.cli.outcomes import Failure
from chainable.cli.output import put_json_line, put_table
from chainable.cli.reach import usable
from chainable.cli.words import Words, say, spoken
from chainable.direct import DirectSession
from wechatpay.cli.clients import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["HEADINGS", "Desk", "Forwarder", "Watch", "answer_of", "checked_url", "row_of"]

HEADINGS = (
    Words("id", "编号"),
    Words("event", "事件"),
    Words("to", "地址"),
    Words("state", "状态"),
    Words("attempts", "次数"),
    Words("last answer", "最近应答"),
    Words("next in s", "几秒后重试"),
)
_STATES = {
    "waiting": Words("waiting", "待重试"),
    "accepted": Words("accepted", "已接受"),
    "given up": Words("given up", "已放弃"),
    "blocked": Words("blocked", "未发送"),
    "forwarded": Words("forwarded", "已转发"),
}
_SUCCESS = re.compile(rb"<return_code>\s*(<!\[CDATA\[)?SUCCESS\b")
_PATIENCE = 5.0
"""Seconds the platform waits for an answer."""


class Desk:
    """
    Asks a sandbox.

    Args:
        url: Where it listens.
        ca: The file of its certificate authority.
        backup: Its other host, which answers while the main one is down.
    """

    def __init__(self, url: str, ca: str | None = None, backup: str | None = None) -> None:
        self._base = url.rstrip("/")
        self._hosts = [self._base] if backup is None else [self._base, backup.rstrip("/")]
        self._verify: str | bool = ca or True

    @classmethod
    def of(cls, where: str) -> Desk:
        """Find a sandbox by its URL, or by the env file it wrote."""
        if "://" in where:
            return cls(checked_url(where, "--sandbox"))
        if not Path(where).is_file():
            raise usage(
                Words(
                    f"--sandbox {where}: neither a URL (http://127.0.0.1:…) nor the env file of a sandbox",
                    f"--sandbox {where}：既不是地址（http://127.0.0.1:…），也不是沙箱的 env 文件",
                )
            )
        settings = settings_of(Path(where))
        if "base_url" not in settings:
            raise usage(
                Words(
                    f"{where}: names no sandbox: WECHATPAY_BASE_URL is missing",
                    f"{where}：未指明沙箱，缺少 WECHATPAY_BASE_URL",
                )
            )
        return cls(settings["base_url"], settings.get("ca"), settings.get("backup_url"))

    def ask(self, method: str, page: str, sent: Mapping[str, Any] | None = None) -> Any:
        """
        Ask for a page.

        Raises:
            Failure: Nobody answers.
            click.UsageError: The answer is no success, or not a sandbox's.
        """
        try:
            response = self._send(method, page, sent)
            answer = response.json()
        except requests.ConnectionError as error:
            silent = Words(
                f"no sandbox answers at {self._base}: is it running?", f"{self._base} 没有沙箱应答：它启动了吗？"
            )
            raise Failure(error, as_json=as_json(), told=spoken(silent)) from None
        except ValueError:
            raise usage(
                Words(f"what answers at {self._base} is no sandbox", f"{self._base} 的应答者不是沙箱")
            ) from None
        if response.status_code != 200:
            said = answer.get("message", response.status_code)
            raise usage(Words(f"the sandbox says: {said}", f"沙箱应答：{said}"))
        return answer

    def _send(self, method: str, page: str, sent: Mapping[str, Any] | None) -> requests.Response:
        *others, last = self._hosts
        with DirectSession() as session:
            for host in others:
                with suppress(requests.ConnectionError):
                    return self._to(session, host, method, page, sent)
            return self._to(session, last, method, page, sent)

    def _to(
        self, session: requests.Session, host: str, method: str, page: str, sent: Mapping[str, Any] | None
    ) -> requests.Response:
        return session.request(method, f"{host}/_sandbox/{page}", json=sent, timeout=10, verify=self._verify)

    def deliveries(self) -> list[dict[str, Any]]:
        """Give all that are kept, the oldest first."""
        found: list[dict[str, Any]] = self.ask("GET", "deliveries")["deliveries"]
        return found


def checked_url(text: str, what: str) -> str:
    """
    Give a URL back.

    Raises:
        click.UsageError: It is none of http or https; *what* names the option.
    """
    if not usable(text):
        raise usage(
            Words(
                f"{what} {text}: a URL was expected: http://127.0.0.1:8000/notify",
                f"{what} {text}：应为地址，如 http://127.0.0.1:8000/notify",
            )
        )
    return text


def row_of(told: Mapping[str, Any]) -> tuple[Any, ...]:
    """Give the cells of a delivery, under :data:`HEADINGS`."""
    last = told["attempts"][-1] if told["attempts"] else None
    answer = "" if last is None else answer_of(last)
    state = _STATES[told["state"]]
    return (told["id"], told["event_type"], told["url"], state, len(told["attempts"]), answer, told["next"])


def answer_of(attempt: Mapping[str, Any]) -> str:
    """Give what an attempt was answered with, or why it was not."""
    return f"{attempt['status']} {attempt['answer'][:60]}".strip() if attempt["status"] else str(attempt["error"])[:80]


class Forwarder:
    """
    Sends to another URL what a sandbox sent: the same bytes under the same headers.

    Args:
        to: Where.
    """

    def __init__(self, to: str) -> None:
        self.to = to

    def __call__(self, told: Mapping[str, Any], attempt: Mapping[str, Any]) -> dict[str, Any]:
        """Send an attempt of a delivery; gives how it was answered."""
        started = time.monotonic()
        result: dict[str, Any] = {"status": 0, "answer": "", "error": "", "accepted": False}
        try:
            with DirectSession() as session:
                response = session.post(
                    self.to,
                    data=told["body"].encode(),
                    headers=attempt["headers"],
                    timeout=_PATIENCE,
                )
        except requests.RequestException as error:
            result["error"] = f"{type(error).__name__}: {error}"
        else:
            status, content = response.status_code, response.content
            success = status in {200, 204} if told["version"] == "v3" else bool(_SUCCESS.search(content))
            result |= {"status": status, "answer": response.text, "accepted": status < 300 and success}
        return {**result, "milliseconds": (time.monotonic() - started) * 1000, "forgery": attempt["forgery"]}


class Watch:
    """
    Tells of each attempt it has not seen, and forwards it.

    Args:
        look: Gives all deliveries.
        forward: Sends an attempt on; None to show only.
    """

    def __init__(
        self,
        look: Callable[[], list[dict[str, Any]]],
        forward: Forwarder | None = None,
    ) -> None:
        self._look = look
        self._forward = forward
        self._seen: dict[int, int] = {}
        self._came: dict[int, dict[str, Any]] = {}
        self._answers: dict[int, str] = {}
        self._accepted: set[int] = set()
        self._first = True

    def __call__(self) -> None:
        """Look once; what is there already at the first look is told in short, and not forwarded."""
        for told in self._look():
            number = told["id"]
            fresh = told["attempts"][-1 if self._first else self._seen.get(number, 0) :]
            if not told["attempts"] and told["state"] == "blocked" and number not in self._seen:
                self._put(told, None)
                if told.get("headers"):
                    fresh = [{"headers": told["headers"], "forgery": "", "duplicate": False}]
            for attempt in fresh:
                if told["attempts"]:
                    self._put(told, attempt)
                if self._forward is not None and not self._first and told["url"] != self._forward.to:
                    self._pass_on(told, attempt, self._forward)
            if not self._first and (fresh or number not in self._seen):
                self._came[number] = told
            self._seen[number] = len(told["attempts"])
        self._first = False

    def end(self) -> None:
        """Look a last time, and print what came since the first look, each with its last answers."""
        self()
        if not as_json() and self._came:
            rows = [(*row_of(told), self._answers.get(number)) for number, told in self._came.items()]
            put_table("", (*HEADINGS, Words("forwarded", "转发应答")), rows)

    def _pass_on(self, told: dict[str, Any], attempt: dict[str, Any], forward: Forwarder) -> None:
        number = told["id"]
        if number in self._accepted and not attempt["duplicate"]:
            return  # the sandbox repeats what its own receiver refused; this one has it
        forged = attempt["forgery"]
        if forged == "body" or (forged and told["version"] == "v2"):
            if not as_json():
                event = f"! #{number} {told['event_type']}"
                say(
                    Words(
                        f"{event}: not forwarded: a body altered on purpose is not kept",
                        f"{event}：未转发：故意改动的正文不保留",
                    )
                )
            return
        result = forward(told, attempt)
        self._answers[number] = answer_of(result)
        if result["accepted"] and not forged:
            self._accepted.add(number)
        self._put({**told, "url": forward.to, "state": "forwarded"}, result)

    @staticmethod
    def _put(told: dict[str, Any], attempt: dict[str, Any] | None) -> None:
        if as_json():
            put_json_line({**told, "attempts": [] if attempt is None else [attempt]})
            return
        mark = "!" if attempt is None else "✓" if attempt["accepted"] else "✗"
        unsent = Words("not sent: not on this machine", "未发送：不在本机")
        answer = spoken(unsent) if attempt is None else answer_of(attempt)
        state = spoken(_STATES[told["state"]])
        forged = f" [{attempt['forgery']}]" if attempt is not None and attempt["forgery"] else ""
        click.echo(f"{mark} #{told['id']} {told['event_type']}{forged} -> {told['url']}: {answer} ({state})")
