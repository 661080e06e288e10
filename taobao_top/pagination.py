"""
Lists page by page, forwards or from the last page to the first.

A list that shrinks while it is read (orders leave the window of an increment
as they are modified again) loses entries forwards and none backwards, as long
as the window of time has ended before the first call.  A list that grows in
front while it is read backwards moves entries onto pages that were read
already: as the answers tell the total, these pages are fetched once more, so
that some entries come twice, and none is lost.

Most lists have numbered pages, some are asked for from an offset, and some
give a cursor with each page, without which there is no next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from attrs import frozen

from chainable.chain import path_of
from chainable.errors import CodecError
from chainable.masking import safe_repr
from taobao_top import catalogue
from taobao_top.chain import MethodChain, method_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from taobao_top.catalogue import Param
    from taobao_top.response import TopResponse

__all__ = ["CURSORS", "Cursor", "PageNames", "pages"]

_PAGE = ("page_no", "page", "current_page", "page_index", "page_num", "page_number", "cur_page", "current_page_no",
         "to_page", "pageNo", "currentPage")  # fmt: skip
_SIZE = ("page_size", "pageSize", "per_page_size", "page_rows", "size", "limit")
_TOTAL = ("total_results", "total_count", "total_num", "total_result", "total_item", "total_record_count",
          "total_number", "total_size", "total_record", "total_records", "totalCount", "total")  # fmt: skip
_PAGES = ("total_page", "total_pages", "total_page_count", "page_count", "total_page_no", "total_page_num", "totalPage")
_NEXT = ("has_next", "has_next_page", "has_more", "next_page")
_OFFSET = ("offset", "start_row", "start", "start_index")
_AT_ONCE = (*_SIZE, "count")
_DEPTH = 3
_SAID = {"true": True, "1": True, "false": False, "0": False}
_OVER = (None, "", 0, "0", -1, "-1")
"""What stands for no cursor."""


class Cursor(NamedTuple):
    """
    A family of lists whose answers tell how to go on.

    Attributes:
        parameter: Takes the cursor.
        member: Has the next one, in the answer.
        begin: The cursor of the first page; None: it has none.
        stays: One cursor may stand for all pages.
    """

    parameter: str
    member: str
    begin: int | None = None
    stays: bool = False


CURSORS = (
    Cursor("scroll_id", "scroll_id", stays=True),
    Cursor("cursor_id", "cursor_id"),
    Cursor("page_token", "page_token"),
    Cursor("page_result_key", "page_result_key", stays=True),
    Cursor("position_index", "position_index", stays=True),
    Cursor("next_id", "next_id"),
    Cursor("next_key", "next_key"),
    Cursor("next", "next_key"),
    Cursor("start", "next_start", begin=0),
    Cursor("last_shid", "last_id"),
)
"""The families the catalogue has."""


@safe_repr
@frozen
class PageNames:
    """
    How a method names what belongs to paging; dotted where it lies in an object.

    Attributes:
        page: The parameter with the page's number; None if there is none.
        size: The parameter with the number of entries a page has; None if there is none.
        total: The member of the answer with the number of all entries.
        pages: The member of the answer with the number of all pages.
        has_next: The member of the answer that says whether there is another page.
        use_has_next: The parameter that asks for it in place of the total.
        first: The number of the first page, or the offset of the first entry; None for 1 and 0.
        offset: The parameter with the number of entries before the page, where pages have no number.
        cursor: The parameter that takes what the page before gave, beside a number or alone.
        next: The member of the answer with the cursor of the next page.
        begin: The cursor of the first page; None: it has none.
        stays: The cursor may be the same for all pages.
        direction: The parameter that has to be 1 on the way from page to page.
    """

    page: str | None = "page_no"
    size: str | None = "page_size"
    total: str | None = None
    pages: str | None = None
    has_next: str | None = None
    use_has_next: str | None = None
    first: int | None = None
    offset: str | None = None
    cursor: str | None = None
    next: str | None = None
    begin: Any = None
    stays: bool = False
    direction: str | None = None

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
        params, response = known.params, known.response
        page = _found(params, _PAGE)
        size = _found(params, _SIZE)
        cursor: dict[str, Any] = {}
        for family in CURSORS:
            parameter, member = _found(params, (family.parameter,)), _found(response, (family.member,))
            if parameter is not None and member is not None:
                cursor = {"cursor": parameter, "next": member, "begin": family.begin, "stays": family.stays}
                cursor["direction"] = _found(params, ("jump_type",))
                break
        offset = None
        if page is None and not cursor:
            offset, size = _found(params, _OFFSET), _found(params, _AT_ONCE)
            if offset is None or size is None:
                msg = (
                    f"{method} has no parameter for a page that the catalogue knows: tell its names, names=PageNames(…)"
                )
                raise TypeError(msg)
        return cls(
            page,
            size,
            _found(response, _TOTAL),
            _found(response, _PAGES),
            _found(response, _NEXT),
            _found(params, ("use_has_next",)),
            offset=offset,
            **cursor,
        )


def _found(fields: Sequence[Param], names: tuple[str, ...]) -> str | None:
    """Find the first of these names that is nearest to the top."""
    level: list[tuple[str, Param]] = [(member.name, member) for member in fields]
    for _ in range(_DEPTH):
        # What is called next_page may be its number as well.
        plain = {
            path.rpartition(".")[2]: path
            for path, member in level
            if not member.fields and (member.name != "next_page" or member.type == "Boolean")
        }
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
        backwards: From the last page to the first; not where each page leads to the next.
        keywords: Parameters and options, as for a call; the number of a page, an offset or a cursor is where to begin.

    Raises:
        TypeError: The size of a page is not given, there is no way
            backwards, or the names cannot be known.
        CodecError: On the way: an answer does not tell what is needed to go on.
    """
    if not isinstance(chain, MethodChain):
        msg = f"pages: a chain such as top.taobao.trades.sold.get was expected, not {type(chain).__name__}"
        raise TypeError(msg)
    names = PageNames.of(method_name(path_of(chain))) if names is None else names
    twice = keywords.keys() & (params or {}).keys()
    if twice:
        msg = f"{method_name(path_of(chain))}: the parameter {min(twice)!r} is given twice, in the mapping and by name"
        raise TypeError(msg)
    business = dict(params or {}) | keywords
    if names.size is not None and names.cursor is None and _get(business, names.size) is None:
        msg = f"{method_name(path_of(chain))}: say how many entries a page has: {names.size}=…"
        raise TypeError(msg)
    return _Paging(chain, names, business, frozenset(keywords)).run(backwards=backwards)


