"""The response: a requests.Response with the decoded body."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Generic, NoReturn, cast
from urllib.parse import urlsplit

import requests
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar

from chainable.errors import DecryptionError
from chainable.headers import Headers
from chainable.i18n import Words
from chainable.masking import safe_repr

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self, TypeVar

    from chainable.connections import Deadline

    T = TypeVar("T", default=Any)
else:
    from typing import TypeVar

    T = TypeVar("T")

__all__ = ["Response"]


@safe_repr
class Response(requests.Response, Generic[T]):
    """
    The response of the platform.

    Args:
        headers: Its headers; none by default.

    Attributes:
        request_id: The platform's id of this response, for its support; None without one.
        verified: The platform's signature was verified.
        label: The path that was called, without values.
        pending: The request was accepted and is still being processed: query the state later.
        attempt_state: Used by the transport: the deadline for reading a streamed body.
    """

    def __init__(self, headers: Headers | None = None) -> None:
        # The attributes of requests.Response, except the cookie jar and its lock, which are unused here.
        self._content = False
        self._content_consumed = False
        self._next = None
        self.status_code = None  # type: ignore[assignment]  # requests starts with None as well, although it declares int
        self.headers = Headers() if headers is None else headers
        self.raw = None
        self.url = None  # type: ignore[assignment]  # as above
        self.encoding = None
        self.history = []
        self.reason = None  # type: ignore[assignment]  # as above
        self.elapsed = None  # type: ignore[assignment]  # set by the pipeline
        self.request = None  # type: ignore[assignment]  # set by the adapter
        self.request_id: str | None = None
        self.verified = False
        self.pending = False
        self.label = ""
        self._data: Any = None
        self._open: Callable[[Any], Any] | None = None
        self.attempt_state: Deadline | None = None

    @property
    def cookies(self) -> RequestsCookieJar:  # type: ignore[override]  # built on access only
        """The cookies that this response sets."""
        jar = RequestsCookieJar()
        if self.raw is not None:
            extract_cookies_to_jar(jar, self.request, self.raw)
        return jar

    @property
    def data(self) -> T:
        """The decoded body, a dict or list; str or bytes of a file; None of an empty body."""
        return cast("T", self._data)

    if TYPE_CHECKING:
        pass  # checkers report these mistakes by themselves
    else:

        def __getattr__(self, name: str) -> NoReturn:
            msg = Words(
                f"{type(self).__name__!r} object has no attribute {name!r}",
                f"{type(self).__name__!r} 没有属性 {name!r}",
            )
            if not name.startswith("_"):
                msg += "; the decoded body is response.data"
            raise AttributeError(msg)

        def __getitem__(self, key: object, /) -> NoReturn:
            msg = Words(
                "a response has no items: its decoded body is response.data, so write response.data[…]",
                "应答不能用下标：解码后的内容在 response.data，请写成 response.data[…]",
            )
            raise TypeError(msg)

        def __contains__(self, key: object, /) -> NoReturn:
            # requests would search the pieces of the body for the key, and not find it.
            msg = Words(
                "a response has no members: its decoded body is response.data, so write … in response.data",
                "应答不能用 in：解码后的内容在 response.data，请写成 … in response.data",
            )
            raise TypeError(msg)

    def set_content(self, content: bytes) -> None:
        """
        Set the body.

        Args:
            content: The bytes after HTTP's content decoding.

        .. versionadded:: 0.1.0
        """
        self._content = content
        self._content_consumed = True

    def set_data(self, data: T, opener: Callable[[T], T] | None = None) -> Self:
        """
        Set the decoded body, after the response was verified.

        Args:
            data: The new value of ``data``.
            opener: Returns a copy of the data with decrypted fields.

        Returns:
            This response.
        """
        self._data = data
        self._open = opener
        return self

    def take(self, data: T, opener: Callable[[T], T] | None = None) -> Self:
        """Call :meth:`set_data`; deprecated since 0.1.0."""
        warnings.warn("Response.take() is deprecated: call set_data()", DeprecationWarning, stacklevel=2)
        return self.set_data(data, opener)

    def decrypted(self) -> T:
        """
        Return a copy of ``data`` with decrypted fields.

        Raises:
            DecryptionError: A field cannot be decrypted with the keys of this
                client, or the response was pickled and has no key.
        """
        if self._open is None:
            msg = Words(
                "this response has no key (it was pickled, or does not come from a client): decrypt it before pickling",
                "该应答没有密钥（经过 pickle，或不是客户端返回的）：请在 pickle 之前解密",
            )
            raise DecryptionError(msg)
        return cast("T", self._open(self._data))

    def __getstate__(self) -> dict[str, Any]:
        request = requests.PreparedRequest()
        request.method = self.request.method if self.request is not None else None
        request.url = self.request.url if self.request is not None else None
        request.headers = Headers()
        return {
            "_content": self.content,
            "_data": self._data,
            "status_code": self.status_code,
            "reason": self.reason,
            "url": self.url,
            "headers": self.headers,
            "encoding": self.encoding,
            "elapsed": self.elapsed,
            "request": request,
            "request_id": self.request_id,
            "verified": self.verified,
            "pending": self.pending,
            "label": self.label,
        }

    def redacted(self) -> Response[T]:
        """
        Return a copy without values, for pickled errors.

        The copy keeps status, reason, label, request id and flags.  Its URL is
        the host and the path template.  Body, headers, ``data`` and the members
        of the request are empty.
        """
        copy: Response[T] = type(self).__new__(type(self))
        Response.__init__(copy)
        copy.status_code = self.status_code
        copy.reason = self.reason
        copy.elapsed = self.elapsed
        copy.request_id = self.request_id
        copy.verified = self.verified
        copy.pending = self.pending
        copy.label = self.label
        copy.url = f"{urlsplit(self.url or '').netloc.rpartition('@')[2]}/{self.label}"
        copy.request = requests.PreparedRequest()
        copy.request.method = self.request.method if self.request is not None else None
        copy.request.url = copy.url
        copy.request.headers = Headers()
        copy.set_content(b"")
        return copy

    def __setstate__(self, state: dict[str, Any]) -> None:
        Response.__init__(self)
        self.__dict__.update(state)
        self._content_consumed = True
