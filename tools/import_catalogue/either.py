"""Either/or rules that the descriptions of fields state."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.import_catalogue.fields import Row

__all__ = ["groups"]

# "`a`与`b`二选一", "`a` 和 `b` 至少填一个", "`a`、`b`、`c`四选一": each of them needs one of the group.
_RULE = re.compile(
    r"((?:`\w+`\s*(?:[、,，/|与和或及]|\bor\b)\s*)+`\w+`)\s*(?:[两二三四五六多]选一|[两二三四五六]者?(?:必|至少)[^。；]{0,4}一|"
    r"不能(?:同时|都|全)为空|(?:必须|至少)(?:要)?(?:填写?|传入?|有|选填?|提供)(?:其中)?[一1]\s*[个项])"
)
_NAME = re.compile(r"`(\w+)`")


def groups(row: Row) -> list[list[str]]:
    """Return groups of members of which each needs at least one, as the descriptions of the members say it."""
    names = {child.name for child in row.children}
    found: list[list[str]] = []
    for said in (row, *row.children):
        for rule in _RULE.finditer(said.description):
            group = [name for name in _NAME.findall(rule[1]) if name in names]
            if len(group) > 1 and group not in found:
                found.append(group)
    return found
