"""The table of claims."""

from __future__ import annotations

from typing import ClassVar

from django.db import models  # type: ignore[import-untyped]  # Django has no types

from chainable.deduplication.transaction import TABLE

__all__ = ["Claim"]


class Claim(models.Model):  # type: ignore[misc]  # likewise
    """A claim on a message that is being handled, or is finished."""

    id = models.CharField(max_length=36, primary_key=True)
    message = models.CharField(max_length=190)
    token = models.CharField(max_length=32)
    finished = models.SmallIntegerField()
    keep_until = models.BigIntegerField(db_index=True)

    class Meta:
        """The name of the table in the SQL of the stores."""

        db_table: ClassVar[str] = TABLE

    def __str__(self) -> str:
        return str(self.message)
