"""Writing a downloaded file: unpacked, compared with its digest, complete or not at all."""

from __future__ import annotations

import errno
import io
import os
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from attrs import frozen
from urllib3.exceptions import DecodeError

from chainable.decoding import decoded
from chainable.errors import SignatureError
from chainable.i18n import Words
from chainable.masking import safe_repr
from wechatpay.files.digests import new_digest
from wechatpay.files.streams import damaged

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import requests

    from wechatpay.files.digests import Digest
    from wechatpay.files.streams import Bound

__all__ = ["DigestCheck", "ExpectedDigest", "Target", "check_target", "is_seekable", "unpacked", "write"]

_GZIP = b"\x1f\x8b"

Target = str | os.PathLike[str] | IO[bytes]


@safe_repr
@frozen
class ExpectedDigest:
    """
    The digest that the platform announced for a file.

    Attributes:
        hash_type: The algorithm, as the platform writes it.
        value: The digest, lower-case hex.
        packed: Whether it may be that of the bytes before they are decrypted or unpacked.
    """

    hash_type: str
    value: str
    packed: bool = False


class DigestCheck:
    """The comparison of one file with its digest, while it is read; ``compared`` is whether there is one to compare."""

    def __init__(self, expected: ExpectedDigest | None, response: requests.Response) -> None:
        self.expected = expected
        self._response = response
        self._digests: list[Digest] = []
        self.compared = expected is not None and new_digest(expected.hash_type) is not None

    def packed(self, content: Iterator[memoryview | bytes]) -> Iterator[memoryview | bytes]:
        """Return the content of a layer around the file, whose digest may be the one announced."""
        return self._layer(content) if self.expected is not None and self.expected.packed else content

    def file(self, content: Iterator[memoryview | bytes]) -> Generator[memoryview | bytes]:
        """
        Yield the content of the file itself.

        Raises:
            SignatureError: At the end: the digest is another.
        """
        yield from self._layer(content)
        expected = self.expected
        if self._digests and expected is not None and not self._agrees(expected.value):
            msg = Words(
                f"the file is not the one the platform announced: its {expected.hash_type} is another; it was not saved",
                f"文件与平台公布的不一致：{expected.hash_type} 不同；没有保存",
            )
            raise SignatureError(msg, response=self._response)

    def _agrees(self, value: str) -> bool:
        return value in [digest.hexdigest() for digest in self._digests]

    def _layer(self, content: Iterator[memoryview | bytes]) -> Iterator[memoryview | bytes]:
        digest = None if self.expected is None else new_digest(self.expected.hash_type)
        if digest is None:
            yield from content
            return
        self._digests.append(digest)
        for chunk in content:
            digest.update(chunk)
            yield chunk


def check_target(to: Any) -> Target:
    """
    Return the target of a download.

    Raises:
        TypeError: It is neither a path nor a file open for bytes.
        IsADirectoryError: It is the path of a folder, found before anything is requested.
    """
    if isinstance(to, str | os.PathLike):
        if Path(to).is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(to))
        return to
    if isinstance(to, io.TextIOBase):
        raise TypeError(
            Words(
                "download: the file is open as text; open it with 'wb'", "download：文件以文本方式打开，请用 'wb' 打开"
            )
        )
    if not hasattr(to, "write"):
        msg = Words(
            f"download: to: a path or a file open for writing bytes was expected, not {type(to).__name__}",
            f"download：to 应为路径或以字节方式打开的可写文件，不是 {type(to).__name__}",
        )
        raise TypeError(msg)
    file: IO[bytes] = to
    return file


def write(to: Target, content: Iterator[memoryview | bytes]) -> int:
    """
    Write a file and return its size in bytes.

    After a failure, also one of *content*, a path holds what it held before, and a seekable file is cut back.
    """
    if not isinstance(to, str | os.PathLike):
        return _into_file(to, content)
    path = Path(to)
    part = path.with_name(f".{path.name[:40]}.{os.urandom(8).hex()}.part")
    try:
        with part.open("xb", buffering=0) as file:
            size = _copied(content, file)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return size


def _into_file(file: IO[bytes], content: Iterator[memoryview | bytes]) -> int:
    start = file.tell() if is_seekable(file) else None
    try:
        return _copied(content, file)
    except BaseException:
        if start is not None:
            file.seek(start)
            file.truncate()
        raise


def is_seekable(target: object) -> bool:
    """Return whether a file can go back to an earlier position."""
    seekable = getattr(target, "seekable", None)
    return seekable is not None and bool(seekable())


def _copied(content: Iterator[memoryview | bytes], file: IO[bytes] | Any) -> int:
    size = 0
    for chunk in content:
        left = memoryview(chunk)
        while left:  # an unbuffered file may take less than it is given
            count = file.write(left)
            if count is None and not isinstance(file, io.RawIOBase):
                break  # a writer that returns None has taken all
            if not count:
                raise OSError(Words("the file to save to takes no more bytes", "目标文件写不进更多字节"))
            left = left[count:]
        size += len(chunk)
    return size


def unpacked(
    response: requests.Response, content: Iterator[memoryview | bytes], bound: Bound
) -> Generator[memoryview | bytes]:
    """
    Yield the content of a gzip file, within the bound, and any other file as it is.

    Raises:
        CodecError: The content is larger than the bound.
        requests.RequestException: The content does not decompress.
    """
    first: memoryview | bytes = b""
    for chunk in content:
        first = bytes(first) + bytes(chunk) if first else chunk
        if len(first) >= len(_GZIP):
            break
    entire = chain((first,), content)
    if bytes(first[:2]) != _GZIP:
        yield from entire
        return
    try:
        yield from bound.limited(decoded(entire, "gzip"))
    except DecodeError as error:
        raise damaged(Words("file", "文件"), error, response.request) from None
