"""The Django app."""

from __future__ import annotations

from django.apps import AppConfig  # type: ignore[import-untyped]  # Django has no types

__all__ = ["DeduplicationConfig"]


class DeduplicationConfig(AppConfig):  # type: ignore[misc]  # likewise
    """The app with the table of claims."""

    name = "chainable.deduplication.django"
    label = "chainable_deduplication"
    verbose_name = "Claims on messages"
