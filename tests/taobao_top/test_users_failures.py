"""
How users of other clients of TOP fail: each failure as it happens there, then its cure here.

The other clients are named by what they do; the sandbox judges both sides.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import io
import itertools
import logging
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import parse_qsl, quote_plus

import pytest
import requests

from taobao_top import TopError
from taobao_top.sandbox.pytest_plugin import taobao_sandbox, taobao_sandbox_server
from tests.taobao_top.test_end_to_end import ORDER

__all__ = ["taobao_sandbox", "taobao_sandbox_server"]


@pytest.fixture
def sandbox(taobao_sandbox):
    return taobao_sandbox


@pytest.fixture
def top(sandbox):
    return sandbox.client()


class OtherClient:
    """A client as they are copied around: the right recipe, but for what a test changes of it."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.http = requests.Session()
        self.http.trust_env = False

    def parameters(self, method, **business):
        beijing = timezone(timedelta(hours=8))
        return {
            "method": method,
            "app_key": self.sandbox.account.app_key,
            "timestamp": datetime.now(beijing).strftime("%Y-%m-%d %H:%M:%S"),
            "v": "2.0",
            "format": "json",
            "sign_method": "md5",
        } | business

    def message(self, parameters):
        return "".join(name + parameters[name] for name in sorted(parameters)).encode()

    def md5(self, message):
        secret = self.sandbox.account.app_secret.encode()
        return hashlib.md5(secret + message + secret).hexdigest().upper()

    def send(self, parameters, sign):
        answer = self.http.post(self.sandbox.gateway, data=parameters | {"sign": sign}, timeout=60).json()
        return answer.get("error_response", {}).get("code", 0)


@pytest.fixture
def other(sandbox):
    client = OtherClient(sandbox)
    yield client
    client.http.close()


def test_the_other_client_is_right_but_for_what_is_changed(other):
    """The pains below are not the fault of the tests' own client."""
    parameters = other.parameters("taobao.time.get")

    assert other.send(parameters, other.md5(other.message(parameters))) == 0


class TestSignature:
    def test_chinese_values_signed_in_another_encoding(self, top, other):
        """They sign GBK or escapes and send UTF-8: code 25. Here both are the same UTF-8."""
        parameters = other.parameters("taobao.un.known", nick="中文")
        text = "".join(name + parameters[name] for name in sorted(parameters))
        assert other.send(parameters, other.md5(text.encode("gbk"))) == 25

        assert top.alibaba.finance.insurance.createorder(create_order_request=ORDER | {"identifier": "中文 é 😀"}).data

    def test_session_added_after_signing(self, top, other, sandbox):
        """They sign, then add the session: code 25. Here the session is among what is signed."""
        parameters = other.parameters("taobao.trades.sold.get", fields="tid")
        sign = other.md5(other.message(parameters))
        assert other.send(parameters | {"session": sandbox.account.session}, sign) == 25

        assert top.taobao.trades.sold.get(fields="tid", session=sandbox.account.session).request_id

    @pytest.mark.parametrize(
        "recipe",
        [
            lambda other, given: other.md5("&".join(f"{n}={quote_plus(given[n])}" for n in sorted(given)).encode()),
            lambda other, given: (
                hmac.new(other.sandbox.account.app_secret.encode(), other.message(given), hashlib.sha1)
                .hexdigest()
                .upper()
            ),
            lambda other, given: hashlib.md5(other.message(given)).hexdigest(),
        ],
    )
    def test_wrong_recipes(self, other, recipe):
        """Recipes that are copied widely, and fail."""
        parameters = other.parameters("taobao.time.get")

        assert other.send(parameters, recipe(other, parameters)) == 25

    @pytest.mark.parametrize("method", ["md5", "hmac", "hmac-sha256"])
    def test_right_recipes(self, sandbox, method):
        """Here there is none to copy: the three methods are names, hmac among them."""
        assert sandbox.client(sign_method=method).taobao.time.get().data["time"]

    def test_code_25_without_a_clue(self, sandbox):
        """The error shows the string that was signed, the secret masked."""
        with pytest.raises(TopError, match=r"\.explain\(\) shows the string that was signed") as caught:
            sandbox.client(app_secret="wr0ng", session="sess10n").taobao.item.seller.get(fields="title", num_iid=1)

        text = caught.value.explain()
        assert "fieldstitleformatjsonmethodtaobao.item.seller.getnum_iid1session***sign_method" in text
        assert "wr0ng" not in text
        assert "sess10n" not in text


