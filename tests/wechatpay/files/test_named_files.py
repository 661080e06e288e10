"""The forms in which responses name files: URL and digest by product, lists, encrypted parts, the header of APIv2."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import io
import os

import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chainable.errors import APIError, CodecError, ConfigurationError, DecryptionError, SignatureError
from wechatpay import catalogue
from wechatpay.downloads import DownloadResult
from wechatpay.files.answers import FORMS, LISTS, PARTS, digest_of_header, files_of

FLOW = "批次ID,优惠ID\n`1,`2\n".encode()
SHA1 = hashlib.sha1(FLOW).hexdigest()
OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)


def ask(client):
    return client.v3.bill.sub_merchant_fundflowbill.get(params={"sub_mchid": "1", "bill_date": "2026-01-01"})


def no_key():
    raise AssertionError("nothing is encrypted")


class TestForms:
    def test_the_data_of_a_response_is_enough(self, client, platform, tmp_path):
        """It may come from a database; the digest may be base64."""
        platform.file(FLOW)
        digest = base64.b64encode(hashlib.sha1(FLOW).digest()).decode()
        data = {"url": platform.url + "f", "hash_type": "SHA1", "hash_value": digest}

        assert client.download(data, tmp_path / "x").digest == SHA1

    def test_the_only_url_is_named(self):
        with pytest.raises(
            CodecError, match=r"no digest beside url: .*client\.download\(response\.data\['url'\], to\)"
        ):
            files_of({"url": "https://a.example/f", "count": 1}, no_key)

    def test_a_folder_is_named_before_anything_is_requested(self, client, platform, tmp_path):
        with pytest.raises(IsADirectoryError, match=tmp_path.name):
            client.download(platform.url + "f", tmp_path)

        assert not platform.requests

    @pytest.mark.parametrize(
        ("path", "members", "hash_type"),
        [
            ("use-flow", {"hash_type": "SHA1", "hash_value": SHA1}, "SHA1"),
            ("refund-flow", {"hash_type": "SHA256", "hash_value": hashlib.sha256(FLOW).hexdigest()}, "SHA256"),
            # SHA1 by default, as the operations' models in the SDKs of AntChain say
            ("use-flow-by-day", {"stock_useflow_hash": SHA1.upper(), "stock_useflow_count": "1"}, "SHA1"),
            ("refund-flow-by-day", {"stock_refundflow_hash": SHA1, "stock_refundflow_count": "1"}, "SHA1"),
        ],
    )
    def test_coupon_flows_are_saved_and_checked(self, client, platform, tmp_path, path, members, hash_type):
        """And a file of another digest is not."""
        for body in (FLOW, FLOW + b"x"):
            platform.json({"url": platform.url + "v3/billdownload/file?token=x", **members})
            platform.file(body)
        chain = client.v3.marketing.favor.stocks._stock_id_[path]

        saved = client.download(chain.get(stock_id="9856000"), tmp_path / "flow.csv")

        assert (saved.size, saved.hash_type, saved.verified) == (len(FLOW), hash_type, True)
        assert saved.digest == hashlib.new(hash_type, FLOW).hexdigest()
        assert (tmp_path / "flow.csv").read_bytes() == FLOW
        assert "Authorization" in platform.requests[1].headers
        with pytest.raises(SignatureError, match="not the one the platform announced"):
            client.download(chain.get(stock_id="9856000"), tmp_path / "other.csv")
        assert not (tmp_path / "other.csv").exists()

    def test_each_file_of_the_catalogue_is_found(self):
        """Every operation whose response names a file, by the members it has."""
        found = []
        for operation in catalogue.operations():
            answer = made_up(operation.response.fields)
            names = " ".join(flat(answer))
            if any(name in names for name in ("download_url", "photo_url", "hash")):
                if PARTS not in answer:
                    (file,) = files_of(answer, no_key)
                    assert file.url == "https://pay.wechatpay.cn/file"
                    assert (file.expected is not None) is ("hash" in names), operation.key
                found.append(operation.key)

        assert len(found) >= 37
        assert {key for key in found if "fapiao" in key or "driver" in key or "flow" in key} == {
            "GET v3/bill/fundflowbill",
            "GET v3/bill/sub-merchant-fundflowbill",
            "GET v3/ecommerce/bill/fundflowbill",
            "GET v3/marketing/favor/stocks/{stock_id}/refund-flow",
            "GET v3/marketing/favor/stocks/{stock_id}/refund-flow-by-day",
            "GET v3/marketing/favor/stocks/{stock_id}/use-flow",
            "GET v3/marketing/favor/stocks/{stock_id}/use-flow-by-day",
            "GET v3/new-tax-control-fapiao/fapiao-applications/{fapiao_apply_id}/fapiao-files",
            "GET v3/taxi-invoice/drivers/{driver_license}",
            "POST v3/taxi-invoice/driver/update-driver",
        }

    def test_each_form_is_one_of_the_catalogue(self):
        """None is left over."""
        names = {path for operation in catalogue.operations() for path in flat(made_up(operation.response.fields))}

        for form in FORMS:
            assert {form.url, form.digest} | ({form.hash_type} if form.hash_type else set()) <= names
        assert set(LISTS) | {PARTS} <= {name.partition(".")[0] for name in names}

    @pytest.mark.parametrize(
        "data",
        [
            {"url": "https://a.cn/notify"},  # a URL, but not of a file
            {"url": "", "hash_value": "x"},
            {"download_url": 1},
            {"driver_photo": "x"},
            {"driver_photo": {"photo_url": "https://a.cn/x"}},
            {"fapiao_download_info_list": None},
            {"fapiao_download_info_list": [{"status": "ISSUE_ACCEPTED"}, "x"]},
            {"download_bill_count": 0},
        ],
    )
    def test_other_responses_name_no_file(self, data):
        with pytest.raises(CodecError, match="has no download_url"):
            files_of(data, no_key)

    def test_one_invoice_is_saved_several_are_refused(self, client, platform, tmp_path):
        """Each has a URL of its own."""
        one = {"fapiao_id": "1", "download_url": platform.url + "v3/one", "status": "ISSUED"}
        platform.json({"fapiao_download_info_list": [one, {"status": "ISSUE_ACCEPTED"}]})
        platform.file(b"%PDF")
        platform.json({"fapiao_download_info_list": [one, one]})
        chain = client.v3.new_tax_control_fapiao.fapiao_applications._fapiao_apply_id_.fapiao_files

        saved = client.download(chain.get(fapiao_apply_id="1"), tmp_path / "a.pdf")

        assert (saved.size, saved.verified) == (4, False)
        with pytest.raises(CodecError, match="2 files in fapiao_download_info_list: download each of them"):
            client.download(chain.get(fapiao_apply_id="1"), tmp_path / "b.pdf")

    @pytest.mark.parametrize("way", ["promise", "await"])
    def test_promised_answers_are_downloaded(self, client, platform, tmp_path, way):
        """A promise itself is not an answer yet."""
        platform.json({"url": platform.url + "f", "hash_type": "SHA1", "hash_value": SHA1})
        platform.file(FLOW)
        chain = client.v3.marketing.favor.stocks._stock_id_.use_flow

        async def awaited():
            return await chain.get_async(stock_id="1")

        answer = chain.get_async(stock_id="1").wait() if way == "promise" else asyncio.run(awaited())

        assert client.download(answer, tmp_path / "x").verified

    def test_a_promise_is_named(self, client, platform, tmp_path):
        platform.json({})
        promise = client.v3.bill.tradebill.get_async()
        with pytest.raises(TypeError, match=r"not Promise: wait for it first, promise\.wait\(\)"):
            client.download(promise, tmp_path / "x")
        promise.wait()


def made_up(fields):
    """Return a response with these members; lists have one element."""
    made = {}
    for each in fields:
        if each.type.startswith("object"):
            inner = made_up(each.fields)
            made[each.name] = [inner] if each.type.endswith("[]") else inner
        else:
            url = each.name.endswith("url")
            made[each.name] = "https://pay.wechatpay.cn/file" if url else "SHA1" if each.name == "hash_type" else "0a"
    return made


def flat(value, prefix=""):
    """Return the paths of a response's members."""
    if isinstance(value, list):
        return [path for element in value for path in flat(element, prefix)]
    if not isinstance(value, dict):
        return [prefix.removesuffix(".")]
    return [path for name, inner in value.items() for path in flat(inner, f"{prefix}{name}.")]


