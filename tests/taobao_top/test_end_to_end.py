"""The client against the sandbox, over real sockets, TLS included."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from datetime import datetime, timedelta, timezone
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import requests
from flask import Flask

from chainable.errors import CodecError
from chainable.times import BEIJING
from taobao_top import SecurityClient, TaobaoTop, TopError
from taobao_top.oauth import Token
from taobao_top.sandbox.pytest_plugin import taobao_sandbox, taobao_sandbox_server
from taobao_top.sessions import FileSessions, MemorySessions
from taobao_top.spi.flask import handler

__all__ = ["taobao_sandbox", "taobao_sandbox_server"]

ORDER = {
    "identifier": "标识",
    "order_id": "o-1",
    "total_guaranteed_amount": "100",
    "effective_time": datetime(2026, 1, 1, 10, tzinfo=BEIJING),
    "policy_list": [
        {
            "fee_amount": "10.00",
            "actual_received_amount": "10.00",
            "effective_time": datetime(2026, 1, 1, 2, tzinfo=timezone.utc),
            "expiration_time": datetime(2027, 1, 1, 10, tzinfo=BEIJING),
            "is_renew_policy": False,
            "policy_no": "p-1",
            "guaranteed_amount": "10.00",
        }
    ],
    "total_actual_received_amount": "100.00",
    "total_fee_amount": "10.00",
    "out_user_id": "u-1",
    "payment_type": "monthly",
    "item_id": "i-1",
    "institution": "xx",
    "total_installments": 1,
    "product_code": "c-1",
    "expiration_time": datetime(2027, 1, 1, 10, tzinfo=BEIJING),
    "attributes": '{"spm":"xxx"}',
    "apply_time": datetime(2026, 1, 1, 10, tzinfo=BEIJING),
    "tenant": "DTAO",
}


@pytest.fixture
def sandbox(taobao_sandbox):
    return taobao_sandbox


@pytest.fixture
def top(sandbox):
    return sandbox.client()


async def awaited(promise):
    return await promise


FORMS = {
    "attributes": lambda top: top.alibaba.finance.insurance.createorder,
    "chain": lambda top: top.chain("alibaba.finance.insurance.createorder"),
    "items": lambda top: top["alibaba.finance.insurance.createorder"],
}
WAYS = {
    "sync": lambda chain, order: chain.post(create_order_request=order),
    "then": lambda chain, order: (
        chain.post_async({"create_order_request": order}).then(lambda response: response).wait()
    ),
    "await": lambda chain, order: asyncio.run(awaited(chain.post_async(create_order_request=order))),
}


class TestCalls:
    @pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
    @pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
    def test_the_gateway_accepts_the_order_in_all_six_forms(self, top, sandbox, form, way):
        response = way(form(top), ORDER)

        assert response.data["is_success"] is True
        assert response.data["response_code"] == "SUCCESS"
        assert response.request_id
        response.raise_for_business()

    @pytest.mark.parametrize("method", ["md5", "hmac", "hmac-sha256"])
    @pytest.mark.parametrize("secure", [True, False])
    def test_the_gateway_accepts_each_sign_method_over_TLS(self, sandbox, method, secure):
        top = sandbox.client(sign_method=method, gateway=sandbox.https_gateway if secure else sandbox.gateway)

        assert top.taobao.time.get().data["time"]

    def test_an_untrusted_certificate_gets_no_request(self, sandbox):
        top = sandbox.client(gateway=sandbox.https_gateway, verify=True)

        with pytest.raises(requests.exceptions.SSLError) as caught:
            top.taobao.time.get()

        assert not caught.value.maybe_sent

    def test_a_client_is_made_from_the_sandboxs_env_file(self, sandbox, tmp_path, monkeypatch):
        with TaobaoTop.from_env(file=sandbox.write_env(tmp_path / "top.env")) as top:
            assert top.taobao.time.get().data["time"]

    def test_JSON_and_XML_have_one_shape_with_and_without_simplify(self, sandbox):
        sandbox.trades.add(2)
        answers = {}
        for simplify in (True, False):
            for kind in ("json", "xml"):
                top = sandbox.client(format=kind, simplify=simplify)
                answers[simplify, kind] = top.taobao.trades.sold.get(fields="tid,payment,orders.oid", page_size=5).data

        for simplify in (True, False):
            found = answers[simplify, "json"], answers[simplify, "xml"]
            for data in found:
                del data["request_id"]
            assert found[0] == found[1]
        assert isinstance(answers[True, "xml"]["trades"], list)
        assert answers[False, "xml"]["trades"]["trade"][0]["tid"] > 2**60

    def test_files_of_every_kind_arrive_complete(self, top, sandbox, tmp_path):
        content = os.urandom(5000) + b"\r\n--\r\n"
        (tmp_path / "图.jpg").write_bytes(content)

        with (tmp_path / "图.jpg").open("rb") as file:
            for given in (content, tmp_path / "图.jpg", file):
                response = top.taobao.picture.upload(
                    img=given, picture_category_id=0, image_input_title="图.jpg", client_type="client:computer"
                )
                assert response.data["picture"]

        for entry in list(sandbox.journal)[-3:]:
            (part,) = entry.files
            assert (part.name, part.content) == ("img", content)

    def test_a_raw_body_is_signed_and_read(self, sandbox):
        top = sandbox.client(gateway=sandbox.gateway.replace("/router/rest", "/router/qimen/service"), format="xml")

        response = top.taobao.qimen.deliveryorder.create(
            '<?xml version="1.0" encoding="utf-8"?><request><extendProps>中</extendProps></request>'.encode(),
            customerId="c1",
        )

        assert response.data["flag"] == "success"
        assert sandbox.journal[-1].body.startswith(b"<?xml")

    def test_a_business_failure_is_raised_on_request(self, top):
        with pytest.raises(TopError) as caught:
            top.alibaba.finance.insurance.createorder(create_order_request={"identifier": "x"})

        assert caught.value.code in {"50", "40", "15"}
        assert caught.value.sub_code.startswith("isv.")

    def test_a_method_that_needs_a_session_is_refused_without_one(self, top):
        with pytest.raises(TopError) as caught:
            top.taobao.trades.sold.get(fields="tid", session="")

        assert caught.value.code == "26"

    def test_a_wrong_secret_is_explained_by_the_signed_text(self, sandbox):
        with pytest.raises(TopError) as caught:
            sandbox.client(app_secret="wr0ng").taobao.time.get()

        assert caught.value.code == "25"
        assert "methodtaobao.time.get" in caught.value.explain()
        assert "wr0ng" not in caught.value.explain()


class TestClock:
    @pytest.mark.parametrize("off", [1200, -7200])
    def test_a_clock_that_is_far_off_is_explained_and_corrected(self, sandbox, off):
        top = sandbox.client(clock=lambda: time.time() + off)

        with pytest.raises(TopError) as caught:
            top.taobao.time.get()
        assert caught.value.code == "31"
        assert (
            f"{abs(off)} seconds {'fast' if off > 0 else 'slow'}" in caught.value.explain()
            or "seconds" in caught.value.explain()
        )
        assert top.adjust_clock() == pytest.approx(-off, abs=60)
        assert top.taobao.time.get().data["time"]


class TestThrottle:
    def test_a_short_ban_is_waited_out_by_writes_too(self, top, sandbox):
        sandbox.ban(0.2)

        assert top.alibaba.finance.insurance.createorder(create_order_request=ORDER).data["is_success"]

    def test_a_long_ban_is_raised_with_its_seconds(self, top, sandbox):
        sandbox.ban(31062)

        started = time.monotonic()
        with pytest.raises(TopError) as caught:
            top.taobao.time.get()

        assert time.monotonic() - started < 60
        assert caught.value.throttled
        assert 31000 < caught.value.retry_after <= 31062


class TestFaults:
    def test_after_a_fault_reads_are_repeated_and_writes_only_if_repeatable(self, top, sandbox):
        sandbox.error(50, "isp.remote-service-timeout", times=2)
        top.taobao.time.get()

        sandbox.error(50, "isp.remote-service-timeout", times=1)
        with pytest.raises(TopError) as caught:
            top.alibaba.finance.insurance.createorder(create_order_request=ORDER)
        assert caught.value.maybe_sent

        sandbox.error(50, "isp.remote-service-timeout", times=1)
        top.alibaba.finance.insurance.createorder(create_order_request=ORDER, repeatable=True)

    @pytest.mark.parametrize("kind", ["reset", "close", "half_body", "broken_gzip"])
    def test_after_a_lost_connection_reads_are_repeated_and_writes_are_maybe_sent(self, top, sandbox, kind):
        sandbox.fault(kind)
        assert top.taobao.time.get().data["time"]

        sandbox.fault(kind)
        before = len(sandbox.journal)
        with pytest.raises(requests.RequestException) as caught:
            top.alibaba.finance.insurance.createorder(create_order_request=ORDER)
        assert caught.value.maybe_sent
        assert len(sandbox.journal) - before <= 1

    @pytest.mark.parametrize(
        ("kind", "message"),
        [("empty", "is empty"), ("truncated", "not JSON"), ("control_characters", None), ("content_type", None)],
    )
    def test_broken_bodies_raise_and_tolerable_ones_are_read(self, top, sandbox, kind, message):
        sandbox.fault(kind)

        if message is None:
            assert top.taobao.time.get(retries=0).data["time"]
        else:
            with pytest.raises(CodecError, match=message):
                top.taobao.time.get(retries=0)

    @pytest.mark.parametrize(("status", "error"), [(502, TopError), (200, CodecError)])
    def test_a_page_of_HTML_is_not_a_response(self, top, sandbox, status, error):
        sandbox.fault("html", status=status)

        with pytest.raises(error, match=r"^taobao\.time\.get: "):
            top.taobao.time.get(retries=0)

    def test_redirects_are_not_followed(self, top, sandbox):
        sandbox.fault("redirect")

        with pytest.raises(TopError, match="redirects are not followed"):
            top.taobao.time.get(retries=0)

    def test_a_body_that_is_too_large_is_refused(self, top, sandbox):
        sandbox.fault("huge", size=70 * 1024 * 1024)

        with pytest.raises(CodecError, match="larger than 64 MiB"):
            top.taobao.time.get(retries=0)

    def test_a_slow_gateway_ends_in_a_timeout(self, top, sandbox):
        sandbox.fault("latency", seconds=3600)

        started = time.monotonic()
        with pytest.raises(requests.ReadTimeout):
            top.taobao.time.get(retries=0, timeout=0.2)

        assert time.monotonic() - started < 60


class TestOAuth:
    def test_codes_and_refresh_tokens_are_exchanged_in_both_forms(self, top, sandbox):
        uri = "https://shop.example/back"
        page = top.oauth.authorize_url(uri, state="x")
        assert page.startswith(sandbox.origin + "/authorize?")

        token = top.oauth.token(code=sandbox.sessions.code(redirect_uri=uri), redirect_uri=uri)
        assert token.user_nick == "sandbox_seller"
        assert token.expires - datetime.now(BEIJING) > timedelta(days=364)
        sandbox.trades.add()
        assert top.taobao.trades.sold.get(fields="tid", session=token.access_token).data["trades"]

        again = top.oauth.refresh(token)
        assert again.access_token != token.access_token
        with pytest.raises(TopError) as caught:
            top.oauth.refresh(token)
        assert caught.value.session_expired

        signed = top.oauth.refresh(again, signed=True)
        assert signed.refresh_token
        other = top.oauth.token(code=sandbox.sessions.code(), signed=True)
        assert isinstance(other, Token)

    @pytest.mark.parametrize("store", ["memory", "file"])
    def test_a_withdrawn_session_is_renewed_and_the_call_replayed(self, top, sandbox, tmp_path, store):
        kept = MemorySessions() if store == "memory" else FileSessions(tmp_path / "sessions.json")
        token = top.oauth.token(code=sandbox.sessions.code(), signed=True)
        shop = top.oauth.session("shop", kept, token=token)
        sandbox.sessions.expire(token.access_token)

        response = top.taobao.trades.sold.get(fields="tid", session=shop)

        assert response.request_id
        assert kept.load("shop").access_token != token.access_token

    def test_a_code_is_accepted_once(self, top, sandbox):
        code = sandbox.sessions.code()
        top.oauth.token(code=code, signed=True)

        with pytest.raises(TopError):
            top.oauth.token(code=code, signed=True)


class TestBatch:
    def test_a_batch_of_several_sessions_with_one_refused_call(self, top, sandbox):
        (tid, *_) = sandbox.trades.add(3)

        with top.batch() as batch:
            first = batch.taobao.time.get()
            batch.taobao.trades.sold.get(fields="tid", session="wrong-session")
            third = batch.taobao.trade.fullinfo.get(fields="tid", tid=tid)
            fourth = batch.taobao.time.get(format="xml")

        assert first.result().data["time"]
        assert batch.answers[1].session_expired
        assert third.result().data["trade"]["tid"] == tid
        assert fourth.result().data["time"]

    def test_a_batch_beyond_the_limit_is_split(self, top):
        with top.batch() as batch:
            for _ in range(45):
                batch.taobao.time.get()

        assert len([answer for answer in batch.answers if answer.data["time"]]) == 45

    def test_a_batch_beyond_the_gateways_limit_is_refused_as_a_whole(self, top):
        with top.batch(size=21) as batch:
            for _ in range(21):
                batch.taobao.time.get()

        assert {answer.sub_code for answer in batch.answers} == {"isv.batch-over-limit"}

    def test_a_batch_with_a_custom_separator(self, top):
        with top.batch(separator="|~~|") as batch:
            batch.taobao.time.get()
            batch.taobao.time.get()

        assert all(answer.data["time"] for answer in batch.answers)


class TestPages:
    @pytest.mark.parametrize("backwards", [True, False])
    def test_every_trade_is_read_once_in_either_direction(self, top, sandbox, backwards):
        tids = sandbox.trades.add(7)

        pages = list(top.pages(top.taobao.trades.sold.get, fields="tid", page_size=3, backwards=backwards))

        found = [trade["tid"] for page in pages for trade in page.data["trades"]["trade"]]
        assert sorted(found) == tids
        assert [len(page.data["trades"]["trade"]) for page in pages] == ([1, 3, 3] if backwards else [3, 3, 1])


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *_):
        """Discard log lines."""


@pytest.fixture
def shop(top):
    """A shop in Flask whose address the platform calls."""
    app = Flask("shop")

    @app.post("/spi")
    @handler(top)
    def called(call):
        return {"method": call.method, "got": call.parameters.get("nick") or call.data["nick"]}

    with make_server("127.0.0.1", 0, app, handler_class=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/spi"
        server.shutdown()
        thread.join()


class TestSPI:
    @pytest.mark.parametrize(
        "options",
        [
            {"parameters": {"nick": "中 文&"}},
            {"form": {"nick": "中 文&"}},
            {"body": {"nick": "中 文&"}},
            {"body": {"nick": "中 文&"}, "headers": {"X-Who": "中"}},
        ],
    )
    def test_calls_of_the_platform_are_verified(self, sandbox, shop, options):
        outcome = sandbox.call_spi(shop, method="a.b", **options)

        assert outcome.data == {"flag": "success", "method": "a.b", "got": "中 文&"}

    @pytest.mark.parametrize("options", [{"forged": True}, {"age": 700}, {"age": -700}])
    def test_forged_and_stale_calls_are_refused(self, sandbox, shop, options):
        outcome = sandbox.call_spi(shop, parameters={"nick": "x"}, **options)

        assert json.loads(outcome.body)["sub_code"] == "sign-check-failure"


class TestSecurity:
    def test_texts_of_an_older_key_are_decrypted_after_its_rotation(self, top, sandbox):
        security = SecurityClient(top, "rand0m")
        old = security.encrypt("13800138000", "phone", session=sandbox.account.session)
        sandbox.rotate_secret()
        fresh = SecurityClient(top, "rand0m")

        new = fresh.encrypt("13800138000", "phone", session=sandbox.account.session)

        assert old != new
        for text in (old, new):
            assert fresh.decrypt(text, "phone", session=sandbox.account.session) == "13800138000"


def test_threads_get_their_own_responses_and_consecutive_calls_share_a_connection(top, sandbox):
    tids = sandbox.trades.add(20)
    wrong = []

    def work(tid):
        for _ in range(3):
            found = top.taobao.trade.fullinfo.get(fields="tid", tid=tid).data["trade"]["tid"]
            if found != tid:
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(tid,)) for tid in tids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not wrong