class TestTime:
    @pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles"])
    def test_machines_in_other_zones(self, sandbox, zone):
        """They stamp local time: code 31 outside of China. Here the stamp is Beijing's on every machine."""
        code = (
            "import datetime, requests, hashlib, time; time.tzset();"
            "from taobao_top import TaobaoTop;"
            f"top = TaobaoTop(app_key={sandbox.account.app_key!r}, app_secret={sandbox.account.app_secret!r}, gateway={sandbox.gateway!r});"
            "print(datetime.datetime.now().strftime('%Y-%m-%d %H:%M:%S'));"
            "print(top.taobao.time.get().data['time'])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"TZ": zone}, capture_output=True, text=True, check=True
        )
        local, beijing = done.stdout.splitlines()
        assert local[:13] != beijing[:13]

        other = OtherClient(sandbox)
        parameters = other.parameters("taobao.time.get") | {"timestamp": local}
        assert other.send(parameters, other.md5(other.message(parameters))) == 31
        other.http.close()

    def test_drifting_clocks(self, sandbox):
        """A clock that drifts is compared with the gateway's, and can be corrected without root."""
        top = sandbox.client(clock=lambda: time.time() - 3000)

        with pytest.raises(TopError) as caught:
            top.taobao.time.get()
        assert caught.value.code == "31"
        assert "top.adjust_clock()" in caught.value.explain()

        top.adjust_clock()
        assert top.taobao.time.get().data["time"]

    def test_seconds_or_milliseconds(self, other):
        """They guess at epochs; the client has no timestamp to guess."""
        parameters = other.parameters("taobao.time.get") | {"timestamp": str(int(time.time()))}

        assert other.send(parameters, other.md5(other.message(parameters))) == 31


class TestMethods:
    def test_no_class_for_a_new_method(self, make_top, gateway):
        """They wait for a class per method and per permission. Here any name can be called today."""
        gateway.answers({"alibaba_brand_new_method_get_response": {"x": 1}})

        assert make_top().alibaba.brand.new.method.get(any_parameter=1).data == {"x": 1}
        assert gateway.form["any_parameter"] == "1"

    def test_python_3(self):
        """The official client is of Python 2 in its documents to this day."""
        assert sys.version_info >= (3, 10)

    def test_typos_are_calls(self, make_top, gateway):
        """Where every attribute is a call, so is every slip. Here slips in the client's own words are errors."""
        top = make_top()

        with pytest.raises(AttributeError, match="did you mean 'batch'"):
            top.bacth
        with pytest.raises(TypeError, match="one letter away from the option 'session'"):
            top.taobao.item.seller.get(num_iid=1, sesion="x")
        assert not gateway.requests

    def test_underscores_split_names(self, make_top, gateway):
        """They turn every underscore into a dot. Here names are kept as they are written."""
        gateway.answers({"x_response": {}})

        make_top().taobao.some_method.get()

        assert gateway.form["method"] == "taobao.some_method.get"


class TestRepetition:
    @pytest.mark.parametrize(
        "sub_code",
        [
            "isp.service-error",
            "isp.top-remote-connection-timeout-tmall",
            "isp.xxx-service-unavailable",
            "isp.item-update-service-error:GENERIC_FAILURE",
        ],
    )
    def test_retry_sets_too_narrow(self, top, sandbox, sub_code):
        """They repeat a list of sub codes that is never complete. Here all faults behind the gateway are a class."""
        sandbox.error(50, sub_code)

        assert top.taobao.time.get().data["time"]

    def test_retries_that_duplicate(self, top, sandbox):
        """They repeat writes after a timeout. Here a write is sent once, and the error says what is unknown."""
        sandbox.error(50, "isp.remote-service-timeout", executed=True)

        with pytest.raises(TopError) as caught:
            top.alibaba.finance.insurance.createorder(create_order_request=ORDER)

        assert caught.value.maybe_sent
        assert len([entry for entry in sandbox.journal if entry.method.endswith("createorder")]) == 1

    def test_the_same_signature_again(self, sandbox):
        """A repetition below the signer sends an old stamp. Here each attempt has its own."""
        seconds = itertools.count()
        top = sandbox.client(clock=lambda: time.time() + next(seconds))
        sandbox.error(50, "isp.service-error")

        top.taobao.trades.sold.get(fields="tid")

        first, second = [entry.parameters for entry in sandbox.journal]
        assert first["timestamp"] < second["timestamp"]
        assert first["sign"] != second["sign"]


