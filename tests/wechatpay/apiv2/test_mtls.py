"""The merchant certificate goes out where it is wanted, and nowhere else: real handshakes on loopback."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import trustme
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import PrivateFormat, load_pem_private_key, pkcs12
from cryptography.x509 import load_pem_x509_certificate

from chainable import DirectTransport
from chainable.errors import ConfigurationError
from wechatpay import WeChatPay
from wechatpay.apiv2.signing import ParamSigner
from wechatpay.xml import XML

SECRET = "0123456789abcdef0123456789ABCDEF"


class Server(ThreadingHTTPServer):
    daemon_threads = True


@pytest.fixture(scope="module")
def authority():
    return trustme.CA(key_type=trustme.KeyType.RSA)


@pytest.fixture(scope="module")
def issued(authority):
    return authority.issue_cert("1900000109.merchant.example", common_name="1900000109", key_type=trustme.KeyType.RSA)


@pytest.fixture
def platform(authority):
    """A platform that asks for a certificate, and answers with what it saw."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            shown = self.connection.getpeercert()
            name = dict(pair for ((pair),) in shown["subject"])["commonName"] if shown else ""
            fields = {
                "return_code": "SUCCESS",
                "result_code": "SUCCESS",
                "shown": name,
                "port": str(self.client_address[1]),
            }
            body = XML.encode(ParamSigner("MD5", SECRET).sign(fields))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_OPTIONAL
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(params=["requests", "direct"])
def make_client(request, platform, authority, tmp_path):
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    made = []

    def make(**options):
        options |= {"proxies": {}} if request.param == "requests" else {"transport": DirectTransport()}
        client = WeChatPay(mchid="1900000109", secret=SECRET, base_url=platform, verify=str(trusted), **options)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


def pem_pair(issued, tmp_path):
    certificate, key = tmp_path / "apiclient_cert.pem", tmp_path / "apiclient_key.pem"
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    issued.private_key_pem.write_to_path(str(key))
    return {"merchant_cert": certificate, "merchant_key": key}


def one_p12(issued, tmp_path):
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(1)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())
        .build(b"1900000109")
    )
    path = tmp_path / "apiclient_cert.p12"
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            None,
            load_pem_private_key(issued.private_key_pem.bytes(), None),
            load_pem_x509_certificate(issued.cert_chain_pems[0].bytes()),
            None,
            encryption,
        )
    )
    return {"merchant_cert": path}


@pytest.mark.parametrize("form", [pem_pair, one_p12])
def test_the_certificate_is_shown_where_the_operation_wants_it(make_client, issued, tmp_path, form):
    """Refunds show it, orders do not, and each has connections of its own."""
    client = make_client(**form(issued, tmp_path))

    refunds = [client.v2.secapi.pay.refund.post(xml={"out_refund_no": "1"}).data for _ in range(2)]
    orders = [client.v2.pay.unifiedorder.post(xml={"out_trade_no": "1"}).data for _ in range(2)]

    assert [data["shown"] for data in (*refunds, *orders)] == ["1900000109", "1900000109", "", ""]
    assert len({data["port"] for data in refunds}) == len({data["port"] for data in orders}) == 1
    assert refunds[0]["port"] != orders[0]["port"]


def test_the_caller_may_want_it_anywhere(make_client, issued, tmp_path):
    """``security`` forces it."""
    client = make_client(**pem_pair(issued, tmp_path))

    assert client.v2.pay.unifiedorder.post(xml={}, security=True).data["shown"] == "1900000109"


def test_without_a_certificate_nothing_is_sent(make_client):
    """The setting is named, and the operation."""
    with pytest.raises(
        ConfigurationError, match=r"v2/secapi/pay/refund needs the merchant certificate.*merchant_cert="
    ):
        make_client().v2.secapi.pay.refund.post(xml={"out_refund_no": "1"})
