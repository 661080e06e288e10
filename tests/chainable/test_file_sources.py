"""Files to upload, from every place where callers have them."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from starlette.datastructures import Headers
from starlette.datastructures import UploadFile as StarletteFile
from werkzeug.datastructures import FileStorage

from chainable.errors import CodecError
from chainable.file_sources import FileSource, is_open_file, read_source

JPEG = b"\xff\xd8\xff\xe0" + bytes(99)


def flask(name="门头照.jpg", content=JPEG, kind="image/jpeg"):
    return FileStorage(io.BytesIO(content), filename=name, name="img", content_type=kind)


def fastapi(name="门头照.jpg", content=JPEG, kind="image/jpeg"):
    from fastapi import UploadFile

    return UploadFile(io.BytesIO(content), filename=name, headers=Headers({"content-type": kind} if kind else {}))


def starlette(name="门头照.jpg", content=JPEG, kind="image/jpeg"):
    return StarletteFile(io.BytesIO(content), filename=name, headers=Headers({"content-type": kind} if kind else {}))


def django(name="门头照.jpg", content=JPEG, kind="image/jpeg"):
    from django.core.files.uploadedfile import InMemoryUploadedFile

    return InMemoryUploadedFile(io.BytesIO(content), "img", name, kind, len(content), None)


def django_on_disk(name="门头照.jpg", content=JPEG, kind="image/jpeg"):
    from django.conf import settings
    from django.core.files.uploadedfile import TemporaryUploadedFile

    if not settings.configured:
        settings.configure()
    made = TemporaryUploadedFile(name, kind, len(content), None)
    made.write(content)
    made.seek(0)
    ON_DISK.append(made)
    return made


def aiohttp(name="门头照.jpg", content=JPEG, kind="image/jpeg"):
    """Its uploads have the file inside and no read of their own: docs.aiohttp.org, FileField."""
    return SimpleNamespace(name="img", filename=name, file=io.BytesIO(content), content_type=kind)


ON_DISK: list = []


@pytest.fixture(autouse=True)
def _closed():
    """Close the temporary files, about which Python 3.14 warns."""
    yield
    while ON_DISK:
        ON_DISK.pop().close()


FRAMEWORKS = [flask, fastapi, starlette, django, django_on_disk, aiohttp]


@pytest.mark.parametrize("made", FRAMEWORKS)
class TestFrameworks:
    def test_name_and_type_are_those_of_the_upload(self, made):
        file = made()

        assert is_open_file(file)
        assert read_source(file, "img") == FileSource("门头照.jpg", JPEG, "image/jpeg")
        read_source(file, "img").check_filled("img")
        assert read_source(file, "img").content == JPEG  # it went back to its beginning

    @pytest.mark.parametrize("kind", ["application/octet-stream", "", "image", "image/jpeg<x>", "é/è"])
    def test_other_types_say_nothing(self, made, kind):
        assert read_source(made(kind=kind), "img").media_type is None

    def test_parameters_of_a_type_are_left_out(self, made):
        assert read_source(made(kind="Text/Plain; charset=utf-8"), "img").media_type == "text/plain"

    def test_no_more_is_read_than_asked_for(self, made):
        assert read_source(made(), "img", 8).content == JPEG[:8]

    def test_an_upload_that_was_read_is_at_its_end(self, made):
        file = made()
        getattr(file, "file", file).read()

        found = read_source(file, "img")

        assert found.at_end
        with pytest.raises(CodecError, match=r"img has no bytes: it is at its end, .* seek\(0\)"):
            found.check_filled("img")

    def test_an_empty_upload_is_empty(self, made):
        found = read_source(made(content=b""), "img")

        assert not found.at_end
        with pytest.raises(CodecError, match="no operation takes an empty file"):
            found.check_filled("img")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("C:\\fakepath\\a.jpg", "a.jpg"), ("../../a.jpg", "a.jpg"), ("a.jpg", "a.jpg"), ("a/", None), ("", None)],
)
@pytest.mark.parametrize("made", [flask, starlette, aiohttp])
def test_the_last_part_of_a_name_counts(made, name, expected):
    """Some browsers send a whole path; a form without a chosen file has no name."""
    assert read_source(made(name=name), "img").name == expected


class TestOpenFiles:
    def test_the_name_is_the_last_part_of_the_path(self, tmp_path):
        path = tmp_path / "图.png"
        path.write_bytes(JPEG)
        for opened in (path.open("rb"), path.open("rb", buffering=0), open(os.fsencode(path), "rb")):  # noqa: SIM115
            with opened as file:
                assert read_source(file, "img") == FileSource("图.png", JPEG)

    def test_paths_and_bytes(self, tmp_path):
        (tmp_path / "a.png").write_bytes(JPEG)

        for path in (tmp_path / "a.png", str(tmp_path / "a.png")):
            assert read_source(path, "img") == FileSource("a.png", JPEG)
        for octets in (JPEG, bytearray(JPEG), memoryview(JPEG)):
            assert read_source(octets, "img") == FileSource(None, JPEG)

    @pytest.mark.parametrize("kind", [tempfile.SpooledTemporaryFile, tempfile.TemporaryFile])
    def test_temporary_files_have_no_name(self, kind):
        with kind() as file:
            file.write(JPEG)
            file.seek(0)
            assert read_source(file, "img") == FileSource(None, JPEG)

    def test_a_compressed_file_is_read_as_it_unpacks(self, tmp_path):
        (tmp_path / "a.jpg").write_bytes(gzip.compress(JPEG))
        with gzip.open(tmp_path / "a.jpg") as file:
            assert read_source(file, "img") == FileSource("a.jpg", JPEG)

    def test_a_raw_file_is_read_whole(self):
        """It may return less than requested."""

        class Slow(io.RawIOBase):
            def __init__(self):
                self.rest = io.BytesIO(JPEG)

            def read(self, size=-1):
                return self.rest.read(7)

        assert read_source(Slow(), "img", 50).content == JPEG[:50] + JPEG[50:56]
        assert read_source(Slow(), "img", 1000).content == JPEG

    def test_text_is_refused(self):
        with pytest.raises(TypeError, match="img: the file is open as text"):
            read_source(io.StringIO("x"), "img")

    @pytest.mark.parametrize("path", ["missing.png", ".", "a\0b"])
    def test_unreadable_paths_are_refused(self, tmp_path, monkeypatch, path):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(CodecError, match="img: .* cannot be read"):
            read_source(path, "img")

    @pytest.mark.parametrize(
        "value", [b"x", "a.jpg", 1, None, object(), SimpleNamespace(file=1), SimpleNamespace(filename="a")]
    )
    def test_other_values_are_no_open_files(self, value):
        assert not is_open_file(value)


class TestAsync:
    """A coroutine cannot be read here; the message says what to pass."""

    class Async:
        async def read(self, size=-1):
            return JPEG

    class Returns:
        """Not a coroutine function, but returns a coroutine: anyio's and aiofiles' wrappers."""

        def read(self, *size):
            return TestAsync.Async().read()

    @pytest.mark.parametrize("made", [Async, Returns])
    @pytest.mark.parametrize("most", [-1, 10])
    def test_an_async_file_is_named(self, made, most):
        with pytest.raises(
            TypeError, match=r"img: the read\(\) of this file is async: pass \('name', await file\.read\(\)\)"
        ):
            read_source(made(), "img", most)


def test_a_closed_file_is_named():
    file = io.BytesIO(b"x")
    file.close()

    with pytest.raises(CodecError, match="img: the file is closed: read it before the request"):
        read_source(file, "img")


class TestFilesThatHoldTheirBytes:
    """Of Sanic, a named tuple, and of Tornado, a dict whose names are attributes."""

    class Sanic(NamedTuple):
        type: str
        body: bytes
        name: str

    SANIC = Sanic("image/jpeg", JPEG, "门头照.jpg")

    class Tornado(dict):
        def __getattr__(self, name):
            try:
                return self[name]
            except KeyError:
                raise AttributeError(name) from None

    TORNADO = Tornado(filename="C:\\门头照.jpg", body=JPEG, content_type="image/jpeg")

    @pytest.mark.parametrize("made", [SANIC, TORNADO])
    @pytest.mark.parametrize("most", [-1, 7])
    def test_they_are_read(self, made, most):
        assert is_open_file(made)
        found = read_source(made, "files", most)

        assert (found.name, found.media_type) == ("门头照.jpg", "image/jpeg")
        assert found.content == (JPEG if most < 0 else JPEG[:most])

    @pytest.mark.parametrize(
        "made", [SimpleNamespace(body="text", name="a"), SimpleNamespace(body=b"x"), {"body": b"x"}]
    )
    def test_others_are_not(self, made):
        assert not is_open_file(made)


def test_the_name_of_bottle_is_that_of_the_browser():
    made = SimpleNamespace(
        raw_filename="门头照.jpg", filename="jpg", name="img", file=io.BytesIO(JPEG), type="image/jpeg"
    )

    assert read_source(made, "files") == FileSource("门头照.jpg", JPEG, "image/jpeg")


@pytest.mark.parametrize(
    "text", ["data:image/jpeg;base64,PLANTED", "https://host/PLANTED.jpg", "PLANTED/" * 40, "/PLANTED" * 1000]
)
def test_a_text_that_is_no_path_is_not_quoted(text):
    with pytest.raises(CodecError, match="this text is not a path; for base64") as caught:
        read_source(text, "files")

    assert "PLANTED" not in str(caught.value)
