"""One file, its meta signed as it leaves, nothing sent that cannot be right."""

from __future__ import annotations

import asyncio
import base64
import email.parser
import email.policy
import hashlib
import io
import json
import os
import re
from pathlib import Path

import pytest
import responses
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import Hash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers, UploadFile
from werkzeug.datastructures import FileStorage

from chainable.codecs import JSON
from chainable.errors import APIError, CodecError
from wechatpay import catalogue
from wechatpay.apiv2.signing import verify_parameters
from wechatpay.files.uploads import form, multipart

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) + b"--boundary\r\n--"
IMAGE = catalogue.operation("POST v3/merchant/media/upload")
RULES = catalogue.Upload(file="file", meta="meta", filename="filename", digest="sha256", size=300, types=("png", "jpg"))


class Known:
    upload = RULES


def parts_of(body, content_type):
    """Read a multipart body with the standard library: name to (file name, type, content)."""
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
    )
    return {
        part.get_param("name", header="content-disposition"): (
            part.get_filename(),
            part.get_content_type(),
            part.get_payload(decode=True),
        )
        for part in message.iter_parts()
    }


def upload(files, fields=None, operation=None):
    return multipart(operation, files, fields, JSON.encode)


class TestMultipart:
    def test_meta_is_written_once_and_signed(self):
        """The very bytes of the part are what is signed."""
        made = upload({"file": ("a.png", PICTURE)}, operation=IMAGE)

        parts = parts_of(made.body, made.content_type)
        digest = hashlib.sha256(PICTURE).hexdigest()
        assert made.signed_body == f'{{"filename":"a.png","sha256":"{digest}"}}'.encode()
        assert parts["meta"] == (None, "application/json", made.signed_body)
        assert parts["file"] == ("a.png", "image/png", PICTURE)
        assert list(parts) == ["meta", "file"]

    def test_further_fields_are_part_of_meta(self):
        """Videos and certificates have some."""
        made = upload({"file": ("a.xyz", b"x")}, {"purpose": "存证", "filename": "b.png"})

        assert json.loads(made.signed_body) == {
            "filename": "b.png",
            "sha256": hashlib.sha256(b"x").hexdigest(),
            "purpose": "存证",
        }
        assert parts_of(made.body, made.content_type)["file"][:2] == ("b.png", "image/png")

    def test_a_name_that_is_not_text_stays_out_of_the_header(self):
        """It is JSON's to refuse or write."""
        made = upload({"file": ("a.png", b"x")}, {"filename": 7})

        assert parts_of(made.body, made.content_type)["file"][0] == "a.png"

    def test_the_catalogue_names_the_parts(self):
        """Names, digest and hash are data."""

        class Other:
            upload = catalogue.Upload(file="image", meta="image_meta", filename=None, digest="image_md5", hash="md5")

        made = upload({"image": ("a.png", b"x")}, operation=Other)

        assert json.loads(made.signed_body) == {"image_md5": hashlib.md5(b"x").hexdigest()}
        assert list(parts_of(made.body, made.content_type)) == ["image_meta", "image"]

    @pytest.mark.parametrize(
        "name", ["图片 1.png", 'a"b.png', "a;b\\c.png", "ü.png", "a\r\nX: y.png", "😀.png", "a.unknown"]
    )
    def test_pain_14_any_name_is_sent(self, name):
        """In any script, with any punctuation; none becomes a header of its own."""
        made = upload({"file": (name, PICTURE)})

        head = made.body.split(b"\r\n\r\n")[1]
        assert json.loads(made.signed_body)["filename"] == name
        assert b"X: y" not in head.split(b"\r\n")
        assert made.body.count(b"\r\n\r\n") == 2 + PICTURE.count(b"\r\n\r\n")

    def test_a_name_no_utf8_can_carry_is_reported(self):
        """Before anything is sent."""
        for files in ({"file": ("\udcff.png", b"x")}, {"file": ("a.png", b"x")}):
            fields = None if "\udcff" in files["file"][0] else {"filename": "\udcff"}
            with pytest.raises(CodecError, match="lone surrogate"):
                multipart(None, files, fields, lambda meta: json.dumps(meta).encode())

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
    @given(
        content=st.binary(min_size=1, max_size=100),
        name=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1),
    )
    def test_content_is_never_changed(self, content, name):
        """Whatever the bytes."""
        made = upload({"file": (name, content)})

        assert made.body.split(b"\r\n\r\n", 2)[2].rsplit(b"\r\n--", 1)[0] == content


