"""The former name of :mod:`chainable.settings`."""

from __future__ import annotations

from chainable.lazy import moved_module

__all__: tuple[str, ...] = ()

__getattr__ = moved_module(
    __name__, "chainable.settings", environment="read_environment", table="read_toml", texts="check_texts"
)
