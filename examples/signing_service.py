"""
A merchant's private key that never leaves its machine: a small signing service over HTTP, and two ways to use it.

Run it: ``python examples/signing_service.py``.  Nothing here leaves this machine.
A real service speaks TLS with certificates on both sides and logs who had what signed.
"""

import base64
import hmac
import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from chainable import Signer
from chainable.errors import DecryptionError
from wechatpay import Sensitive
from wechatpay.sandbox import Sandbox


class SigningService:
    """
    Holds the key: ``POST /sign`` and ``POST /decrypt`` take bytes and give bytes.

    Args:
        pem: The merchant's private key.
        token: What a caller has to show.
    """

    def __init__(self, pem, token):
        key = load_pem_private_key(pem.encode(), None)
        oaep = OAEP(mgf=MGF1(algorithm=SHA1()), algorithm=SHA1(), label=None)  # noqa: S303 (the platform's choice)
        work = {
            "/sign": lambda body: key.sign(body, PKCS1v15(), SHA256()),
            "/decrypt": lambda body: key.decrypt(body, oaep),
        }
        self.signed = 0
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                shown = self.headers.get("Authorization", "")
                if not hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()):
                    self.answer(403, b"")
                    return
                try:
                    result = work[self.path](body)
                except (KeyError, ValueError):
                    self.answer(400, b"")
                    return
                service.signed += self.path == "/sign"
                self.answer(200, result)

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class RemoteKey:
    """
    The key as the client sees it: goes in ``private_key=``.

    ``sign`` is all that calls need; ``decrypt`` opens encrypted fields of answers.
    """

    def __init__(self, url, token):
        self._url = url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"

    def __repr__(self):
        return f"RemoteKey({self._url!r})"

    def _ask(self, work, body):
        response = self._session.post(f"{self._url}/{work}", data=body, timeout=5)
        response.raise_for_status()
        return response.content

    def sign(self, message):
        return self._ask("sign", message)

    def decrypt(self, ciphertext):
        try:
            return self._ask("decrypt", ciphertext)
        except requests.HTTPError:
            raise DecryptionError("the signing service cannot open this ciphertext") from None


class RemoteSigner(Signer):
    """
    A whole signer: goes in ``signer=``, when the service should see the request and write the header itself.

    It is called last, once for each attempt, so time and nonce are new each time.
    """

    def __init__(self, mchid, serial, key, clock, nonce=lambda: secrets.token_hex(16)):
        self._mchid, self._serial, self._key, self._clock, self._nonce = mchid, serial, key, clock, nonce

    def __call__(self, r):
        stamp, nonce = str(int(self._clock())), self._nonce()
        covered = getattr(r, "signed_body", None)  # an upload is signed over its meta
        body = r.body if covered is None else covered
        lines = [r.method.encode(), r.path_url.encode(), stamp.encode(), nonce.encode(), body or b"", b""]
        signature = base64.b64encode(self._key.sign(b"\n".join(lines))).decode()
        r.headers["Authorization"] = (
            f'WECHATPAY2-SHA256-RSA2048 mchid="{self._mchid}",nonce_str="{nonce}",timestamp="{stamp}",'
            f'serial_no="{self._serial}",signature="{signature}"'
        )
        return r


def order(client, number):
    return client.v3.pay.transactions.native.post(
        json={
            "appid": "wxd678efh567hg6787",
            "mchid": client.mchid,
            "description": "咖啡 Coffee",
            "out_trade_no": number,
            "notify_url": "https://shop.example/notify",
            "amount": {"total": 100},
        }
    )


def transfer(client, number):
    client.v3.fund_app.mch_transfer.transfer_bills.post(
        json={
            "appid": "wxd678efh567hg6787",
            "out_bill_no": number,
            "transfer_scene_id": "1000",
            "openid": "o-MYE42l80oelYMDE34nYD456Xoy",
            "user_name": Sensitive("张三"),
            "transfer_amount": 30_000,
            "transfer_remark": "报销",
            "transfer_scene_report_infos": [
                {"info_type": "活动名称", "info_content": "新会员有礼"},
                {"info_type": "奖励说明", "info_content": "一等奖"},
            ],
        }
    )
    return number


def main():
    """Order and pay with a key that this process cannot read; both ways."""
    token = secrets.token_hex(16)
    with Sandbox() as sandbox, SigningService(sandbox.account.private_key, token) as service:
        key = RemoteKey(service.url, token)
        mchid, serial = sandbox.account.mchid, sandbox.account.serial
        # In place of the key:
        client = sandbox.client(private_key=key, merchant_cert=None, merchant_key=None)
        print(order(client, "order001").data)
        # What the platform encrypted for the merchant is opened by the service, too:
        sent = transfer(client, "transfer001")
        query = client.v3.fund_app.mch_transfer.transfer_bills.out_bill_no._out_bill_no_
        opened = query.get(out_bill_no=sent).decrypted()
        print("the person it was for:", opened["user_name"])
        # In place of the signer:
        signer = RemoteSigner(mchid, serial, key, clock=sandbox.context.clock)
        other = sandbox.client(private_key=None, signer=signer, merchant_cert=None, merchant_key=None)
        print(order(other, "order002").data)
        verified = [entry.verified for entry in sandbox.journal]
        print(json.dumps({"signed by the service": service.signed, "verified by the platform": verified}))
        return service.signed, verified, opened


if __name__ == "__main__":
    main()
