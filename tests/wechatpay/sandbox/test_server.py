"""The listeners over real sockets: HTTP and TLS, keep-alive and pipelines, and every way to break off."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import struct
import sys
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

from wechatpay.sandbox import KINDS, Fault, Sandbox
from wechatpay.sandbox.faults import Faults

if TYPE_CHECKING:
    from pathlib import Path

TARGET = "/v3/certificates"


def connect(sandbox: Sandbox, url: str | None = None) -> socket.socket:
    port = int((url or sandbox.base_url).rsplit(":", 1)[1].strip("/"))
    return socket.create_connection(("127.0.0.1", port), 60)


def raw(merchant: Any, method: str = "GET", target: str = TARGET, body: bytes = b"", **headers: str) -> bytes:
    request = merchant.request(method, target, body, headers=dict(headers))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers)]
    if body:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answer(connection: Any) -> tuple[int, dict[str, str], bytes]:
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


def tls(sandbox: Sandbox, *, certificate: bool = False) -> ssl.SSLSocket:
    context = ssl.create_default_context(cadata=sandbox.account.ca)
    if certificate:
        context.load_cert_chain(sandbox.folder / "apiclient_cert.pem", sandbox.folder / "apiclient_key.pem")
    return context.wrap_socket(connect(sandbox, sandbox.https_url), server_hostname="localhost")


def ends(connection: socket.socket) -> bool:
    """Return whether the peer closed or reset a connection."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_requests_on_one_connection_are_answered_in_order(sandbox: Sandbox, merchant: Any) -> None:
    with connect(sandbox) as connection:
        connection.sendall(
            raw(merchant) + raw(merchant, target=TARGET + "?algorithm_type=SM2") + raw(merchant, connection="close")
        )
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"200", b"404", b"200"]
    assert [entry.request.target for entry in sandbox.journal] == [TARGET, TARGET + "?algorithm_type=SM2", TARGET]


def test_the_target_arrives_as_it_was_sent(sandbox: Sandbox, merchant: Any) -> None:
    for target in ("/v3/certificates?", "/v3//certificates", "/v3/%63ertificates?a=%7E~&b"):
        with connect(sandbox) as connection:
            connection.sendall(raw(merchant, target=target))
            answer(connection)
        assert sandbox.journal[-1].request.target == target
        assert sandbox.journal[-1].code != "SIGN_ERROR"


def test_a_body_arrives_in_pieces(sandbox: Sandbox, merchant: Any) -> None:
    data = raw(merchant, "POST", "/v3/security/echo", b'{"echo_message":"hello"}')
    with connect(sandbox) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for index in range(0, len(data), 200):
            connection.sendall(data[index : index + 200])
        status, headers, body = answer(connection)
    assert (status, json.loads(body)) == (200, {"echo_message": "hello"})
    assert headers["content-type"] == "application/json; charset=utf-8"


def test_expect_100_continue_is_answered(sandbox: Sandbox, merchant: Any) -> None:
    body = b'{"echo_message":"hello"}'
    head = raw(merchant, "POST", "/v3/security/echo", body, expect="100-continue")[: -len(body)]
    with connect(sandbox) as connection:
        connection.sendall(head)
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert answer(connection)[0] == 200


