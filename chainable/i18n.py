"""Messages in English and Chinese, of which a reader gets one."""

from __future__ import annotations

import locale
import os
import sys

__all__ = ["LANGUAGES", "Words", "environment_language", "message_of", "translate"]

LANGUAGES = ("en", "zh")
"""English and Chinese."""


class Words(str):
    """A message in both languages: English is the value as a ``str``, Chinese its attribute ``zh``."""

    __slots__ = ("zh",)

    zh: str

    def __new__(cls, text: str, zh: str) -> Words:  # noqa: PYI034 (mypy wants the class itself in a subclass of str)
        """Keep both."""
        made = super().__new__(cls, text)
        made.zh = zh
        return made

    def __reduce__(self) -> tuple[type[Words], tuple[str, str]]:
        """Keep both in a copy or pickle."""
        return type(self), (str(self), self.zh)


def translate(text: str, language: str) -> str:
    """Return a text in ``en`` or ``zh``; a plain ``str`` is the same in both."""
    return text.zh if language == "zh" and isinstance(text, Words) else str(text)


def message_of(error: BaseException) -> str:
    """Return the message of an error; a :class:`Words` if the error was raised with one."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, Words) else str(error)


def environment_language() -> str:
    """
    Return ``zh`` if the locale is Chinese, else ``en``.

    It is that of the environment (``LC_ALL``, ``LC_MESSAGES``, ``LANG``); on Windows, which sets none of these, the
    user's.
    """
    name = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    if not name and sys.platform == "win32":
        name = locale.getlocale()[0] or ""
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"
