"""Run one call in six forms, and print the code, the request as it arrived and the response."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chainable.response import Response

__all__ = ["FORMS", "ReceivedRequest", "Show", "six_forms"]

FORMS = ("同步纯链式", "同步声明式", "同步属性式", "异步纯链式", "异步声明式", "异步属性式")
"""The six forms: synchronous and promised calls, with attributes, ``chain()`` and ``[...]``."""

_WIDTH = 100
_LONGEST = 500


@frozen
class ReceivedRequest:
    """
    The last request, as the gateway received it.

    Attributes:
        target: Verb and target, as they arrived.
        body: The size of the body in bytes.
        verified: The gateway verified the signature with its own code.
        note: Further details, such as decrypted fields or the cause of an error.
    """

    target: str
    body: int
    verified: bool
    note: str = ""


def six_forms(
    nodes: Sequence[tuple[str, Any]], verb: str, options: str, keywords: dict[str, Any]
) -> list[tuple[str, str, Callable[[], Response[Any]]]]:
    """
    Build one call in its six forms: the name, the code and the call of each.

    Args:
        nodes: The chain in three spellings, each as code and as object.
        verb: The verb, such as ``post``.
        options: The arguments as code.
        keywords: The arguments as values.
    """

    def now(node: Any) -> Callable[[], Response[Any]]:
        return lambda: getattr(node, verb)(**keywords)

    def promised(node: Any) -> Callable[[], Response[Any]]:
        return lambda: getattr(node, f"{verb}_async")(**keywords).then(lambda response: response).wait()

    def awaited(node: Any) -> Callable[[], Response[Any]]:
        async def main() -> Response[Any]:
            response: Response[Any] = await getattr(node, f"{verb}_async")(**keywords)
            return response

        return lambda: asyncio.run(main())

    forms = []
    for name, (code, node) in zip(FORMS[:3], nodes, strict=True):
        forms.append((name, f"{code}.{verb}({options})", now(node)))
    for name, (code, node), later in zip(FORMS[3:], nodes, (promised, promised, awaited), strict=True):
        text = f"{code}.{verb}_async({options})"
        text = f"await {text}" if later is awaited else f"{text}.then(…).wait()"
        forms.append((name, text, later(node)))
    return forms


class Show:
    """
    Runs calls, and prints a report of each.

    Args:
        put: Prints a line.
        arrived: Returns the last request that the gateway received.
    """

    def __init__(self, put: Callable[[str], object], arrived: Callable[[], ReceivedRequest]) -> None:
        self._put = put
        self._arrived = arrived
        self.failed = 0
        self.count = 0

    def heading(self, text: str) -> None:
        """Print a heading."""
        self._put("")
        self._put(text)
        self._put("─" * min(_WIDTH, 2 * len(text)))

    def call(
        self, name: str, code: str, work: Callable[[], Response[Any]], *, refused: type[Exception] | None = None
    ) -> Any:
        """Run one call, print its result, and return the data; *refused* is the class of an expected error."""
        self.count += 1
        self._put(f"  {name}  {code}")
        data: Any = None
        try:
            response = work()
        except Exception as error:  # noqa: BLE001 (every error is printed and counted)
            result = f"{type(error).__name__}: {error}"
            is_expected = refused is not None and isinstance(error, refused)
        else:
            data = response.data
            result = f"{response.status_code} {_shown(data)}"
            is_expected = refused is None
        arrival = self._arrived()
        is_expected = is_expected and arrival.verified
        self._put(f"      target    {arrival.target}  ({arrival.body} bytes of body)")
        verdict = "signature verified" if arrival.verified else "NOT VERIFIED"
        self._put(f"      gateway   {verdict}{f'; {arrival.note}' if arrival.note else ''}")
        self._put(f"      response  {result}")
        if not is_expected:
            self.failed += 1
            self._put("      ✗ unexpected result")
        return data

    def end(self) -> int:
        """Print the summary, and return the exit code: 0 if every call had the expected result, otherwise 1."""
        self._put("")
        if self.failed:
            self._put(f"✗ {self.failed} of {self.count} calls had an unexpected result")
            return 1
        self._put(f"✓ {self.count} calls, all signatures valid, all responses as expected")
        return 0


def _shown(data: Any) -> str:
    text = json.dumps(data, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
