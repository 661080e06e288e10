"""What the classes of the chain's positions are made of; read by type checkers only."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, Literal, ParamSpec, TypedDict, TypeVar, overload

from typing_extensions import Self, Unpack

from chainable.chain import Chain
from chainable.masking import Secret
from chainable.promise import Promise
from taobao_top.response import TopResponse

D = TypeVar("D")
L_co = TypeVar("L_co", covariant=True)
M = TypeVar("M")
P = ParamSpec("P")
R = TypeVar("R")

class UntimedOptions(TypedDict, total=False):
    """What the calls of methods can be told that have a parameter called timeout."""

    session: str | Secret[str] | Callable[[], str] | None
    target_app_key: str | int | None
    simplify: bool | None
    format: Literal["json", "xml", "json2", "xml2"] | None
    headers: Mapping[str, str | None] | None
    stream: bool
    retries: int | None
    repeatable: bool | None
    decode: bool | str | Collection[str] | None
    unknown: bool | None

class Options(UntimedOptions, total=False):
    """What every call can be told."""

    timeout: float | tuple[float, float] | None

class Node(Chain[Any]):
    """A part of a method's name."""

    def __getitem__(self, name: str, /) -> OpenNode: ...
    def chain(self, name: str, /) -> OpenNode: ...

class OpenNode(Node):
    """A part of a name the catalogue does not know: every step is possible, and so is the call."""

    def __getattr__(self, name: str) -> OpenNode: ...
    def __call__(self, params: Mapping[str, Any] | bytes | None = ..., /, **options: Any) -> TopResponse[Any]: ...
    def post_async(
        self, params: Mapping[str, Any] | bytes | None = ..., /, **options: Any
    ) -> Promise[TopResponse[Any]]: ...
    postAsync = post_async

class Later(Generic[P, M, R]):
    """A call that gives a promise."""

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Promise[R]: ...
    @overload
    def __call__(self, params: M, /, **options: Unpack[Options]) -> Promise[R]: ...

class Method(Node, Generic[M, D]):
    """A method: parameters by name or in a mapping go in, the answer comes out."""

    def __call__(self, *args: Any, **kwargs: Any) -> TopResponse[D]: ...
    @property
    def post(self) -> Self: ...
    @property
    def post_async(self: Callable[P, R]) -> Later[P, M, R]: ...
    @property
    def postAsync(self: Callable[P, R]) -> Later[P, M, R]: ...

class _QueuedCall:
    def __get__(self, node: Queued[M, Callable[P, R]], owner: object, /) -> Later[P, M, R]: ...

class Queued(Generic[M, L_co]):
    """A method whose calls give promises."""

    __call__: _QueuedCall
