"""What the filters for recordings hide, and what they leave."""

from __future__ import annotations

import copy
import gzip
import hashlib
import io
import json
from urllib.parse import quote

import pytest
from vcr.request import Request

from chainable.recording import MASK, Recorder, vcr_config
from taobao_top.sandbox import Sandbox as TopSandbox
from wechatpay import catalogue
from wechatpay.sandbox import Sandbox

OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
CITIZEN = "11010519491231002X"
GENERAL = {"name", "number", "value"}
"""Encrypted in some operations, and names of goods and shops in others."""


class Platform:
    origin = "https://pay.example"
    hosts = frozenset({"pay.example", "pay2.example"})
    own = ("http://127.0.0.1:8000",)
    names = "favourite"

    def is_call(self, url, headers, body):
        return headers.get("X-Signed") == "1"

    def numbers(self, headers, body):
        return {"1600000001": "1900000109"} if "Authorization" in headers else {}

    def sign(self, headers, body):
        return body

    def digests(self, content):
        return hashlib.sha1(content).hexdigest(), hashlib.sha256(content).hexdigest()

    def encrypt(self, text):
        return text


@pytest.fixture
def recorder():
    return Recorder([Platform()], also=["Secret_Recipe"], keep=["phone_model", "token_type"])


def answer(body, **headers):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {name.replace("_", "-"): [value] for name, value in headers.items()}
    return {"status": {"code": 200, "message": "OK"}, "headers": headers, "body": {"string": body}}


def request(body=None, uri="https://pay.example/v1", **headers):
    return Request("POST", uri, body, {name.replace("_", "-"): value for name, value in headers.items()})


def replies(recorder, body):
    return recorder.response(answer(body))["body"]["string"]


class TestResponses:
    def test_json(self, recorder):
        data = {
            "openid": "short",
            "phone": 10086,
            "address": {"city": "Hangzhou", "rooms": [1, True, None], "phone_model": "X"},
            "nested": '{"mobile": "10086", "total": 1}',
            "broken": "{not json",
            "secret_recipe": "salt",
            "favourite_dish": "rice",
            "access_token": "t",
            "token_type": "Bearer",
            "amount": 1,
            "text": f"user {OPENID}, id {CITIZEN}, order 110105194912310021, phone 13800138000, tid 2900000000000000001",
            "url": "https://pay.example/file?token=abc&x=1",
            "local": "http://127.0.0.1:8000/file http://127.0.0.1:80001/file",
            "empty": "",
            "mail": None,
        }
        assert json.loads(replies(recorder, data)) == {
            "openid": MASK,
            "phone": 0,
            "address": {"city": MASK, "rooms": [0, True, None], "phone_model": "X"},
            "nested": '{"mobile":"REDACTED","total":1}',
            "broken": "{not json",
            "secret_recipe": MASK,
            "favourite_dish": MASK,
            "access_token": MASK,
            "token_type": "Bearer",
            "amount": 1,
            "text": "user REDACTED, id REDACTED, order 110105194912310021, phone REDACTED, tid 2900000000000000001",
            "url": "https://pay.example/file?token=REDACTED&x=1",
            "local": "https://pay.example/file http://127.0.0.1:80001/file",
            "empty": "",
            "mail": None,
        }

    def test_xml(self, recorder):
        body = (
            "<xml><openid><![CDATA[abc]]></openid><a><b t='1'>x &amp; y</b></a><sign>"
            + "A" * 32
            + "</sign><c><![CDATA[1]]></c></xml>"
        )
        assert replies(recorder, body.encode()).decode() == body.replace("[abc]", f"[{MASK}]").replace(
            "A" * 32, "0" * 32
        )

    @pytest.mark.parametrize(
        ("body", "hidden"),
        [
            (b"", b""),
            (b"{broken", b"{broken"),
            (b"\x89PNG\xff", MASK.encode()),
            (b"text\x00", MASK.encode()),
            (f"no,user\n`1,`{OPENID}\n".encode(), b"no,user\n`1,`REDACTED\n"),
            (gzip.compress(b"\xff", mtime=0), MASK.encode()),
            (gzip.compress(b"plain", mtime=0), gzip.compress(b"plain", mtime=0)),
            (gzip.compress(OPENID.encode(), mtime=0), gzip.compress(b"REDACTED", mtime=0)),
            (gzip.compress(b"plain", mtime=0)[:-6], MASK.encode()),
            (b"phone=10086&x=1&redirect=a%20b", b"phone=REDACTED&x=1&redirect=a%20b"),
        ],
    )
    def test_other_bodies(self, recorder, body, hidden):
        assert replies(recorder, body) == hidden

    def test_headers(self, recorder):
        made = recorder.response(
            answer(
                f'{{"t":"{OPENID}"}}'.encode(),
                Set_Cookie="a=b",
                Pay_Signature="abc",
                Location="https://pay2.example/x?session=1",
                Digest="SHA=1",
                Content_Length="99",
                Date="now",
            )
        )
        assert made["headers"] == {
            "Set-Cookie": [MASK],
            "Pay-Signature": [MASK],
            "Location": ["https://pay.example/x?session=REDACTED"],
            "Content-Length": [str(len(made["body"]["string"]))],
            "Date": ["now"],
        }

    @pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
    def test_the_digest_of_a_file_follows_what_is_hidden(self, recorder, algorithm):
        def digest(text):
            return hashlib.new(algorithm, text.encode()).hexdigest()

        named = recorder.response(answer({"hash": digest(OPENID).upper()}))
        recorder.response(answer(OPENID.encode()))
        assert json.loads(named["body"]["string"]) == {"hash": digest(MASK)}

    def test_few_digests_are_remembered(self, recorder):
        first = recorder.response(answer({"hash": hashlib.sha1(OPENID.encode()).hexdigest()}))
        for number in range(70):
            recorder.response(answer({"hash": hashlib.sha1(str(number).encode()).hexdigest()}))
        recorder.response(answer(OPENID.encode()))
        assert json.loads(first["body"]["string"])["hash"] == hashlib.sha1(OPENID.encode()).hexdigest()

    def test_once_is_as_good_as_twice(self, recorder):
        once = recorder.response(answer({"openid": "o", "url": "http://127.0.0.1:8000/x?token=1"}, X_Signature="1"))
        before = json.dumps([once["headers"], once["body"]["string"].decode()])
        twice = recorder.response(once)
        assert json.dumps([twice["headers"], twice["body"]["string"].decode()]) == before