class Parts:
    """A bill in encrypted parts, and the response that names them."""

    def __init__(self, platform, key, *contents, nonce=12, packed=True, layer="file", hash_type="SHA1"):
        self.platform = platform
        self.contents, self.sealed, self.listed = contents, [], []
        for number, content in enumerate(contents, 1):
            secret, text = os.urandom(32), os.urandom(nonce).hex()[:nonce]
            inner = gzip.compress(content, mtime=0) if packed else content
            sealed = AESGCM(secret).encrypt(text.encode(), inner, None)
            covered = {"file": content, "inner": inner, "sealed": sealed}[layer]
            self.sealed.append(sealed)
            self.listed.append(
                {
                    "bill_sequence": number,
                    "download_url": f"{platform.url}v3/billdownload/file?token={number}",
                    "encrypt_key": base64.b64encode(key.public_key().encrypt(secret, OAEP)).decode(),
                    "hash_type": hash_type,
                    "hash_value": hashlib.new(hash_type, covered).hexdigest(),
                    "nonce": text,
                }
            )

    def named(self, **changes):
        """Answer with the list; later changes win."""
        self.platform.json({"download_bill_count": len(self.listed), "download_bill_list": self.listed, **changes})
        return self

    def sent(self, *numbers):
        """Send the parts, all of them unless numbers are given."""
        for number in numbers or range(1, len(self.sealed) + 1):
            self.platform.file(self.sealed[number - 1])
        return self


