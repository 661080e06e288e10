"""
Keep secrets out of reprs, frames, pickles and error messages.

Error reporters print the locals of every frame in a traceback.  A secret
is therefore kept in a :class:`Secret` and is revealed only inside the expression
that uses it; keyword arguments of users are kept in a :class:`MaskedDict`.
"""

from __future__ import annotations

import re
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, TypeVar, cast

import attrs

from chainable.errors import ChainableError
from chainable.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

__all__ = ["HIDDEN", "MaskedDict", "MaskedText", "MaskedTuple", "MaskedURL", "Secret", "brief", "outline", "shown_name", "unframed",
           "without_frames", "without_frames_of", "without_keys"]  # fmt: skip

HIDDEN = "…"

P = ParamSpec("P")
T = TypeVar("T")
V = TypeVar("V")
R = TypeVar("R")


class Secret(Generic[T]):
    """
    A secret that does not appear in any repr, str, format, pickle or frame.

    ``reveal()`` returns the value.  Call it inside the expression that needs the
    value, and do not assign the result: error reporters print local variables.
    Two secrets are equal if their values are; str and bytes are compared in
    constant time.

    Args:
        value: Usually a str or bytes; any other object is kept unchanged.

    Attributes:
        reveal: Returns the plain value.

    .. versionadded:: 0.1.0
    """

    __slots__ = ("reveal",)

    def __init__(self, value: T) -> None:
        # In a closure, so that a reporter that walks through attributes does not find it.
        self.reveal: Callable[[], T] = lambda: value

    @classmethod
    def of(cls, value: T | Secret[T]) -> Secret[T]:
        """Return the value as a secret; a secret is returned unchanged."""
        return value if isinstance(value, Secret) else cls(value)

    def __bool__(self) -> bool:
        return bool(self.reveal())

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return _same(self.reveal(), other.reveal()) if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash((Secret, self.reveal()))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            Words(
                "a Secret cannot be pickled: transmit the value by a safe way, and make the Secret there",
                "Secret 不能 pickle：请用安全的方式传递原值，在使用处再生成 Secret",
            )
        )


def _same(one: object, other: object) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, str):
        return _same(one.encode("utf-8", "surrogatepass"), cast("str", other).encode("utf-8", "surrogatepass"))
    if isinstance(one, bytes):
        from secrets import compare_digest  # imported lazily to keep the import fast

        return compare_digest(one, cast("bytes", other))
    return one == other


class _Masked:
    """A container or text whose repr is masked."""

    __slots__ = ()

    def __sentry_repr__(self) -> str:
        """Return the repr for Sentry, which would otherwise serialise the items of a container."""
        return repr(self)


class MaskedDict(_Masked, dict[str, V]):
    """A dict whose repr shows names, not values."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{name!r}: {HIDDEN}' for name in self)}}}"


class MaskedTuple(_Masked, tuple[V, ...]):
    """A tuple whose repr shows the number of its values only."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"({', '.join(HIDDEN for _ in self)})"


class MaskedText(_Masked, str):
    """A str with a masked repr, for secrets that other code accepts as str only."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(HIDDEN)


class MaskedURL(_Masked, str):
    """A URL whose repr shows scheme and host only."""

    __slots__ = ()

    def __repr__(self) -> str:
        scheme, mark, rest = self.partition("://")
        host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
        return repr(f"{scheme}{mark}{host}/{HIDDEN}" if mark else HIDDEN)


E = TypeVar("E", bound=BaseException)


def unframed(error: E) -> E:
    """Remove the frames of an error and of its causes, whose locals may hold secrets, and return it."""
    seen: BaseException | None = error
    while seen is not None:
        seen.__traceback__ = None
        if seen.__suppress_context__:
            seen.__context__ = None
        seen = seen.__cause__ or seen.__context__
    return error


def without_frames_of(*kinds: type[Exception]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """
    Build a decorator for functions that handle secrets: it removes the frames of these errors.

    Use it for errors whose message names the cause.  Other errors keep their
    frames, because finding their cause needs them.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except kinds as error:
                failure = unframed(error)
            except BaseException:
                args, kwargs = MaskedTuple(args), MaskedDict(kwargs)  # type: ignore[assignment]  # the same values
                raise
            del args, kwargs
            raise failure

        return called

    return decorate


