"""
Paths that the catalogue lacks, compared with those that it has.

A misspelt path would be sent without the rules of its operation: encrypted
fields, certificate, digest.  It is refused, and the error has the right path.
A path that may be a new operation is sent, but without personal data in plain
text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from chainable.errors import PathError
from chainable.i18n import Words
from chainable.path import did_you_mean, fold, near_verbs
from chainable.resolution import Variable
from wechatpay import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chainable.resolution import PathResolver
    from wechatpay.catalogue import CatalogueNode

__all__ = [
    "Piece",
    "describe_uncallable",
    "refuse_misspelt",
    "refuse_other_operation",
    "scopes",
    "similar_paths",
    "split_target",
]

_VERSIONS = ("v3", "v2")
_OTHER_ROOTS = frozenset({"v1", "v2", "v3", "v4", "brand"})
_VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_CLOSE = 0.85  # of the letters of two paths
_LONGEST = 200  # letters of a path that are compared
_WORD = r"[^A-Za-z0-9]*?([A-Za-z_][A-Za-z0-9_.\-]*)"
_NUMBER = r"[0-9]{5,}"
_VALUE = "0"  # stands for a number
_DIGIT = r"[0-9]"
_MOST_DIGITS = 2  # in a segment that is a word, such as applyment4sub


class Piece(NamedTuple):
    """
    One segment of a path as it is sent.

    Attributes:
        text: The decoded text; ``0`` for numbers and other text that is no literal of the catalogue.
        loose: Whether the segment is a value, or has more than the text: it is not a literal, even if it looks like one.
    """

    text: str
    loose: bool


class _Match(NamedTuple):
    branch: CatalogueNode
    respelled: bool


def split_target(segments: Iterable[str | Variable], target: str) -> tuple[Piece, ...]:
    """
    Split the path that is sent, percent-encoded; a value may add segments.

    Numbers are replaced, so that results can be cached by path.
    """
    return tuple(
        _piece(text, isinstance(segment, Variable) and segment.value is None)
        for segment, part in zip(segments, target.split("/"), strict=True)
        for text in unquote(part).split("/")
        if text
    )


def _piece(text: str, given: bool) -> Piece:
    word = re.match(_WORD, re.sub(_NUMBER, _VALUE, text))
    return Piece(_VALUE, given) if word is None else Piece(word[1], given or word[1] != text)


def refuse_other_operation(verb: str, path: tuple[Piece, ...], own: str) -> None:
    """Raise PathError if values make the path that of another operation than *own*, the chain's."""
    for match in _matches(path):
        key = match.branch.verbs.get(verb)
        if match.respelled and key is not None and key != own:
            raise PathError(_misspelt(key))


def refuse_misspelt(verb: str, path: tuple[Piece, ...], prefix: str) -> None:
    """Raise PathError for a misspelt operation; it names the right path. *prefix* is the path of ``base_url``."""
    key = _meant(verb, path, prefix)
    if key is not None:
        raise PathError(_misspelt(key))


@lru_cache(maxsize=256)
def _meant(verb: str, path: tuple[Piece, ...], prefix: str) -> str | None:
    found = [match.branch for match in _matches(path) if match.respelled]
    found += [match.branch for other in _prefixed(path, prefix) for match in _matches(other)]
    return next((branch.verbs[verb] for branch in found if verb in branch.verbs), None)


@lru_cache(maxsize=256)
def scopes(path: tuple[Piece, ...]) -> tuple[str, ...]:
    """Return the scopes (:func:`wechatpay.catalogue.personal`) of operations that are similar to an unknown path."""
    branches = [branch for other in (path, *_of_another_root(path)) for branch in _passed(other)]
    keys = {key for branch in branches for key in branch.verbs.values()}
    kin = {key for key in keys if (known := catalogue.operation(key)) is not None and known.encrypted_fields}
    kin.update(_similar("".join(map(_letters, path[_skipped(path) :]))[:_LONGEST]))
    products = {"/".join(branch.path.split("/", 2)[:2]) for branch in branches}
    version = "v2" if path[:1] == (Piece("v2", loose=False),) else "v3"
    return (version, *sorted(products), *sorted(kin))


def _misspelt(key: str) -> Words:
    path = key.partition(" ")[2]
    return Words(
        f"the catalogue spells this path {path!r}: write it so, in client[{path!r}] for example; another case, another "
        "prefix, '_' for '-', or a value in place of a literal would be sent without the rules of the operation",
        f"接口目录中这个路径写作 {path!r}：请照此书写，例如 client[{path!r}]；大小写或前缀不同、'-' 写成 '_'、"
        "或以值代替固定的段，都会使请求不按该接口的规则发送",
    )


def _matches(path: Sequence[Piece]) -> Iterator[_Match]:
    """Yield the nodes of a path, in any case, with ``-`` or ``_``, with and without a trailing slash."""
    for match in _followed(path)[-1]:
        yield match
        slash = match.branch.literal("")
        if slash is not None:
            yield _Match(slash, match.respelled)


