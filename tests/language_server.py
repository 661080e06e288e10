"""Asks pyright's language server what an editor would."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

_HEAD = (
    "from taobao_top import TaobaoTop\nfrom wechatpay import WeChatPay\n"
    "def asked(client: WeChatPay, top: TaobaoTop) -> None:\n    "
)
_CLOSING = {"(": ")", "[": "]", "{": "}", "'": "'"}


class LanguageServer:
    """
    A running server for one folder.

    Args:
        folder: With a ``pyrightconfig.json``.
    """

    def __init__(self, folder: Path) -> None:
        self._uri = (folder / "asked.py").as_uri()
        self._root = folder.as_uri()
        self._requests = 0
        self._version = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pyright.langserver", "--stdio"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        self._ask(
            "initialize",
            {
                "processId": None,
                "rootUri": self._root,
                "workspaceFolders": [{"uri": self._root, "name": "asked"}],
                "capabilities": {"textDocument": {"hover": {"contentFormat": ["plaintext"]}}},
            },
        )
        self._tell("initialized", {})
        return self

    def __exit__(self, *error: object) -> None:
        self._ask("shutdown", None)
        self._tell("exit", None)
        self._process.wait(timeout=30)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def completions(self, line: str) -> list[str]:
        """Return the completions at the end of a line."""
        found = self._ask("textDocument/completion", self._at_end(line))
        return [item["label"] for item in (found["items"] if isinstance(found, dict) else found or [])]

    def hover(self, line: str) -> str:
        """Return the hover text of the last name of a line."""
        asked = self._at_end(line)
        asked["position"]["character"] -= 1
        found = self._ask("textDocument/hover", asked)
        return "" if found is None else str(found["contents"]["value"])

    def _at_end(self, line: str) -> dict[str, Any]:
        opened: list[str] = []
        for character in line:
            if opened and character == opened[-1]:
                opened.pop()
            elif character in _CLOSING:
                opened.append(_CLOSING[character])
        text = f"{_HEAD}{line}{''.join(reversed(opened))}\n"
        self._version += 1
        document = {"uri": self._uri, "languageId": "python", "version": self._version, "text": text}
        if self._version > 1:
            self._tell("textDocument/didClose", {"textDocument": {"uri": self._uri}})
        self._tell("textDocument/didOpen", {"textDocument": document})
        return {"textDocument": {"uri": self._uri}, "position": {"line": 3, "character": 4 + len(line)}}

    def _ask(self, method: str, parameters: Any) -> Any:
        self._requests += 1
        self._write({"id": self._requests, "method": method, "params": parameters})
        while True:
            message = self._read()
            if "method" in message and "id" in message:  # the server asks, for its configuration: there is none
                items = (message.get("params") or {}).get("items", [])
                self._write({"id": message["id"], "result": [None for _ in items] or None})
            elif message.get("id") == self._requests and "method" not in message:
                return message.get("result")

    def _tell(self, method: str, parameters: Any) -> None:
        self._write({"method": method, "params": parameters})

    def _write(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return json.loads(self._process.stdout.read(length))
