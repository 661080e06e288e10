"""What the classes of the chain's positions are made of; read by type checkers only."""

import os
from collections.abc import Mapping
from typing import Any, TypedDict

from chainable.chain import Chain
from chainable.promise import Promise
from chainable.response import Response

class Options(TypedDict, total=False):
    """What every call can be told."""

    headers: Mapping[str, str | None] | None
    timeout: float | tuple[float, float] | None
    base_url: str | None
    retries: int | None
    security: bool
    verify: bool | str | os.PathLike[str] | None

class FileOptions(Options, total=False):
    """What the call of an answer can be told that is read in pieces."""

    stream: bool

class Node(Chain[Any]):
    """A position in the tree of paths; it has the verbs the platform has there."""

    def __getitem__(self, path: str, /) -> OpenNode: ...
    def chain(self, path: str, /) -> OpenNode: ...

class OpenNode(Node):
    """A position the catalogue does not know: every step and verb is possible."""

    def __getattr__(self, name: str) -> OpenNode: ...
    def __call__(self, **options: Any) -> Response[Any]: ...
    def get(self, **options: Any) -> Response[Any]: ...
    def get_async(self, **options: Any) -> Promise[Response[Any]]: ...
    getAsync = get_async
    def post(self, **options: Any) -> Response[Any]: ...
    def post_async(self, **options: Any) -> Promise[Response[Any]]: ...
    postAsync = post_async
    def put(self, **options: Any) -> Response[Any]: ...
    def put_async(self, **options: Any) -> Promise[Response[Any]]: ...
    putAsync = put_async
    def patch(self, **options: Any) -> Response[Any]: ...
    def patch_async(self, **options: Any) -> Promise[Response[Any]]: ...
    patchAsync = patch_async
    def delete(self, **options: Any) -> Response[Any]: ...
    def delete_async(self, **options: Any) -> Promise[Response[Any]]: ...
    deleteAsync = delete_async
