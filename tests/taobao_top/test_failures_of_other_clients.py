"""
Frequent failures of other clients of TOP, and that this client does not have them.

The sandbox receives the calls of both.
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
    """A widely copied client: right, except for the part that a test changes."""

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


def test_the_other_client_of_these_tests_is_accepted_unless_changed(other):
    """The failures below are not mistakes of this client."""
    parameters = other.parameters("taobao.time.get")

    assert other.send(parameters, other.md5(other.message(parameters))) == 0


class TestSignature:
    def test_Chinese_values_are_signed_and_sent_in_one_encoding(self, top, other):
        """Other clients sign GBK or escapes and send UTF-8: code 25."""
        parameters = other.parameters("taobao.un.known", nick="中文")
        text = "".join(name + parameters[name] for name in sorted(parameters))
        assert other.send(parameters, other.md5(text.encode("gbk"))) == 25

        assert top.alibaba.finance.insurance.createorder(create_order_request=ORDER | {"identifier": "中文 é 😀"}).data

    def test_the_session_is_signed(self, top, other, sandbox):
        """Other clients add it after signing: code 25."""
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
    def test_widely_copied_recipes_of_signatures_are_refused(self, other, recipe):
        parameters = other.parameters("taobao.time.get")

        assert other.send(parameters, recipe(other, parameters)) == 25

    @pytest.mark.parametrize("method", ["md5", "hmac", "hmac-sha256"])
    def test_every_sign_method_is_available_by_name(self, sandbox, method):
        assert sandbox.client(sign_method=method).taobao.time.get().data["time"]

    def test_code_25_is_explained_by_the_signed_text_with_secrets_masked(self, sandbox):
        with pytest.raises(TopError, match=r"\.explain\(\) shows the string that was signed") as caught:
            sandbox.client(app_secret="wr0ng", session="sess10n").taobao.item.seller.get(fields="title", num_iid=1)

        text = caught.value.explain()
        assert "fieldstitleformatjsonmethodtaobao.item.seller.getnum_iid1session***sign_method" in text
        assert "wr0ng" not in text
        assert "sess10n" not in text


class TestTime:
    @pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles"])
    def test_timestamps_are_in_Beijing_time_on_every_machine(self, sandbox, zone):
        """Other clients stamp local time: code 31 outside of China."""
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

    def test_a_drifting_clock_is_compared_and_corrected_without_root(self, sandbox):
        top = sandbox.client(clock=lambda: time.time() - 3000)

        with pytest.raises(TopError) as caught:
            top.taobao.time.get()
        assert caught.value.code == "31"
        assert "top.adjust_clock()" in caught.value.explain()

        top.adjust_clock()
        assert top.taobao.time.get().data["time"]

    def test_the_client_fills_in_the_timestamp(self, other):
        """Users of other clients guess between seconds and milliseconds."""
        parameters = other.parameters("taobao.time.get") | {"timestamp": str(int(time.time()))}

        assert other.send(parameters, other.md5(other.message(parameters))) == 31


class TestMethods:
    def test_a_method_that_the_catalogue_lacks_can_be_called(self, make_top, gateway):
        """Other clients need a class for each method."""
        gateway.answers({"alibaba_brand_new_method_get_response": {"x": 1}})

        assert make_top().alibaba.brand.new.method.get(any_parameter=1).data == {"x": 1}
        assert gateway.form["any_parameter"] == "1"

    def test_the_client_runs_on_Python_3(self):
        assert sys.version_info >= (3, 10)

    def test_a_misspelt_name_of_the_client_is_an_error_and_not_a_call(self, make_top, gateway):
        top = make_top()

        with pytest.raises(AttributeError, match="did you mean 'batch'"):
            top.bacth
        with pytest.raises(TypeError, match="one letter away from the option 'session'"):
            top.taobao.item.seller.get(num_iid=1, sesion="x")
        assert not gateway.requests

    def test_underscores_in_names_are_kept(self, make_top, gateway):
        """Other clients turn each into a dot."""
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
    def test_all_faults_behind_the_gateway_are_one_class(self, top, sandbox, sub_code):
        """Other clients repeat a list of sub codes that is never complete."""
        sandbox.error(50, sub_code)

        assert top.taobao.time.get().data["time"]

    def test_a_write_is_not_repeated_after_a_timeout_and_is_maybe_sent(self, top, sandbox):
        sandbox.error(50, "isp.remote-service-timeout", executed=True)

        with pytest.raises(TopError) as caught:
            top.alibaba.finance.insurance.createorder(create_order_request=ORDER)

        assert caught.value.maybe_sent
        assert len([entry for entry in sandbox.journal if entry.method.endswith("createorder")]) == 1

    def test_each_attempt_has_its_own_time_and_signature(self, sandbox):
        """Other clients repeat below the signer and send an old timestamp."""
        seconds = itertools.count()
        top = sandbox.client(clock=lambda: time.time() + next(seconds))
        sandbox.error(50, "isp.service-error")

        top.taobao.trades.sold.get(fields="tid")

        first, second = [entry.parameters for entry in sandbox.journal]
        assert first["timestamp"] < second["timestamp"]
        assert first["sign"] != second["sign"]


class TestThrottling:
    def test_a_ban_of_a_second_is_waited_out_by_writes_too(self, top, sandbox):
        """Other clients raise."""
        sandbox.ban(0.3)

        assert top.alibaba.finance.insurance.createorder(create_order_request=ORDER).data["is_success"]

    def test_the_seconds_of_a_ban_are_a_number_of_the_error(self, top, sandbox):
        sandbox.ban(31062)

        with pytest.raises(TopError) as caught:
            top.taobao.time.get()

        assert 31000 < caught.value.retry_after <= 31062
        assert caught.value.throttled


class TestSession:
    @pytest.mark.parametrize("cause", ["expired", "withdrawn", "of another app"])
    def test_the_causes_of_code_27_are_one_property_and_named_in_the_advice(self, top, sandbox, cause):
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

    def test_reading_forwards_misses_entries_that_move_to_the_front(self, top, sandbox):
        assert self.read(top, sandbox, backwards=False)

    def test_reading_backwards_misses_no_entry(self, top, sandbox):
        assert not self.read(top, sandbox, backwards=True)


class TestAnswers:
    def test_raw_tabs_and_line_ends_in_JSON_are_read(self, top, sandbox):
        sandbox.fault("control_characters")

        assert top.taobao.trades.sold.get(fields="tid").request_id

    def test_a_member_named_code_is_not_an_error(self, make_top, gateway):
        gateway.answers({"code": 0, "msg": "ok", "request_id": "r"})

        assert make_top(simplify=True).a.b().data["code"] == 0

    def test_numbers_of_19_digits_are_exact(self, top, sandbox):
        (tid,) = sandbox.trades.add(1)

        assert float(tid) != tid
        assert top.taobao.trade.fullinfo.get(fields="tid", tid=tid).data["trade"]["tid"] == tid


class TestValues:
    def test_a_float_is_refused_and_a_Decimal_is_exact(self, make_top, gateway):
        """Other clients cut every float to two digits."""
        gateway.answers({"x_response": {}})
        top = make_top()

        with pytest.raises(TypeError, match="price: a float is not exact; pass a Decimal or text"):
            top.a.b(price=0.125)
        top.a.b(price=Decimal("0.125"))

        assert gateway.form["price"] == "0.125"

    def test_the_callers_parameters_are_not_changed(self, make_top, gateway):
        gateway.answers({"x_response": {}})
        given = {"from": "a", "import": None, "class": {"x": None}}

        make_top().a.b(given)

        assert given == {"from": "a", "import": None, "class": {"x": None}}
        assert gateway.form["from"] == "a"

    def test_bytes_of_a_file_arrive_unchanged(self, top, sandbox):
        """Other clients call str() on them."""
        content = bytes(range(256))

        top.taobao.picture.upload(img=io.BytesIO(content), picture_category_id=0, image_input_title="a.jpg")

        (part,) = sandbox.journal[-1].files
        assert part.content == content

    def test_values_that_begin_with_an_at_sign_are_signed(self, top, sandbox):
        """Other clients leave them out of the signature."""
        order = ORDER | {"identifier": "@x"}

        assert top.alibaba.finance.insurance.createorder(create_order_request=order).data["is_success"]
        assert top["taobao.item.seller.get"](fields="@title", num_iid=1).request_id

    def test_blank_values_are_not_sent(self, top, sandbox):
        """Clients disagree on whether they are signed."""
        assert top.taobao.item.seller.get(fields="title", num_iid=1, nick="", x=None, unknown=True).request_id
        assert "nick" not in sandbox.journal[-1].parameters


class TestTransport:
    def test_one_connection_serves_many_calls(self, top, sandbox, monkeypatch):
        from chainable.connections import _Connection

        opened = []
        connect = _Connection.connect
        monkeypatch.setattr(_Connection, "connect", lambda self: (opened.append(1), connect(self))[1])

        for _ in range(20):
            top.taobao.time.get()

        assert len(opened) == 1

    def test_an_untrusted_certificate_is_refused_before_anything_is_sent(self, sandbox):
        before = len(sandbox.journal)

        with pytest.raises(requests.exceptions.SSLError):
            sandbox.client(gateway=sandbox.https_gateway, verify=True).taobao.time.get()

        assert len(sandbox.journal) == before

    def test_every_call_has_a_finite_timeout_of_its_own(self, top):
        call = top.prepare("taobao.time.get", "POST", (), {"timeout": (1, 90)})

        assert top._settings.timeout == (5.0, 30.0)
        assert top._settings.deadline == 60.0
        assert call.timeout == (1.0, 90.0)

    def test_logs_and_output_contain_no_session(self, top, sandbox, caplog, capsys):
        caplog.set_level(logging.DEBUG)

        top.taobao.trades.sold.get(fields="tid", buyer_nick="13800138000")
        top.taobao.picture.upload(img=b"x", picture_category_id=0, image_input_title="13800138000")
        with contextlib.suppress(TopError):
            top.taobao.qimen.entryorder.create(b'{"mobile":"13800138000"}')

        assert len(sandbox.journal) == 3
        assert sandbox.account.session not in caplog.text
        assert "13800138000" not in caplog.text
        assert capsys.readouterr().out == ""

    def test_every_error_status_is_an_error(self, make_top, gateway):
        gateway.answers("<html>", status=201 + 199)

        with pytest.raises(TopError, match="HTTP status 400"):
            make_top().a.b()

    def test_a_promise_has_one_outcome(self, make_top, gateway):
        gateway.refuses({"code": 22})
        outcomes = []

        make_top().a.b.post_async().then(outcomes.append, lambda error: outcomes.append(error.code)).wait()

        assert outcomes == ["22"]


def test_the_sent_form_gives_the_sent_signature(make_top, gateway):
    gateway.answers({"x_response": {}})

    make_top(sign_method="md5").a.b({"from": "中 文&=+%", "list": ["a", "b"], "object": {"x": "é"}, "flag": True})

    form = dict(parse_qsl(gateway.requests[0].body.decode()))
    sign = form.pop("sign")
    message = "".join(name + form[name] for name in sorted(form)).encode()
    assert hashlib.md5(b"s3cret-app" + message + b"s3cret-app").hexdigest().upper() == sign
