"""The language of a command, and messages in it."""

from __future__ import annotations

import click

from chainable.i18n import LANGUAGES, Words, environment_language, translate

__all__ = ["LANGUAGES", "Words", "echo", "language", "localized", "set_language", "translate"]

_LANGUAGE = "chainable.language"


def set_language(context: click.Context, name: str) -> None:
    """Use ``en`` or ``zh`` from now on, whatever the environment says."""
    context.meta[_LANGUAGE] = name


def language(context: click.Context | None = None) -> str:
    """Return ``en`` or ``zh``: the language set for the command, else that of the environment."""
    current = context or click.get_current_context(silent=True)
    chosen = None if current is None else current.meta.get(_LANGUAGE)
    return environment_language() if chosen is None else str(chosen)


def localized(text: str) -> str:
    """Return a text in the language of the current command."""
    return translate(text, language())


def echo(text: str, *, err: bool = False) -> None:
    """Print a line in the language of the current command."""
    click.echo(localized(text), err=err)
