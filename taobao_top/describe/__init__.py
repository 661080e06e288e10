"""
Descriptions of the methods of the Taobao Open Platform.

>>> from taobao_top.describe import describe
>>> describe("alibaba.finance.insurance.createorder").title
'机构投保创单'
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from attrs import evolve

from chainable.describe import Candidate, Description, Index
from chainable.i18n import Words
from taobao_top import catalogue
from taobao_top.describe import methods
from taobao_top.describe.field_rows import glossary
from taobao_top.describe.methods import attributes

__all__ = ["attributes", "candidates", "describe", "described", "glossary", "search"]

_PROMINENT = 120
_STEP = re.compile(r"""chain\(\s*["']([^"']*)["']\s*\)|\[\s*["']([^"']*)["']\s*\]|(\w[\w-]*)""")
_CALLS = frozenset({"post", "post_async", "postAsync"})


def describe(query: str, limit: int | None = 10) -> Description | list[Candidate]:
    """
    Describe the method that a text refers to.

    Args:
        query: A method's name, a chain as written in code
            (``top.taobao.time.get()``), a title, a part of one, or a word that people use (``发货``).
        limit: The maximum number of matches; None for all.

    Returns:
        The description if there is one match, otherwise the possible
        matches, best first. If there are none, those whose names or titles
        are similar, with ``near``; empty without such.
    """
    text = query.strip()
    for name in (text, *_names_of_chain(text)):
        if catalogue.method(name):
            return described(name)
    found = [] if _index().knows(text) else [each for each in candidates() if each.title == text]
    if len(found) != 1:
        found = search(text, limit)
    return described(found[0].key) if len(found) == 1 and not found[0].near else found


def described(name: str) -> Description:
    """
    Describe a method by its full name.

    Raises:
        LookupError: The name is not in the catalogue.
    """
    method = catalogue.method(name)
    if method is None:
        msg = Words(f"the catalogue has no {name!r}", f"接口目录中没有 {name!r}")
        raise LookupError(msg)
    return methods.described(method)


def search(text: str, limit: int | None = 10) -> list[Candidate]:
    """
    Search methods by parts of their names and titles, best first; of equal titles ``product`` has the category.

    Args:
        text: Words in Chinese or English, such as the name of a product; ``-``, ``_``, case and blanks do not matter.
        limit: The maximum number of results; None for all.
    """
    found = _index().search(text, limit)
    counts = Counter(each.title for each in found)
    return [evolve(each, product=_group(each.key)) if counts[each.title] > 1 else each for each in found]


def _group(name: str) -> str:
    # Looked up for equal titles only: the group stands in the large record of the method's fields.
    method = catalogue.method(name)
    return "" if method is None else method.group


def _names_of_chain(text: str) -> list[str]:
    """Return the names that a chain may mean: with and without the receiver, with and without the call."""
    steps = [
        called or item or name
        for called, item, name in _STEP.findall(re.sub(r"\((?!\s*[\"']).*", "", text, flags=re.DOTALL))
    ]
    steps = [step.rstrip("_") for step in steps if step != "chain"]
    spelled = [steps, steps[1:]]
    return [
        ".".join(some) for names in spelled for some in (names, names[:-1] if names and names[-1] in _CALLS else names)
    ]


@cache
def candidates() -> tuple[Candidate, ...]:
    """Return all methods, sorted by name."""
    prominent = glossary.prominent
    return tuple(
        Candidate(name, title or name, name, _PROMINENT * (name in prominent))
        for name, title in sorted(catalogue.titles())
    )


@cache
def _index() -> Index:
    return Index(candidates(), glossary.words)
