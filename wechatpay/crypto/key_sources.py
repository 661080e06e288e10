"""The content of a key source: a path, a URL, text or bytes."""

from __future__ import annotations

import base64
import binascii
import errno
import os
import re
import warnings
from pathlib import Path
from typing import NamedTuple, NoReturn
from urllib.parse import unquote, urlsplit

from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.masking import Secret

__all__ = [
    "Content",
    "KeySource",
    "decode_base64",
    "file_of",
    "normalise_text",
    "open_base64",
    "read_source",
    "refuse_source",
]

KeySource = str | bytes | bytearray | os.PathLike[str] | Secret[str] | Secret[bytes]
"""
Path, ``file://`` URL, PEM text, DER bytes, or base64 of DER or of a whole PEM file; texts and bytes also in a ``Secret``.
"""

_LARGEST = 1 << 20
_BASE64 = re.compile(rb"(?:M|LS0t)[A-Za-z0-9+/\s_-]{80,}={0,2}\s*")
_SHORTEST_BASE64 = 80  # characters; shorter texts may be paths
_LAYERS = 2  # configuration centres encode a text that was encoded before once more
_DROPPED = " (white space around the path was dropped)"
_ESCAPED = re.compile(rb"\\+r\\+n|\\+[rnt]")
_BLANKS = re.compile(rb"\xc2\xa0|\xe3\x80\x80|\xe2\x80\x8b|\xef\xbb\xbf")
"""UTF-8 of the white space beyond ASCII that web pages and editors add: U+00A0, U+3000, U+200B, U+FEFF."""
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_NOT_A_PATH = "there is no such file (the text is neither an existing path nor PEM nor base64)"
_FILE_NAME = re.compile(r"[^\x00-\x1f]{1,250}\.[A-Za-z0-9]{1,5}")


class Content(NamedTuple):
    """The content of a key source, and for errors its origin: ``': apiclient_key.pem'`` for a file, else empty."""

    data: bytes
    origin: str


def read_source(source: KeySource, name: str) -> Content:
    r"""
    Read a key source.

    A text with ``-----BEGIN`` is PEM, a long text of base64 is DER or PEM, and every other text is a path. Line ends
    of PEM and base64 may be escaped (``\n``, as in environment variables). White space around a path is dropped
    with a warning, and ``~`` at its start is the home folder.

    Raises:
        ConfigurationError: The file is missing, unreadable, empty or too large.
        TypeError: *source* has another type.
    """
    if isinstance(source, Secret):
        return read_source(source.reveal(), name)
    if isinstance(source, os.PathLike):
        return _read_path(os.fspath(source), name, is_path=True)
    if isinstance(source, str):
        data = source.encode("utf-8", "replace")
        return Content(data, "") if _is_content(data) else _read_path(source, name)
    if isinstance(source, bytes | bytearray):
        return _checked(bytes(source), name, "")
    msg = Words(
        f"{name}: a path, a file:// URL, PEM text, DER bytes or base64 of them was expected, "
        f"not {type(source).__name__}",
        f"{name}：应为路径、file:// 地址、PEM 文本、DER 字节或其 base64，不是 {type(source).__name__}",
    )
    raise TypeError(msg)


def refuse_source(reason: str, setting: str, text: str, origin: str = "", **values: str | int) -> NoReturn:
    """Raise the error of a setting; *origin* names its file, see :class:`Content`."""
    msg = f"{setting}: {text}{origin}"
    raise ConfigurationError(msg, reason=reason, setting=setting, file=file_of(origin), **values) from None


def file_of(origin: str) -> str:
    """Return the path of a file from its :attr:`Content.origin`; empty if it may not be shown."""
    return origin[2:].removesuffix(_DROPPED) if origin.startswith(": ") else ""


def normalise_text(data: bytes) -> bytes:
    r"""Replace escaped line ends and tabs (``\n``, ``\\n``) and the white space beyond ASCII in PEM or base64."""
    return _BLANKS.sub(b" ", _ESCAPED.sub(b"\n", data))


def decode_base64(data: bytes) -> bytes | None:
    """Return the bytes of base64 text in the usual or the URL alphabet, white space ignored; None if it is not base64."""
    try:
        return base64.b64decode(b"".join(data.split()).translate(_URL_SAFE), validate=True)
    except binascii.Error:
        return None


def open_base64(data: bytes) -> bytes | None:
    """Return the PEM or DER in base64 text; None for any other text."""
    for _ in range(_LAYERS):
        text = b"".join(normalise_text(data).strip(b" \t\r\n\"'").split())
        decoded = decode_base64(text + b"=" * (-len(text) % 4))  # the URL alphabet usually goes without padding
        if decoded is None or decoded[:1] == b"\x30" or b"-----BEGIN" in decoded:
            return decoded
        data = decoded
    return None


def _is_content(data: bytes) -> bool:
    if b"-----BEGIN" in data:
        return True
    text = normalise_text(data).strip(b" \t\r\n\"'")
    return len(text) >= _SHORTEST_BASE64 and (_BASE64.fullmatch(text) is not None or open_base64(text) is not None)


def _read_path(text: str, name: str, *, is_path: bool = False) -> Content:
    """Read the file of a path or URL; an error shows the text if it *is_path* or has the form of a file name."""
    path = os.path.expanduser(text.strip())  # noqa: PTH111 (a home that is unknown stays as it is)
    if not path:
        refuse_source("value_empty", name, "the value is empty")
    dropped = "" if text == text.strip() else _DROPPED
    if not is_path and path.startswith("file:"):
        content = _read_file(_url_path(path, name), name, f": {path}{dropped}")
    else:
        shown = f": {path}" if is_path or _FILE_NAME.fullmatch(path) else ""
        content = _read_file(Path(path), name, shown + dropped)
    if dropped:
        message = Words(f"{name}: white space around it was dropped", f"{name}：首尾的空白已去掉")
        warnings.warn(message, stacklevel=4)
    return content


def _url_path(url: str, name: str) -> Path:
    try:
        parts = urlsplit(url)
    except ValueError:
        msg = f"{name}: this is not a usable file URL"
        raise ConfigurationError(msg, reason="not_a_file_url", setting=name) from None
    if parts.netloc not in {"", "localhost"}:
        msg = f"{name}: a local file URL has three slashes, file:///path/to/key.pem: {url}"
        raise ConfigurationError(msg, reason="file_url_slashes", setting=name, file=url)
    path = unquote(parts.path)
    if re.match(r"/[A-Za-z]:[/\\]", path):  # file:///C:/keys/apiclient_key.pem
        path = path[1:]
    return Path(path)


def _read_file(path: Path, name: str, origin: str) -> Content:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        if file_of(origin):
            refuse_source("file_missing", name, "there is no such file", origin)
        refuse_source("not_a_path", name, _NOT_A_PATH, origin)
    except IsADirectoryError:
        refuse_source("is_directory", name, "this is a directory; a file was expected", origin)
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) == errno.ENAMETOOLONG and not file_of(origin):
            refuse_source("not_a_path", name, _NOT_A_PATH, origin)
        reason = getattr(error, "strerror", None) or "not a usable path"
        refuse_source("file_unreadable", name, f"the file cannot be read ({reason})", origin, error=reason)
    return _checked(data, name, origin)


def _checked(data: bytes, name: str, origin: str) -> Content:
    if len(data) > _LARGEST:
        refuse_source("too_large", name, "larger than any key or certificate (1 MiB)", origin)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", "replace").encode()
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        if file_of(origin):
            refuse_source("file_empty", name, "the file is empty", origin)
        refuse_source("value_empty", name, "the value is empty", origin)
    return Content(data, origin)
