"""
Uploads: one file, its name and digest, and the text that is signed.

APIv3 signs the ``meta`` part, a JSON object; APIv2 signs the text parts.
The catalogue has the names and the digest of each operation.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012760432
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from chainable.errors import CodecError
from chainable.file_sources import is_open_file, read_source
from chainable.i18n import Words
from chainable.masking import safe_repr
from chainable.multipart import FilePart, encode_multipart
from wechatpay import catalogue
from wechatpay.files.digests import new_digest
from wechatpay.xml import XML

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Form", "Multipart", "form", "multipart"]

_LARGEST = 64 * 1024 * 1024
"""Bytes of a file without a documented limit; no operation takes as much."""
_PARTS = (2, 3)
"""What a tuple may have: name and content, and a media type, as requests takes it."""
_UNKNOWN = catalogue.Upload(meta="meta", filename="filename", digest="sha256")


@safe_repr
@frozen
class Multipart:
    """A multipart body of APIv3, and the text of its ``meta``, which is signed."""

    body: bytes = field(repr=False)
    signed_body: bytes = field(repr=False)
    content_type: str


@safe_repr
@frozen
class Form:
    """
    A multipart body of APIv2: a codec that encodes the signed parameters and the file.

    ``fields`` has name and digest of the file, by the names that the catalogue has for them.
    """

    fields: Mapping[str, str]
    content_type: str
    _boundary: str
    _part: str
    _file: FilePart = field(repr=False)

    def encode(self, value: Mapping[str, str], /) -> bytes:
        """Encode the text parts and the file; raise CodecError for a lone surrogate."""
        return encode_multipart({**value, self._part: self._file}, self._boundary)[0]

    def decode(self, body: bytes, /) -> dict[str, Any]:
        """Decode the response, which is XML."""
        return XML.decode(body)


def multipart(
    operation: catalogue.Operation | None, files: object, fields: object, encode: Callable[[Any], bytes]
) -> Multipart:
    """
    Build the body of an APIv3 upload.

    Args:
        operation: The operation; None for ``filename`` and ``sha256`` in ``meta``.
        files: ``{'file': path | open file | (name, bytes)}``; an open file stays open. The uploaded files of Flask,
            Django, FastAPI, Starlette and Werkzeug have name and media type.
        fields: Further members of meta, or None.
        encode: Encodes meta as JSON; called once.

    Raises:
        TypeError: *files* or *fields* has another form.
        CodecError: The file is empty, too large, of a type the operation does not take, or cannot be read.
    """
    rules = _rules(operation)
    if fields is not None and not isinstance(fields, Mapping):
        msg = Words(
            f"json: an upload's further fields are a mapping, not {type(fields).__name__}",
            f"json：上传文件的其他字段应为字典，不是 {type(fields).__name__}",
        )
        raise TypeError(msg)
    file = _the_file(rules, files)
    members: dict[str, Any] = {**_description(rules, file), **(fields or {})}
    meta = encode(members)
    given = file.name if rules.filename is None else members[rules.filename]
    name = given if isinstance(given, str) else file.name
    _check_type(rules, name)
    meta_part = FilePart("", meta, "application/json")
    body, content_type = encode_multipart({rules.meta or "meta": meta_part, rules.file: file._replace(name=name)})
    return Multipart(body, meta, content_type)


def form(operation: catalogue.Operation | None, files: object) -> Form:
    """Build the body of an APIv2 upload, as :func:`multipart` that of APIv3."""
    rules = _rules(operation)
    file = _the_file(rules, files)
    _check_type(rules, file.name)
    boundary = os.urandom(16).hex()
    content_type = f"multipart/form-data; boundary={boundary}"
    return Form(_description(rules, file), content_type, boundary, rules.file, file)


def _rules(operation: catalogue.Operation | None) -> catalogue.Upload:
    return _UNKNOWN if operation is None or operation.upload is None else operation.upload


def _the_file(rules: catalogue.Upload, files: object) -> FilePart:
    if not isinstance(files, Mapping) or len(files) != 1:
        msg = Words(
            f"files: one file was expected, files={{{rules.file!r}: path, open file or (name, bytes)}}",
            f"files：应为一个文件，files={{{rules.file!r}: 路径、已打开的文件或 (文件名, bytes)}}",
        )
        raise TypeError(msg)
    ((part, source),) = files.items()
    if part != rules.file:
        msg = Words(
            f"files: the file goes under the name {rules.file!r} here, not {part!r}",
            f"files：此处文件的参数名为 {rules.file!r}，不是 {part!r}",
        )
        raise TypeError(msg)
    most = _LARGEST if rules.size is None else rules.size
    file = _named(source, most + 1)
    if len(file.content) > most:
        msg = Words(
            f"{file.name}: larger than the {most} bytes that this operation takes",
            f"{file.name}：超过此接口允许的 {most} 字节",
        )
        raise CodecError(msg)
    return file


def _check_type(rules: catalogue.Upload, name: str) -> None:
    """Refuse the ending of a name that is sent; one without an ending is the platform's to judge."""
    ending = Path(name).suffix.lower().removeprefix(".")
    if ending and rules.types and ending not in rules.types:
        msg = Words(
            f"{name}: this operation takes {', '.join(rules.types)}, not {ending}",
            f"{name}：此接口接受 {', '.join(rules.types)}，不接受 {ending}",
        )
        raise CodecError(msg)


def _named(source: object, most: int) -> FilePart:
    """Read a file that has a name, at most *most* bytes."""
    name: object = None
    content = source
    if isinstance(source, tuple) and len(source) in _PARTS and not is_open_file(source):
        name, content = source[:2]
        if not isinstance(name, str) or not name.strip():
            raise _no_file()
        name = name.strip()
        if not isinstance(content, bytes | bytearray | memoryview) and not is_open_file(content):
            msg = Words(
                f"files: the content of {name!r} is a {type(content).__name__}; "
                "bytes or a file opened with 'rb' was expected",
                f"files：{name!r} 的内容是 {type(content).__name__}，应为 bytes 或用 'rb' 打开的文件",
            )
            raise TypeError(msg)
    elif not isinstance(source, str | os.PathLike) and not is_open_file(source):
        raise _no_file()
    found = read_source(content, "files" if name is None else f"files: {name!r}", most)
    name = found.name if name is None else name
    if not isinstance(name, str):
        raise _no_file()
    found.check_filled(f"files: {name!r}")
    return FilePart(name, found.content, found.media_type)


def _no_file() -> TypeError:
    return TypeError(
        Words(
            "files: a path, a named open file, (name, bytes) or (name, open file) was expected",
            "files：应为路径、带文件名的已打开文件、(文件名, bytes) 或 (文件名, 已打开的文件)",
        )
    )


def _description(rules: catalogue.Upload, file: FilePart) -> dict[str, str]:
    """Return name and digest of the file, by the names that the catalogue has for them."""
    members = {} if rules.filename is None else {rules.filename: file.name}
    digest = new_digest(rules.hash)
    if rules.digest is not None and digest is not None:
        digest.update(file.content)
        members[rules.digest] = digest.hexdigest()
    return {**members, **rules.fixed}
