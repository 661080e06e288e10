"""What a doctor finds: each with what it means and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from attrs import asdict, frozen

from chainable.cli.commands import Option, as_json
from chainable.cli.outcomes import FINE, USAGE
from chainable.cli.output import put_json
from chainable.cli.words import in_language, language

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["BAD", "GOOD", "WARNING", "Finding", "bad", "good", "put_findings", "step_timeout_option", "warning"]

GOOD, WARNING, BAD = "✓", "!", "✗"

step_timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=5.0,
    cls=Option,
    help="Seconds for each step.",
    zh="每步的超时秒数。",
)
"""How long a doctor waits for each thing it looks at."""


@frozen
class Finding:
    """
    One thing that was looked at. Its texts are English, and know themselves in Chinese.

    Attributes:
        check: What was looked at, a name for machines: ``apiv3_key``.
        state: ``✓``, ``!`` or ``✗``.
        found: What is so.
        meaning: What follows from it.
        mend: What to do.
        code: The exit code it stands for.
    """

    check: str
    state: str
    found: str
    meaning: str = ""
    mend: str = ""
    code: int = FINE

    def said(self, tongue: str) -> Finding:
        """Give it in ``en`` or ``zh``."""
        check, found, meaning, mend = (
            in_language(text, tongue) for text in (self.check, self.found, self.meaning, self.mend)
        )
        return Finding(check, self.state, found, meaning, mend, self.code)


def good(check: str, found: str) -> Finding:
    """Make a finding of something that is as it should be."""
    return Finding(check, GOOD, found)


def warning(check: str, found: str, meaning: str, mend: str) -> Finding:
    """Make a finding of something that may become, or hide, a fault."""
    return Finding(check, WARNING, found, meaning, mend)


def bad(check: str, found: str, meaning: str, mend: str, code: int = USAGE) -> Finding:
    """Make a finding of a fault."""
    return Finding(check, BAD, found, meaning, mend, code)


def put_findings(findings: Iterable[Finding]) -> int:
    """
    Print findings, each as soon as it is there, in the language of the help.

    JSON names the checks in English in either language.

    Returns:
        The exit code of the first fault, 0 when there is none.
    """
    code = FINE
    kept: list[dict[str, Any]] = []
    tongue = language()
    colon = "：" if tongue == "zh" else ": "
    for made in findings:
        code = code or made.code
        finding = made.said(tongue)
        if as_json():
            kept.append(asdict(finding) | {"check": made.check})
            continue
        click.echo(f"{finding.state} {finding.check}{colon}{finding.found}")
        for text, mark in ((finding.meaning, "  "), (finding.mend, "→ ")):
            if text:
                click.echo(f"    {mark}{text}")
    if as_json():
        put_json({"findings": kept, "exit_code": code})
    return code