class TestSources:
    @pytest.fixture
    def path(self, tmp_path):
        path = tmp_path / "图.png"
        path.write_bytes(PICTURE)
        return path

    def test_every_source_gives_the_same(self, path):
        """Path, text, open file, bytes of three kinds, a named stream."""
        with path.open("rb") as opened:
            sources = [
                path,
                str(path),
                opened,
                ("图.png", PICTURE),
                ("图.png", bytearray(PICTURE)),
                ("图.png", memoryview(PICTURE)),
                ("图.png", io.BytesIO(PICTURE)),
            ]
            metas = {upload({"file": source}, operation=Known).signed_body for source in sources}

        assert len(metas) == 1

    def test_open_files_stay_open_where_they_stand(self, path):
        """They can be sent again."""
        with path.open("rb") as opened:
            opened.seek(8)
            first = upload({"file": opened})
            second = upload({"file": opened})
            assert (opened.closed, opened.tell()) == (False, 8)

        assert first.signed_body == second.signed_body
        assert hashlib.sha256(PICTURE[8:]).hexdigest() in first.signed_body.decode()

    def test_streams_that_cannot_seek_are_read(self):
        """Once."""

        class Stream:
            def read(self, size):
                return PICTURE

        class Pipe(io.BytesIO):
            def seekable(self):
                return False

        for stream in (Stream(), Pipe(PICTURE)):
            assert hashlib.sha256(PICTURE).hexdigest() in upload({"file": ("a.png", stream)}).signed_body.decode()

    @pytest.mark.parametrize(
        ("files", "words"),
        [
            (None, "one file was expected"),
            ({}, "one file was expected"),
            ({"file": ("a", b""), "b": ("b", b"")}, "one file was expected"),
            ({"media": ("a.png", b"")}, "the file goes under the name 'file' here, not 'media'"),
            ({"file": b"bytes"}, "a path, a named open file"),
            ({"file": None}, "a path, a named open file"),
            ({"file": io.BytesIO(b"x")}, "a path, a named open file"),
            ({"file": ("", b"")}, "a path, a named open file"),
            ({"file": ("a.png", b"", "image/png", {})}, "a path, a named open file"),
            ({"file": (" ", b"x")}, "a path, a named open file"),
            ({"file": ("a.png", "text")}, "the content of 'a.png' is a str"),
            ({"file": ("a.png", io.StringIO("text"))}, "open as text"),
        ],
    )
    def test_other_sources_are_reported(self, files, words):
        """By type errors that show the form."""
        with pytest.raises(TypeError, match=words):
            upload(files)

    @pytest.mark.parametrize("given", [("a.png", PICTURE, "image/png"), (" a.png ", io.BytesIO(PICTURE))])
    def test_tuples_of_requests_and_blanks_around_a_name(self, given):
        assert '"filename":"a.png"' in upload({"file": given}).signed_body.decode()

    def test_a_file_without_a_name_of_its_own(self, tmp_path):
        """Descriptors have numbers for names."""
        path = tmp_path / "a.png"
        path.write_bytes(b"x")

        with os.fdopen(os.open(path, os.O_RDONLY), "rb") as opened, pytest.raises(TypeError, match="a named open file"):
            upload({"file": opened})

    def test_fields_are_a_mapping(self):
        """A list is not a meta."""
        with pytest.raises(TypeError, match="further fields are a mapping, not list"):
            upload({"file": ("a", b"")}, ["x"])

    @pytest.mark.parametrize("path", ["missing.png", ".", "a\0b"])
    def test_unreadable_files_are_reported(self, tmp_path, monkeypatch, path):
        """With the system's reason."""
        monkeypatch.chdir(tmp_path)

        with pytest.raises(CodecError, match="cannot be read"):
            upload({"file": path})


class TestLimits:
    def test_what_is_too_large_is_not_read_nor_sent(self):
        """Endless devices end here."""
        for source in (("a.png", bytes(301)), Path("/dev/zero")):
            with pytest.raises(CodecError, match="larger than the 300 bytes"):
                upload({"file": source}, operation=Known)

        assert upload({"file": ("a.png", bytes(300))}, operation=Known)

    def test_types_are_checked_by_their_ending(self):
        """In any case; a name without one is the platform's to judge."""
        with pytest.raises(CodecError, match=r"a\.GIF: this operation takes png, jpg, not gif"):
            upload({"file": ("a.GIF", b"x")}, operation=Known)
        for name in ("a.JPG", "a"):
            assert upload({"file": (name, b"x")}, operation=Known)

    def test_the_name_that_is_sent_is_checked(self):
        """It may be given in meta."""
        with pytest.raises(CodecError, match=r"b\.webp: this operation takes png, jpg, not webp"):
            upload({"file": ("a.png", b"x")}, {"filename": "b.webp"}, operation=Known)
        made = upload({"file": ("blob.webp", b"x")}, {"filename": "b.png"}, operation=Known)
        assert parts_of(made.body, made.content_type)["file"][:2] == ("b.png", "image/png")

    def test_the_type_of_a_form_is_checked(self):
        """APIv2's upload likewise."""

        class Media:
            upload = catalogue.Upload(file="media", digest="media_hash", hash="md5", types=("png",))

        with pytest.raises(CodecError, match=r"a\.webp: this operation takes png, not webp"):
            form(Media, {"media": ("a.webp", b"x")})

    @pytest.mark.parametrize(
        "operation", [operation for operation in catalogue.operations() if operation.upload], ids=str
    )
    def test_no_operation_takes_nothing(self, operation):
        """No bytes, an empty file, a stream that was read before."""
        rules = operation.upload
        read_before = io.BytesIO(PICTURE)
        read_before.name = "a.png"
        read_before.read()
        build = form if rules.meta is None else upload

        for source, words in ((read_before, "it is at its end"), (("a.png", b""), "takes an empty file")):
            with pytest.raises(CodecError, match=f"files: 'a.png' has no bytes: .*{words}"):
                build(operation, {rules.file: source}) if build is form else upload(
                    {rules.file: source}, operation=operation
                )


