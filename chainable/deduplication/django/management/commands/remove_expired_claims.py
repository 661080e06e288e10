"""``manage.py remove_expired_claims``: run it once a day."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand  # type: ignore[import-untyped]  # Django has no types

from chainable.deduplication.django import DjangoStore

__all__ = ["Command"]


class Command(BaseCommand):  # type: ignore[misc]  # likewise
    """Delete expired claims."""

    help = "Delete expired claims on messages."

    def add_arguments(self, parser: Any) -> None:
        """Add the option for the database."""
        parser.add_argument("--database", default=None, help="The alias of the database; by default the router's.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete expired claims, and print their number."""
        count = DjangoStore(options["database"]).remove_expired()
        self.stdout.write(f"{count} claims removed")