without_frames = without_frames_of(ChainableError, TypeError, ValueError)
"""Decorate a function that takes plain secrets: its own errors are raised without the frames below it."""


# Patterns are compiled at their first use: an import takes no longer for what only errors need.
_PEM = r"-----BEGIN ([A-Z0-9 ]{1,40})-----"
_NAME = (
    r"(?=[A-Za-z][A-Za-z0-9_]{0,23}\Z)(?!(?:[^0-9]*[0-9]){3})"  # two digits at most: a name, hardly a password
    r"(?:[A-Z0-9_]+|[a-z0-9_]+|[A-Za-z][a-z0-9]+(?:[A-Z]{1,3}[a-z0-9]*){0,4})"  # baseURL, mchAPIv3Key
)
_LONG = 16  # characters; account numbers are shorter
_KEY = r"(?<![A-Za-z0-9])(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{20,}={0,2}(?![A-Za-z0-9])"


def outline(text: str) -> str:
    """Describe a text that may be a secret by its length and form, without its characters."""
    block = re.search(_PEM, text)
    if block:
        return f"a PEM block of the type {block[1]}"
    size = f"{len(text)} character{'' if len(text) == 1 else 's'}"
    return f"{size}, which looks like a key or secret" if re.fullmatch(_KEY, text.strip()) else size


def brief(text: str) -> Words:
    """Quote the first two characters of a text that may be a secret, and add its length."""
    if len(text) <= 4:
        return Words(repr(text), repr(text))
    start = repr(text[:2] + HIDDEN)
    return Words(f"{start} ({outline(text)})", f"{start}（{len(text)} 个字符）")


def shown(value: object) -> Words:
    """Format a wrong value for an error: a number as its repr, a str with :func:`brief`, other values as their type."""
    if isinstance(value, str):
        return brief(value)
    if isinstance(value, int | float | None):
        return Words(repr(value), repr(value))
    return Words(f"a {type(value).__name__}", type(value).__name__)


def shown_number(text: str) -> str:
    """Format an account number; a long text that is not a number may be a key and is shortened."""
    return brief(text) if len(text) >= _LONG and not text.isdecimal() else text


def looks_like_key(text: str) -> bool:
    """Return True for PEM, and for a text of 20 or more letters and digits."""
    return bool(re.search(_PEM, text) or re.fullmatch(_KEY, text.strip()))


def shown_name(name: str) -> str:
    """Quote the name of a setting; a text that is not a valid name may be a secret and is shortened."""
    return repr(name) if re.fullmatch(_NAME, name) else brief(name)


def without_keys(text: str) -> str:
    """Shorten the parts of a text that look like keys or secrets: 20 or more letters and digits in a row."""
    return re.sub(_KEY, lambda found: found[0][:2] + HIDDEN, text)


def guarded(cls: type[T]) -> type[T]:
    """Decorate a class whose ``__init__`` takes secrets: its own errors are raised without the frames below it."""
    cls.__init__ = without_frames(cls.__init__)  # type: ignore[method-assign]  # the purpose of the decorator
    return cls


def fields_repr(cls: type[T]) -> type[T]:
    """
    Decorate an attrs class made with ``repr=False``: its repr is the one of attrs, and safe as :func:`safe_repr` makes it.

    attrs would compile a function for each class, which takes a quarter of the time to make the class.
    """

    def represented(self: object) -> str:
        shown = [f"{each.name}={getattr(self, each.name)!r}" for each in attrs.fields(cast("Any", cls)) if each.repr]
        return f"{type(self).__name__}({', '.join(shown)})"

    cls.__repr__ = represented  # type: ignore[method-assign]  # the purpose of the decorator
    return safe_repr(cls)


def safe_repr(cls: type[T]) -> type[T]:
    """Decorate a class so that the repr of an object works after its ``__init__`` raised, as tracebacks show it."""
    original: Any = cls.__repr__

    @wraps(original)
    def represented(self: object) -> str:
        try:
            return str(original(self))
        except (AttributeError, IndexError, RecursionError):
            return f"<{type(self).__name__}, incomplete>"

    cls.__repr__ = represented  # type: ignore[method-assign]  # the purpose of the decorator
    return cls
