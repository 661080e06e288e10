"""One call in six forms, shown: what was written, what arrived, what came back."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chainable.response import Response

__all__ = ["FORMS", "Arrival", "Show", "six_forms"]

FORMS = ("同步纯链式", "同步声明式", "同步属性式", "异步纯链式", "异步声明式", "异步属性式")
"""The six forms: called at once or promised, by attributes, by ``chain()``, by ``[...]``."""

_WIDTH = 100
_LONGEST = 500


@frozen
class Arrival:
    """
    What the gateway says of the last request.

    Attributes:
        target: Verb and target, as they arrived.
        body: How many bytes of body arrived.
        verified: Whether the signature was right, by the gateway's own code.
        note: What else it says: what it opened, why it refused.
    """

    target: str
    body: int
    verified: bool
    note: str = ""


def six_forms(
    nodes: Sequence[tuple[str, Any]], verb: str, options: str, keywords: dict[str, Any]
) -> list[tuple[str, str, Callable[[], Response[Any]]]]:
    """
    Write one call in its six forms.

    Args:
        nodes: The three ways to write the chain, each as code and as chain.
        verb: The verb, such as ``post``.
        options: What is in the brackets, as code.
        keywords: The same as values.

    Returns:
        Name, code and the call itself.
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
    Runs calls and prints an account of each.

    Args:
        put: Prints a line.
        arrived: Asks the gateway for the last request.
    """

    def __init__(self, put: Callable[[str], object], arrived: Callable[[], Arrival]) -> None:
        self._put = put
        self._arrived = arrived
        self.failed = 0
        self.count = 0

    def heading(self, text: str) -> None:
        """Print what comes now."""
        self._put("")
        self._put(text)
        self._put("─" * min(_WIDTH, 2 * len(text)))

    def call(
        self, name: str, code: str, work: Callable[[], Response[Any]], *, refused: type[Exception] | None = None
    ) -> Any:
        """
        Make one call and print what happened to it.

        Args:
            name: What the form is called.
            code: What a user writes.
            work: Does it.
            refused: The error that is expected in place of an answer.

        Returns:
            The data of the answer; None after an error.
        """
        self.count += 1
        self._put(f"  {name}  {code}")
        data: Any = None
        try:
            response = work()
        except Exception as error:  # noqa: BLE001 (whatever it is, it is shown and counted)
            told = f"{type(error).__name__}: {error}"
            right = refused is not None and isinstance(error, refused)
        else:
            data = response.data
            told = f"{response.status_code} {_shown(data)}"
            right = refused is None
        arrival = self._arrived()
        right = right and arrival.verified
        self._put(f"      target    {arrival.target}  ({arrival.body} bytes of body)")
        verdict = "signature verified" if arrival.verified else "NOT VERIFIED"
        self._put(f"      gateway   {verdict}{f'; {arrival.note}' if arrival.note else ''}")
        self._put(f"      answer    {told}")
        if not right:
            self.failed += 1
            self._put("      ✗ this is not what was expected")
        return data

    def end(self) -> int:
        """Print the sum; gives the exit code."""
        self._put("")
        if self.failed:
            self._put(f"✗ {self.failed} of {self.count} calls did not go as they should")
            return 1
        self._put(f"✓ {self.count} calls, every signature checked by the gateway, every answer as expected")
        return 0


def _shown(data: Any) -> str:
    text = json.dumps(data, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