class TestDigests:
    def test_an_unknown_algorithm_gives_no_digest(self):
        """Its member is left out."""

        class Future:
            upload = catalogue.Upload(meta="meta", digest="digest", hash="sha99")

        assert upload({"file": ("a", b"x")}, operation=Future).signed_body == b"{}"

    def test_an_upload_may_have_no_digest(self):
        """And none is made."""

        class Plain:
            upload = catalogue.Upload(meta="meta", filename="n")

        assert upload({"file": ("a", b"x")}, operation=Plain).signed_body == b'{"n":"a"}'


class TestForm:
    def test_the_parameters_are_parts_beside_the_file(self):
        """The signed message is built per attempt; the boundary stays."""

        class Media:
            upload = catalogue.Upload(file="media", meta=None, digest="media_hash", hash="md5")

        made = form(Media, {"media": ("图.png", PICTURE)})

        assert made.fields == {"media_hash": hashlib.md5(PICTURE).hexdigest()}
        body = made.encode({"mch_id": "1", "sign": "中"})
        parts = parts_of(body, made.content_type)
        assert parts["mch_id"][2] == b"1"
        assert parts["sign"][2].decode() == "中"
        assert parts["media"][2] == PICTURE
        assert made.encode({"mch_id": "1", "sign": "中"}) == body

    def test_what_comes_back_is_xml(self):
        """Like every answer of APIv2."""
        assert form(None, {"file": ("a", b"x")}).decode(b"<xml><a>1</a></xml>") == {"a": "1"}


class TestEveryUpload:
    OPERATIONS = [operation for operation in catalogue.operations() if operation.upload is not None]

    @pytest.fixture
    def lane(self):
        """The one that mocks work with."""
        return "requests"

    def test_all_multipart_operations_are_known(self):
        """Fourteen of APIv3, one of APIv2."""
        multiparts = {operation.key for operation in catalogue.operations() if operation.request.multipart}

        assert {operation.key for operation in self.OPERATIONS} == multiparts
        assert sum(operation.path.startswith("v3/") for operation in self.OPERATIONS) == 14

    @pytest.mark.parametrize("operation", OPERATIONS, ids=str)
    @pytest.mark.usefixtures("no_certificate")
    def test_each_is_sent_as_the_catalogue_says(self, operation, make_client, merchant_key):
        """Through the client, with the signature over meta opened by cryptography."""
        rules = operation.upload
        ending = rules.types[0] if rules.types else "png"
        client = make_client(base_url=None)
        variables = dict.fromkeys(operation.variables, "1")
        with responses.RequestsMock() as mock:
            mock.add_callback("POST", re.compile(r"https://api\.mch\.weixin\.qq\.com/"), callback=refuse)
            with pytest.raises(APIError, match="NO_AUTH"):
                client.chain(operation.path).post(files={rules.file: (f"图.{ending}", PICTURE)}, **variables)
            request = mock.calls[0].request

        parts = parts_of(request.body, request.headers["Content-Type"])
        assert parts[rules.file][2] == PICTURE
        if rules.meta is None:
            result = {name: content.decode() for name, (_, _, content) in parts.items() if name != rules.file}
            verify_parameters(result, "s" * 32)
        else:
            meta = parts[rules.meta][2]
            verify_authorization(request, meta, merchant_key)
            result = json.loads(meta)
        assert result[rules.digest] == digest_of(rules.hash)
        assert rules.filename is None or result[rules.filename] == f"图.{ending}"
        assert result.items() >= rules.fixed.items()


def digest_of(algorithm):
    digest = Hash({"sha256": hashes.SHA256, "md5": hashes.MD5, "sm3": hashes.SM3}[algorithm]())
    digest.update(PICTURE)
    return digest.finalize().hex()


