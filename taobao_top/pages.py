"""
Lists page by page, forwards or from the last page to the first.

A list that shrinks while it is read (orders leave the window of an increment
as they are modified again) loses entries forwards and none backwards, as long
as the window of time has ended before the first call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from chainable.errors import CodecError
from taobao_top import catalogue
from taobao_top.chain import method_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from taobao_top.catalogue import Param
    from taobao_top.chain import MethodChain
    from taobao_top.response import TopResponse

__all__ = ["PageNames", "pages"]

_PAGE = ("page_no", "page", "current_page", "page_index", "page_num", "page_number", "cur_page", "to_page", "pageNo",
         "currentPage")  # fmt: skip
_SIZE = ("page_size", "pageSize", "per_page_size")
_TOTAL = ("total_results", "total_count", "total_num", "total_result", "total_item", "total_record_count", "total")
_PAGES = ("total_page", "total_pages", "total_page_count", "page_count", "total_page_no")
_NEXT = ("has_next", "has_next_page", "has_more")
_DEPTH = 3


@frozen
class PageNames:
    """
    How a method names what belongs to paging; dotted where it lies in an object.

    Attributes:
        page: The parameter with the page's number.
        size: The parameter with the number of entries a page has; None if there is none.
        total: The member of the answer with the number of all entries.
        pages: The member of the answer with the number of all pages.
        has_next: The member of the answer that says whether there is another page.
        use_has_next: The parameter that asks for it in place of the total.
        first: The number of the first page.
    """

    page: str = "page_no"
    size: str | None = "page_size"
    total: str | None = None
    pages: str | None = None
    has_next: str | None = None
    use_has_next: str | None = None
    first: int = 1

    @classmethod
    def of(cls, method: str) -> PageNames:
        """
        Take the names of a method from the catalogue.

        Raises:
            TypeError: The catalogue does not know the method, or no page in it.
        """
        known = catalogue.method(method)
        if known is None:
            msg = f"{method} is not in the catalogue: tell its names, pages(…, names=PageNames(page='page_no', …))"
            raise TypeError(msg)
        page = _found(known.params, _PAGE)
        if page is None:
            msg = f"{method} has no parameter for a page that the catalogue knows: tell its names, names=PageNames(…)"
            raise TypeError(msg)
        return cls(
            page,
            _found(known.params, _SIZE),
            _found(known.response, _TOTAL),
            _found(known.response, _PAGES),
            _found(known.response, _NEXT),
            _found(known.params, ("use_has_next",)),
        )


def _found(fields: Sequence[Param], names: tuple[str, ...]) -> str | None:
    """Find the first of these names that is nearest to the top."""
    level: list[tuple[str, Param]] = [(member.name, member) for member in fields]
    for _ in range(_DEPTH):
        plain = {path.rpartition(".")[2]: path for path, member in level if not member.fields}
        for name in names:
            if name in plain:
                return plain[name]
        level = [
            (f"{path}.{inner.name}", inner) for path, member in level if not member.list for inner in member.fields
        ]
    return None


def pages(
    chain: MethodChain,
    params: Mapping[str, Any] | None = None,
    /,
    *,
    names: PageNames | None = None,
    backwards: bool = False,
    **keywords: Any,
) -> Iterator[TopResponse[Any]]:
    """
    Go through the pages of a list; each is fetched when it is asked for.

    ::

        for page in top.pages(top.taobao.trades.sold.get, fields='tid', page_size=100):
            page.data['trades']['trade']

    Args:
        chain: The method.
        params: Parameters, as for a call.
        names: What the method calls what; None for what the catalogue knows.
        backwards: From the last page to the first.
        keywords: Parameters and options, as for a call; the number of a page is where to begin.

    Raises:
        TypeError: The size of a page is not given, or the names cannot be known.
        CodecError: On the way: an answer does not tell what is needed to go on.
    """
    names = PageNames.of(method_name(chain)) if names is None else names
    twice = keywords.keys() & (params or {}).keys()
    if twice:
        msg = f"{method_name(chain)}: the parameter {min(twice)!r} is given twice, in the mapping and by name"
        raise TypeError(msg)
    business = dict(params or {}) | keywords
    if names.size is not None and _get(business, names.size) is None:
        msg = f"{method_name(chain)}: say how many entries a page has: {names.size}=…"
        raise TypeError(msg)
    return _Paging(chain, names, business, frozenset(keywords)).run(backwards=backwards)


class _Paging:
    def __init__(self, chain: MethodChain, names: PageNames, given: dict[str, Any], keywords: frozenset[str]) -> None:
        self._chain = chain
        self._names = names
        self._given = given
        self._keywords = keywords

    def run(self, *, backwards: bool) -> Iterator[TopResponse[Any]]:
        names = self._names
        if backwards:
            if names.use_has_next is not None and _get(self._given, names.use_has_next):
                msg = f"{names.use_has_next}: without the total nobody knows the last page, from which to go backwards"
                raise TypeError(msg)
            return self._backwards()
        # Counting is what makes such lists slow; the flag spares the platform the trouble.
        if names.use_has_next is not None and names.has_next is not None:
            self._given = {names.use_has_next: True} | self._given
        return self._forwards()

    def _fetch(self, number: int) -> TopResponse[Any]:
        given = _set(self._given, self._names.page, number)
        options = {name: value for name, value in given.items() if name in self._keywords}
        mapping = {name: value for name, value in given.items() if name not in self._keywords}
        response: TopResponse[Any] = self._chain(mapping, **options)
        return response

    def _forwards(self) -> Iterator[TopResponse[Any]]:
        names = self._names
        start = _get(self._given, names.page)
        number = names.first if start is None else int(start)
        while True:
            response = self._fetch(number)
            yield response
            number += 1
            if not self._goes_on(response.data, number):
                return

    def _goes_on(self, data: Any, number: int) -> bool:
        names = self._names
        more = _get(data, names.has_next)
        if more is not None:
            return more in (True, "true")
        last = self._last(data)
        if last is not None:
            return number <= last
        count = _entries(data)
        size = _get(self._given, names.size)
        return count > 0 and (size is None or count >= int(size))

    def _last(self, data: Any) -> int | None:
        """Compute the number of the last page, if the answer tells enough."""
        names = self._names
        size = _get(self._given, names.size)
        total = _get(data, names.total)
        count = _get(data, names.pages)
        try:
            if total is not None and size is not None:
                count = -(-int(total) // int(size))
            return None if count is None else names.first + int(count) - 1
        except (ValueError, ZeroDivisionError):
            raise CodecError(f"{self._chain}: the total in the answer, or the size of a page, is no number") from None

    def _backwards(self) -> Iterator[TopResponse[Any]]:
        names = self._names
        start = _get(self._given, names.page)
        if start is None:
            last = self._last(self._fetch(names.first).data)
            if last is None:
                msg = (
                    f"{self._chain}: the answer does not tell how many there are, so the last page is not known: "
                    f"give {names.page}=…, or the member's name in names=PageNames(total=…)"
                )
                raise CodecError(msg)
        else:
            last = int(start)
        for number in range(last, names.first - 1, -1):
            yield self._fetch(number)


def _get(data: Any, path: str | None) -> Any:
    for step in () if path is None else path.split("."):
        data = data.get(step) if isinstance(data, dict) else None
    return None if path is None else data


def _set(data: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    name, _, rest = path.partition(".")
    return data | {name: _set(data.get(name) or {}, rest, value) if rest else value}


def _entries(data: Any) -> int:
    """Count the entries of the list nearest to the top."""
    level = [data]
    while level:
        for node in level:
            if isinstance(node, list):
                return len(node)
        level = [value for node in level if isinstance(node, dict) for value in node.values()]
    return 0
