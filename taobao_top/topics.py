"""
The topics of the message channel that are known by name.

``topics.json`` has those that the platform has documented, by the first two parts of their names. It is not complete:
the platform adds topics, and an app may have some of its own.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from chainable.i18n import Words
from chainable.path import fold
from chainable.spelling import similar_names

__all__ = ["topics", "unknown_topic"]

_LIKE_A_GROUP = 0.85
"""How similar another group has to be, where 1 is the same: an app may have groups of its own."""


@cache
def _groups() -> dict[str, dict[str, str]]:
    """Return the full names by group (``taobao_trade``) and folded name."""
    text = Path(__file__).with_name("topics.json").read_text("utf-8")
    return {
        group: {fold(name): f"{group}_{name}" for name in names.split()} for group, names in json.loads(text).items()
    }


def topics() -> list[str]:
    """Return the known topics, sorted."""
    return sorted(name for group in _groups().values() for name in group.values())


def unknown_topic(name: str) -> Words | None:
    """
    Return why a topic, or the beginning of topics, is probably misspelt, with the names that were perhaps meant.

    None for a known topic, a beginning of one up to a ``_``, and a name that resembles no known group.
    """
    first, _, rest = name.partition("_")
    second, _, last = rest.partition("_")
    group = f"{first}_{second}"
    groups = _groups()
    if group not in groups:
        near = similar_names(group.lower(), groups, _LIKE_A_GROUP) if second else []
        if not near:
            return None
        meant = [groups[each].get(fold(last), each) for each in near]
    elif not last or groups[group].get(fold(last)) == name:
        return None
    else:
        meant = [groups[group][each] for each in similar_names(fold(last), groups[group])]
    if not meant:
        return Words(f"{name}: {group} has no known topic of this name.", f"{name}：{group} 下没有这个已知的消息主题。")
    return Words(
        f"{name}: not a known topic; did you mean {' or '.join(map(repr, meant))}?",
        f"{name}：不是已知的消息主题；是否要写 {' 或 '.join(map(repr, meant))}？",
    )