class TestRequests:
    def test_a_url(self, recorder):
        found = recorder.request(
            request(
                uri=f"http://u:p@127.0.0.1:8001/users/{OPENID}/1600000001/a%20b?mchid=1600000001&session=1&x=%20y&sign=1",
                Authorization='SCHEME mchid="1600000001",nonce_str="n",signature="s",serial_no="1",timestamp="1"',
            )
        )
        assert found.uri == (
            f"http://127.0.0.1:8001/users/{MASK}/1900000109/a%20b?mchid=1900000109&session={MASK}&x=%20y&sign={MASK}"
        )
        assert found.headers["Authorization"] == (
            f'SCHEME mchid="1900000109",nonce_str="{MASK}",signature="{MASK}",serial_no="{MASK}",timestamp="{MASK}"'
        )

    @pytest.mark.parametrize("origin", ["http://127.0.0.1:8000", "https://pay2.example", "http://pay.example:8080"])
    def test_every_origin_of_a_platform_is_the_first_one(self, recorder, origin):
        assert recorder.request(request(uri=f"{origin}/v1?a=1")).uri == "https://pay.example/v1?a=1"

    def test_a_forwarder_is_known_by_a_signed_call(self, recorder):
        forwarded = request(uri="http://u:p@forwarder.example:8080/v1", X_Signed="1")
        assert recorder.request(forwarded).uri == "https://pay.example/v1"
        assert recorder.request(request(uri="http://forwarder.example:8080/file")).uri == "https://pay.example/file"
        named = replies(recorder, {"url": "http://forwarder.example:8080/file"})
        assert json.loads(named) == {"url": "https://pay.example/file"}

    def test_another_host_stays(self, recorder):
        assert recorder.request(request(uri="https://other.example/x")).uri == "https://other.example/x"

    def test_headers(self, recorder):
        found = recorder.request(request(Authorization="Bearer abc", Cookie="a=b", Accept="*/*"))
        assert dict(found.headers) == {"Authorization": f"Bearer {MASK}", "Cookie": MASK, "Accept": "*/*"}

    @pytest.mark.parametrize(
        ("body", "media_type", "hidden"),
        [
            (
                b'{"phone":"1","timestamp":"1","total":1}',
                "application/json",
                b'{"phone":"REDACTED","timestamp":"REDACTED","total":1}',
            ),
            ("session=1&q=a+b&empty=", "application/x-www-form-urlencoded", b"session=REDACTED&q=a+b&empty="),
            (b"<xml><nonce_str>1</nonce_str></xml>", "text/xml", b"<xml><nonce_str>REDACTED</nonce_str></xml>"),
            (b"a=1&sign=2\r\nb=2&sign=3", "text/plain", b"a=1&sign=REDACTED\r\nb=2&sign=REDACTED"),
            (b"\xff\xfe", "application/octet-stream", MASK.encode()),
            ("A" * 342 + "==", "text/plain", b"A" * 342 + b"=="),
            (json.dumps({"name": "A" * 342 + "=="}), "application/json", b'{"name":"REDACTED"}'),
            (None, "text/plain", None),
            (b"", "text/plain", b""),
        ],
    )
    def test_bodies(self, recorder, body, media_type, hidden):
        assert recorder.request(request(body, Content_Type=media_type)).body == hidden

    @pytest.mark.parametrize(
        "body", [iter([b"session=1", b"&a=2"]), io.BytesIO(b"session=1&a=2"), io.StringIO("session=1&a=2")]
    )
    def test_a_body_that_is_read_while_it_is_sent(self, recorder, body):
        assert recorder.request(request(body)).body == b"session=REDACTED&a=2"

    def test_an_upload(self, recorder):
        body = (
            '--b1\r\nContent-Disposition: form-data; name="meta"\r\n\r\n{"filename":"a.png","x":1}\r\n'
            '--b1\r\nContent-Disposition: form-data; name="session"\r\n\r\nabc\r\n'
            '--b1\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\nPNG\r\n'
            "--b1\r\nContent-Disposition: form-data\r\n\r\nnameless\r\n--b1--\r\n"
        )
        first = recorder.request(request(body, Content_Type="multipart/form-data; boundary=b1"))
        meta = quote('{"filename":"REDACTED","x":1}', safe="")
        assert first.body == f"meta={meta}&session={MASK}&file={MASK}".encode()
        assert recorder.request(first).body == first.body


