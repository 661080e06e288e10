"""Create the table of claims."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations, models  # type: ignore[import-untyped]  # Django has no types of its own

__all__ = ["Migration"]


class Migration(migrations.Migration):  # type: ignore[misc]  # likewise
    """The first one."""

    initial: ClassVar[bool] = True
    dependencies: ClassVar[list[Any]] = []
    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="Claim",
            fields=[
                ("id", models.CharField(max_length=36, primary_key=True, serialize=False)),
                ("message", models.CharField(max_length=190)),
                ("token", models.CharField(max_length=32)),
                ("finished", models.SmallIntegerField()),
                ("keep_until", models.BigIntegerField(db_index=True)),
            ],
            options={"db_table": "chainable_claim"},
        ),
    ]
