"""Notifications without a server, for test clients of web frameworks."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from chainable.errors import SignatureError
from wechatpay.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def stopped() -> Iterator[Sandbox]:
    with contextlib.closing(Closed()) as sandbox:
        yield sandbox


class Closed(Sandbox):
    """A sandbox that is never started."""

    def close(self) -> None:
        self.stop()


def test_a_notification_is_signed_and_encrypted(stopped: Sandbox) -> None:
    content = {"out_trade_no": "order-1", "amount": {"total": 7}, "payer.openid": "o-1"}
    headers, body = stopped.notification("TRANSACTION.SUCCESS", content)
    with stopped.client() as client:
        told = client.notifications.parse(headers, body)
    assert told.event_type == "TRANSACTION.SUCCESS"
    assert (told.resource["out_trade_no"], told.resource["payer"]["openid"]) == ("order-1", "o-1")
    assert told.resource["amount"]["total"] == 7
    assert told.resource["amount"]["currency"] == "CNY"  # nested values leave their neighbours
    assert len(stopped.callbacks) == 0


def test_flask_takes_it(stopped: Sandbox) -> None:
    flask = pytest.importorskip("flask")
    app, seen = flask.Flask("shop"), []
    client = stopped.client()

    @app.post("/notify")
    def notify() -> Any:
        seen.append(client.notifications.parse(flask.request.headers, flask.request.get_data()).resource)
        return "", 204

    headers, body = stopped.notification("REFUND.SUCCESS", {"out_refund_no": "R1"})
    assert app.test_client().post("/notify", headers=headers, data=body).status_code == 204
    assert seen[0]["out_refund_no"] == "R1"


def test_v2_is_xml(stopped: Sandbox) -> None:
    headers, body = stopped.notification("transaction-success", {"out_trade_no": "order-1"}, version="v2")
    found = {element.tag: element.text for element in ET.fromstring(body)}
    assert (headers["Content-Type"], found["out_trade_no"]) == ("text/xml", "order-1")
    assert found["sign"]


def test_a_forged_one_is_refused(stopped: Sandbox) -> None:
    headers, body = stopped.notification("TRANSACTION.SUCCESS", forgery="signature")
    with stopped.client() as client, pytest.raises(SignatureError):
        client.notifications.parse(headers, body)


def test_unknown_events_and_forgeries_are_refused(stopped: Sandbox) -> None:
    with pytest.raises(LookupError, match=r"v3 has no event TRANSACTION\.SUCESS"):
        stopped.notification("TRANSACTION.SUCESS")
    with pytest.raises(ValueError, match="no forgery is called 'x'"):
        stopped.notification("TRANSACTION.SUCCESS", forgery="x")