class TestThrottling:
    def test_a_ban_of_seconds_is_no_failure(self, top, sandbox):
        """They raise on a ban of a second. Here it is waited out, writes too: nothing was carried out."""
        sandbox.ban(0.3)

        assert top.alibaba.finance.insurance.createorder(create_order_request=ORDER).data["is_success"]

    def test_the_seconds_are_in_the_text_alone(self, top, sandbox):
        """They leave the seconds to a regular expression of the user's. Here they are a number."""
        sandbox.ban(31062)

        with pytest.raises(TopError) as caught:
            top.taobao.time.get()

        assert 31000 < caught.value.retry_after <= 31062
        assert caught.value.throttled


class TestSession:
    @pytest.mark.parametrize("cause", ["expired", "withdrawn", "of another app"])
    def test_code_27_has_many_causes(self, top, sandbox, cause):
        """One number for many causes: here it is one property, and the advice names them."""
        token = top.oauth.token(code=sandbox.sessions.code(), signed=True)
        session = "6" + "0" * 40 if cause == "of another app" else token.access_token
        if cause == "expired":
            sandbox.sessions.expire(session)
        elif cause == "withdrawn":
            sandbox.sessions.withdraw(session)

        with pytest.raises(TopError, match="expired, withdrawn, or of another app_key") as caught:
            top.taobao.trades.sold.get(fields="tid", session=session)

        assert caught.value.session_expired
        assert session not in str(caught.value)


class TestPages:
    def read(self, top, sandbox, *, backwards):
        """Read all orders of a window; while it is read, orders leave it as they are modified."""
        tids = sandbox.trades.add(9)
        found = []
        leaving = list(tids)
        for page in top.pages(
            top.taobao.trades.sold.get, fields="tid", page_size=3, backwards=backwards, use_has_next=False, status="WAIT_BUYER_PAY"
        ):  # fmt: skip
            found += [trade["tid"] for trade in page.data.get("trades", {"trade": []})["trade"]]
            for tid in [tid for tid in leaving if tid in found][:2]:
                leaving.remove(tid)
                sandbox.trades.change(tid, status="WAIT_SELLER_SEND_GOODS")
        return set(tids) - set(found)

    def test_forwards_loses_orders(self, top, sandbox):
        """Forwards, what moves to the front is never seen."""
        assert self.read(top, sandbox, backwards=False)

    def test_backwards_loses_none(self, top, sandbox):
        """From the last page to the first, everything is."""
        assert not self.read(top, sandbox, backwards=True)


class TestAnswers:
    def test_bad_json(self, top, sandbox):
        """Raw tabs and line ends break strict readers. Here they are read."""
        sandbox.fault("control_characters")

        assert top.taobao.trades.sold.get(fields="tid").request_id

    def test_members_named_code(self, make_top, gateway):
        """They take a member named code for an error. Here only error_response is one."""
        gateway.answers({"code": 0, "msg": "ok", "request_id": "r"})

        assert make_top(simplify=True).a.b().data["code"] == 0

    def test_large_numbers(self, top, sandbox):
        """Numbers of 19 digits lose their last ones as floats. Here they are exact."""
        (tid,) = sandbox.trades.add(1)

        assert float(tid) != tid
        assert top.taobao.trade.fullinfo.get(fields="tid", tid=tid).data["trade"]["tid"] == tid


