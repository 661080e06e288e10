"""A client of the control API of a running sandbox, its option, and waiting for what the sandbox does."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import requests

from chainable.cli.commands import as_json, option, usage_error
from chainable.cli.connectivity import is_url
from chainable.cli.exit_codes import Failure
from chainable.cli.i18n import Words, localized
from chainable.cli.usage_errors import SANDBOX
from chainable.pinned import PinnedSession

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

__all__ = ["ControlClient", "check_url", "poll", "sandbox_option"]

_PAUSE = 0.02


class ControlClient:
    """
    A client of a sandbox; its backup host is used while the main one is down.

    A gateway's subclass defines :attr:`setting` and :meth:`hosts`.
    """

    setting: ClassVar[str]
    """The variable of an env file that has the URL of the sandbox."""

    def __init__(self, url: str, ca: str | None = None, backup: str | None = None) -> None:
        self._base = url.rstrip("/")
        self._hosts = [self._base] if backup is None else [self._base, backup.rstrip("/")]
        self._verify: str | bool = ca or True

    @classmethod
    def hosts(cls, file: Path) -> tuple[str | None, str | None, str | None]:
        """Return URL, CA file and backup URL of an env file; None for each that it lacks."""
        raise NotImplementedError

    @classmethod
    def connect(cls, where: str) -> Self:
        """Build a client from a sandbox's URL, or from the env file that it wrote."""
        if "://" in where:
            return cls(check_url(where, "--sandbox"))
        if not Path(where).is_file():
            raise usage_error(
                f"--sandbox {where}: neither a URL (http://127.0.0.1:…) nor the env file of a sandbox",
                f"--sandbox {where}：既不是地址（http://127.0.0.1:…），也不是沙箱的 env 文件",
            )
        url, ca, backup = cls.hosts(Path(where))
        if url is None:
            raise usage_error(
                f"{where}: not the env file of a sandbox: {cls.setting} is missing",
                f"{where}：不是沙箱的 env 文件：缺少 {cls.setting}",
            )
        return cls(url, ca, backup)

    def request(self, method: str, page: str, data: Mapping[str, Any] | None = None) -> Any:
        """Call the control API and return the JSON of the response; every other response is an error of the command."""
        try:
            response = self._send(method, page, data)
            content = response.json()
        except requests.ConnectionError as error:
            message = Words(
                f"no sandbox is running at {self._base}: start it first", f"{self._base} 没有运行中的沙箱：请先启动"
            )
            raise Failure(error, as_json=as_json(), message=localized(message)) from None
        except ValueError:
            raise usage_error(
                f"the server at {self._base} is not a sandbox", f"{self._base} 上的服务不是沙箱"
            ) from None
        if response.status_code != 200:
            found = content if isinstance(content, dict) else {}
            text = found.get("message", found.get("error", response.status_code))
            raise usage_error(f"response of the sandbox: {text}", f"沙箱应答：{found.get('zh', text)}")
        return content

    def deliveries(self) -> list[dict[str, Any]]:
        """Return all deliveries that the sandbox keeps, oldest first."""
        found: list[dict[str, Any]] = self.request("GET", "deliveries")["deliveries"]
        return found

    def _send(self, method: str, page: str, data: Mapping[str, Any] | None) -> requests.Response:
        *others, last = self._hosts
        with PinnedSession() as session:
            for host in others:
                with suppress(requests.ConnectionError):
                    return self._send_to(session, host, method, page, data)
            return self._send_to(session, last, method, page, data)

    def _send_to(
        self, session: requests.Session, host: str, method: str, page: str, data: Mapping[str, Any] | None
    ) -> requests.Response:
        return session.request(method, f"{host}/_sandbox/{page}", json=data, timeout=10, verify=self._verify)


def check_url(text: str, option: str) -> str:
    """Return a URL unchanged; *option* names the option in the error."""
    if not is_url(text):
        raise usage_error(
            f"{option} {text}: a URL was expected, such as http://127.0.0.1:8000/notify",
            f"{option} {text}：应为地址，如 http://127.0.0.1:8000/notify",
        )
    return text


def sandbox_option(*, required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add ``--sandbox`` to a command, the argument *where*."""
    return option(
        "--sandbox",
        SANDBOX,
        required=required,
        help=Words(
            "A running sandbox: its URL, or the env file that it wrote.", "运行中的沙箱：地址，或它写出的 env 文件。"
        ),
    )


def poll(
    fetch: Callable[[], dict[str, Any]], over: Callable[[dict[str, Any]], bool], patience: float
) -> dict[str, Any]:
    """Fetch until *over* is true of what came, or so many seconds have passed; return what came last."""
    until = time.monotonic() + patience
    while True:
        found = fetch()
        if over(found) or time.monotonic() > until:
            return found
        time.sleep(_PAUSE)
