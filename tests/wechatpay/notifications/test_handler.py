"""One delivery after the other, without a framework: what is handed over, and what is answered."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

import wechatpay
from chainable.deduplication import Claim, MemoryStore
from chainable.errors import ClaimError, InProgress
from chainable.web import Reply
from wechatpay import Merchants, WeChatPay
from wechatpay.notifications.handler import NotificationHandler

if TYPE_CHECKING:
    from tests.wechatpay.platform_side import Platform
    from wechatpay.notifications import Notification

PAID = {"out_trade_no": "1", "mchid": "1900000109"}


class Forgetful(MemoryStore):
    """A store that cannot vouch for what was handled."""

    def __init__(self, *, handled: bool = True) -> None:
        super().__init__()
        self.handled = handled

    def finish(self, claim: Claim, /) -> None:
        raise ClaimError("recorded" if self.handled else "rolled back", handled=self.handled)


class TestHandling:
    def test_first_and_repeat(self, client: WeChatPay, platform: Platform) -> None:
        handler = NotificationHandler(client, MemoryStore())
        body = platform.body(PAID)
        handled: list[Notification] = []

        replies = [handler(platform.headers(body), body, handled.append) for _ in range(3)]

        assert replies == [wechatpay.accept()] * 3
        assert [one.resource for one in handled] == [PAID]

    def test_v2_is_answered_in_xml(self, client: WeChatPay, platform: Platform) -> None:
        handler = NotificationHandler(client, MemoryStore())
        good = platform.xml({"transaction_id": "1", "nonce_str": "n"})
        handled: list[Notification] = []

        assert handler({}, good, handled.append) == wechatpay.accept.v2()
        assert handler({}, good.replace(b"[1]", b"[2]"), handled.append) == wechatpay.reject.v2(
            "the signature is not right", status=401
        )
        assert len(handled) == 1

    @pytest.mark.parametrize(
        ("changes", "level"),
        [
            ({"signature": "AAAA"}, logging.WARNING),
            ({"signature": "WECHATPAY/SIGNTEST/AAAA"}, logging.INFO),
            ({"timestamp": "1"}, logging.WARNING),
            ({"serial": "AB" * 20}, logging.WARNING),
        ],
    )
    def test_forgeries_are_refused(
        self, client: WeChatPay, platform: Platform, changes: Any, level: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        """All alike, the platform's probes too; the log says which it was."""
        body = platform.body(PAID)

        with caplog.at_level(logging.INFO, "wechatpay"):
            reply = NotificationHandler(client, MemoryStore())(platform.headers(body, **changes), body, pytest.fail)

        assert reply.status == 401
        assert json.loads(reply.body) == {"code": "FAIL", "message": "the signature is not right"}
        assert [record.levelno for record in caplog.records] == [level]

    def test_what_does_not_open_is_our_trouble(
        self, client: WeChatPay, platform: Platform, caplog: pytest.LogCaptureFixture
    ) -> None:
        body = type(platform)(platform.key, apiv3_key="f" * 32).body(PAID)

        reply = NotificationHandler(client, MemoryStore())(platform.headers(body), body, pytest.fail)

        assert reply.status == 500
        assert "APIv3 key" in caplog.text

    def test_a_client_without_the_key_is_our_trouble(self, platform: Platform) -> None:
        client = WeChatPay(mchid="1900000109", certs={platform.serial: platform.key.public_key()})

        assert NotificationHandler(client, MemoryStore())({}, b"<xml/>", pytest.fail).status == 500

    def test_a_request_that_is_not_a_notification_is_refused(self, client: WeChatPay, platform: Platform) -> None:
        assert NotificationHandler(client, MemoryStore())(platform.headers(b"{}"), b"{}", pytest.fail).status == 400

    def test_a_failing_handler_gets_it_again(self, client: WeChatPay, platform: Platform) -> None:
        """The error is the framework's to report; the notification is free for the next delivery."""
        handler = NotificationHandler(client, MemoryStore())
        body = platform.body(PAID)
        handled: list[Notification] = []

        def fail(_: Notification) -> None:
            msg = "no database"
            raise ConnectionError(msg)

        with pytest.raises(ConnectionError):
            handler(platform.headers(body), body, fail)
        assert handler(platform.headers(body), body, handled.append).status == 204
        assert len(handled) == 1

    def test_a_handler_that_rejects_gets_it_again(self, client: WeChatPay, platform: Platform) -> None:
        handler = NotificationHandler(client, MemoryStore())
        body = platform.body(PAID)
        handled: list[Notification] = []

        assert handler(platform.headers(body), body, lambda _: wechatpay.reject("later")) == wechatpay.reject("later")
        assert handler(platform.headers(body), body, handled.append).status == 204
        assert len(handled) == 1

    def test_a_handler_may_answer_itself(self, client: WeChatPay, platform: Platform) -> None:
        """Some events want an answer with content."""
        handler = NotificationHandler(client, MemoryStore())
        body = platform.body(PAID)
        own = Reply(200, {"Content-Type": "application/json"}, b'{"plate_number":"1"}')

        assert handler(platform.headers(body), body, lambda _: own) == own
        assert handler(platform.headers(body), body, lambda _: own) == wechatpay.accept()

    def test_two_deliveries_at_once(self, client: WeChatPay, platform: Platform) -> None:
        handler = NotificationHandler(client, MemoryStore())
        body = platform.body(PAID)
        inner: list[Reply] = []

        def deliver_again(_: Notification) -> None:
            inner.append(handler(platform.headers(body), body, pytest.fail))

        assert handler(platform.headers(body), body, deliver_again).status == 204
        assert [reply.status for reply in inner] == [503]

    def test_a_lease_that_ran_out(self, client: WeChatPay, platform: Platform) -> None:
        """Another worker has taken over: its outcome counts, and this delivery is refused."""
        now = 0.0
        store = MemoryStore(clock=lambda: now)
        handler = NotificationHandler(client, store, lease=10)
        body = platform.body(PAID)

        def stall(_: Notification) -> None:
            nonlocal now
            now = 11
            assert handler(platform.headers(body), body, lambda _: None).status == 204

        assert handler(platform.headers(body), body, stall).status == 503

    def test_the_handlers_own_trouble_with_claims(self, client: WeChatPay, platform: Platform) -> None:
        def busy(_: Notification) -> None:
            msg = "the order is locked"
            raise InProgress(msg)

        body = platform.body(PAID)

        assert NotificationHandler(client, MemoryStore())(platform.headers(body), body, busy).status == 503

    @pytest.mark.parametrize("own", [None, Reply(200, {}, b"{}")])
    def test_what_was_handled_is_accepted_though_the_store_cannot_record_it(
        self, client: WeChatPay, platform: Platform, own: Reply | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Another delivery would be handled a second time when the lease ends."""
        body = platform.body(PAID)

        assert NotificationHandler(client, Forgetful())(platform.headers(body), body, lambda _: own) == (
            own or wechatpay.accept()
        )
        assert "a notification was handled, and is accepted" in caplog.text

    def test_a_claim_that_is_gone_with_its_booking_is_not_accepted(self, client: WeChatPay, platform: Platform) -> None:
        body = platform.body(PAID)
        with pytest.raises(ClaimError, match="rolled back"):
            NotificationHandler(client, Forgetful(handled=False))(platform.headers(body), body, lambda _: None)

    def test_a_claim_of_the_handlers_own(self, client: WeChatPay, platform: Platform) -> None:
        """The handler did not come to its end: the notification has to come again."""

        def handle(_: Notification) -> None:
            raise ClaimError("an order, not the notification", handled=True)

        body = platform.body(PAID)
        with pytest.raises(ClaimError, match="an order"):
            NotificationHandler(client, MemoryStore())(platform.headers(body), body, handle)

    @pytest.mark.parametrize(("seconds", "warned"), [(5.0, False), (5.1, True)])
    def test_slow_handlers_are_reported(
        self, client: WeChatPay, platform: Platform, seconds: float, warned: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        now = 0.0

        def work(_: Notification) -> None:
            nonlocal now
            now += seconds

        body = platform.body(PAID)

        NotificationHandler(client, MemoryStore(), clock=lambda: now)(platform.headers(body), body, work)

        assert ("the platform waits for 5 s" in caplog.text) is warned

    def test_several_merchants(self, client: WeChatPay, platform: Platform) -> None:
        """The function gets the client, too."""
        handler = NotificationHandler(Merchants([client]), MemoryStore())
        body = platform.body(PAID)
        handled: list[Any] = []

        handler(platform.headers(body), body, lambda *given: handled.append(given))

        ((whose, notification),) = handled
        assert whose is client
        assert notification.resource == PAID
