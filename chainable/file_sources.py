"""
Files to upload, as callers have them: paths, bytes, open files, and the uploaded files of web frameworks.

The uploaded files of Werkzeug (Flask), Django and Starlette (FastAPI) have the name and the media type that the browser sent.
"""

from __future__ import annotations

import inspect
import io
import os
import re
from pathlib import Path
from typing import Any, Protocol

from attrs import field, frozen

from chainable.errors import CodecError
from chainable.i18n import Words
from chainable.masking import fields_repr

__all__ = ["FileSource", "UploadedFile", "is_open_file", "read_source"]

_MEDIA_TYPE = r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+"
_LONGEST_PATH = 4096
_NO_PATH = re.compile(r"(?i)data:|https?://|[A-Za-z0-9+/=\r\n]{256,}\Z")
_ANY_TYPE = "application/octet-stream"


class UploadedFile(Protocol):
    """The uploaded file of a web framework: of Werkzeug (Flask), or of Starlette (FastAPI)."""

    @property
    def filename(self) -> str | None:
        """The name that the browser sent."""


@fields_repr
@frozen(repr=False, slots=False)  # as chainable.call.Call
class FileSource:
    """
    A file that was read.

    Attributes:
        name: The name that it came with; None without one.
        content: Its bytes.
        media_type: The media type that it came with; None without one.
        at_end: Whether it is empty because it was read before.
    """

    name: str | None
    content: bytes = field(repr=False)
    media_type: str | None = None
    at_end: bool = False

    def check_filled(self, where: str) -> None:
        """Raise CodecError if there are no bytes; *where* names the file."""
        if not self.content:
            reason = Words("no operation takes an empty file", "接口不接受空文件")
            if self.at_end:
                reason = Words(
                    "it is at its end, as it was read before; call seek(0) first",
                    "文件已读到末尾，请先调用 seek(0)",
                )
            msg = Words(f"{where} has no bytes: {reason}", f"{where} 没有内容：{reason.zh}")
            raise CodecError(msg)


def is_open_file(source: object) -> bool:
    """Return whether a value is read like a file: an open one, or the uploaded file of a framework."""
    return hasattr(source, "read") or (hasattr(source, "file") and hasattr(source, "filename")) or _is_held(source)


def _is_held(source: Any) -> bool:
    """Return whether an uploaded file holds its bytes as ``body``, as those of Sanic and Tornado."""
    body = getattr(source, "body", None)
    return isinstance(body, bytes) and _name(source) is not None


def read_source(source: Any, where: str, most: int = -1) -> FileSource:
    """
    Read a file to upload.

    An open file is read from its position, stays open and goes back there, if it can seek.

    Args:
        source: A path, bytes, or what :func:`is_open_file` accepts: an open file, or an uploaded file of Flask,
            Django, FastAPI, Starlette or Werkzeug.
        where: Its place, for messages.
        most: Bytes to read at most; -1 for all.

    Raises:
        CodecError: Its path cannot be read, or it is closed.
        TypeError: It is open as text, or its ``read()`` is async.
    """
    if isinstance(source, str) and (len(source) > _LONGEST_PATH or _NO_PATH.match(source)):
        raise _no_path(where)
    if isinstance(source, str | os.PathLike):
        return _of_path(source, where, most)
    if isinstance(source, bytes | bytearray | memoryview):
        return FileSource(None, bytes(source))
    return _of_file(source, where, most)


def _no_path(where: str) -> CodecError:
    """Return the error for a text that holds a file or leads to one; it is not quoted, as the file may be a person's."""
    return CodecError(
        Words(
            f"{where}: this text is not a path; for base64 pass ('name', base64.b64decode(text)), "
            "for a URL fetch the file first",
            f"{where}：该文本不是路径；base64 请传 ('文件名', base64.b64decode(text))，网址请先自行下载",
        )
    )


def _of_path(source: str | os.PathLike[str], where: str, most: int) -> FileSource:
    path = Path(source)
    try:
        with path.open("rb") as file:
            return FileSource(path.name, file.read(most))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable path"
        msg = Words(f"{where}: {path.name!r} cannot be read ({reason})", f"{where}：{path.name!r} 无法读取（{reason}）")
        raise CodecError(msg) from None


def _of_file(source: Any, where: str, most: int) -> FileSource:
    if not hasattr(source, "read") and not hasattr(source, "file"):
        return FileSource(_name(source), source.body if most < 0 else source.body[:most], _media_type(source))
    file = _synchronous(source, where)
    if getattr(file, "closed", False) is True:
        msg = Words(
            f"{where}: the file is closed: read it before the request that brought it ends",
            f"{where}：文件已关闭，请在带来它的请求结束之前读取",
        )
        raise CodecError(msg)
    seekable = getattr(file, "seekable", None)
    start = file.tell() if seekable is not None and seekable() else None
    content = b""
    while most < 0 or len(content) < most:
        piece: object = file.read(most - len(content)) if most >= 0 else file.read()
        if inspect.iscoroutine(piece):
            piece.close()
            raise _asynchronous(where)
        if not isinstance(piece, bytes):
            msg = Words(
                f"{where}: the file is open as text; open it with 'rb'", f"{where}：文件以文本方式打开，请用 'rb' 打开"
            )
            raise TypeError(msg)
        content += piece
        if not piece or most < 0 or not isinstance(file, io.RawIOBase):  # a raw file may return less than requested
            break
    if start is not None:
        file.seek(start)
    return FileSource(_name(source), content, _media_type(source), at_end=bool(start) and not content)


def _synchronous(source: Any, where: str) -> Any:
    """Return the file itself, or the one inside an uploaded file whose ``read`` is a coroutine, as FastAPI's."""
    for file in (source, getattr(source, "file", None)):
        read = getattr(file, "read", None)
        if read is not None and not inspect.iscoroutinefunction(read):
            return file
    raise _asynchronous(where)


def _asynchronous(where: str) -> TypeError:
    return TypeError(
        Words(
            f"{where}: the read() of this file is async: pass ('name', await file.read())",
            f"{where}：该文件的 read() 是异步的，请传 ('name', await file.read())",
        )
    )


def _name(source: Any) -> str | None:
    """Return the last part of a file's name; None if it has none, or a number, as files opened by descriptor have."""
    # Werkzeug's uploads have the form field's name as ``name``; gzip's ``filename`` is deprecated.
    # Bottle's ``filename`` drops all but ASCII: ``门头.jpg`` is ``jpg``.
    uploaded = not isinstance(source, io.IOBase)
    names = ("raw_filename", "filename", "name") if uploaded else ("name",)
    name = getattr(source, next((each for each in names if hasattr(source, each)), "name"), None)
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    return re.split(r"[\\/]", name)[-1] or None if isinstance(name, str) else None


def _media_type(source: Any) -> str | None:
    """Return the media type that the browser sent, without parameters; None if it says nothing."""
    given = getattr(source, "content_type", getattr(source, "type", None))
    found = given.partition(";")[0].strip().lower() if isinstance(given, str) else ""
    return found if re.fullmatch(_MEDIA_TYPE, found) and found != _ANY_TYPE else None