def refuse(request):
    if request.url.startswith("https://api.mch.weixin.qq.com/v3/"):
        return 403, {}, b'{"code":"NO_AUTH"}'
    return 200, {}, b"<xml><return_code>FAIL</return_code><err_code>NO_AUTH</err_code></xml>"


def verify_authorization(request, signed_body, merchant_key):
    fields = dict(re.findall(r'(\w+)="([^"]*)"', request.headers["Authorization"]))
    text = f"POST\n{request.path_url}\n{fields['timestamp']}\n{fields['nonce_str']}\n".encode() + signed_body + b"\n"
    merchant_key.public_key().verify(base64.b64decode(fields["signature"]), text, padding.PKCS1v15(), hashes.SHA256())


class TestReading:
    def test_a_pipe_is_read_to_its_end(self):
        """It gives less than it is asked for at a time."""

        class Pipe(io.RawIOBase):
            left = PICTURE

            def readable(self):
                return True

            def readinto(self, buffer):
                piece, self.left = self.left[:2], self.left[2:]
                buffer[: len(piece)] = piece
                return len(piece)

        assert hashlib.sha256(PICTURE).hexdigest() in upload({"file": ("a.png", Pipe())}).signed_body.decode()

    @pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="there is no endless file")
    @pytest.mark.parametrize("opened", [True, False])
    def test_an_endless_file_is_not_read_without_end(self, monkeypatch, opened):
        """Not even where no limit is documented."""
        monkeypatch.setattr("wechatpay.files.uploads._LARGEST", 1 << 20)

        with open("/dev/zero", "rb", buffering=0) as endless:
            source = ("a.png", endless) if opened else "/dev/zero"
            with pytest.raises(CodecError, match="larger than the 1048576 bytes"):
                multipart(None, {"file": source}, None, JSON.encode)


WAYS = {
    "at once": lambda node, **options: node.post(**options),
    "promise": lambda node, **options: node.post_async(**options).wait(),
    "await": lambda node, **options: asyncio.run(awaited(node, options)),
}


async def awaited(node, options):
    return await node.post_async(**options)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
class TestFrameworks:
    """The uploaded file of a request goes on to the platform, in each way of calling."""

    @staticmethod
    def uploaded(framework):
        if framework == "Flask":
            return FileStorage(io.BytesIO(PICTURE), filename="门头照.png", name="img", content_type="image/x-shop")
        headers = Headers({"content-type": "image/x-shop"})
        return UploadFile(io.BytesIO(PICTURE), filename="门头照.png", headers=headers)

    @pytest.mark.parametrize("framework", ["Flask", "FastAPI"])
    def test_apiv3_gets_name_and_type(self, client, platform, way, framework):
        platform.json({"media_id": "1"})

        way(client.v3.merchant.media.upload, files={"file": self.uploaded(framework)})

        request = platform.requests[0]
        parts = parts_of(request.body, request.headers["Content-Type"])
        assert parts["file"] == ("门头照.png", "image/x-shop", PICTURE)
        assert json.loads(parts["meta"][2])["filename"] == "门头照.png"

    @pytest.mark.parametrize("framework", ["Flask", "FastAPI"])
    @pytest.mark.usefixtures("no_certificate")
    def test_apiv2_gets_name_and_type(self, make_client, platform, way, framework):
        platform.file(b"<xml><return_code>FAIL</return_code><err_code>NO_AUTH</err_code></xml>")

        with pytest.raises(APIError, match="NO_AUTH"):
            way(make_client().v2.secapi.mch.uploadmedia, files={"media": self.uploaded(framework)})

        request = platform.requests[0]
        parts = parts_of(request.body, request.headers["Content-Type"])
        assert parts["media"] == ("门头照.png", "image/x-shop", PICTURE)
        assert parts["media_hash"][2] == hashlib.md5(PICTURE).hexdigest().encode()

    @pytest.mark.parametrize("framework", ["Flask", "FastAPI"])
    def test_what_cannot_be_sent_is_refused_before(self, client, platform, way, framework):
        """Another type, no bytes, no chosen file."""
        webp, nameless, read = (self.uploaded(framework) for _ in range(3))
        webp.filename, nameless.filename = "photo.webp", ""
        read.file.read() if framework == "FastAPI" else read.read()

        for file, error, words in (
            (webp, CodecError, "not webp"),
            (nameless, TypeError, "a named open file"),
            (read, CodecError, "at its end"),
        ):
            with pytest.raises(error, match=words):
                way(client.v3.merchant.media.upload, files={"file": file})
        assert platform.requests == []


def test_a_promised_upload_reads_at_once(client, platform):
    """A framework closes its files when the request ends."""
    platform.json({"media_id": "1"})
    file = FileStorage(io.BytesIO(PICTURE), filename="a.png")

    promise = client.v3.merchant.media.upload.post_async(files={"file": file})
    file.close()

    assert promise.wait().data == {"media_id": "1"}
