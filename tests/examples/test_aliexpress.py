"""AliExpress: signatures of the platform's own pages, both places, tokens, files, refusals."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from chainable import FORM, APIError, CodecError, Secret, SignableRequest
from examples.aliexpress import AliExpress, AliExpressSigner

HOST = "https://api-sg.aliexpress.com"
CLOCK = 1517820392.0


@pytest.fixture
def client():
    with AliExpress("12345678", "helloworld", "a-session", clock=lambda: CLOCK) as made:
        yield made


def signed(url, parameters):
    request = SignableRequest()
    request.url, request.parameters, request.codec = url, parameters, FORM
    return FORM.decode(AliExpressSigner(Secret("helloworld"), lambda: CLOCK)(request).body.encode())


def computed(prefix, fields):
    message = prefix + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    return hmac.new(b"helloworld", message.encode(), hashlib.sha256).hexdigest().upper()


@pytest.mark.parametrize(
    ("url", "parameters", "sign"),
    [
        (
            f"{HOST}/rest/auth/token/create",
            {"app_key": "12345678", "code": "3_500102_JxZ05Ux3cnnSSUm6dCxYg6Q26"},
            "35607762342831B6A417A0DED84B79C05FEFBF116969C48AD6DC00279A9F4D81",
        ),
        (
            f"{HOST}/rest/order/get",
            {"app_key": "123456", "access_token": "test", "order_id": "1234"},
            "4190D32361CFB9581350222F345CB77F3B19F0E31D162316848A2C1FFD5FAB4A",
        ),
        (
            f"{HOST}/sync",
            {
                "access_token": "test",
                "aliexpress_category_id": "200135143",
                "app_key": "123456",
                "method": "aliexpress.logistics.redefining.getonlinelogisticsinfo",
            },
            "F7F7926B67316C9D1E8E15F7E66940ED3059B1638C497D77973F30046EFB5BBB",
        ),
    ],
    ids=["token", "rest", "sync"],
)
def test_the_signatures_of_the_platforms_pages_are_made(url, parameters, sign):
    assert signed(url, parameters) == {
        **parameters,
        "sign_method": "sha256",
        "timestamp": "1517820392000",
        "sign": sign,
    }


def test_a_method_goes_to_sync_with_the_session(client):
    with responses.RequestsMock() as mock:
        mock.post(f"{HOST}/sync", '{"aliexpress_ds_product_get_response": {"result": {"id": 1}, "request_id": "r"}}')
        response = client.aliexpress.ds.product.get(product_id=1, query={"a": ["值"]}, ship_to=None)
        fields = FORM.decode(mock.calls[0].request.body)

    assert response.data["result"] == {"id": 1}
    sign = fields.pop("sign")
    assert fields == {
        "method": "aliexpress.ds.product.get",
        "app_key": "12345678",
        "session": "a-session",
        "product_id": "1",
        "query": '{"a":["值"]}',
        "sign_method": "sha256",
        "timestamp": "1517820392000",
    }
    assert sign == computed("", fields)


@pytest.mark.parametrize(("path", "more"), [("/auth/token/refresh", {}), ("/shop/get", {"access_token": "a-session"})])
def test_a_path_goes_to_rest_and_tokens_need_no_token(client, path, more):
    with responses.RequestsMock() as mock:
        mock.post(f"{HOST}/rest{path}", '{"code": "0", "access_token": "new", "request_id": "r"}')
        response = client.rest(path, refresh_token="old")
        fields = FORM.decode(mock.calls[0].request.body)

    assert response.data["access_token"] == "new"
    sign = fields.pop("sign")
    assert fields == {
        "app_key": "12345678",
        "refresh_token": "old",
        "sign_method": "sha256",
        "timestamp": "1517820392000",
        **more,
    }
    assert sign == computed(path, fields)


def test_a_file_is_not_signed_and_moves_the_parameters_to_the_query(client):
    with responses.RequestsMock() as mock:
        mock.post(f"{HOST}/sync", '{"aliexpress_image_upload_response": {}}')
        client.aliexpress.image.upload.post({"group_id": 7}, image_bytes=("a.png", b"\x89PNG"))
        request = mock.calls[0].request

    fields = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
    sign = fields.pop("sign")
    assert fields["group_id"] == "7"
    assert sign == computed("", fields)
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="image_bytes"; filename="a.png"' in request.body
    assert b"\x89PNG" in request.body


@pytest.mark.parametrize(
    ("body", "code", "transient", "wait"),
    [
        ('{"error_response": {"code": "IllegalAccessToken", "msg": "expired"}}', "IllegalAccessToken", False, None),
        (
            '{"error_response": {"code": "ApiCallLimit", "msg": "ban will last for 3 more seconds"}}',
            "ApiCallLimit",
            True,
            3,
        ),
        ('{"type": "ISV", "code": "IncompleteSignature", "message": "no"}', "IncompleteSignature", False, None),
        ("{}", "None", False, None),
    ],
)
def test_a_refusal_is_an_error(client, body, code, transient, wait):
    with responses.RequestsMock() as mock:
        mock.post(f"{HOST}/sync", body)
        with pytest.raises(APIError, match=f"^aliexpress.ds.order.create: {code}: ") as caught:
            client.aliexpress.ds.order.create(retries=0)
    error = caught.value
    assert (error.code, error.transient, error.retry_after, error.maybe_sent) == (code, transient, wait, not transient)


def test_a_page_is_no_answer(client):
    with responses.RequestsMock() as mock:
        mock.post(f"{HOST}/sync", "<html>")
        with pytest.raises(CodecError, match="a web page"):
            client.aliexpress.ds.order.create()