class TestParts:
    """https://pay.weixin.qq.com/doc/v3/partner/4012760249"""

    ONE, TWO = "记账时间,业务名称\n`2026-01-01 00:00:00,`退款\n".encode() * 9, "资金流水总笔数\n`9\n".encode()

    @pytest.fixture
    def parts(self, platform, merchant_key):
        def make(*contents, **options):
            return Parts(platform, merchant_key, *(contents or (self.ONE, self.TWO)), **options)

        return make

    @pytest.mark.parametrize("layer", ["file", "inner", "sealed"])
    @pytest.mark.parametrize("packed", [True, False])
    def test_parts_are_opened_unpacked_checked_and_joined(self, client, platform, tmp_path, parts, layer, packed):
        """In the order of their numbers; the digest is that of the bill, or of what arrives."""
        made = parts(packed=packed, layer=layer)
        made.listed.reverse()
        made.named().sent()

        saved = client.download(ask(client), tmp_path / "flow.csv")

        whole = self.ONE + self.TWO
        assert saved == DownloadResult(tmp_path / "flow.csv", len(whole), "SHA1", None, verified=True)
        assert (tmp_path / "flow.csv").read_bytes() == whole
        assert [request.path[-7:] for request in platform.requests[1:]] == ["token=1", "token=2"]
        assert all("Authorization" in request.headers for request in platform.requests)

    @pytest.mark.parametrize("nonce", [8, 12, 16, 32])
    def test_nonces_of_every_length(self, client, tmp_path, parts, nonce):
        """The pages show 16 and 32 characters, as in a8607ef79034c49c."""
        parts(self.ONE, nonce=nonce).named().sent()

        saved = client.download(ask(client), tmp_path / "x")

        assert saved.digest == hashlib.sha1(self.ONE).hexdigest()
        assert (tmp_path / "x").read_bytes() == self.ONE

    @pytest.mark.parametrize("chain", ["v3/ecommerce/bill/fundflowbill", "v3/payscore/merchant-bill"])
    def test_other_bills_of_the_same_form(self, client, tmp_path, parts, chain):
        """Numbers may be texts."""
        made = parts()
        for part in made.listed:
            part["bill_sequence"] = str(part["bill_sequence"])
        made.named(download_bill_count="2").sent()

        assert client.download(client[chain].get(params={"bill_date": "2026-01-01"}), tmp_path / "x").verified

    def test_an_open_file_gets_all_parts(self, client, parts):
        parts().named().sent()
        file = io.BytesIO()

        assert client.download(ask(client), file).path is None
        assert file.getvalue() == self.ONE + self.TWO

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"download_bill_count": 3}, "does not agree with the 2 parts"),
            ({"download_bill_count": 1}, "does not agree with the 2 parts"),
            ({"download_bill_count": True}, "does not agree"),
            ({"download_bill_count": None}, "does not agree"),
            ({"download_bill_list": []}, "is empty"),
            ({"download_bill_list": {}}, "is empty"),
            ({"download_bill_list": ["x", 1]}, "are not 1 to 2, each once"),
        ],
    )
    def test_lists_that_are_not_complete_are_refused(self, client, platform, tmp_path, parts, changes, words):
        """Before anything is requested."""
        parts().named(**changes)

        with pytest.raises(CodecError, match=words):
            client.download(ask(client), tmp_path / "x")

        assert len(platform.requests) == 1

    @pytest.mark.parametrize("numbers", [(1, 1), (0, 1), (2, 3), (1, 3), (1, None), (1, "x"), (1, 2.0), (-1, 1)])
    def test_numbers_that_are_not_a_sequence_are_refused(self, client, platform, tmp_path, parts, numbers):
        """A part is missing, or stands twice."""
        made = parts()
        for part, number in zip(made.listed, numbers, strict=True):
            part["bill_sequence"] = number
        made.named()

        with pytest.raises(CodecError, match="a part is missing or stands twice"):
            client.download(ask(client), tmp_path / "x")

        assert len(platform.requests) == 1

    @pytest.mark.parametrize("name", ["download_url", "hash_type", "hash_value", "encrypt_key", "nonce"])
    @pytest.mark.parametrize("value", [None, "", 7])
    def test_parts_without_a_member_are_refused(self, client, tmp_path, parts, name, value):
        made = parts()
        made.listed[1][name] = value
        made.named()

        with pytest.raises(CodecError, match=f"part 2 of this bill has no {name}"):
            client.download(ask(client), tmp_path / "x")

    @pytest.mark.parametrize("number", [1, 2])
    def test_each_digest_is_checked(self, client, tmp_path, parts, number):
        """Nothing is saved if one is another."""
        made = parts()
        made.listed[number - 1]["hash_value"] = "0" * 40
        made.named().sent()

        with pytest.raises(SignatureError, match="its SHA1 is another"):
            client.download(ask(client), tmp_path / "x")

        assert list(tmp_path.iterdir()) == []

    def test_an_unknown_digest_is_not_a_check(self, client, tmp_path, parts):
        made = parts()
        made.listed[1]["hash_type"] = "CRC99"
        made.named().sent()

        saved = client.download(ask(client), tmp_path / "x")

        assert (saved.hash_type, saved.verified, saved.size) == (None, False, len(self.ONE + self.TWO))

    @pytest.mark.parametrize("change", ["bit", "cut", "short", "swapped"])
    def test_changed_parts_do_not_open(self, client, tmp_path, parts, change):
        """The tag says so, whatever the digest."""
        made = parts(packed=False)
        first = made.sealed[0]
        made.sealed[0] = {
            "bit": bytes([first[0] ^ 1]) + first[1:],
            "cut": first[:-1],
            "short": first[:5],
            "swapped": made.sealed[1],
        }[change]
        made.named().sent()

        with pytest.raises(DecryptionError, match="does not open with its key"):
            client.download(ask(client), tmp_path / "x")

        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"encrypt_key": "***"}, "the encrypt_key of part 1 is not base64"),
            ({"encrypt_key": "AAAA"}, "the merchant's private key does not decrypt"),
            ({"nonce": "short"}, "the nonce of part 1 has 5 bytes"),
            ({"nonce": "x" * 129}, "the nonce of part 1 has 129 bytes"),
        ],
    )
    def test_unusable_keys_are_refused(self, client, tmp_path, parts, changes, words):
        made = parts()
        made.listed[0] |= changes
        made.named()

        with pytest.raises(DecryptionError, match=words):
            client.download(ask(client), tmp_path / "x")

    def test_keys_of_another_size_name_the_algorithm(self, client, tmp_path, parts, merchant_key):
        """SM4_GCM has keys of 128 bits, which is not supported."""
        made = parts()
        made.listed[0]["encrypt_key"] = base64.b64encode(merchant_key.public_key().encrypt(bytes(16), OAEP)).decode()
        made.named()

        with pytest.raises(DecryptionError, match="has 16 bytes, 32 were expected: .*algorithm=AEAD_AES_256_GCM"):
            client.download(ask(client), tmp_path / "x")

    def test_parts_for_another_merchant_do_not_open(self, client, platform, tmp_path):
        Parts(platform, generate_private_key(65537, 2048), self.ONE).named()

        with pytest.raises(DecryptionError, match="another certificate of the merchant"):
            client.download(ask(client), tmp_path / "x")

    def test_without_a_private_key_its_setting_is_named(self, make_client, platform, tmp_path, parts):
        made = parts()
        made.named()
        answer = ask(make_client())

        with pytest.raises(ConfigurationError, match="private_key="):
            make_client(private_key=None).download(answer, tmp_path / "x")

    def test_the_key_may_be_in_another_process(self, make_client, merchant_key, tmp_path, parts):
        """An object that signs and decrypts."""

        class Service:
            def sign(self, message):
                return merchant_key.sign(message, padding.PKCS1v15(), hashes.SHA256())

            def decrypt(self, ciphertext):
                return merchant_key.decrypt(ciphertext, OAEP)

        parts().named().sent()
        client = make_client(private_key=Service())

        assert client.download(ask(client), tmp_path / "x").verified

    @pytest.mark.parametrize("packed", [True, False])
    def test_the_limit_is_that_of_all_parts(self, client, tmp_path, parts, packed):
        parts(bytes(2000), bytes(2000), packed=packed).named().sent()

        with pytest.raises(CodecError, match="larger than max_size, 3999 bytes"):
            client.download(ask(client), tmp_path / "x", max_size=3999)

        assert list(tmp_path.iterdir()) == []
        parts(bytes(2000), bytes(2000), packed=packed).named().sent()
        assert client.download(ask(client), tmp_path / "x", max_size=4100).size == 4000

    def test_a_bomb_in_a_part_is_refused(self, client, tmp_path, parts):
        parts(self.ONE, bytes(30 << 20)).named().sent()

        with pytest.raises(CodecError, match="larger than max_size"):
            client.download(ask(client), tmp_path / "x", max_size=20 << 20)

        assert list(tmp_path.iterdir()) == []

    def test_progress_counts_all_parts(self, client, tmp_path, parts):
        made = parts(os.urandom(300_000), os.urandom(300_000), packed=False)
        made.named().sent()
        seen = []

        client.download(ask(client), tmp_path / "x", progress=lambda *at: seen.append(at))

        total = sum(map(len, made.sealed))
        assert seen[-1] == (total, total)
        assert [done for done, _ in seen] == sorted(done for done, _ in seen)
        assert {expected for done, expected in seen if done <= len(made.sealed[0])} == {None}

    def test_a_broken_part_starts_all_anew(self, make_client, platform, tmp_path, parts):
        client = make_client(retries=1)
        made = parts()
        made.named().sent(1)
        platform.reset(made.sealed[1][:10], length=len(made.sealed[1]))
        made.sent()

        assert client.download(ask(client), tmp_path / "x").verified
        assert (tmp_path / "x").read_bytes() == self.ONE + self.TWO

    def test_a_broken_part_without_retries_is_reported(self, client, platform, tmp_path, parts):
        made = parts()
        made.named().sent(1)
        platform.reset(made.sealed[1][:10], length=len(made.sealed[1]))

        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            client.download(ask(client), tmp_path / "x")

        assert list(tmp_path.iterdir()) == []

    def test_an_expired_part_is_applied_for_again(self, client, platform, tmp_path, parts):
        """All of them: the keys are others then."""
        parts().named().sent(1)
        platform.json({"code": "INVALID_REQUEST", "message": "链接已失效"}, status=400)
        parts().named().sent()

        assert client.download(ask(client), tmp_path / "x").verified
        assert (tmp_path / "x").read_bytes() == self.ONE + self.TWO

    def test_a_pipe_does_not_get_a_part_twice(self, make_client, platform, parts):
        """It cannot go back."""

        class Pipe(io.BytesIO):
            def seekable(self):
                return False

        client = make_client(retries=2)
        parts().named().sent(1)
        platform.json({"code": "INVALID_REQUEST", "message": "链接已失效"}, status=400)
        pipe = Pipe()

        with pytest.raises(APIError):
            client.download(ask(client), pipe)

        assert pipe.getvalue() == self.ONE