def test_http_that_is_none_is_refused(sandbox: Sandbox) -> None:
    with connect(sandbox) as connection:
        connection.sendall(b"HELLO\r\n\r\n")
        assert answer(connection)[0] == 400
    with connect(sandbox) as connection:
        connection.sendall(b"GET /v3/x HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert answer(connection)[0] == 404
        assert connection.recv(1) == b""


def test_a_body_without_end_is_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr("wechatpay.sandbox.sandbox.LARGEST", 10)
    with Sandbox() as sandbox:
        with connect(sandbox) as connection:
            connection.sendall(b"POST /v3/x HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + b"x" * 11)
            status, _, body = answer(connection)
            assert (status, body) == (413, b"the body is larger than 10 bytes")
            assert connection.recv(1) == b""
        with connect(sandbox) as connection:  # in two pieces: it is told once
            connection.sendall(
                b"POST /v3/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"b\r\n" + b"x" * 11 + b"\r\n1\r\nx\r\n"
            )
            assert answer(connection)[0] == 413
            assert connection.recv(1) == b""


def test_close_closes(sandbox: Sandbox, merchant: Any) -> None:
    with connect(sandbox) as connection:
        connection.sendall(raw(merchant, connection="close"))
        status, headers, _ = answer(connection)
        assert (status, headers["connection"]) == (200, "close")
        assert connection.recv(1) == b""


def test_nothing_goes_with_no_content(sandbox: Sandbox, merchant: Any) -> None:
    with connect(sandbox) as connection:
        connection.sendall(raw(merchant, "DELETE", "/v3/merchant-service/complaint-notifications"))
        status, headers, body = answer(connection)
    assert (status, body) == (204, b"")
    assert "content-length" not in headers


def test_an_empty_body_has_a_length_and_no_type(sandbox: Sandbox) -> None:
    with connect(sandbox) as connection:
        connection.sendall(b"GET /_sandbox/bills/2019-01-01 HTTP/1.1\r\nHost: localhost:1\r\n\r\n")
        status, headers, _ = answer(connection)
    assert (status, headers["content-length"]) == (200, "0")
    assert "content-type" not in headers


def test_the_answer_to_head_has_no_body(sandbox: Sandbox, merchant: Any) -> None:
    with connect(sandbox) as connection:
        connection.sendall(raw(merchant, "HEAD") + raw(merchant, connection="close"))
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    first, second = received.split(b"\r\n\r\n", 1)
    assert first.startswith(b"HTTP/1.1 405 ")
    assert second.startswith(b"HTTP/1.1 200 ")


def test_an_idle_connection_is_closed(merchant: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("wechatpay.sandbox.sandbox.KEEP_ALIVE", 0.05)
    with Sandbox() as sandbox, connect(sandbox) as connection:
        assert connection.recv(1) == b""


def test_tls_needs_a_certificate_only_where_the_operation_does(sandbox: Sandbox, merchant: Any) -> None:
    with tls(sandbox) as connection:
        connection.sendall(raw(merchant))
        assert answer(connection)[0] == 200
    assert sandbox.journal[-1].request.secure
    assert sandbox.journal[-1].request.certificate is None
    with tls(sandbox, certificate=True) as connection:
        connection.sendall(raw(merchant))
        assert answer(connection)[0] == 200
    assert sandbox.journal[-1].request.certificate == sandbox.account.serial


def test_tls_carries_more_than_a_record(sandbox: Sandbox, merchant: Any) -> None:
    text = "x" * 100_000
    with tls(sandbox) as connection:
        connection.sendall(raw(merchant, "POST", "/v3/security/echo", json.dumps({"echo_message": text}).encode()))
        assert json.loads(answer(connection)[2])["echo_message"] == text


def test_a_tls_connection_ends_with_both_saying_so(sandbox: Sandbox, merchant: Any) -> None:
    with tls(sandbox) as connection:
        connection.sendall(raw(merchant, connection="close"))
        connection.suppress_ragged_eofs = False
        assert answer(connection)[0] == 200
        assert connection.recv(1) == b""  # not broken off
    with tls(sandbox) as connection:
        connection.sendall(raw(merchant))
        assert answer(connection)[0] == 200
        with connection.unwrap() as bare:  # the client goes first
            assert bare.recv(1) == b""


def test_a_connection_without_tls_is_refused_and_closed(sandbox: Sandbox, merchant: Any) -> None:
    with connect(sandbox, sandbox.https_url) as connection:
        connection.sendall(raw(merchant))
        assert ends(connection)
    with connect(sandbox, sandbox.https_url) as connection:
        connection.sendall(b"\x16\x03\x01\x00\x04\x09\x00\x00\x00")
        assert connection.recv(1) == b"\x15"  # an alert says why
    assert len(sandbox.journal) == 0


def test_a_certificate_of_another_authority_is_not_taken(sandbox: Sandbox, merchant: Any) -> None:
    with Sandbox() as other:
        context = ssl.create_default_context(cadata=sandbox.account.ca)
        context.load_cert_chain(other.folder / "apiclient_cert.pem", other.folder / "apiclient_key.pem")
        with (
            pytest.raises((ssl.SSLError, ConnectionError)),
            context.wrap_socket(connect(sandbox, sandbox.https_url), server_hostname="localhost") as connection,
        ):
            connection.sendall(raw(merchant))
            answer(connection)
    assert len(sandbox.journal) == 0


def test_who_begins_tls_and_says_nothing_more_is_dropped(monkeypatch: Any) -> None:
    monkeypatch.setattr("wechatpay.sandbox.sandbox.KEEP_ALIVE", 0.05)
    with Sandbox() as sandbox, connect(sandbox, sandbox.https_url) as connection:
        connection.sendall(b"\x16\x03\x01\x00")
        assert ends(connection)


@pytest.mark.parametrize(
    ("url", "said"),
    [("base_url", b""), ("base_url", b"GET "), ("https_url", b""), ("backup_https_url", b"\x16\x03\x01\x00")],
)
def test_a_sandbox_that_stopped_leaves_no_connection_open(url: str, said: bytes) -> None:
    with Sandbox() as sandbox:
        connection = connect(sandbox, getattr(sandbox, url))
        connection.sendall(said)
    with connection:  # the sandbox is referred to still: nothing was left to the garbage collector
        assert ends(connection)


def test_connections_that_come_while_it_stops_are_dropped_too() -> None:
    for _ in range(6):
        with Sandbox() as sandbox:
            connections = [connect(sandbox, sandbox.https_url) for _ in range(5)]
        assert all(ends(connection) for connection in connections)
        for connection in connections:
            connection.close()


def test_who_has_gone_again_is_not_accepted(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        nobody.setblocking(False)
        sandbox._server._accept(0, nobody)
    assert connect(sandbox).close() is None


def test_an_answer_under_way_is_dropped_when_it_stops(new_merchant: Any) -> None:
    with Sandbox(faults=[Fault("latency", seconds=60)]) as sandbox:
        connection = connect(sandbox)
        connection.sendall(raw(new_merchant(sandbox)))
        while not len(sandbox.journal):
            sandbox.journal.after(0, 0.01)
    with connection:
        assert ends(connection)


def test_the_main_host_may_go_down_as_it_stops(new_merchant: Any) -> None:
    with Sandbox(faults=[Fault("down")]) as sandbox:
        connection = connect(sandbox)
        connection.sendall(raw(new_merchant(sandbox)))
        while not len(sandbox.journal):
            sandbox.journal.after(0, 0.01)
    with connection:
        assert ends(connection)


def test_a_port_that_is_taken_leaves_nothing_open(sandbox: Sandbox) -> None:
    taken = int(sandbox.https_url.rsplit(":", 1)[1].strip("/"))
    other = Sandbox(https_port=taken)
    with pytest.raises(OSError, match="in use"):
        other.start()
    other.stop()


def test_what_does_not_run_can_neither_go_down_nor_hang() -> None:
    sandbox = Sandbox()
    with pytest.raises(RuntimeError, match="start it first"):
        sandbox.down()
    sandbox.stop()
    sandbox.stop()


def test_answers_tell_the_time(sandbox: Sandbox, merchant: Any) -> None:
    for answered in (
        merchant.get(TARGET),
        merchant.get(TARGET, nonce_str="x", signature="-"),
        merchant.v2_raw("/x", b""),
    ):
        result = parsedate_to_datetime(answered.headers["Date"])
        assert abs(result.timestamp() - sandbox.context.clock()) < 5


def test_a_long_body_is_kept_in_part(sandbox: Sandbox, merchant: Any) -> None:
    body = json.dumps({"echo_message": "x" * 20000}).encode()
    assert merchant.send(merchant.request("POST", "/v3/security/echo", body)).status == 200
    assert len(sandbox.journal[-1].request.body) == 16384


# faults


def broken(sandbox: Sandbox, merchant: Any, **headers: str) -> Any:
    with connect(sandbox) as connection:
        connection.sendall(raw(merchant, **headers))
        return answer(connection)


@pytest.mark.parametrize("kind", ["reset", "reset-body"])
def test_connections_are_reset(sandbox: Sandbox, merchant: Any, kind: str) -> None:
    sandbox.faults.add(kind, times=1)
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        broken(sandbox, merchant)
    assert sandbox.journal[-1].fault == kind
    assert broken(sandbox, merchant)[0] == 200


def test_connections_are_closed(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.faults.add("close", times=1)
    with pytest.raises(http.client.RemoteDisconnected):
        broken(sandbox, merchant)
    sandbox.faults.add("half_body", times=1)
    with pytest.raises(http.client.IncompleteRead):
        broken(sandbox, merchant)


def test_latency_delays_and_survives_a_gone_client(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.faults.add("latency", seconds=0.05, times=3)
    assert broken(sandbox, merchant)[0] == 200
    with connect(sandbox) as connection:  # two in a row: the second waits for the first
        connection.sendall(raw(merchant) + raw(merchant))
        file = connection.makefile("rb")
        assert file.readline().startswith(b"HTTP/1.1 200")
    connection = connect(sandbox)
    sandbox.faults.add("latency", seconds=0.05, times=1)
    connection.sendall(raw(merchant))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    while not len(sandbox.journal) > 3:
        sandbox.journal.after(0, 0.01)
    connection.close()
    assert broken(sandbox, merchant)[0] == 200


def test_the_main_host_goes_down_and_comes_back(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.down()
    with pytest.raises(ConnectionRefusedError):
        connect(sandbox)
    with connect(sandbox, sandbox.backup_url) as connection:
        connection.sendall(raw(merchant))
        assert answer(connection)[0] == 200
    assert sandbox.journal[-1].request.host == "backup"
    assert sandbox.backup_https_url.startswith("https://127.0.0.1:")
    sandbox.up()
    sandbox.up()
    assert broken(sandbox, merchant)[0] == 200


def test_the_main_host_goes_down_and_up_by_request(sandbox: Sandbox, merchant: Any) -> None:
    with connect(sandbox, sandbox.backup_url) as connection:
        for name in ("down", "up"):
            connection.sendall(b"POST /_sandbox/actions/%s HTTP/1.1\r\nHost: localhost:1\r\n\r\n" % name.encode())
            assert answer(connection)[0] == 200
    assert broken(sandbox, merchant)[0] == 200


def test_the_main_host_goes_down_in_the_middle(sandbox: Sandbox, merchant: Any) -> None:
    sandbox.faults.add("down", after=1, times=1)
    assert broken(sandbox, merchant)[0] == 200
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        broken(sandbox, merchant)
    with pytest.raises(ConnectionRefusedError):
        connect(sandbox)


def fault(merchant: Any, kind: str, **settings: Any) -> Any:
    merchant.sandbox.faults.clear()
    merchant.sandbox.faults.add(kind, **settings)
    return merchant.get(TARGET)


def test_any_error_code_is_answered(merchant: Any) -> None:
    for settings, status, code in (
        ({}, 500, "SYSTEM_ERROR"),
        ({"code": "NOT_ENOUGH"}, 403, "NOT_ENOUGH"),
        ({"code": "SOMETHING"}, 400, "SOMETHING"),
        ({"code": "SOMETHING", "status": 418}, 418, "SOMETHING"),
    ):
        result = fault(merchant, "error", **settings)
        assert (result.status, result.data["code"]) == (status, code)
        assert result.signed()
    assert merchant.sandbox.journal[-1].code == "SOMETHING"
    assert fault(merchant, "error", message="Because.").data["message"] == "Because."
    result = fault(merchant, "throttle", seconds=7)
    assert (result.status, result.data["code"], result.headers["Retry-After"]) == (429, "FREQUENCY_LIMITED", "7")
    result = fault(merchant, "pending", times=1)
    assert (result.status, result.data["code"]) == (202, "USERPAYING")
    assert merchant.get(TARGET).status == 200


def test_signatures_go_wrong(merchant: Any) -> None:
    from cryptography.exceptions import InvalidSignature

    with pytest.raises(InvalidSignature):
        fault(merchant, "bad-signature").signed()
    assert "Wechatpay-Signature" not in fault(merchant, "missing-signature").headers
    assert fault(merchant, "probe").headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    assert fault(merchant, "unknown-serial").headers["Wechatpay-Serial"] == "0" * 40
    stale = fault(merchant, "stale")
    assert stale.signed()
    assert int(stale.headers["Wechatpay-Timestamp"]) < merchant.sandbox.context.clock() - 3000
    rotated = fault(merchant, "rotate", times=1)
    assert rotated.signed()
    assert rotated.headers["Wechatpay-Serial"] == merchant.account.certificate_serial


def test_what_was_done_is_done_although_the_answer_is_lost(sandbox: Sandbox, merchant: Any) -> None:
    sent = {"out_order_no": "lost", "openid": "o", "notify_url": "https://a.example/", "service_id": "s"}
    orders = "/v3/hire-power-bank/insurance-orders"
    for kind, executed, kept in (
        ("error", None, 404),
        ("error", True, 200),
        ("half_body", None, 200),
        ("half_body", False, 404),
    ):
        sandbox.reset()
        sandbox.faults.add(kind, operation="POST *", executed=executed)
        merchant.post(orders, sent)
        assert merchant.get(orders + "/lost").status == kept, (kind, executed)


def test_a_header_asks_for_a_fault(merchant: Any) -> None:
    def get(value: str) -> Any:
        return merchant.get(TARGET, headers={"sandbox-fault": value})

    assert get("error; code=RULE_LIMIT; status=409").status == 409
    assert get("latency; seconds=0.5").reply.delay == 0.5
    assert get("half_body; executed=false").reply.cut == "reset"
    result = get("nothing")
    assert (result.status, result.data["detail"]["field"]) == (400, "/Sandbox-Fault")
    assert "'nothing' is not a fault" in result.data["message"]
    assert "a fault has no 'colour'" in get("error; colour=red").data["message"]


def test_rules_have_a_place_a_number_and_an_order(sandbox: Sandbox, merchant: Any, tmp_path: Path) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps([{"kind": "error", "operation": "GET v3/cert*", "after": 1, "times": 1}]))
    sandbox.faults.load(rules)
    assert [merchant.get(TARGET).status for _ in range(3)] == [200, 500, 200]
    assert sandbox.faults.as_json()[0]["struck"] == 1
    sandbox.faults.add(Fault("error"), operation="POST v3/refund/*")
    sandbox.faults.add(Fault("latency", seconds=1))
    assert len(sandbox.faults) == 3
    assert merchant.get(TARGET).status == 200
    sandbox.faults.remove(0)
    assert [rule["kind"] for rule in sandbox.faults.as_json()] == ["error", "latency"]
    with pytest.raises(ValueError, match="needs a kind"):
        Fault.read({"times": 1})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"seconds": "soon"}, "seconds: 'soon' is not valid"),
        ({"seconds": [1]}, r"seconds: \[1\] is not valid"),
        ({"seconds": -1}, "seconds: 0 to 3600"),
        ({"seconds": "nan"}, "seconds: 0 to 3600"),
        ({"seconds": "inf"}, "seconds: 0 to 3600"),
        ({"times": "often"}, "times: 'often' is not valid"),
        ({"times": 0}, "times: 1 or more"),
        ({"after": -1}, "after: 0 or more"),
        ({"status": 9999}, "status: 200 to 599"),
        ({"operation": 5}, "operation: 5 is not valid"),
        ({"code": {}}, r"code: \{\} is not valid"),
    ],
)
def test_a_rule_that_could_not_strike_is_refused_at_once(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Fault.read({"kind": "error", **settings})


def test_numbers_of_a_rule_may_be_text() -> None:
    assert Fault.read({"kind": "error", "status": "500", "times": None, "executed": "false"}) == Fault(
        "error", status=500, executed=False
    )
    assert Fault.read({"kind": "error", "executed": True, "times": "2", "seconds": "0.5"}) == Fault(
        "error", executed=True, times=2, seconds=0.5
    )


def test_old_names_of_kinds_and_settings_are_deprecated() -> None:
    with pytest.warns(DeprecationWarning, match="'half' is deprecated: use 'half_body'"):
        assert Fault("half") == Fault("half_body")
    with pytest.warns(DeprecationWarning, match="done is deprecated: use executed"):
        assert Fault("error", done=True) == Fault("error", executed=True)
    assert Fault.read({"kind": "error", "done": "false"}) == Fault("error", executed=False)
    with pytest.warns(DeprecationWarning, match="acts is deprecated: use takes_effect"):
        assert not Fault("error").acts
    (result,) = Faults([Fault("error", executed=True)]).as_json()
    assert (result["executed"], result["done"]) == (True, True)


def test_every_kind_is_described() -> None:
    assert all(KINDS.values())
    assert len(Faults([Fault(kind) for kind in KINDS])) == 19


@pytest.mark.skipif(sys.platform == "win32", reason="needs ::1")
def test_ipv6(new_merchant: Any) -> None:
    with Sandbox(host="::1") as sandbox:
        assert sandbox.base_url.startswith("http://[::1]:")
        merchant = new_merchant(sandbox)
        port = int(sandbox.base_url.rsplit(":", 1)[1].strip("/"))
        with socket.create_connection(("::1", port), 5) as connection:
            connection.sendall(raw(merchant))
            assert answer(connection)[0] == 200
