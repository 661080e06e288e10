"""Results of a doctor's checks: what was found, what follows, how to fix it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, TypeVar

import click
import requests
from attrs import asdict, frozen

from chainable.cli.commands import as_json, option
from chainable.cli.exit_codes import NETWORK, OK, USAGE
from chainable.cli.i18n import Words, language, translate
from chainable.cli.output import print_json
from chainable.i18n import message_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "BAD",
    "FOLLOW",
    "GOOD",
    "WARNING",
    "Finding",
    "bad",
    "call_failed",
    "good",
    "make_client",
    "print_findings",
    "step_timeout_option",
    "warning",
]

C = TypeVar("C")

GOOD, WARNING, BAD = "✓", "!", "✗"
FOLLOW = Words("Follow the message.", "按提示处理。")

step_timeout_option = option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=5.0,
    help=Words("Timeout of each step in seconds.", "每一步的超时秒数。"),
)
"""The timeout of each step of a doctor."""


@frozen
class Finding:
    """
    The result of one check. The texts are English and hold their Chinese.

    Attributes:
        check: What was checked: ``apiv3_key``.
        state: ``✓``, ``!`` or ``✗``.
        found: What was found.
        meaning: What follows from it.
        fix: How to fix it.
        code: The exit code of a fault; 0 if it is none.
    """

    check: str
    state: str
    found: str
    meaning: str = ""
    fix: str = ""
    code: int = OK

    def translated(self, lang: str) -> Finding:
        """Return the finding in ``en`` or ``zh``."""
        check, found, meaning, fix = (
            translate(text, lang) for text in (self.check, self.found, self.meaning, self.fix)
        )
        return Finding(check, self.state, found, meaning, fix, self.code)

    def said(self, lang: str) -> Finding:
        """Return :meth:`translated`; deprecated."""
        warnings.warn("Finding.said is now Finding.translated", DeprecationWarning, stacklevel=2)
        return self.translated(lang)

    @property
    def mend(self) -> str:
        """``fix``; deprecated."""
        warnings.warn("Finding.mend is now Finding.fix", DeprecationWarning, stacklevel=2)
        return self.fix


def good(check: str, found: str) -> Finding:
    """Return a finding for a check that passed."""
    return Finding(check, GOOD, found)


def warning(check: str, found: str, meaning: str, fix: str) -> Finding:
    """Return a finding for something that may become, or hide, a fault."""
    return Finding(check, WARNING, found, meaning, fix)


def bad(check: str, found: str, meaning: str, fix: str, code: int = USAGE) -> Finding:
    """Return a finding for a fault."""
    return Finding(check, BAD, found, meaning, fix, code)


def make_client(
    make: Callable[[], C], made: Callable[[C], Words], explain: Callable[[Exception], Words]
) -> tuple[C | None, Finding]:
    """Make a client, and report that; *explain* returns the text of an error, and *made* that of a success."""
    check = Words("client", "客户端")
    try:
        client = make()
    except ValueError as error:
        meaning = Words("The client cannot be made from these settings.", "无法用这些配置创建客户端。")
        return None, bad(check, explain(error), meaning, FOLLOW)
    return client, good(check, made(client))


def call_failed(check: str, error: Exception, explain: Callable[[Exception], Words], hint: Words) -> Finding:
    """Return the finding for a call without a response; *hint* says where a network failure shows its cause."""
    if isinstance(error, requests.RequestException):
        found = Words(str(error), f"网络错误：{translate(message_of(error), 'zh')}")
        return bad(check, found, Words("The call did not reach the platform.", "调用没有送达平台。"), hint, NETWORK)
    return bad(check, explain(error), Words("The call could not be made.", "无法发起调用。"), FOLLOW)


def print_findings(findings: Iterable[Finding]) -> int:
    """
    Print each finding as soon as it is made, and return the exit code of the first fault; 0 without one.

    JSON names the checks in English in either language.
    """
    code = OK
    kept: list[dict[str, Any]] = []
    lang = language()
    colon = "：" if lang == "zh" else ": "
    for each in findings:
        code = code or each.code
        finding = each.translated(lang)
        if as_json():
            kept.append(asdict(finding) | {"check": each.check})
            continue
        click.echo(f"{finding.state} {finding.check}{colon}{finding.found}")
        for text, mark in ((finding.meaning, "  "), (finding.fix, "→ ")):
            if text:
                click.echo(f"    {mark}{text}")
    if as_json():
        print_json({"findings": kept, "exit_code": code})
    return code