def _followed(path: Sequence[Piece]) -> list[list[_Match]]:
    reached = [[_Match(catalogue.tree(), respelled=False)]]
    for text, loose in path:
        folded = fold(text)
        step = [
            _Match(child, match.respelled or loose or official != text)
            for match in reached[-1]
            for official, child in (match.branch.matching(folded) if folded else ())
        ]
        step += [_Match(child, match.respelled) for match in reached[-1] for _, child in match.branch.variables]
        reached.append(step)
        if not step:
            break
    return reached


def _passed(path: Sequence[Piece]) -> Iterator[CatalogueNode]:
    """Yield the nodes of the beginnings of a path, from the product on."""
    for step in _followed(path)[2:]:
        for match in step:
            yield match.branch
            slash = match.branch.literal("")
            if slash is not None:
                yield slash


def _prefixed(path: Sequence[Piece], prefix: str) -> Iterator[Sequence[Piece]]:
    """Yield a path with a prefix that it lacks, or without one that it has twice."""
    if not _skipped(path):
        for version in _VERSIONS:
            yield [Piece(version, loose=False), *path]
    for index, piece in enumerate(path[1:], start=1):
        if fold(piece.text) in _VERSIONS:
            yield path[index:]
    if prefix:
        yield [*(Piece(text, loose=False) for text in prefix.split("/")), *path]


def _of_another_root(path: Sequence[Piece]) -> Iterator[Sequence[Piece]]:
    """Yield a path under the other version, with and without ``global``, and split at dots."""
    first, rest = path[:1], path[1:]
    if _skipped(path):
        for version in _VERSIONS:
            yield [Piece(version, loose=False), *rest]
    if rest and fold(rest[0].text) == "global":
        yield [*first, *rest[1:]]
    else:
        yield [*first, Piece("global", loose=False), *rest]
    dotted = [Piece(text, loose) for part, loose in path for text in part.split(".") if text]
    if len(dotted) > len(path):
        yield dotted
        yield dotted[:-1]  # the text after the last dot may be an extension, such as .json


def _skipped(path: Sequence[Piece]) -> int:
    """Return how many leading segments only select the protocol."""
    return int(bool(path) and fold(path[0].text) in _OTHER_ROOTS)


def _letters(piece: Piece) -> str:
    """Return the letters of a segment; ``{}`` for a value."""
    text = fold(piece.text).replace(".", "").replace(_VALUE, "{}")
    return "{}" if len(re.findall(_DIGIT, text)) > _MOST_DIGITS else text


def _similar(letters: str) -> list[str]:
    """Return the operations with encrypted fields whose path has similar letters."""
    from difflib import get_close_matches

    known = catalogue.personal_paths()
    found = [letters] if letters in known else get_close_matches(letters, known, n=3, cutoff=_CLOSE)
    return [key for path in found for key in known[path]]


def similar_paths(verb: str, label: str) -> Words:
    """Suggest the paths of the catalogue with this verb that are similar to an unknown one; else an empty text."""
    known = [operation.path for operation in catalogue.operations() if operation.method == verb]
    return did_you_mean(label[:_LONGEST], known, _CLOSE)


def describe_uncallable(path: PathResolver) -> Words:
    """Return why a chain without a POST that has a body cannot be called itself, and what to write instead."""
    resolution = path.resolve("POST")
    if resolution.branch is not None:
        verbs = [f".{verb.lower()}(…)" for verb in sorted(resolution.branch.verbs)]
        if verbs:
            return Words(
                f"{path} takes no POST with a body, so it is not called itself: use {' or '.join(verbs)}",
                f"{path} 没有带请求体的 POST，不能直接调用：请用 {' 或 '.join(verbs)}",
            )
        return Words(
            f"{path} is not an operation, only the beginning of longer paths", f"{path} 不是接口，只是更长路径的前半段"
        )
    branch, length = resolution.left if resolution.left is not None else (catalogue.tree(), 0)
    # In an unknown path every verb is possible; below an operation, those that it has.
    known = sorted(branch.verbs) if branch.verbs and length == len(resolution.segments) - 1 else _VERBS
    near = near_verbs(_snake(resolution.segments[-1]), known)
    if near:
        return Words(
            f"{resolution.label()} is not in the catalogue, and its last step is not a verb: did you mean {near}?",
            f"接口目录中没有 {resolution.label()}，最后一步也不是请求方法：是否要写 {near.zh}？",
        )
    hint = did_you_mean(_snake(resolution.segments[length]), map(_snake, getattr(branch, "literals", ())))
    return Words(
        f"{resolution.label()} is not in the catalogue, so it is not called itself: write .post(json=…){hint}",
        f"接口目录中没有 {resolution.label()}，不能直接调用：请写 .post(json=…){hint.zh}",
    )


def _snake(segment: str | Variable) -> str:
    return segment.replace("-", "_") if isinstance(segment, str) else "{…}"
