"""The control API of the sandboxes: its table, and the checks of every request."""

from __future__ import annotations

import pytest

from chainable.sandbox.control_api import ControlError, Controls, members
from chainable.sandbox.http import Request

HERE = (("host", "127.0.0.1:8080"),)
JSON = (*HERE, ("content-type", "application/json; charset=utf-8"))


def read(body=b"", headers=JSON, method="POST"):
    return members(Request(method, "/_sandbox/faults", headers, body), "127.0.0.1")


def test_a_control_is_found_by_verb_and_path():
    controls = Controls(
        {"GET faults": "all", "DELETE faults/{index}": "one", "POST deliveries/{id}/redeliver": "again"}
    )

    assert controls.find("GET", ("faults",)) == ("all", ())
    assert controls.find("DELETE", ("faults", "3")) == ("one", ("3",))
    assert controls.find("POST", ("deliveries", "7", "redeliver")) == ("again", ("7",))
    assert controls.names[0] == "GET /_sandbox/faults"


@pytest.mark.parametrize(("method", "path"), [("PUT", "faults"), ("GET", "faults/3"), ("DELETE", "bans/3")])
def test_a_control_that_does_not_exist_is_named(method, path):
    controls = Controls({"GET faults": "all", "DELETE faults/{index}": "one"})

    with pytest.raises(LookupError, match=f"nothing is at {method} /_sandbox/{path}"):
        controls.find(method, path.split("/"))


def test_the_members_of_a_json_object_are_returned():
    assert read(b'{"kind": "error"}') == {"kind": "error"}
    assert read() == {}
    assert read(headers=HERE, method="GET") == {}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", (("host", "shop.example"),), 403),
        (b"{}", (*JSON, ("origin", "https://shop.example")), 403),
        (b"{}", (*HERE, ("content-type", "text/plain")), 415),
        (b"{}", HERE, 415),
        (b"{", JSON, 400),
        (b"[]", JSON, 400),
        (b'{"seconds": NaN}', JSON, 400),
        (b"[" * 100_000, JSON, 400),
    ],
)
def test_a_request_is_refused(body, headers, status):
    with pytest.raises(ControlError) as refused:
        read(body, headers)

    assert refused.value.status == status
    assert str(refused.value) == refused.value.message
