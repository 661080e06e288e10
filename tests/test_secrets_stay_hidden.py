"""
No secret and no person's data shows where a call fails: in frames, errors, pickles, logs and reprs.

Each situation makes something fail with planted values.  Then everything that
an error reporter could print is searched for them.
"""

from __future__ import annotations

import base64
import copy
import importlib
import json
import logging
import pickle
import pkgutil
import time
import traceback
import types
import warnings
from enum import Enum
from inspect import isabstract
from pathlib import Path

import pytest
import requests
from attrs import has

import chainable
import taobao_top
import wechatpay
from chainable import ChainableError
from chainable.masking import Secret
from chainable.transport import FileCertificate
from taobao_top import HMACMD5Signer, MD5Signer, TaobaoTop
from taobao_top.oauth import Token
from taobao_top.security import SecurityClient
from taobao_top.sessions import FileSessions, MemorySessions
from tests.loopback import QuietHandler, serving
from wechatpay import Merchants, ParamSigner, Sensitive, WeChatPay, WorkWXSigner
from wechatpay.apiv2.keys import sandbox_key
from wechatpay.apiv2.signing import verify_parameters
from wechatpay.certificates import PlatformCertificates
from wechatpay.crypto.aes import APIv3Key, open_req_info
from wechatpay.crypto.keys import load_merchant_pair, load_p12, load_private_key

ROOT = Path(chainable.__file__).parent.parent
OURS = tuple(str(ROOT / package) for package in ("chainable", "wechatpay", "taobao_top"))

V2 = "V2PLANTEDsecret0123456789abcdefg"
V3 = "V3PLANTEDsecret0123456789abcdefg"
APP = "APPPLANTED0123456789abcdef012345"
AGENT = "AGENTPLANTED0123456789"
SESSION = "6100PLANTED0123456789session"
CODE = "CODEPLANTED01234"
REFRESH = "REFRESHPLANTED0123456789"
ACCESS = "ACCESSPLANTED0123456789"
PASSWORD = "PASSWORDPLANTED"
PEM = "-----BEGIN PRIVATE KEY-----\nPLANTEDkey+body/AAAA\n-----END PRIVATE KEY-----\n"
PERSON = "oPLANTEDperson0123456789"
PLANTED = "PLANTED"
PLATFORM = "PUB_KEY_ID_0000000000000024101100397200000006"
SERIAL = "3775B6A45ACD588826D15E583A95F5DD12345678"