class TestValues:
    def test_floats_to_two_decimals(self, make_top, gateway):
        """They cut every float to two digits. Here a float is refused, a Decimal is exact."""
        gateway.answers({"x_response": {}})
        top = make_top()

        with pytest.raises(TypeError, match="price: a float is not exact; pass a Decimal or text"):
            top.a.b(price=0.125)
        top.a.b(price=Decimal("0.125"))

        assert gateway.form["price"] == "0.125"

    def test_the_callers_parameters_are_changed(self, make_top, gateway):
        """They write into the mapping they are given, or delete while they iterate. Here it stays as it is."""
        gateway.answers({"x_response": {}})
        given = {"from": "a", "import": None, "class": {"x": None}}

        make_top().a.b(given)

        assert given == {"from": "a", "import": None, "class": {"x": None}}
        assert gateway.form["from"] == "a"

    def test_files_as_text(self, top, sandbox):
        """They call str() on a file's bytes. Here bytes arrive as they are."""
        content = bytes(range(256))

        top.taobao.picture.upload(img=io.BytesIO(content), picture_category_id=0, image_input_title="a.jpg")

        (part,) = sandbox.journal[-1].files
        assert part.content == content

    def test_values_that_begin_with_an_at_sign(self, top, sandbox):
        """They leave values that begin with @ out of the signature. Here they are signed as any other."""
        order = ORDER | {"identifier": "@x"}

        assert top.alibaba.finance.insurance.createorder(create_order_request=order).data["is_success"]
        assert top["taobao.item.seller.get"](fields="@title", num_iid=1).request_id

    def test_blank_values(self, top, sandbox):
        """Clients disagree on whether blank values are signed. Here they are not even sent."""
        assert top.taobao.item.seller.get(fields="title", num_iid=1, nick="", x=None).request_id
        assert "nick" not in sandbox.journal[-1].parameters


class TestTransport:
    def test_a_connection_for_every_call(self, top, sandbox, monkeypatch):
        """They open a connection for every call. Here one serves them all."""
        from chainable.connections import _Connection

        opened = []
        connect = _Connection.connect
        monkeypatch.setattr(_Connection, "connect", lambda self: (opened.append(1), connect(self))[1])

        for _ in range(20):
            top.taobao.time.get()

        assert len(opened) == 1

    def test_certificates_are_not_checked(self, sandbox):
        """They ship with TLS verification off. Here a stranger's certificate is refused, and nothing leaves."""
        before = len(sandbox.journal)

        with pytest.raises(requests.exceptions.SSLError):
            sandbox.client(gateway=sandbox.https_gateway, verify=True).taobao.time.get()

        assert len(sandbox.journal) == before

    def test_no_timeout_or_too_short_a_one(self, top):
        """They wait for ever, or five seconds whatever the call. Here there is a finite one, and each call's own."""
        call = top.prepare("taobao.time.get", "POST", (), {"timeout": (1, 90)})

        assert top._settings.timeout == (5.0, 30.0)
        assert top._settings.deadline == 60.0
        assert call.timeout == (1.0, 90.0)

    def test_sessions_in_logs(self, top, sandbox, caplog, capsys):
        """They log all parameters, or print debug words. Here neither logs nor output have any."""
        caplog.set_level(logging.DEBUG)

        top.taobao.trades.sold.get(fields="tid", buyer_nick="13800138000")
        top.taobao.picture.upload(img=b"x", picture_category_id=0, image_input_title="13800138000")
        with contextlib.suppress(TopError):
            top.taobao.qimen.entryorder.create(b'{"mobile":"13800138000"}')

        assert len(sandbox.journal) == 3
        assert sandbox.account.session not in caplog.text
        assert "13800138000" not in caplog.text
        assert capsys.readouterr().out == ""

    def test_status_codes(self, make_top, gateway):
        """They compare numbers with ``is``. Here any status but success is an error."""
        gateway.answers("<html>", status=201 + 199)

        with pytest.raises(TopError, match="HTTP status 400"):
            make_top().a.b()

    def test_resolved_and_rejected_at_once(self, make_top, gateway):
        """They call both ends of a promise. Here a promise has one outcome."""
        gateway.refuses({"code": 22})
        outcomes = []

        make_top().a.b.post_async().then(outcomes.append, lambda error: outcomes.append(error.code)).wait()

        assert outcomes == ["22"]


def test_what_leaves_is_what_was_signed(make_top, gateway):
    """The root of most of it: the form is read back, and gives the signature that stands in it."""
    gateway.answers({"x_response": {}})

    make_top(sign_method="md5").a.b({"from": "中 文&=+%", "list": ["a", "b"], "object": {"x": "é"}, "flag": True})

    form = dict(parse_qsl(gateway.requests[0].body.decode()))
    sign = form.pop("sign")
    message = "".join(name + form[name] for name in sorted(form)).encode()
    assert hashlib.md5(b"s3cret-app" + message + b"s3cret-app").hexdigest().upper() == sign