def test_settings_are_copied_with_the_same_sandboxes():
    """pytest-recording copies the settings of its fixture for each test."""
    with TopSandbox() as sandbox:
        settings = copy.deepcopy(vcr_config(sandbox))
        for sent, hidden in (
            ({"field": "A" * 342 + "=="}, b'{"field":"REDACTED"}'),
            ({"nick": "x"}, b'{"nick":"REDACTED"}'),
        ):
            assert settings["before_record_response"](answer(sent))["body"]["string"] == hidden
        found = settings["before_record_request"](request(uri=f"{sandbox.gateway}?app_key=1"))
        assert found.uri == "https://gw.api.taobao.com/router/rest?app_key=REDACTED"


def test_every_name_of_an_encrypted_field_is_hidden():
    """The platform wants these encrypted; a recording hides them in plain text as well, but for the most general."""
    recorder = Recorder([])
    names = {name for scope in ("v2", "v3", "path") for name in catalogue.personal(scope)}
    shown = {name for name in names if json.loads(replies(recorder, {name: "x"}))[name] == "x"}
    assert shown <= GENERAL | {
        "business_license_number",
        "certificate_id",
        "credential_type",
        "id_digest",
        "operate_user",
    }


@pytest.fixture(scope="module")
def recorded():
    sandbox = Sandbox()
    yield sandbox.recorded
    sandbox.stop()


class TestWeChatPay:
    def test_the_numbers_of_a_merchant(self, recorded):
        account = recorded.account
        header = 'WECHATPAY-BRAND-SHA256-RSA2048 brand_id="40001",nonce_str="1"'
        assert recorded.numbers({"Authorization": header}, b"") == {"40001": account.brand_id}
        assert recorded.numbers({}, b"<xml><mch_id>1</mch_id><mchid>2</mchid></xml>") == dict.fromkeys(
            "12", account.mchid
        )
        assert recorded.numbers({}, b"<xml><broken></xml>") == {}

    def test_its_calls(self, recorded):
        assert recorded.is_call("", {"Authorization": "WECHATPAY2-SHA256-RSA2048 …"}, b"")
        assert recorded.is_call("", {}, b"<xml><sign>1</sign></xml>")
        assert not recorded.is_call("", {"Authorization": "Bearer 1"}, b"<xml></xml>")

    @pytest.mark.parametrize("body", [b"<xml><a>1</a></xml>", b"<xml><sign>12</sign></xml>", b"{}"])
    def test_a_response_without_a_signature_stays(self, recorded, body):
        headers = {"Date": ["now"]}
        assert recorded.sign(headers, body) == body
        assert headers == {"Date": ["now"]}

    def test_xml_that_is_not_flat_stays(self, recorded):
        body = b"<xml><a><b>1</b></a><sign>" + b"0" * 32 + b"</sign></xml>"
        assert recorded.sign({}, body) == body

    def test_a_statement_is_signed_by_its_digest(self, recorded):
        headers = {"wechatpay-signature": ["old"], "Wechatpay-Statement-Sha1": ["old"]}
        recorded.sign(headers, b"content")
        assert headers["Wechatpay-Statement-Sha1"] == [hashlib.sha1(b"content").hexdigest()]
        assert headers["Wechatpay-Serial"] == [recorded.account.signer()]
        assert headers["wechatpay-signature"] != ["old"]
