"""Faults by the values of a request, and of the notifications of real flows."""

from __future__ import annotations

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from wechatpay.sandbox import Fault, Sandbox
from wechatpay.sandbox.http import Request

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def order(sandbox: Sandbox, merchant: Any, receiver: Any) -> Callable[..., Any]:
    def place(number: str, *, pay: bool = True) -> Any:
        account = sandbox.account
        sent = {
            "appid": account.appid,
            "mchid": account.mchid,
            "description": "thing",
            "out_trade_no": number,
            "notify_url": receiver.url,
            "amount": {"total": 100, "currency": "CNY"},
        }
        answer = merchant.post("/v3/pay/transactions/native", sent)
        if pay:
            assert answer.status == 200
            sandbox.pay(number)
        return answer

    return place


def refund(merchant: Any, order: str, number: str, amount: int = 10) -> Any:
    sent = {"refund": amount, "total": 100, "currency": "CNY"}
    return merchant.post(
        "/v3/refund/domestic/refunds", {"out_trade_no": order, "out_refund_no": number, "amount": sent}
    )


def test_one_refund_fails_and_the_others_do_not(sandbox: Sandbox, merchant: Any, order: Callable[..., Any]) -> None:
    order("order-1")
    sandbox.faults.add(
        Fault(
            "error",
            operation="POST v3/refund/domestic/refunds",
            code="USER_ACCOUNT_ABNORMAL",
            match={"out_refund_no": "R2", "amount.refund": ">=10"},
        )
    )
    answers = [refund(merchant, "order-1", number) for number in ("R1", "R2", "R3")]
    assert [each.status for each in answers] == [200, 403, 200]
    assert answers[1].data["code"] == "USER_ACCOUNT_ABNORMAL"
    assert sandbox.faults.as_json()[0]["struck"] == 1


@pytest.mark.parametrize("name", ["out_trade_no", "mchid"])
def test_variables_and_the_query_are_values(
    sandbox: Sandbox, merchant: Any, order: Callable[..., Any], name: str
) -> None:
    order("order-1", pay=False)
    account = sandbox.account
    sandbox.faults.add(
        "error", match={name: {"out_trade_no": "order-1", "mchid": account.mchid}[name]}, code="NOT_ENOUGH"
    )
    assert merchant.get(f"/v3/pay/transactions/out-trade-no/order-1?mchid={account.mchid}").data["code"] == "NOT_ENOUGH"


def test_v2_parameters_are_values(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.faults.add("error", match="out_trade_no=order-9", code="SYSTEMERROR")
    sent = {"appid": sandbox.account.appid, "out_trade_no": "order-9"}
    assert merchant.v2("/pay/orderquery", sent).xml["err_code"] == "SYSTEMERROR"
    assert merchant.v2("/pay/orderquery", sent | {"out_trade_no": "order-8"}).xml["err_code"] == "ORDERNOTEXIST"


def test_a_body_that_cannot_be_read_has_no_values(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.faults.add("error", match={"out_refund_no": "R2"})
    for body in (b"{", b"[]", b"<xml>"):
        sent = merchant.request("POST", "/v3/refund/domestic/refunds", body)
        assert merchant.send(sent).data["code"] == "PARAM_ERROR"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"kind": "error", "code": "USER_ACOUNT_ABNORMAL"},
            "code: 'USER_ACOUNT_ABNORMAL' is unknown; did you mean USER_ACC",
        ),
        (
            {"kind": "lost", "operation": "notify TRANSACTION.SUCESS"},
            "operation: 'TRANSACTION.SUCESS' is unknown; did you",
        ),
        (
            {"kind": "lost", "operation": "notify 7"},
            "operation: '7' is unknown; wechatpay.catalogue.events() lists all",
        ),
    ],
)
def test_a_slip_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Fault(**settings)


def test_codes_of_operations_that_are_unknown_here_are_taken() -> None:
    assert Fault("error", code="CONTRACT_NOT_CONFIRM").code == "CONTRACT_NOT_CONFIRM"


@pytest.mark.parametrize(
    "operation",
    [
        "POST v3/refund/domestic/refunds",
        "POST v3/refund/*",
        "*certificates",
        "GET /v3/billdownload/file",
        "/v3/pay/transactions/native",
        "GET v3/pay/transactions/out-trade-no/order-1",
        "GET /v3/pay/transactions/out-trade-no/order-?",
        "*/order-1",
        "POST /pay/unifiedorder",
        "POST v2/pay/unifiedorder",
        "POST /hk/v3/transactions/native",
        "POST /brand/anything",
        "/brand/*",
    ],
)
def test_a_fault_means_an_operation_by_key_path_or_number(sandbox: Sandbox, operation: str) -> None:
    assert sandbox.fault("error", operation=operation) in list(sandbox.faults)


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("POST v3/pay/transactons/native", "did you mean POST v3/pay/transactions/native / "),
        ("POST v3/refnd/*", "did you mean POST v3/refund/* / "),
        (
            "GET v3/refund/domestic/refunds",
            "did you mean POST v3/refund/domestic/refunds / GET v3/refund/domestic/refunds/{",
        ),
        ("POST /v3/pay/transactions/out-trade-no/order-1/clse", "did you mean POST v3/pay/transactions/out-trade-no/"),
        ("nothing", "wechatpay.catalogue.operations() lists all"),
        ("notify TRANSACTON.*", "did you mean TRANSACTION."),
    ],
)
def test_a_fault_of_an_operation_that_there_is_not_is_refused(sandbox: Sandbox, operation: str, message: str) -> None:
    kind = "lost" if operation.startswith("notify") else "error"
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        sandbox.fault(kind, operation=operation)
    assert "不存在" in caught.value.args[0].zh
    assert not list(sandbox.faults)


