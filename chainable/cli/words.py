"""Texts in two languages: in English to programs, in either to people."""

from __future__ import annotations

import os
from typing import Any

import click

__all__ = ["Words", "choose", "in_language", "language", "say", "spoken"]

_LANGUAGE = "chainable.language"


class Words(str):
    """
    A text in English that knows itself in Chinese.

    Args:
        text: In English; what it is as a ``str``.
        zh: In Chinese.
    """

    __slots__ = ("zh",)

    zh: str

    def __new__(cls, text: str, zh: str) -> Words:  # noqa: PYI034 (mypy wants the class itself in a subclass of str)
        """Keep both."""
        made = super().__new__(cls, text)
        made.zh = zh
        return made


def in_language(text: str, language: str) -> str:
    """Give a text in ``en`` or ``zh``; one that is no :class:`Words` is the same in both."""
    return text.zh if language == "zh" and isinstance(text, Words) else str(text)


def choose(context: click.Context, name: str) -> None:
    """Speak ``en`` or ``zh`` from now on, whatever the environment says."""
    context.meta[_LANGUAGE] = name


def language(context: click.Context | None = None) -> str:
    """Give the language people are spoken to in, ``en`` or ``zh``: the one chosen, else that of the environment."""
    current = context or click.get_current_context(silent=True)
    chosen = None if current is None else current.meta.get(_LANGUAGE)
    if chosen is None:
        name = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
        chosen = "zh" if name.lower().startswith("zh") else "en"
    return str(chosen)


def spoken(text: str) -> str:
    """Give a text in the language of the command that runs."""
    return in_language(text, language())


def say(text: Any, *, err: bool = False) -> None:
    """Print a line in the language of the command that runs."""
    click.echo(spoken(text), err=err)