class TestDigestHeader:
    """https://pay.weixin.qq.com/doc/v2/merchant/4011939779"""

    @pytest.mark.parametrize("stream", [True, False])
    @pytest.mark.parametrize("packed", [True, False])
    @pytest.mark.parametrize("operation", ["downloadfundflow", "downloadbill"])
    def test_the_digest_of_apiv2_is_checked(self, make_client, platform, tmp_path, stream, packed, operation, v2_pair):
        """Of the bill, or of its gzip; the header itself is not signed."""
        client = make_client(**v2_pair)
        body = gzip.compress(FLOW) if packed else FLOW
        for digest in (SHA1, hashlib.sha1(body).hexdigest(), "0" * 40):
            platform.file(body, headers={"Digest": f"SHA={digest}"})
        chain = client.v2.pay[operation]
        xml = {"appid": "wx1", "bill_date": "20180201", "account_type": "Basic"}

        for digest in (SHA1, hashlib.sha1(body).hexdigest()):
            saved = client.download(chain.post(xml=xml, stream=stream), tmp_path / "x")
            assert saved == DownloadResult(tmp_path / "x", len(FLOW), "SHA1", digest, verified=False)
        with pytest.raises(SignatureError, match="its SHA1 is another"):
            client.download(chain.post(xml=xml, stream=stream), tmp_path / "y")

        assert not (tmp_path / "y").exists()

    @pytest.fixture
    def v2_pair(self):
        from wechatpay.sandbox import Sandbox

        sandbox = Sandbox()
        sandbox.stop()  # its account is all that is wanted
        account = sandbox.account
        return {
            "private_key": None,
            "merchant_cert": account.merchant_cert,
            "merchant_key": account.merchant_key,
            "serial": None,
        }

    @pytest.mark.parametrize(
        ("text", "hash_type", "digest"),
        [
            (f"SHA={SHA1}", "SHA1", SHA1),
            (f"sha={SHA1.upper()}", "SHA1", SHA1),
            (f" SHA-1 = {SHA1} ", "SHA1", SHA1),
            (f"unixsum=30637, SHA={SHA1}", "SHA1", SHA1),
            ("SHA=thvDyvhfIqlvFe+A9MYgxAfm1q4=", "SHA1", "b61bc3caf85f22a96f15ef80f4c620c407e6d6ae"),  # as in RFC 3230
            ("SHA-256=" + "Ab" * 32, "SHA256", "ab" * 32),
            ("md5=HUXZLQLMuI/KZ5KDcJPcOA==", "MD5", "1d45d92d02ccb88fca6792837093dc38"),  # as in RFC 3230
        ],
    )
    def test_the_forms_of_the_header(self, text, hash_type, digest):
        found = digest_of_header(text)

        assert (found.hash_type, found.value) == (hash_type, digest)

    @pytest.mark.parametrize(
        "text", ["", "SHA", "SHA=", "SHA=xyz", "SHA=" + "g" * 40, "CRC32=abc", "SHA=AAAA", "SHA=é"]
    )
    def test_other_headers_are_no_digest(self, text):
        assert digest_of_header(text) is None