class Answers(QuietHandler):
    """Answers everything with the given response; None closes the connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.server.answer
        if callable(answer):
            answer = answer(self)
        if answer is None:
            self.close_connection = True
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST


class World:
    """Clients of both platforms with planted secrets, and what answers them."""

    def __init__(self, server, keys, folder):
        self.server = server
        self.merchant, self.platform = keys
        self.folder = folder
        self.made = []

    def says(self, body=b"", status=200, **headers):
        self.server.answer = (status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())
        return self

    def drops(self):
        self.server.answer = None
        return self

    def client(self, **changes):
        settings = {
            "mchid": "1900000109",
            "serial": SERIAL,
            "private_key": self.merchant,
            "certs": {PLATFORM: self.platform.public_key()},
            "apiv3_key": V3,
            "secret": V2,
            "base_url": self.server.url + "/",
            "retries": 0,
            "proxies": {},
        } | changes
        client = WeChatPay(**{name: value for name, value in settings.items() if value is not ...})
        self.made.append(client)
        return client

    def top(self, **changes):
        settings = {
            "app_key": "12345678",
            "app_secret": APP,
            "session": SESSION,
            "gateway": self.server.url + "/router/rest",
            "retries": 0,
            "proxies": {},
        } | changes
        top = TaobaoTop(**{name: value for name, value in settings.items() if value is not ...})
        self.made.append(top)
        return top

    def file(self, text, name="settings.toml"):
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path


def xml(**members):
    return f"<xml>{''.join(f'<{name}>{value}</{name}>' for name, value in members.items())}</xml>".encode()


REQ_INFO = base64.b64encode(bytes(32)).decode()
FAILS = {"return_code": "SUCCESS", "result_code": "FAIL", "err_code": "ORDERPAID"}
TOKENS = {"access_token": ACCESS, "refresh_token": REFRESH, "expires_in": "PLANTEDlife"}
SIGN_ERROR = {
    "code": "SIGN_ERROR",
    "message": "x",
    "detail": {"sign_information": {"truncated_sign_message": f'POST\n/\n1\nn\n{{"name":"{PERSON}"}}'}},
}


def refresher(world):
    """A session whose token has expired, and whose refresh fails."""
    return world.top().oauth.session("a", MemorySessions(), token=Token(ACCESS, REFRESH))


def express(world):
    """A client whose gateway ends in ``/sync``."""
    return world.top(gateway=world.server.url + "/sync", sign_method="sha256")


def sync(promise):
    return promise.result(60)


def uploaded(world, **options):
    return world.top().taobao.picture.upload(
        picture_category_id=1, image_input_title="a", img=("a.jpg", b"x"), **options
    )


def batched(world):
    with world.top().batch() as batch:
        promise = batch.taobao.trade.fullinfo.get(fields="tid", tid=1)
        other = batch["taobao.trade.memo.update"](tid=1, memo=PERSON, session=ACCESS)
    other.exception(60)
    return promise.result(60)


def v3_notice(world, body, **changes):
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    now = str(int(time.time()))
    signature = world.platform.sign(b"%b\nN\n%b\n" % (now.encode(), body), PKCS1v15(), SHA256())
    headers = {
        "Wechatpay-Timestamp": now,
        "Wechatpay-Nonce": "N",
        "Wechatpay-Serial": PLATFORM,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
    } | changes
    return world.client().notifications.parse(headers, body)


RESOURCE = {"algorithm": "AEAD_AES_256_GCM", "ciphertext": REQ_INFO, "nonce": "0" * 12, "associated_data": ""}
NOTICE = json.dumps({"id": "1", "event_type": "A", "resource": RESOURCE, "summary": PERSON}).encode()


WITH_BUYER = f'{{"buyer":"{PERSON}"}}'.encode()


def spi(world, body=WITH_BUYER, **headers):
    return world.top().spi.verify(
        {"Content-Type": "application/json", **headers}, f"/spi?method=a&session={SESSION}&sign=0", body
    )


WITH_PERSON = {"payer": {"openid": PERSON}, "out_trade_no": "1"}
LONE = "\ud800"

# What fails, and how. Each gets the world, and has to raise.
SITUATIONS = {
    # the network
    "v3, connection closed": lambda w: w.drops().client().v3.pay.transactions.jsapi.post(json=WITH_PERSON),
    "v3, nothing listens": lambda w: w.client(base_url="http://127.0.0.1:9/").v3.refund.domestic.refunds.post(json={}),
    "v3, a person in the path": lambda w: w.drops().client()[f"v3/payscore/users/{PERSON}"].get(),
    "v3, a person in a variable": lambda w: w.drops().client().v3.new._openid_.get(openid=PERSON),
    "v3, a person in the query": lambda w: w.drops().client().v3.new.get(params={"openid": PERSON}),
    "v2, connection closed": lambda w: w.drops().client().v2.pay.unifiedorder.post(xml={"openid": PERSON}),
    "v2, a promise": lambda w: sync(w.drops().client().v2.pay.micropay.post_async(xml={"auth_code": PERSON})),
    "v3, a promise": lambda w: sync(w.drops().client().v3.new.post_async(json=WITH_PERSON)),
    "TOP, connection closed": lambda w: w.drops().top().taobao.time.get(),
    "TOP, a promise": lambda w: sync(w.drops().top().taobao.time.get.post_async()),
    "TOP, a session of the call": lambda w: w.drops().top(session=...).taobao.time.get(session=SESSION),
    "TOP, a session that is called": lambda w: w.drops().top(session=lambda: SESSION).taobao.time.get(),
    "TOP, an upload": lambda w: uploaded(w.drops()),
    "TOP, an upload with a promise": lambda w: sync(
        w.drops().top().taobao.picture.upload.post_async({"img": ("a", b"x")}, image_input_title=PERSON)
    ),
    "TOP, a raw body": lambda w: w.drops().top()["qimen.a.b"](b"<request>PLANTED</request>"),
    "TOP, a batch": lambda w: batched(w.drops()),
    "TOP, md5": lambda w: w.drops().top(sign_method="md5").taobao.time.get(),
    "a session file": lambda w: w.drops().top(
        session=w.top().oauth.session("a", FileSessions(w.folder / "s.json"), token=Token(ACCESS, REFRESH))
    ).taobao.time.get(),
    # refusals and answers that are not authentic
    "v3, SIGN_ERROR": lambda w: w.says(SIGN_ERROR, 401).client().v3.new.post(json={"name": PERSON}),
    "v3, a refusal about a person": lambda w: (
        w.says({"code": "PARAM_ERROR", "message": "no", "detail": {"value": PERSON}}, 400)
        .client().v3.new.post(json=WITH_PERSON)
    ),
    "v3, no signature": lambda w: w.says({"openid": PERSON}).client().v3.new.post(json=WITH_PERSON),
    "v3, a wrong signature": lambda w: (
        w.says({"openid": PERSON}, **{
            "Wechatpay-Timestamp": str(int(time.time())), "Wechatpay-Nonce": "N",
            "Wechatpay-Serial": PLATFORM, "Wechatpay-Signature": "AAAA",
        }).client().v3.new.get()
    ),
    "v2, a refusal": lambda w: w.says(xml(**FAILS, openid=PERSON)).client().v2.pay.unifiedorder.post(xml={"body": "b"}),
    "v2, a wrong sign": lambda w: (
        w.says(xml(return_code="SUCCESS", openid=PERSON, sign="0" * 32)).client().v2.pay.orderquery.post(xml={})
    ),
    "v2, a wrong sign by HMAC": lambda w: (
        w.says(xml(return_code="SUCCESS", openid=PERSON, sign="0" * 64))
        .client(v2_signer=ParamSigner("HMAC-SHA256", V2)).v2.pay.orderquery.post(xml={})
    ),
    "v2, no sign": lambda w: w.says(xml(return_code="SUCCESS", openid=PERSON)).client().v2.pay.orderquery.post(xml={}),
    "v2, nested": lambda w: (
        w.says(xml(return_code="SUCCESS", a=f"<b>{PERSON}</b>", sign="0" * 32)).client().v2.pay.orderquery.post(xml={})
    ),
    "v2, no XML": lambda w: w.says(b"PLANTED").client().v2.pay.orderquery.post(xml={}),
    "v2, an error page": lambda w: w.says(b"PLANTED", 502).client().v2.pay.orderquery.post(xml={}),
    "v2, WeCom": lambda w: (
        w.drops().client(v2_signer=WorkWXSigner(ParamSigner("MD5", V2), AGENT))
        .v2.mmpaymkttransfers.sendworkwxredpack.post(xml={"mch_billno": "1", "wxappid": "a", "re_openid": PERSON})
    ),
    "v2, the sandbox's key": lambda w: sandbox_key(w.says(xml(return_code="SUCCESS", a="PLANTED")).client()),
    "TOP, a refusal": lambda w: (
        w.says({"error_response": {"code": 50, "msg": "x", "buyer": PERSON}}).top().taobao.time.get()
    ),
    "TOP, a wrong signature": lambda w: w.says({"error_response": {"code": 25, "msg": "x"}}).top().taobao.time.get(),
    "TOP, a session that cannot be renewed": lambda w: (
        w.says({"error_response": {"code": 27, "msg": "x"}}).top(session=refresher(w)).taobao.time.get()
    ),
    "TOP, a broken answer": lambda w: w.says(b'{"time_get_response": {"a": "PLANTED').top().taobao.time.get(),
    "TOP, an answer without its root": lambda w: w.says(b'["PLANTED"]').top().taobao.time.get(),
    "TOP, an HTTP error": lambda w: uploaded(w.says(b"PLANTED", 500)),
    "TOP, text that is to be JSON": lambda w: (
        w.says({"time_get_response": {"token_result": '{"access_token":"PLANTED'}})
        .top().taobao.time.get(decode=("token_result",))
    ),
    "TOP, a refused batch": lambda w: batched(w.says({"error_response": {"code": 25, "buyer": PERSON}})),
    "TOP, a broken batch": lambda w: batched(w.says(b'{"a": "PLANTED"}')),
    # authorisation
    "oauth, token, network": lambda w: w.drops().top().oauth.token(code=CODE, redirect_uri="https://a/"),
    "oauth, token, signed": lambda w: w.drops().top().oauth.token(code=CODE, signed=True),
    "oauth, token, no URI": lambda w: w.top().oauth.token(code=CODE),
    "oauth, token, odd URI": lambda w: w.top().oauth.token(code=CODE, redirect_uri=LONE),
    "oauth, token, odd code": lambda w: w.top().oauth.token(code=CODE + LONE, redirect_uri="https://a/"),
    "oauth, token, no app_secret": lambda w: (
        w.top(app_secret=..., sign_method=MD5Signer(APP)).oauth.token(code=CODE, redirect_uri="https://a/")
    ),
    "oauth, token, refused": lambda w: (
        w.says({"error": "invalid_client", "error_description": "x", "a": ACCESS}, 400)
        .top().oauth.token(code=CODE, redirect_uri="https://a/")
    ),
    "oauth, token, odd life": lambda w: w.says(TOKENS).top().oauth.token(code=CODE, redirect_uri="https://a/"),
    "oauth, token, cut": lambda w: w.says(json.dumps(TOKENS)[:-20].encode()).top().oauth.token(code=CODE, redirect_uri="a"),
    "oauth, token, none": lambda w: (
        w.says({"refresh_token": REFRESH}).top().oauth.token(code=CODE, redirect_uri="https://a/")
    ),
    "oauth, token, signed, odd life": lambda w: (
        w.says({"top_auth_token_create_response": {"token_result": json.dumps(TOKENS)}})
        .top().oauth.token(code=CODE, signed=True)
    ),
    "oauth, token, signed, cut": lambda w: (
        w.says({"top_auth_token_create_response": {"token_result": json.dumps(TOKENS)[:-20]}})
        .top().oauth.token(code=CODE, signed=True)
    ),
    "oauth, refresh, network": lambda w: w.drops().top().oauth.refresh(REFRESH),
    "oauth, refresh of a token": lambda w: w.drops().top().oauth.refresh(Token(ACCESS, REFRESH)),
    "oauth, refresh, signed": lambda w: w.drops().top().oauth.refresh(REFRESH, signed=True),
    "oauth, refresh, refused": lambda w: (
        w.says({"error": "invalid_grant", "error_description": "x"}, 400).top().oauth.refresh(REFRESH)
    ),
    "oauth, refresh, refused, signed": lambda w: (
        w.says({"error_response": {"code": 15, "sub_code": "a", "a": ACCESS}}).top().oauth.refresh(REFRESH, signed=True)
    ),
    "oauth at /sync, token, network": lambda w: express(w.drops()).oauth.token(code=CODE),
    "oauth at /sync, token, odd code": lambda w: express(w).oauth.token(code=CODE + LONE),
    "oauth at /sync, token, refused": lambda w: (
        express(w.says({"code": "InvalidCode", "type": "ISV", "message": "x", "access_token": ACCESS})).oauth.token(code=CODE)
    ),
    "oauth at /sync, token, odd life": lambda w: express(w.says(TOKENS)).oauth.token(code=CODE),
    "oauth at /sync, token, cut": lambda w: express(w.says(json.dumps(TOKENS)[:-20].encode())).oauth.token(code=CODE),
    "oauth at /sync, token, an error page": lambda w: express(w.says(b"PLANTED", 502)).oauth.token(code=CODE),
    "oauth at /sync, refresh, network": lambda w: express(w.drops()).oauth.refresh(REFRESH),
    "oauth at /sync, refresh, refused": lambda w: (
        express(w.says({"code": "IllegalRefreshToken", "refresh_token": REFRESH})).oauth.refresh(Token(ACCESS, REFRESH))
    ),
    "oauth at /sync, no app_secret": lambda w: (
        w.top(gateway=w.server.url + "/sync", app_secret=..., sign_method=MD5Signer(APP)).oauth.token(code=CODE)
    ),
    "a refused session that cannot be renewed": lambda w: (
        w.says({"error_response": {"code": 27, "sub_code": "session-expired", "a": ACCESS}})
        .top(session=w.top().oauth.session("a", MemorySessions(), token=Token(ACCESS))).taobao.time.get()
    ),
    "a refused session whose renewal is refused": lambda w: (
        w.says({"error_response": {"code": 27}}).top(session=refresher(w)).taobao.trade.get(fields="tid", tid=1)
    ),
    "oauth, refresh, no token": lambda w: w.top().oauth.refresh(Token(ACCESS)),
    "oauth, fragment, forged": lambda w: w.top().oauth.from_fragment(f"#access_token={ACCESS}&top_sign=0"),
    "oauth, fragment, unsigned": lambda w: w.top().oauth.from_fragment(f"#access_token={ACCESS}"),
    "oauth, a kept token": lambda w: Token.from_dict({"access_token": ACCESS, "expires": "PLANTEDday"}),
    # notifications and calls that come in
    "v2 refund notice, forged": lambda w: w.client().notifications.parse({}, xml(req_info=REQ_INFO, openid=PERSON)),
    "v2 refund notice, no base64": lambda w: w.client().notifications.parse({}, xml(req_info="PLANTED!")),
    "v2 notice, forged": lambda w: w.client().notifications.parse({}, xml(openid=PERSON, sign="0" * 32)),
    "v2 notice, unsigned": lambda w: w.client().notifications.parse({}, xml(openid=PERSON)),
    "v2 notice, no key": lambda w: w.client(secret=...).notifications.parse({}, xml(openid=PERSON)),
    "v3 notice, unsigned": lambda w: w.client().notifications.parse({}, NOTICE),
    "v3 notice, forged": lambda w: v3_notice(w, NOTICE, **{"Wechatpay-Nonce": "M"}),
    "v3 notice, old": lambda w: v3_notice(w, NOTICE, **{"Wechatpay-Timestamp": "1"}),
    "v3 notice, another key": lambda w: v3_notice(w, NOTICE, **{"Wechatpay-Serial": "AB"}),
    "v3 notice, does not open": lambda w: v3_notice(w, NOTICE),
    "v3 notice, not one": lambda w: v3_notice(w, f'{{"openid":"{PERSON}"}}'.encode()),
    "a notice for nobody here": lambda w: Merchants([w.client()]).parse({}, xml(openid=PERSON, mch_id="2", sign="0" * 32)),
    "a notice of one merchant, forged": lambda w: (
        Merchants([w.client()]).parse({}, xml(openid=PERSON, mch_id="1900000109", sign="0" * 32))
    ),
    "SPI, forged": spi,
    "SPI, another charset": lambda w: spi(w, f"a={PERSON}%ff".encode(), **{
        "Content-Type": "application/x-www-form-urlencoded;charset=gbk"}),
    "verify_parameters": lambda w: verify_parameters({"a": PERSON, "sign": "0" * 32}, V2),
    "verify_parameters, odd": lambda w: verify_parameters({"a": PERSON, "sign": "0" * 31}, V2),
    "verify_parameters, lone surrogate": lambda w: verify_parameters({"a": PERSON + LONE, "sign": "0" * 32}, V2),
    "open_req_info": lambda w: open_req_info(V2, REQ_INFO),
    # wrong types and values in calls
    "v2, a text that is no Unicode": lambda w: w.client().v2.pay.unifiedorder.post(xml={"openid": PERSON, "body": LONE}),
    "v2, JSON": lambda w: w.client().v2.pay.unifiedorder.post(json={"openid": PERSON}),
    "v2, no mapping": lambda w: w.client().v2.pay.unifiedorder.post(xml=[PERSON]),
    "v2, an odd sign_type": lambda w: w.client().v2.pay.unifiedorder.post(xml={"sign_type": V2}),
    "v3, XML": lambda w: w.client().v3.new.post(xml={"openid": PERSON}),
    "v3, a text that is no Unicode": lambda w: w.client().v3.new.post(json={"openid": PERSON, "b": LONE}),
    "v3, an object": lambda w: w.client().v3.new.post(json={"openid": PERSON, "b": object()}),
    "v3, two bodies": lambda w: w.client().v3.new.post(json={"openid": PERSON}, data=PERSON.encode()),
    "v3, an unknown option": lambda w: w.client().v3.new.post(json={"openid": PERSON}, xyz=PERSON),
    "v3, plain where it is encrypted": lambda w: (
        w.client().v3.fund_app.mch_transfer.transfer_bills.post(json={"user_name": PERSON, "openid": PERSON})
    ),
    "v3, too long to encrypt": lambda w: w.client().v3.new.post(json={"name": Sensitive(PERSON * 20)}),
    "v3, no Unicode to encrypt": lambda w: w.client().v3.new.post(json={"name": Sensitive(PERSON + LONE)}),
    "v3, encrypt too long": lambda w: w.client().encrypt(PERSON * 20),
    "v3, encrypt for a key as serial": lambda w: w.client().encrypt(PERSON, serial=V3),
    "v3, a person in the path twice": lambda w: w.client().v3.new._openid_.get(openid=[PERSON]),
    "v3, an upload without a file": lambda w: w.client().v3.merchant.media.upload.post(files={"x": PERSON}),
    "v3, a key as header": lambda w: w.client().v3.new.get(headers={"X": V3 + "\n"}),
    "v3, a key as name of a header": lambda w: w.client().v3.new.get(headers={f"X: {V3}": "1"}),
    "v2, a page": lambda w: w.client().signed_url(w.client().v2.pay.unifiedorder, params={"openid": PERSON}),
    "TOP, a float": lambda w: w.top().taobao.time.get(a=PERSON, b=1.5),
    "TOP, two mappings": lambda w: w.top().taobao.time.get({"session": SESSION}, {"a": PERSON}),
    "TOP, a session in the mapping": lambda w: w.top().taobao.time.get({"session": SESSION}),
    "TOP, a misspelt option": lambda w: w.top().taobao.time.get(sesion=SESSION),
    "TOP, a session that is no Unicode": lambda w: w.top().taobao.time.get(session=SESSION + LONE),
    "TOP, a session of the client that is no Unicode": lambda w: w.top(session=SESSION + LONE).taobao.time.get(),
    "TOP, a session that is called and no Unicode": lambda w: w.top(session=lambda: SESSION + LONE).taobao.time.get(),
    "TOP, a batch whose session is no Unicode": lambda w: batched_with(w, SESSION + LONE),
    "TOP, a file in a batch": lambda w: in_batch(w, img=("a", PERSON.encode())),
    "TOP, a session as bytes": lambda w: w.top(session=SESSION.encode()),
    "TOP, a format": lambda w: w.top(format=SESSION),
    "signer, lone surrogate": lambda w: HMACMD5Signer(APP).sign({"session": SESSION, "a": LONE}),
    "signer, of any request": lambda w: requests.post(
        w.server.url,
        data=f"session={SESSION}&a=%FF".encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=MD5Signer(APP),
    ),
    "signer, of a stream": lambda w: MD5Signer(APP)(
        requests.Request("POST", f"http://a/?session={SESSION}", data=iter([b"a"])).prepare()
    ),
    "signer of APIv2, no XML": lambda w: ParamSigner("MD5", V2)(
        requests.Request("POST", "http://a/", data=b"<xml>PLANTED").prepare()
    ),
    "signer of APIv2, an odd algorithm": lambda w: ParamSigner(V2, V2),
    "signer of APIv2, no text": lambda w: ParamSigner("MD5", V2.encode()),
    "signer, no secret": lambda w: MD5Signer(APP.encode()),
    "signer, a secret that is no Unicode": lambda w: MD5Signer(APP + LONE),
    "security, network": lambda w: (
        SecurityClient(w.drops().top(), "RANDOMPLANTED").encrypt(PERSON, "phone", session=SESSION)
    ),
    "security, search": lambda w: SecurityClient(w.drops().top(), "RANDOMPLANTED").search(PERSON, "phone", session=SESSION),
    "security, decrypt": lambda w: (
        SecurityClient(w.drops().top(), "RANDOMPLANTED").decrypt("$138$AAAA$1$", "phone", session=SESSION)
    ),
    "security, the app's own key": lambda w: (
        SecurityClient(w.drops().top(), "RANDOMPLANTED").decrypt("$138$AAAA$-1$", "phone", session=SESSION)
    ),
    "security, an odd key": lambda w: (
        SecurityClient(
            w.says({"top_secret_get_response": {"secret": "PLANTED", "secret_version": "PLANTED"}}).top(), "R"
        ).encrypt(PERSON, "phone", session=SESSION)
    ),
    # settings
    "a key as mchid": lambda w: w.client(mchid=V2),
    "a key as brand_id": lambda w: w.client(mchid=..., brand_id=V3),
    "a key as serial": lambda w: w.client(serial=V3),
    "a short secret as serial": lambda w: w.client(serial="PLANTED!"),
    "a short key": lambda w: w.client(secret="PLANTED"),
    "a short APIv3 key": lambda w: w.client(apiv3_key=("PLANTED", V3)),
    "an APIv3 key that is a number": lambda w: w.client(apiv3_key=5),
    "a damaged private key": lambda w: w.client(private_key=PEM),
    "a private key as certificate": lambda w: w.client(merchant_cert=PEM),
    "a private key among certs": lambda w: w.client(certs={PLATFORM: PEM}),
    "a key as id of certs": lambda w: w.client(certs={V3: w.platform.public_key()}),
    "a hex key as id of certs": lambda w: w.client(certs={"ABCDEF" + "0" * 26: w.platform.public_key()}),
    "a key as base_url": lambda w: w.client(base_url=V3),
    "a password in base_url": lambda w: w.client(base_url=f"https://u:{PASSWORD}@host/"),
    "a key as backup_url": lambda w: w.client(backup_url=V3),
    "a key as private_key": lambda w: w.client(private_key=V3),
    "a key as merchant_cert": lambda w: w.client(merchant_cert=V3),
    "a key as verify": lambda w: w.client(verify=V3),
    "a key as timeout": lambda w: w.client(timeout=V3),
    "a key as retries": lambda w: w.client(retries=V3),
    "a wrong timeout beside all secrets": lambda w: w.client(timeout=-1),
    "a wrong timeout of TOP": lambda w: w.top(timeout=-1),
    "app_secret as app_key": lambda w: w.top(app_key=APP),
    "app_secret as gateway": lambda w: w.top(gateway=APP),
    "app_secret as sign_method": lambda w: w.top(sign_method=APP),
    "a password for a private key": lambda w: load_private_key(PEM, password=PASSWORD),
    "a password for a .p12": lambda w: load_p12(b"0\x82PLANTED", password=PASSWORD),
    "a password for a pair": lambda w: load_merchant_pair(PEM, PEM, password=PASSWORD),
    "certificates": lambda w: PlatformCertificates({V3: PEM}),
    "APIv3Key": lambda w: APIv3Key("PLANTED"),
    "toml, a list of tables": lambda w: WeChatPay.from_file(w.file(f"[[wechatpay]]\nsecret='{V2}'\n")),
    "toml, a list of values": lambda w: WeChatPay.from_file(w.file(f"wechatpay = ['{V2}']\n")),
    "toml, a list of numbers": lambda w: WeChatPay.from_file(w.file("wechatpay = [1]\n")),
    "toml, a text": lambda w: WeChatPay.from_file(w.file(f"wechatpay = '{V2}'\n")),
    "toml, a date": lambda w: WeChatPay.from_file(w.file("wechatpay = 2026-01-01\n")),
    "toml, a table inside": lambda w: WeChatPay.from_file(w.file(f"[wechatpay.secret]\na = '{V2}'\n")),
    "toml, a number as key": lambda w: WeChatPay.from_file(w.file(f"mchid='1'\nsecret='{V2}'\nprivate_key=5\n")),
    "toml, a key as name": lambda w: WeChatPay.from_file(w.file(f"{V2} = 1\n")),
    "toml, cut": lambda w: WeChatPay.from_file(w.file(f"secret = '{V2}\n")),
    "toml, not UTF-8": lambda w: WeChatPay.from_file(not_utf8(w, f"secret = '{V2}'\n")),
    "toml, an endless number": lambda w: WeChatPay.from_file(w.file(f"secret='{V2}'\nmchid = {'1' * 5000}\n")),
    "toml, deep": lambda w: WeChatPay.from_file(w.file(f"secret='{V2}'\nmchid = {'[' * 100000}\n")),
    "toml, an empty list": lambda w: WeChatPay.from_file(w.file(f"mchid='1'\nsecret='{V2}'\napiv3_key=[]\n")),
    "toml, a wrong cert": lambda w: WeChatPay.from_file(w.file(f"mchid='1'\nsecret='{V2}'\n[certs]\n{V3}=1\n")),
    "toml, given twice": lambda w: WeChatPay.from_file(w.file(f"secret='{V2}'\n"), secret=V2),
    "toml of TOP, a list of tables": lambda w: TaobaoTop.from_file(w.file(f"[[taobao_top]]\napp_secret='{APP}'\n")),
    "toml of TOP, no app_key": lambda w: TaobaoTop.from_file(w.file(f"app_secret='{APP}'\n"), session=SESSION),
    "toml of TOP, a list": lambda w: TaobaoTop.from_file(w.file(f"app_key=1\napp_secret=['{APP}']\n")),
    "toml of TOP, odd proxies": lambda w: TaobaoTop.from_file(w.file(f"app_key=1\napp_secret='{APP}'\nproxies='PLANTED'\n")),
    "toml of TOP, a number as session": lambda w: TaobaoTop.from_file(w.file(f"app_key=1\napp_secret='{APP}'\nsession=5\n")),
    "env, no equals sign": lambda w: WeChatPay.from_env(file=w.file(f"WECHATPAY_SECRET={V2}\n{V3}\n", "a.env")),
    "env, a control character": lambda w: WeChatPay.from_env(file=w.file(f"WECHATPAY_SECRET={V2}\x0b\n", "a.env")),
    "env, not UTF-8": lambda w: WeChatPay.from_env(file=not_utf8(w, f"WECHATPAY_SECRET={V2}\n")),
    "env, certs": lambda w: WeChatPay.from_env(file=w.file(f"WECHATPAY_CERTS={V2}\n", "a.env")),
    "env, a key as serial": lambda w: WeChatPay.from_env(
        file=w.file(f"WECHATPAY_MCHID=1\nWECHATPAY_SECRET={V2}\nWECHATPAY_SERIAL={V3}\n", "a.env")
    ),
    "env of TOP, no app_key": lambda w: TaobaoTop.from_env(file=w.file(f"TAOBAO_TOP_APP_SECRET={APP}\n", "a.env")),
    "env of TOP, an odd method": lambda w: TaobaoTop.from_env(
        file=w.file(f"TAOBAO_TOP_APP_KEY=1\nTAOBAO_TOP_APP_SECRET={APP}\nTAOBAO_TOP_SIGN_METHOD={APP}\n", "a.env")
    ),
    "merchants of texts": lambda w: Merchants([V2]),
    "merchants of nothing": lambda w: Merchants(5),
}  # fmt: skip


def batched_with(world, session):
    with world.top().batch() as batch:
        promise = batch.taobao.trade.fullinfo.get(fields="tid", tid=1, session=session)
    return promise.result(60)


def in_batch(world, **parameters):
    with world.top().batch() as batch:
        batch.taobao.picture.upload(**parameters)


def not_utf8(world, text):
    path = world.folder / "bytes.env"
    path.write_bytes(text.encode() + b"\xff\n")
    return path


@pytest.fixture
def world(merchant_key, platform_key, tmp_path):
    with serving(Answers) as server:
        server.answer = (200, {}, b"{}")
        made = World(server, (merchant_key, platform_key), tmp_path)
        yield made
        for client in made.made:
            client.close()


def chain_of(error):
    """An error with all that it comes from, what a reporter leaves out among it."""
    seen, waiting = [], [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in seen:
            seen.append(one)
            waiting += [one.__cause__, one.__context__]
    return seen


def shown_by(error):
    """Everything that an error reporter could print of an error."""
    for one in chain_of(error):
        for frame in traceback.TracebackException.from_exception(one, capture_locals=True).stack:
            if frame.filename.startswith((*OURS, "<attrs generated")):
                for name, value in (frame.locals or {}).items():
                    yield f"{frame.filename}:{frame.name}:{name}", value
        if isinstance(one, ChainableError | requests.RequestException):
            yield f"str of {type(one).__name__}", str(one)
            yield f"repr of {type(one).__name__}", repr(one)
    yield "pickle", repr(pickle.dumps(error))


def inside(root):
    """Every text and repr that a walk through attributes and containers finds."""
    seen, waiting = {}, [(type(root).__name__, root)]
    while waiting:
        path, found = waiting.pop()
        if id(found) in seen or isinstance(found, type | types.ModuleType | types.FunctionType | logging.Logger):
            continue
        seen[id(found)] = found
        yield path, repr(found)
        if isinstance(found, dict):
            waiting += [(f"{path}[…]", member) for pair in found.items() for member in pair]
        elif isinstance(found, list | tuple | set | frozenset):
            waiting += [(f"{path}[…]", member) for member in found]
        elif type(found).__module__.partition(".")[0] in {"chainable", "wechatpay", "taobao_top"}:
            names = {
                *getattr(found, "__dict__", ()),
                *(name for kind in type(found).__mro__ for name in vars(kind).get("__slots__", ())),
            }
            waiting += [
                (
                    f"{path}.{name}",
                    vars(found)[name] if name in getattr(found, "__dict__", ()) else getattr(found, name),
                )
                for name in names
                if name != "__weakref__"
                and (name in getattr(found, "__dict__", ()) or has(type(found)) or hasattr(found, name))
            ]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SITUATIONS)
def test_what_fails_shows_no_secret(world, caplog, name):
    caplog.set_level(logging.DEBUG)
    with pytest.raises((ChainableError, requests.RequestException, TypeError, ValueError)) as caught:
        SITUATIONS[name](world)

    hits = {where for where, text in shown_by(caught.value) if PLANTED in text}
    assert not hits, "\n".join(sorted(hits))
    assert not [record for record in caplog.records if PLANTED in record.getMessage()]


@pytest.mark.parametrize(
    "name", [name for name in SITUATIONS if name.startswith(("toml", "env", "merchants", "a key as"))]
)
def test_wrong_settings_are_configuration_errors(world, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(chainable.ConfigurationError):
            SITUATIONS[name](world)


def test_the_search_finds_what_shows():
    """The tests above are worth something: a plain local is found."""
    source = compile(f"def fail(secret):\n    raise ValueError\nfail({V2!r})", f"{OURS[0]}-of-this-test.py", "exec")
    with pytest.raises(ValueError) as caught:
        exec(source)

    assert [where.rpartition(":")[2] for where, text in shown_by(caught.value) if V2 in text] == ["secret"]
    assert any(V2 in text for _, text in inside(Token(V2)))


def test_a_walk_through_clients_finds_no_secret(world):
    top = world.top(session=SESSION)
    client = world.client(v2_signer=WorkWXSigner(ParamSigner("MD5", V2), AGENT))
    roots = [
        client, client.notifications, client.invoke, client.certificates, client.v3.new, client.v2.pay, Merchants([client]),
        top, top.oauth, top.spi, top.taobao.time, top.batch(), SecurityClient(top, "RANDOMPLANTED"),
        HMACMD5Signer(APP), ParamSigner("MD5", V2), APIv3Key(V3), Secret(V2), Sensitive(PERSON),
        Merchants([client]),
    ]  # fmt: skip
    from taobao_top.tmc import TMC

    roots.append(TMC(top))
    for root in roots:
        assert not [path for path, text in inside(root) if PLANTED in text and not path.endswith("Sensitive._text")]


EXTRAS = ("django", "sqlalchemy")  # such modules need what is not always there
NOT_MADE_BY_USERS = (chainable.Promise, chainable.Pipeline, FileCertificate)


def public_classes():
    """Every class that a module offers by name, but for the sandboxes, their pages and the command lines."""
    found = {}
    for package in (chainable, wechatpay, taobao_top):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not {
                "sandbox",
                "inspector",
                "cli",
                "describe",
                "doctor",
                "types",
                "demo",
                "demonstration",
                *EXTRAS,
            } & set(info.name.split(".")):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DeprecationWarning)  # former names of modules
                    module = importlib.import_module(info.name)
                for name in getattr(module, "__all__", ()):
                    value = getattr(module, name)
                    if value in NOT_MADE_BY_USERS:
                        continue
                    if isinstance(value, type) and value.__module__.startswith(
                        ("chainable", "wechatpay", "taobao_top")
                    ):
                        found[value] = f"{info.name}.{name}"
    return found


@pytest.mark.parametrize("kind", [pytest.param(kind, id=name) for kind, name in public_classes().items()])
def test_the_repr_of_a_half_made_object_works(kind):
    try:
        half = kind.__new__(kind)
    except TypeError:  # an abstract class has no objects; a tuple, text or member of an enumeration is never half made
        assert isabstract(kind) or issubclass(kind, tuple | str | Enum)
    else:
        assert isinstance(repr(half), str)


@pytest.mark.parametrize(
    "name", ["a private key among certs", "a key as mchid", "app_secret as sign_method", "a wrong timeout of TOP"]
)
def test_a_wrong_setting_can_be_reported(world, name):
    with pytest.raises(chainable.ConfigurationError) as caught:
        SITUATIONS[name](world)

    report = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "ConfigurationError" in report


def test_refusals_are_useful_where_they_are_raised(world):
    """A live error and its copies keep what a pickle drops."""
    with pytest.raises(chainable.APIError) as caught:
        world.says(SIGN_ERROR, 401).client().v3.new.post(json={"name": PERSON})
    for error in (caught.value, copy.copy(caught.value), copy.deepcopy(caught.value)):
        assert PERSON in json.dumps(error.detail)
        assert error.response.status_code == 401
        assert "differs" in error.explain()
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.code, again.status_code, again.detail, again.response.status_code) == ("SIGN_ERROR", 401, None, 401)
    assert again.response.label == "v3/new"
