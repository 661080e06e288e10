"""Whatever comes, it is answered as the gateway answers: never with a breakdown."""

from __future__ import annotations

import logging

import pytest

from taobao_top import catalogue
from taobao_top.sandbox.operations import OPERATIONS

ODD = (
    "", "0", "-1", "x", "true", "[]", "{}", "[{}]", "[[]]", "null", "[null]", '{"a":1}', '"x"', "NaN", "1e999", "٣",
    "\x00", "9" * 5000, "[" * 20_000, '{"a":' * 20_000, "2026-02-31 00:00:00", "0001-01-01 00:00:00",
    "9999-12-31 23:59:59", "0000000000000", '{"policy_list":[{}]}', '[{"oaid":[],"tid":{},"scene":1}]',
)  # fmt: skip
USUAL = {"Number": "1", "Boolean": "true", "Date": "2026-01-01 00:00:00"}


def usual(field):
    return ("[{}]" if field.list else "{}") if field.fields else USUAL.get(field.type, "x")


@pytest.mark.parametrize("method", sorted(OPERATIONS))
def test_odd_values(call, method, caplog):
    fields = catalogue.method(method).params
    for name in [*(field.name for field in fields), "fields", "page_no", "page_size"]:
        for odd in ODD:
            given = {field.name: usual(field) for field in fields if field.type != "byte[]"} | {name: odd}
            answer = call.raw(method, session=call.sandbox.account.session, **given)

            assert answer.status_code == 200, (name, odd[:30])
            assert len(answer.json()) == 1
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    "header",
    ["html; status=99999", "html; status=0", "latency; seconds=-1", "latency; seconds=1e9", "huge; size=-1",
     "huge; size=999999999999", "error; times=0", "error; after=-1", "error; code=x", "nothing", "error; odd=1"],
)  # fmt: skip
def test_odd_faults(call, header):
    answer = call.raw("taobao.time.get", headers={"Sandbox-Fault": header})

    assert answer.status_code == 400
    assert answer.text.startswith("Sandbox-Fault: ")


@pytest.mark.parametrize(
    ("verb", "path", "body", "status"),
    [
        ("POST", "faults", "[]", 400),
        ("POST", "bans", "1", 400),
        ("POST", "sessions", "null", 400),
        ("GET", "journal", "[" * 20_000, 400),
        ("POST", "bans", '{"seconds":1e999}', 400),
        ("POST", "limits", '{"calls":"x"}', 400),
        ("POST", "limits", '{"calls":1,"seconds":"x"}', 400),
        ("POST", "limits", '{"calls":-1}', 400),
        ("POST", "spi", '{"url":"http://127.0.0.1:1/"}', 502),
        ("POST", "spi", '{"url":"nonsense"}', 400),
    ],
)
def test_odd_controls(call, sandbox, verb, path, body, status):
    answer = call.http.request(
        verb, f"{sandbox.origin}/_sandbox/{path}", data=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == status
    assert call("taobao.time.get")["time"]


@pytest.mark.parametrize("address", ["https://shop.example/\r\nX: y", "https://shop.example/中", " ", ""])
def test_odd_redirects(call, sandbox, address, caplog):
    given = {"response_type": "code", "client_id": sandbox.account.app_key, "redirect_uri": address}
    answer = call.http.get(sandbox.origin + "/authorize", params=given, allow_redirects=False)

    assert answer.status_code == 400
    assert "redirect_uri" in answer.text
    assert not caplog.records