def test_a_sandbox_is_not_made_with_such_a_fault() -> None:
    with pytest.raises(ValueError, match="is unknown; did you mean"):
        Sandbox(faults=[Fault("error", operation="POST v3/refund/domestic/refund")])


def test_a_sandbox_that_takes_any_path_takes_its_faults(sandbox: Sandbox) -> None:
    sandbox.context.strict = False
    sandbox.fault("error", operation="POST v3/brand-new")
    assert len(sandbox.faults) == 1


def test_a_snapshot_has_the_faults_that_were_in_force(sandbox: Sandbox) -> None:
    sandbox.context.strict = False
    sandbox.fault("error", operation="POST v3/brand-new")
    sandbox.context.strict = True
    snapshot = sandbox.snapshot()
    sandbox.faults.clear()
    sandbox.restore(snapshot)
    assert [fault.operation for fault in sandbox.faults] == ["POST v3/brand-new"]


def test_such_a_fault_is_refused_over_http(sandbox: Sandbox) -> None:
    headers = (("host", "127.0.0.1"), ("content-type", "application/json"))
    sent = {"kind": "error", "operation": "POST v3/refund/domestic/refund"}
    reply = sandbox.control_api.handle(Request("POST", "/_sandbox/faults", headers, json.dumps(sent).encode()))
    assert reply.status == 400
    answer = json.loads(reply.body)
    assert "did you mean POST v3/refund/domestic/refunds" in answer["message"]
    assert "您是否想用" in answer["zh"]


# notifications


def numbers(sandbox: Sandbox, receiver: Any) -> list[str]:
    assert sandbox.callbacks.wait()
    return [receiver.opened(sandbox, index)[1]["out_trade_no"] for index in range(len(receiver.received))]


def test_a_notification_is_lost(sandbox: Sandbox, receiver: Any, order: Callable[..., Any]) -> None:
    sandbox.faults.add("lost", operation="notify TRANSACTION.SUCCESS", match={"out_trade_no": "order-1"})
    order("order-1")
    order("order-2")
    assert numbers(sandbox, receiver) == ["order-2"]
    lost = sandbox.callbacks[0]
    assert (lost.state, lost.fault, lost.attempts) == ("lost", "lost", [])
    assert lost.as_json()["fault"] == "lost"


def test_a_notification_is_late(sandbox: Sandbox, receiver: Any, order: Callable[..., Any]) -> None:
    sandbox.faults.add("late", operation="notify TRANSACTION.*", seconds=3000.0, times=1)
    order("order-1")
    order("order-2")
    while not receiver.received:
        time.sleep(0.01)
    sandbox.clock.advance(3001)
    assert numbers(sandbox, receiver) == ["order-2", "order-1"]


def test_a_notification_is_doubled(sandbox: Sandbox, receiver: Any, order: Callable[..., Any]) -> None:
    sandbox.faults.add("doubled", times=1)
    order("order-1")
    order("order-2")
    assert sorted(numbers(sandbox, receiver)) == ["order-1", "order-1", "order-2"]


def test_a_notification_comes_behind_the_next_one(sandbox: Sandbox, receiver: Any, order: Callable[..., Any]) -> None:
    sandbox.faults.add("out_of_order", operation="notify TRANSACTION.SUCCESS", times=1)
    order("order-1")
    order("order-2")
    while len(receiver.received) < 2:
        time.sleep(0.01)
    assert numbers(sandbox, receiver) == ["order-2", "order-1"]
    sandbox.faults.add("out_of_order", times=1)
    order("order-3")
    sandbox.reset()
    order("order-4")
    assert numbers(sandbox, receiver)[2:] == ["order-4"]


def test_a_receiver_that_hangs_delays_its_own_notifications_only(sandbox: Sandbox, receiver: Any) -> None:
    arrived, go_on = threading.Semaphore(0), threading.Event()

    class Hanging(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            arrived.release()
            assert go_on.wait(10)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hanging)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        for _ in range(20):
            sandbox.trigger("TRANSACTION.SUCCESS", f"http://127.0.0.1:{server.server_port}/hang")
        assert all(arrived.acquire(timeout=10) for _ in range(8))
        sandbox.trigger("TRANSACTION.SUCCESS", receiver.url)
        until = time.monotonic() + 10
        while not receiver.received and time.monotonic() < until:
            time.sleep(0.01)
        assert receiver.received
        go_on.set()
        assert sandbox.callbacks.wait()
        assert {each.state for each in sandbox.callbacks} == {"accepted"}
    finally:
        go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


def test_faults_by_number_over_the_control_api(sandbox: Sandbox, merchant: Any) -> None:
    members = {"kind": "error", "code": "NOT_ENOUGH", "match": {"out_refund_no": "R2"}}
    headers = (("host", "127.0.0.1"), ("content-type", "application/json"))
    reply = sandbox.control_api.handle(Request("POST", "/_sandbox/faults", headers, json.dumps(members).encode()))
    assert json.loads(reply.body)["faults"][0]["match"] == {"out_refund_no": "R2"}
    assert refund(merchant, "order-1", "R2").data["code"] == "NOT_ENOUGH"
