"""An answer counts for the request that it answers, and for no other."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
import tracemalloc
import warnings
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from chainable.errors import APIError, SignatureError
from tests.wechatpay.conftest import V2_SECRET
from wechatpay import catalogue
from wechatpay.signing import REMEMBERED, ResponseVerifier, _holds

BASE = "https://api.mch.weixin.qq.com/"
ORDER = BASE + "v3/pay/transactions/out-trade-no/"


class Trusting:
    """A verifier that finds every signature right, or wrong."""

    wrong = False

    def verify(self, response: requests.Response, /) -> None:
        if self.wrong:
            raise SignatureError("wrong", response=response)


def answer(nonce: str | None) -> requests.Response:
    response = requests.Response()
    if nonce is not None:
        response.headers["Wechatpay-Nonce"] = nonce
    return response


def xml(members: dict[str, str]) -> str:
    text = "&".join(f"{name}={members[name]}" for name in sorted(members) if members[name])
    sign = hashlib.md5(f"{text}&key={V2_SECRET}".encode()).hexdigest().upper()
    return "<xml>" + "".join(f"<{n}>{v}</{n}>" for n, v in {**members, "sign": sign}.items()) + "</xml>"


def query(client: Any, number: Any, **options: Any) -> Any:
    return client.v3.pay.transactions.out_trade_no._out_trade_no_.get(
        out_trade_no=number, params={"mchid": "1900000109"}, **options
    )


class TestNonces:
    def test_an_answer_is_not_taken_twice(self, client, web, platform):
        body = b'{"trade_state": "SUCCESS"}'
        recorded = platform.headers(body)
        web.get(ORDER + "A1", body=body, headers=recorded)
        web.get(ORDER + "B2", body=body, headers=recorded)

        assert query(client, "A1").verified
        with pytest.raises(SignatureError, match="earlier call") as caught:
            query(client, "B2")
        assert caught.value.reason == "replayed"
        assert caught.value.maybe_sent
        assert not caught.value.response.verified

    def test_an_error_is_not_taken_twice(self, client, web, platform):
        body = json.dumps({"code": "ORDER_NOT_EXIST", "message": "…"}).encode()
        recorded = platform.headers(body)
        web.get(ORDER + "A1", status=404, body=body, headers=recorded)

        with pytest.raises(APIError):
            query(client, "A1")
        with pytest.raises(SignatureError) as caught:
            query(client, "A1")
        assert caught.value.reason == "replayed"

    def test_each_client_remembers_for_itself(self, make_client, web, platform):
        body = b'{"trade_state": "SUCCESS"}'
        web.get(ORDER + "A1", body=body, headers=platform.headers(body))

        assert query(make_client(), "A1").verified
        assert query(make_client(), "A1").verified

    def test_attempts_are_answered_each(self, make_client, web, platform):
        """The refusal of the first attempt has a nonce as well."""
        busy = {"code": "SYSTEM_ERROR", "message": "…"}
        web.add_callback("GET", ORDER + "A1", platform.answer(busy, 500))
        web.add_callback("GET", ORDER + "A1", platform.answer({"out_trade_no": "A1"}))
        client = make_client(retries=1)
        object.__setattr__(client._pipeline, "jitter", lambda: 0.0)

        assert query(client, "A1").data == {"out_trade_no": "A1"}

    def test_a_notification_is_read_as_often_as_one_likes(self, make_client, platform):
        client = make_client(apiv3_key="0" * 32)
        body = b'{"id": 1}'
        headers = platform.headers(body)
        for _ in range(2):
            with pytest.raises(ValueError, match="not a notification"):  # its signature is right
                client.notifications.parse(headers, body)

    def test_only_what_was_signed_is_remembered(self):
        trusting = Trusting()
        verifier = ResponseVerifier(trusting)
        trusting.wrong = True
        with pytest.raises(SignatureError, match="wrong"):
            verifier.verify(answer("N"))
        trusting.wrong = False

        verifier.verify(answer("N"))
        with pytest.raises(SignatureError) as caught:
            verifier.verify(answer("N"))
        assert caught.value.reason == "replayed"

    def test_a_scheme_without_nonces(self):
        verifier = ResponseVerifier(Trusting())

        for _ in range(2):
            verifier.verify(answer(None))

    def test_the_last_ten_thousand_are_remembered(self):
        verifier = ResponseVerifier(Trusting())
        assert REMEMBERED == 10_000
        for number in range(REMEMBERED + 500):
            verifier.verify(answer(str(number)))

        for number in range(500, REMEMBERED + 500):
            with pytest.raises(SignatureError):
                verifier.verify(answer(str(number)))

    def test_twice_as_many_are_remembered_at_most(self):
        verifier = ResponseVerifier(Trusting(), remembered=100)
        for number in range(201):
            verifier.verify(answer(str(number)))

        for number in range(100):
            verifier.verify(answer(str(number)))

    def test_ten_thousand_take_little_memory(self):
        tracemalloc.start()
        try:
            verifier = ResponseVerifier(Trusting())
            before = tracemalloc.get_traced_memory()[0]
            for number in range(3 * REMEMBERED):
                verifier.verify(answer(str(number)))
            taken = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()

        assert taken < 200_000

    @given(st.lists(st.text(max_size=2)))
    def test_a_nonce_is_new_once(self, nonces):
        verifier = ResponseVerifier(Trusting())
        seen = set()
        for nonce in nonces:
            if nonce in seen:
                with pytest.raises(SignatureError):
                    verifier.verify(answer(nonce))
            else:
                verifier.verify(answer(nonce))
            seen.add(nonce)

    def test_bytes_of_two_marks_are_not_a_third(self):
        assert _holds(bytearray(b"aabcdefghijklmABCDEFG"), b"aabcdef")
        assert _holds(bytearray(b"aabcdefghijklmABCDEFG"), b"ABCDEFG")
        assert _holds(bytearray(b"-abcdefgabcdefABCDEFGabcdefg"), b"abcdefg")
        assert not _holds(bytearray(b"aabcdefghijklmABCDEFG"), b"abcdefg")
        assert not _holds(bytearray(), b"abcdefg")

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
    def test_a_fork_while_a_response_is_checked_does_not_block_the_child(self):
        verifier = ResponseVerifier(Trusting())
        verifier.verify(answer("1"))
        nonces: Any = verifier._nonces
        held = threading.Event()
        done = threading.Event()

        def hold() -> None:
            with nonces._lock:
                held.set()
                done.wait(60)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(60)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of threads
                child = os.fork()
            if child == 0:
                signal.alarm(60)  # ends a child that waits for the lock
                os._exit(0 if nonces.add("2") and not nonces.add("1") else 1)
            _, status = os.waitpid(child, 0)
        finally:
            done.set()
            thread.join(60)

        assert os.waitstatus_to_exitcode(status) == 0

    def test_of_many_threads_one_wins(self):
        verifier = ResponseVerifier(Trusting(), remembered=100)
        barrier, won = threading.Barrier(8), []

        def work() -> None:
            for number in range(300):
                barrier.wait()
                try:
                    verifier.verify(answer(str(number)))
                except SignatureError:
                    continue
                won.append(number)

        threads = [threading.Thread(target=work, daemon=True) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        assert sorted(won) == list(range(300))


class TestNumbers:
    @pytest.mark.parametrize("way", ["variable", "path", "integer"])
    def test_a_query_by_path(self, way, client, web, platform):
        web.add_callback("GET", ORDER + "101", platform.answer({"out_trade_no": "102", "trade_state": "SUCCESS"}))

        with pytest.raises(SignatureError, match="its out_trade_no is not that of the request") as caught:
            if way == "path":
                client["v3/pay/transactions/out-trade-no/101"].get(params={"mchid": "1900000109"})
            else:
                query(client, 101 if way == "integer" else "101")
        assert caught.value.reason == "other_request"
        assert not caught.value.response.verified
        assert "102" not in str(caught.value)

    def test_a_path_variable_is_compared_as_it_was_given(self, client, web, platform):
        web.add_callback("GET", ORDER + "A%2A1", platform.answer({"out_trade_no": "A*1"}))

        assert query(client, "A*1").data == {"out_trade_no": "A*1"}

    def test_a_query_by_parameter(self, client, web, platform):
        web.add_callback("GET", BASE + "v3/payscore/serviceorder", platform.answer({"out_order_no": "B"}))
        chain = client.v3.payscore.serviceorder

        with pytest.raises(SignatureError):
            chain.get(params={"out_order_no": "A", "service_id": "1", "appid": "wx1"})
        assert chain.get(params={"query_id": "A", "service_id": "1", "appid": "wx1"}).data == {"out_order_no": "B"}
        assert chain.get(params={"out_order_no": ["A"], "service_id": "1"}).data == {"out_order_no": "B"}
        assert chain.get().data == {"out_order_no": "B"}

    def test_a_number_that_the_answer_nests(self, client, web, platform):
        batch = client.v3.transfer.batches.out_batch_no
        for number, data in {
            "A": {"transfer_batch": {"out_batch_no": "A"}},
            "B": {"transfer_batch": {"out_batch_no": "A"}},
            "C": {"transfer_batch": None},
            "D": {},
            "E": [1],
        }.items():
            web.add_callback("GET", f"{BASE}v3/transfer/batches/out-batch-no/{number}", platform.answer(data))
        with pytest.raises(SignatureError):
            batch._out_batch_no_.get(out_batch_no="B")

        for number in ("A", "C", "D", "E"):
            assert batch._out_batch_no_.get(out_batch_no=number).verified

    @pytest.mark.parametrize(
        ("asked", "answered"),
        [
            ("A1", {}),
            ("A1", {"out_trade_no": None}),
            ("A1", {"out_trade_no": ""}),
            ("A1", {"out_trade_no": " A1 "}),
            ("A1", {"out_trade_no": "a1"}),
            ("007", {"out_trade_no": 7}),
            ("7", {"out_trade_no": "7"}),
            ("A1", {"out_trade_no": True}),
            ("A1", {"out_trade_no": ["A2"]}),
            ("A1", {"out_trade_no": 1.5}),
            ("A1", None),
            ("A1", []),
        ],
    )
    def test_no_alarm(self, asked, answered, client, web, platform):
        """A number that is absent or written differently does not stop a payment."""
        web.add_callback("GET", ORDER + asked, platform.answer(answered))

        assert query(client, asked).data == answered

    def test_the_operations_that_are_not_listed(self, client, web, platform):
        web.add_callback("POST", BASE + "v3/refund/domestic/refunds", platform.answer({"out_refund_no": "B"}))
        web.add_callback("GET", BASE + "v3/new/A", platform.answer({"out_trade_no": "B"}))

        assert client.v3.refund.domestic.refunds.post(json={"out_refund_no": "A"}).verified
        assert client["v3/new/A"].get().verified


class TestV2:
    @pytest.fixture
    def ask(self, make_client, web):
        def ask(path: str, given: dict[str, Any], answered: dict[str, str]) -> Any:
            members = {"return_code": "SUCCESS", "result_code": "SUCCESS", **answered}
            web.post(BASE + path, body=xml(members))
            return make_client(secret=V2_SECRET).v2[path].post(xml={"appid": "wx1", **given})

        return ask

    @pytest.mark.parametrize(
        ("path", "given", "answered"),
        [
            ("pay/orderquery", {"out_trade_no": "A"}, {"out_trade_no": "B"}),
            ("pay/orderquery", {"transaction_id": "42"}, {"transaction_id": "43", "out_trade_no": "A"}),
            ("pay/refundquery", {"out_refund_no": "A"}, {"out_refund_no_0": "B", "out_refund_no_1": "C"}),
            ("pay/refundquery", {"out_trade_no": "A"}, {"out_trade_no": "B", "out_refund_no_0": "A"}),
        ],
    )
    def test_an_answer_of_another_order(self, path, given, answered, ask):
        with pytest.raises(SignatureError) as caught:
            ask(path, given, answered)
        assert caught.value.reason == "other_request"

    @pytest.mark.parametrize(
        ("path", "given", "answered"),
        [
            ("pay/orderquery", {"out_trade_no": "A"}, {"out_trade_no": "A"}),
            ("pay/orderquery", {"out_trade_no": "A"}, {"trade_state": "NOTPAY"}),
            (
                "pay/orderquery",
                {"transaction_id": "4", "out_trade_no": "X"},
                {"transaction_id": "4", "out_trade_no": "A"},
            ),
            ("pay/refundquery", {"out_refund_no": "A"}, {"out_refund_no_0": "B", "out_refund_no_1": "A"}),
            ("pay/refundquery", {"out_refund_no": "A"}, {"out_refund_no_x": "B"}),
            ("pay/refundquery", {"refund_id": 50}, {"refund_id_0": "50"}),
        ],
    )
    def test_no_alarm(self, path, given, answered, ask):
        assert ask(path, given, answered).verified

    def test_a_refusal_names_no_number(self, ask):
        with pytest.raises(APIError):
            ask("pay/orderquery", {"out_trade_no": "A"}, {"result_code": "FAIL", "err_code": "ORDERNOTEXIST"})


def test_the_list_is_of_queries_only():
    """A wrong alarm on what moves money would be worse than none."""
    listed = [operation for operation in catalogue.operations() if operation.echoes]

    assert len(listed) > 100
    for operation in listed:
        assert operation.method == "GET" or operation.path.startswith("v2/")
        assert not operation.unsigned_answer
