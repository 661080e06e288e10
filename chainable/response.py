"""The answer: a requests.Response with the decoded body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast
from urllib.parse import urlsplit

import requests
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar
from requests.structures import CaseInsensitiveDict

from chainable.errors import DecryptionError
from chainable.masking import safe_repr

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from chainable.connections import AttemptState

__all__ = ["Response"]

T = TypeVar("T")


@safe_repr
class Response(requests.Response, Generic[T]):
    """
    What the platform answered.

    Attributes:
        request_id: The platform's own id of this answer, for its support.
        verified: The platform's signature was checked and is right.
        label: The path that was called, without values.
        pending: Taken, but neither failed nor done: ask for the state later.
        attempt_state: The transport's own: the attempt on which a streamed body is read.
    """

    def __init__(self) -> None:
        # As requests.Response makes it, but for the cookie jar and its lock, which nobody here asks for.
        self._content = False
        self._content_consumed = False
        self._next = None
        self.status_code = None  # type: ignore[assignment]  # requests declares int and starts with None, too
        self.headers = CaseInsensitiveDict()
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
        self.attempt_state: AttemptState | None = None

    @property
    def cookies(self) -> RequestsCookieJar:  # type: ignore[override]  # made only when somebody looks
        """The cookies this answer sets."""
        jar = RequestsCookieJar()
        if self.raw is not None:
            extract_cookies_to_jar(jar, self.request, self.raw)
        return jar

    @property
    def data(self) -> T:
        """The body, decoded once: dict or list, text or bytes for a file, None if there is none."""
        return cast("T", self._data)

    def set_content(self, content: bytes) -> None:
        """
        Set the body, as it is after HTTP's content decoding.

        .. versionadded:: 0.1.0
        """
        self._content = content
        self._content_consumed = True

    def take(self, data: T, opener: Callable[[T], T] | None = None) -> Self:
        """
        Take over the decoded body: what a gateway does once an answer is checked.

        Args:
            data: What ``data`` gives from now on.
            opener: Gives a copy with the encrypted fields opened.
        """
        self._data = data
        self._open = opener
        return self

    def decrypted(self) -> T:
        """
        Give ``data`` with its encrypted fields opened; ``data`` itself stays as it came.

        Raises:
            DecryptionError: A field does not open with this client's key, or
                the response was pickled, which leaves the key behind.
        """
        if self._open is None:
            msg = "this response has no key at hand (it was pickled, or came from no client): decrypt before pickling"
            raise DecryptionError(msg)
        return cast("T", self._open(self._data))

    def __getstate__(self) -> dict[str, Any]:
        request = requests.PreparedRequest()
        request.method = self.request.method if self.request is not None else None
        request.url = self.request.url if self.request is not None else None
        request.headers = CaseInsensitiveDict()
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

    def without_values(self) -> Response[T]:
        """
        Return a copy for errors to be pickled with: what happened, and none of the values.

        Status, reason, label, request id and flags stay. The URL names host
        and path template; body, headers, ``data`` and the request's own
        members are empty.
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
        copy.request.headers = CaseInsensitiveDict()
        copy.set_content(b"")
        return copy

    def __setstate__(self, state: dict[str, Any]) -> None:
        Response.__init__(self)
        self.__dict__.update(state)
        self._content_consumed = True
