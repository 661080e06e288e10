"""Run one call in six forms, and print the code, the request as it arrived and the response."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from attrs import frozen

from chainable.i18n import Words, message_of, translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chainable.response import Response

__all__ = ["FORMS", "ReceivedRequest", "Show", "six_forms"]

FORMS = (
    Words("sync · attributes", "同步纯链式"),
    Words("sync · chain('…')", "同步声明式"),
    Words("sync · ['…']", "同步属性式"),
    Words("async · attributes", "异步纯链式"),
    Words("async · chain('…')", "异步声明式"),
    Words("async · ['…']", "异步属性式"),
)
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
        note: Further details, such as decrypted fields or the cause of an error; may be in both languages.
    """

    target: str
    body: int
    verified: bool
    note: str = ""


def six_forms(
    nodes: Sequence[tuple[str, Any]], verb: str, options: str, keywords: dict[str, Any]
) -> list[tuple[Words, str, Callable[[], Response[Any]]]]:
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
        put: Prints a line, which may be in both languages.
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
        rule = "─" * min(_WIDTH, 2 * len(text))
        self._put(Words(rule, "─" * min(_WIDTH, 2 * len(translate(text, "zh")))))

    def call(
        self, name: str, code: str, work: Callable[[], Response[Any]], *, refused: type[Exception] | None = None
    ) -> Any:
        """Run one call, print its result, and return the data; *refused* is the class of an expected error."""
        self.count += 1
        self._put(Words(f"  {name}  {code}", f"  {translate(name, 'zh')}  {code}"))
        data: Any = None
        try:
            response = work()
        except Exception as error:  # noqa: BLE001 (every error is printed and counted)
            result = Words(
                f"{type(error).__name__}: {error}", f"{type(error).__name__}：{translate(message_of(error), 'zh')}"
            )
            is_expected = refused is not None and isinstance(error, refused)
        else:
            data = response.data
            shown = f"{response.status_code} {_shown(data)}"
            result = Words(shown, shown)
            is_expected = refused is None
        arrival = self._arrived()
        is_expected = is_expected and arrival.verified
        self._put(
            Words(
                f"      target    {arrival.target}  ({arrival.body} bytes of body)",
                f"      请求      {arrival.target}  （请求体 {arrival.body} 字节）",
            )
        )
        verdict = Words("signature verified", "验签通过") if arrival.verified else Words("NOT VERIFIED", "验签未通过")
        note, zh_note = arrival.note, translate(arrival.note, "zh")
        self._put(
            Words(
                f"      gateway   {verdict}{f'; {note}' if note else ''}",
                f"      网关      {verdict.zh}{f'；{zh_note}' if note else ''}",
            )
        )
        self._put(Words(f"      response  {result}", f"      应答      {result.zh}"))
        if not is_expected:
            self.failed += 1
            self._put(Words("      ✗ unexpected result", "      ✗ 结果与预期不符"))
        return data

    def end(self) -> int:
        """Print the summary, and return the exit code: 0 if every call had the expected result, otherwise 1."""
        self._put("")
        if self.failed:
            self._put(
                Words(
                    f"✗ {self.failed} of {self.count} calls had an unexpected result",
                    f"✗ {self.count} 次调用中有 {self.failed} 次结果与预期不符",
                )
            )
            return 1
        self._put(
            Words(
                f"✓ {self.count} calls, all signatures valid, all responses as expected",
                f"✓ {self.count} 次调用，验签全部通过，应答均符合预期",
            )
        )
        return 0


def _shown(data: Any) -> str:
    text = json.dumps(data, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
