"""Long lists, sent in as many calls as the platform's limit demands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from chainable.chain import name_of
from chainable.i18n import Words
from chainable.masking import MaskedDict, MaskedTuple
from chainable.validation import check_whole
from taobao_top.pagination import method_chain
from taobao_top.parameter_names import catalogue_name, split_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taobao_top.catalogue import Method
    from taobao_top.response import TopResponse
    from taobao_top.settings import Settings

__all__ = ["chunks"]


def chunks(
    settings: Settings,
    chain: Any,
    ids: Iterable[Any],
    params: Mapping[str, Any] | None,
    *,
    size: int | None,
    parameter: str | None,
    keywords: Mapping[str, Any],
) -> Iterator[TopResponse[Any]]:
    """Iterate over the responses of the calls; see :meth:`taobao_top.TaobaoTop.chunks`."""
    method = name_of(method_chain(chain, "chunks"))
    if isinstance(ids, str | bytes | Mapping) or not isinstance(ids, Iterable):
        msg = Words(
            f"{method}: a list of elements was expected, not {type(ids).__name__}",
            f"{method}：应为元素的列表，不是 {type(ids).__name__}",
        )
        raise TypeError(msg)
    known = settings.catalogue.method(method)
    types = {} if known is None else known.types
    name = _parameter(method, known) if parameter is None else catalogue_name(parameter, types)
    if name in {catalogue_name(given, types) for given in (*(params or {}), *keywords)}:
        msg = Words(
            f"{method}: {name} is set by chunks(): pass all elements as its list",
            f"{method}：{name} 由 chunks() 填写，请把全部元素作为列表传入",
        )
        raise TypeError(msg)
    most = None if known is None or known.limits is None else known.limits.chunks.get(name)
    if size is not None:
        check_whole("size", size, least=1)
    if size is None and most is None:
        msg = Words(
            f"{method}: the catalogue has no limit for {name}: pass the number of elements of a call, size=…",
            f"{method}：接口目录中没有 {name} 的上限：请用 size=… 给出每次调用的元素个数",
        )
        raise TypeError(msg)
    if size is not None and most is not None and size > most:
        msg = Words(
            f"{method}: the platform accepts {most} elements in {name} at most, size is {size}",
            f"{method}：平台的 {name} 最多 {most} 个元素，size 却是 {size}",
        )
        raise ValueError(msg)
    split_arguments(settings.method_info(method), params or {}, keywords)  # a misspelt name is refused now
    if isinstance(ids, list | tuple | set | frozenset):
        for element in ids:
            _element(method, element)
    rest, number = (_element(method, element) for element in ids), size or most

    def calls() -> Iterator[TopResponse[Any]]:
        while chunk := MaskedTuple(islice(rest, number)):
            yield chain(params, **MaskedDict(keywords, **{name: chunk}))

    return calls()


def _element(method: str, element: Any) -> Any:
    """Return the element; TypeError for None, which a list on the wire would leave out."""
    if element is None:
        msg = Words(
            f"{method}: an element of the list is None, which cannot be sent: leave it out",
            f"{method}：列表中有元素是 None，无法发送：请去掉",
        )
        raise TypeError(msg)
    return element


def _parameter(method: str, known: Method | None) -> str:
    """Return the list that a method is called for: the one with a limit, or the only list."""
    limited = () if known is None or known.limits is None else tuple(known.limits.chunks)
    lists = () if known is None else tuple(name for name, kind in known.types.items() if kind.endswith("[]"))
    found = limited or tuple(name for name in lists if name != "fields")
    if len(found) != 1:
        names = " or ".join(f"parameter={name!r}" for name in found) or "parameter='num_iids'"
        msg = Words(
            f"{method}: pass the name of the list's parameter, {names}", f"{method}：请传入列表参数的名称：{names}"
        )
        raise TypeError(msg)
    return found[0]
