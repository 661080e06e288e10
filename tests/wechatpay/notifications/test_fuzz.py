"""Whatever comes in from the network, only errors of the family come out."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chainable.errors import ChainableError
from wechatpay import Merchants

if TYPE_CHECKING:
    from tests.wechatpay.platform_side import Platform
    from wechatpay import WeChatPay
    from wechatpay.notifications import Notification, Notifications

bounded = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

NAMES = st.sampled_from(
    ["Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial", "Wechatpay-Signature-Type"]
)
VALUES = st.one_of(st.text(), st.none(), st.integers(), st.binary(), st.from_regex(r"-?\d{1,500}", fullmatch=True))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
TAGS = st.sampled_from(
    ["sign", "sign_type", "req_info", "event_ciphertext", "event_nonce", "event_algorithm", "event_id", "mch_id", "a"]
)
XML_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<>&"), max_size=40)
XML = st.recursive(
    XML_TEXT,
    lambda inner: st.lists(st.tuples(TAGS, inner), max_size=5).map(
        lambda members: "".join(f"<{name}>{value}</{name}>" for name, value in members)
    ),
    max_leaves=12,
)


@bounded
@given(headers=st.dictionaries(NAMES, VALUES), body=st.binary() | st.text().map(str.encode))
def test_anything(headers: dict[str, Any], body: bytes, notifications: Notifications) -> None:
    with suppress(ChainableError):
        notifications.parse(headers, body)
        raise AssertionError


@bounded
@given(changes=st.dictionaries(st.sampled_from(["timestamp", "nonce", "signature", "serial", "scheme"]), st.text()))
@example(changes={"timestamp": "9" * 400})
@example(changes={"nonce": "\u4f60"})
@example(changes={"signature": "\u4f60"})
@example(changes={"serial": "\u4f60"})
def test_strange_headers(changes: dict[str, str], notifications: Notifications, platform: Platform) -> None:
    """A good message with other headers; where they change nothing, it is still good."""
    body = platform.body({"a": 1})
    headers = platform.headers(body)
    names = {"scheme": "Wechatpay-Signature-Type"}
    headers |= {names.get(name, f"Wechatpay-{name.title()}"): value for name, value in changes.items()}

    with suppress(ChainableError):
        assert notifications.parse(headers, body).resource == {"a": 1}


@bounded
@given(envelope=JSON)
def test_strange_envelopes(envelope: Any, notifications: Notifications, platform: Platform) -> None:
    """Signed well, and yet no notification."""
    body = json.dumps(envelope).encode()

    with suppress(ChainableError):
        notifications.parse(platform.headers(body), body)
        raise AssertionError


@bounded
@given(
    changes=st.dictionaries(st.sampled_from(["algorithm", "ciphertext", "nonce", "associated_data"]), JSON),
    outer=st.dictionaries(st.sampled_from(["id", "event_type", "summary", "create_time"]), JSON),
)
@example(changes={}, outer={"id": ""})
def test_strange_resources(
    changes: dict[str, Any], outer: dict[str, Any], notifications: Notifications, platform: Platform
) -> None:
    body = platform.body({}, resource=platform.sealed({"a": 1}, **changes), **outer)

    with suppress(ChainableError):
        notification = notifications.parse(platform.headers(body), body)
        look_at(notification)


@bounded
@given(content=st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_strange_contents(content: bytes, notifications: Notifications, platform: Platform) -> None:
    body = platform.body(content)

    with suppress(ChainableError):
        look_at(notifications.parse(platform.headers(body), body))


@bounded
@given(members=XML)
def test_strange_xml(members: str, notifications: Notifications) -> None:
    with suppress(ChainableError):
        notifications.parse({}, f"<xml>{members}</xml>".encode())


@bounded
@given(fields=st.dictionaries(TAGS.filter(lambda name: name != "sign"), XML_TEXT.filter(bool)))
def test_strange_signed_xml(fields: dict[str, str], notifications: Notifications, platform: Platform) -> None:
    with suppress(ChainableError):
        look_at(notifications.parse({}, platform.xml(fields)))


@bounded
@given(inner=XML_TEXT | XML.map(lambda members: f"<root>{members}</root>"))
def test_strange_refunds(inner: str, notifications: Notifications, platform: Platform) -> None:
    with suppress(ChainableError):
        look_at(notifications.parse({}, platform.xml({"req_info": platform.req_info(inner)}, sign_type=None)))


@bounded
@given(
    headers=st.dictionaries(NAMES, VALUES), body=st.binary() | XML.map(lambda members: f"<xml>{members}</xml>".encode())
)
def test_several_merchants(headers: dict[str, Any], body: bytes, client: WeChatPay) -> None:
    with suppress(ChainableError):
        Merchants([client]).parse(headers, body)


def look_at(notification: Notification) -> None:
    """Everything that can be asked of a notification can be answered."""
    assert notification.id
    _ = (notification.create_time, notification.original_type, notification.event, repr(notification))
