"""The content of a key source: a path, a URL, text or bytes."""

from __future__ import annotations

import base64
import binascii
import os
import re
from pathlib import Path
from typing import NamedTuple, NoReturn
from urllib.parse import unquote, urlsplit

from chainable.errors import ConfigurationError
from chainable.masking import Secret

__all__ = ["Content", "KeySource", "decode_base64", "read_source", "refuse_source"]

KeySource = str | bytes | bytearray | os.PathLike[str] | Secret[str] | Secret[bytes]
"""Path, ``file://`` URL, PEM text, DER bytes or one-line base64; any of the texts and bytes in a ``Secret``."""

_LARGEST = 1 << 20
_BASE64 = re.compile(r"M[A-Za-z0-9+/\s]{80,}={0,2}\s*")
_FILE_NAME = re.compile(r"[^\x00-\x1f]{1,250}\.[A-Za-z0-9]{1,5}")


class Content(NamedTuple):
    """The content of a key source, and for errors its origin: ``': apiclient_key.pem'`` for a file, else empty."""

    data: bytes
    origin: str


def read_source(source: KeySource, name: str) -> Content:
    r"""
    Read a key source.

    A text with ``-----BEGIN`` is PEM (``\n`` may be escaped, as in environment variables), a long text of
    base64 is DER, every other text is a path.

    Raises:
        ConfigurationError: The file is missing, unreadable, empty or too large.
        TypeError: *source* has another type.
    """
    if isinstance(source, Secret):
        return read_source(source.reveal(), name)
    if isinstance(source, os.PathLike):
        return _read_file(Path(source), name, f": {os.fspath(source)}")
    if isinstance(source, str):
        if "-----BEGIN" in source:
            return Content(source.encode("utf-8", "replace"), "")
        if _BASE64.fullmatch(source):
            return Content(source.encode(), "")
        if source.startswith("file:"):
            return _read_file(_url_path(source, name), name, f": {source}")
        shown = f": {source}" if _FILE_NAME.fullmatch(source) else ""
        return _read_file(Path(source), name, shown)
    if isinstance(source, bytes | bytearray):
        return _checked(bytes(source), name, "")
    msg = (
        f"{name}: a path, a file:// URL, PEM text, DER bytes or one-line base64 was expected, "
        f"not {type(source).__name__}"
    )
    raise TypeError(msg)


def refuse_source(reason: str, setting: str, text: str, origin: str = "", **values: str | int) -> NoReturn:
    """Raise the error of a setting; *origin* names its file, see :class:`Content`."""
    msg = f"{setting}: {text}{origin}"
    raise ConfigurationError(msg, reason=reason, setting=setting, file=origin[2:], **values) from None


def decode_base64(data: bytes) -> bytes | None:
    """Return the bytes of base64 text, white space ignored; None if it is not base64."""
    try:
        return base64.b64decode(b"".join(data.split()), validate=True)
    except binascii.Error:
        return None


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


def _read_file(path: Path, name: str, shown: str) -> Content:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        if shown:
            refuse_source("file_missing", name, "there is no such file", shown)
        refuse_source(
            "not_a_path", name, "there is no such file (the text is neither an existing path nor PEM nor base64)"
        )
    except IsADirectoryError:
        refuse_source("is_directory", name, "this is a directory; a file was expected", shown)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable path"
        refuse_source("file_unreadable", name, f"the file cannot be read ({reason})", shown, error=reason)
    return _checked(data, name, shown)


def _checked(data: bytes, name: str, shown: str) -> Content:
    if len(data) > _LARGEST:
        refuse_source("too_large", name, "larger than any key or certificate (1 MiB)", shown)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", "replace").encode()
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        if shown:
            refuse_source("file_empty", name, "the file is empty", shown)
        refuse_source("value_empty", name, "the value is empty")
    return Content(data, shown)
