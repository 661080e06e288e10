"""Long lists and stored answers: what a client reads beyond one call."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, overload

from chainable.masking import MaskedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from typing_extensions import TypeVar

    from chainable.chain import Chain
    from taobao_top.call_options import CallOptions
    from taobao_top.pagination import PageNames
    from taobao_top.response import TopResponse
    from taobao_top.settings import Settings

    D = TypeVar("D")

__all__ = ["Reading"]


class Reading:
    """The part of :class:`taobao_top.TaobaoTop` that reads pages, windows, chunks and stored answers."""

    _settings: Settings
    _options: CallOptions

    @overload
    def pages(
        self,
        chain: Callable[..., TopResponse[D]],
        params: Mapping[str, Any] | None = ...,
        /,
        *,
        names: PageNames | None = ...,
        backwards: bool = ...,
        **options: Any,
    ) -> Iterator[TopResponse[D]]: ...
    @overload
    def pages(
        self, chain: Chain[Any], params: Mapping[str, Any] | None = ..., /, **options: Any
    ) -> Iterator[TopResponse[Any]]: ...
    def pages(
        self,
        chain: Callable[..., TopResponse[Any]] | Chain[Any],
        params: Mapping[str, Any] | None = None,
        /,
        *,
        names: PageNames | None = None,
        backwards: bool = False,
        **options: Any,
    ) -> Iterator[TopResponse[Any]]:
        """Iterate over the pages of a list, lazily; see :func:`taobao_top.pagination.pages`."""
        from taobao_top.pagination import paging

        return paging(self._settings, chain, params, names=names, backwards=backwards, keywords=MaskedDict(options))

    @overload
    def read(
        self, method: str, text: str | bytes, /, *, simplify: bool = ..., decode: tuple[str, ...] | str | bool = ...
    ) -> TopResponse[Any]: ...
    @overload
    def read(
        self,
        method: Callable[..., TopResponse[D]],
        text: str | bytes,
        /,
        *,
        simplify: bool = ...,
        decode: tuple[str, ...] | str | bool = ...,
    ) -> TopResponse[D]: ...
    @overload
    def read(
        self,
        method: Chain[Any],
        text: str | bytes,
        /,
        *,
        simplify: bool = ...,
        decode: tuple[str, ...] | str | bool = ...,
    ) -> TopResponse[Any]: ...
    def read(self, method: object, text: str | bytes, /, **options: Any) -> TopResponse[Any]:
        """
        Read an answer that was stored as it came, such as ``jdp_response`` of an order database (聚石塔订单推送).

        It is read as the answer of a call is: ``top.read(top.taobao.trade.fullinfo.get, row.jdp_response).data``.

        Args:
            method: The method that it answers: its chain, which types ``.data``, or its name.
            text: The whole answer with its root, JSON or XML, as text or bytes in UTF-8.
            options: ``simplify`` for plain lists, and for an answer without a root; ``decode`` as for a call.

        Raises:
            TopError: A refusal was stored.
            CodecError: It is not an answer to this method.
            TypeError: The text is neither str nor bytes.

        .. versionadded:: 0.1.0
        """
        from taobao_top.stored_answers import read_stored

        return read_stored(self._settings, self._options, method, text, **options)

    @overload
    def windows(
        self,
        chain: Callable[..., TopResponse[D]],
        start: datetime,
        end: datetime,
        params: Mapping[str, Any] | None = ...,
        /,
        *,
        step: timedelta | None = ...,
        overlap: timedelta = ...,
        between: tuple[str, str] | None = ...,
        names: PageNames | None = ...,
        **options: Any,
    ) -> Iterator[TopResponse[D]]: ...
    @overload
    def windows(
        self,
        chain: Chain[Any],
        start: datetime,
        end: datetime,
        params: Mapping[str, Any] | None = ...,
        /,
        **options: Any,
    ) -> Iterator[TopResponse[Any]]: ...
    def windows(
        self,
        chain: Callable[..., TopResponse[Any]] | Chain[Any],
        start: datetime,
        end: datetime,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        step: timedelta | None = None,
        overlap: timedelta = timedelta(0),
        between: tuple[str, str] | None = None,
        names: PageNames | None = None,
        **options: Any,
    ) -> Iterator[TopResponse[Any]]:
        """
        Iterate over the pages of a long span of time, in windows that the platform accepts.

        ::

            for page in top.windows(top.taobao.trades.sold.increment.get, start, end, fields='tid,modified'):
                for trade in page.data['trades']['trade']: ...

        The oldest window comes first.  Inside a window pages are read from the
        last to the first, as the platform advises, so that no entry is lost
        when others leave the list meanwhile; lists with a cursor are read
        forwards.  Entries at the border of two windows, in an overlap, or
        moved by new ones come twice: handle each by its number and its time
        of modification.

        Args:
            chain: The method.
            start: The begin, with a time zone; fractions of a second are cut off.
            end: The end, likewise; it should not lie in the future, or later changes are missed.
            params: Parameters, as for a call.
            step: The length of a window; None for the longest that the catalogue
                knows the platform to accept, or one window without a limit.
            overlap: How much of a window the next one reads again, for entries that arrive late.
            between: The names of the parameters with the start and the end; None for those of the catalogue.
            names: The method's names for paging; None for those of the catalogue.
            options: Parameters and options, as for a call.

        Raises:
            TypeError: A time has no time zone, a parameter is misspelt, or the names are unknown.
            ValueError: The times, the step or the overlap do not fit, or the platform does not accept such a step.

        .. versionadded:: 0.1.0
        """
        from taobao_top.windows import windows

        keywords = MaskedDict(options)
        return windows(
            self._settings, chain, start, end, params,
            step=step, overlap=overlap, between=between, names=names, keywords=keywords,
        )  # fmt: skip

    @overload
    def chunks(
        self,
        chain: Callable[..., TopResponse[D]],
        ids: Iterable[Any],
        params: Mapping[str, Any] | None = ...,
        /,
        *,
        size: int | None = ...,
        parameter: str | None = ...,
        **options: Any,
    ) -> Iterator[TopResponse[D]]: ...
    @overload
    def chunks(
        self, chain: Chain[Any], ids: Iterable[Any], params: Mapping[str, Any] | None = ..., /, **options: Any
    ) -> Iterator[TopResponse[Any]]: ...
    def chunks(
        self,
        chain: Callable[..., TopResponse[Any]] | Chain[Any],
        ids: Iterable[Any],
        params: Mapping[str, Any] | None = None,
        /,
        *,
        size: int | None = None,
        parameter: str | None = None,
        **options: Any,
    ) -> Iterator[TopResponse[Any]]:
        """
        Send a long list in calls of the size that the platform allows; iterate over their responses, lazily.

        ::

            for response in top.chunks(top.taobao.items.seller.list.get, num_iids, fields='num_iid,title'):
                response.data['items']['item']

        Args:
            chain: The method.
            ids: The elements, in any number: numbers, texts, or mappings; an empty list sends nothing.
            params: Parameters, as for a call.
            size: Elements of a call, at most; None for the limit in the catalogue.
            parameter: The parameter with the list; None for the one that the catalogue limits, or the only list.
            options: Parameters and options, as for a call.

        Raises:
            TypeError: The limit or the list's parameter is unknown, or a parameter is misspelt.
            ValueError: The platform does not allow calls of this size.

        .. versionadded:: 0.1.0
        """
        from taobao_top.chunks import chunks

        return chunks(self._settings, chain, ids, params, size=size, parameter=parameter, keywords=MaskedDict(options))