class _Paging:
    def __init__(self, chain: MethodChain, names: PageNames, given: dict[str, Any], keywords: frozenset[str]) -> None:
        self._chain = chain
        self._names = names
        self._given = given
        self._keywords = keywords
        self._place = names.page or names.offset
        self._first = names.first if names.first is not None else int(names.offset is None)

    def run(self, *, backwards: bool) -> Iterator[TopResponse[Any]]:
        names = self._names
        self._start()  # numbers both, if they are given
        self._size()
        if backwards:
            if names.cursor is not None:
                msg = f"{self._chain}: each page leads to the next by its {names.next}, so there is no way backwards"
                raise TypeError(msg)
            if names.use_has_next is not None and _get(self._given, names.use_has_next):
                msg = f"{names.use_has_next}: without the total nobody knows the last page, from which to go backwards"
                raise TypeError(msg)
            return self._backwards()
        # Counting is what makes such lists slow; the flag spares the platform the trouble.
        if names.use_has_next is not None and names.has_next is not None:
            self._given = {names.use_has_next: True} | self._given
        return self._forwards() if names.cursor is None else self._following(names.cursor)

    def _fetch(self, *places: tuple[str | None, Any]) -> TopResponse[Any]:
        given = self._given
        for path, value in places:
            if path is not None:
                given = _set(given, path, value)
        options = {name: value for name, value in given.items() if name in self._keywords}
        mapping = {name: value for name, value in given.items() if name not in self._keywords}
        response: TopResponse[Any] = self._chain(mapping, **options)
        return response

    def _number(self, value: Any) -> int:
        try:
            return int(value)
        except (ValueError, TypeError):
            msg = f"{self._chain}: the place of a page, its size, or the total in the answer is no number"
            raise CodecError(msg) from None

    def _size(self) -> int | None:
        given = _get(self._given, self._names.size)
        if given is None:
            return None
        size = self._number(given)
        if size < 1:
            msg = f"{self._chain}: a page has one entry at least, and {self._names.size} is no number of that kind"
            raise CodecError(msg)
        return size

    def _step(self) -> int:
        """Give what lies between two pages: one number, or as many entries as a page has."""
        return 1 if self._names.offset is None else self._size() or 1

    def _start(self) -> int | None:
        start = _get(self._given, self._place)
        return None if start is None else self._number(start)

    def _forwards(self) -> Iterator[TopResponse[Any]]:
        start = self._start()
        place = self._first if start is None else start
        while True:
            response = self._fetch((self._place, place))
            yield response
            place += self._step()
            if not self._goes_on(response.data, place):
                return

    def _following(self, parameter: str) -> Iterator[TopResponse[Any]]:
        names = self._names
        cursor = _get(self._given, parameter)
        cursor = names.begin if cursor is None else cursor
        start = self._start()
        place = self._first if start is None else start
        direction = None
        while True:
            response = self._fetch((names.page, place), (parameter, cursor), (direction, 1))
            yield response
            before, cursor = cursor, _get(response.data, names.next)
            place += 1
            if not self._leads_on(response.data, place, before, cursor):
                return
            direction = names.direction

    def _leads_on(self, data: Any, place: int, before: Any, cursor: Any) -> bool:
        names = self._names
        if names.page is not None:
            return self._goes_on(data, place)
        more = self._more(data)
        if more is None:
            return _entries(data) > 0 and cursor not in _OVER and (names.stays or cursor != before)
        if not more:
            return False
        if cursor in _OVER or (cursor == before and not names.stays):
            msg = f"{self._chain}: the answer says that there is another page, but not how to get it ({names.next})"
            raise CodecError(msg)
        return True

    def _more(self, data: Any) -> bool | None:
        """Tell whether the answer says that there is another page; a few methods say it by a number or a text."""
        return _SAID.get(str(_get(data, self._names.has_next)).lower())

    def _goes_on(self, data: Any, place: int) -> bool:
        more = self._more(data)
        if more is not None:
            return more
        last = self._last(data)
        if last is not None:
            return place <= last
        count, size = _entries(data), self._size()
        return count > 0 and (size is None or count >= size)

    def _total(self, data: Any) -> int | None:
        total = _get(data, self._names.total)
        return None if total is None else self._number(total)

    def _last(self, data: Any) -> int | None:
        """Compute the place of the last page, if the answer tells enough."""
        size = self._size()
        total = self._total(data)
        count = _get(data, self._names.pages)
        if total is not None and size is not None:
            count = -(-total // size)
        return None if count is None else self._first + (self._number(count) - 1) * self._step()

    def _backwards(self) -> Iterator[TopResponse[Any]]:
        names = self._names
        last, total = self._start(), None
        if last is None:
            data = self._fetch((self._place, self._first)).data
            last, total = self._last(data), self._total(data)
        if last is None:
            msg = (
                f"{self._chain}: the answer does not tell how many there are, so the last page is not known: "
                f"give {self._place}=…, or the member's name in names=PageNames(total=…)"
            )
            raise CodecError(msg)
        step = self._step()
        if (last - self._first) % step:
            msg = f"{self._chain}: backwards, {names.offset} has to be a multiple of {names.size}"
            raise CodecError(msg)
        for place in range(last, self._first - 1, -step):
            response = self._fetch((self._place, place))
            yield from self._moved_back(place, response.data, total)
            yield response
            total = self._total(response.data)

    def _moved_back(self, place: int, data: Any, before: int | None) -> Iterator[TopResponse[Any]]:
        """Fetch the pages behind this one, as far as entries moved there since the answer before."""
        total, size, step = self._total(data), self._size(), self._step()
        if total is None or before is None or size is None:
            return
        last, behind = self._last(data) or place, 0
        while total - before > behind * size and place + (behind + 1) * step <= last:
            behind += 1
            response = self._fetch((self._place, place + behind * step))
            yield response
            total = max(total, self._total(response.data) or 0)
            last = self._last(response.data) or last


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
