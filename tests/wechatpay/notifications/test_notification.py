"""The attributes of a notification."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from chainable.times import BEIJING
from wechatpay import catalogue
from wechatpay.notifications import Notification


def v3(**envelope: object) -> Notification:
    return Notification("EV-1", str(envelope.get("event_type", "TRANSACTION.SUCCESS")), "支付成功", {}, envelope, b"{}")


def v2(**fields: object) -> Notification:
    return Notification("1", "transaction-success", "", fields, fields, b"<xml/>", "v2")


class TestNotification:
    def test_shows_nothing_of_its_content(self) -> None:
        notification = Notification("EV-1", "REFUND.SUCCESS", "secret", {"a": "secret"}, {"b": "secret"}, b"secret")

        assert repr(notification) == "Notification(id='EV-1', event_type='REFUND.SUCCESS', version='v3')"

    def test_is_a_value(self) -> None:
        assert v3(a=1) == v3(a=2)
        assert hash(v3()) == hash(v3())
        with pytest.raises(AttributeError):
            v3().id = "EV-2"  # type: ignore[misc]

    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2026-06-08T10:34:56+08:00", datetime(2026, 6, 8, 2, 34, 56, tzinfo=timezone.utc)),
            ("2026-06-08T02:34:56Z", datetime(2026, 6, 8, 2, 34, 56, tzinfo=timezone.utc)),
            ("2026-06-08T10:34:56", datetime(2026, 6, 8, 10, 34, 56, tzinfo=BEIJING)),
            ("yesterday", None),
            (17, None),
            (None, None),
        ],
    )
    def test_v3_time(self, text: object, moment: datetime | None) -> None:
        assert v3(create_time=text).create_time == moment

    @pytest.mark.parametrize(
        ("fields", "moment"),
        [
            ({"time_end": "20260608103456"}, datetime(2026, 6, 8, 10, 34, 56, tzinfo=BEIJING)),
            ({"success_time": "2026-06-08 10:34:56"}, datetime(2026, 6, 8, 10, 34, 56, tzinfo=BEIJING)),
            (
                {"event_create_time": "2026-06-08T10:34:56+08:00", "time_end": "x"},
                datetime(2026, 6, 8, 10, 34, 56, tzinfo=BEIJING),
            ),
            ({"time_end": "20269908103456"}, None),
            ({"time_end": "2026"}, None),
            ({"time_end": ["20260608103456"]}, None),
            ({}, None),
        ],
    )
    def test_v2_time(self, fields: dict[str, object], moment: datetime | None) -> None:
        found = v2(**fields).create_time

        assert found == moment
        assert found is None or found.utcoffset() == timedelta(hours=8)

    def test_v2_time_inside_what_was_sealed(self) -> None:
        inside = Notification("1", "refund-processed", "", {"success_time": "2026-06-08 10:34:56"}, {}, b"", "v2")
        odd = Notification("1", "CHECK.FAIL", "", ["odd"], {"event_create_time": "20260608103456"}, b"", "v2")

        assert inside.create_time == odd.create_time == datetime(2026, 6, 8, 10, 34, 56, tzinfo=BEIJING)


class TestEvent:
    def test_every_catalogued_event_is_found(self) -> None:
        """All 113 events are known by what their messages say."""
        names = [event.name for event in catalogue.events()]
        for event in catalogue.events():
            assert Notification("1", event.name, "", {}, {}, b"", event.version).event is event

        assert len(names) == 113

    def test_unknown_events_are_just_unknown(self) -> None:
        assert v3(event_type="BRAND.NEW").event is None

    def test_what_the_resource_was(self) -> None:
        assert v3(resource={"original_type": "profitsharing"}).original_type == "profitsharing"
        assert v3(resource="odd").original_type is None
        assert v2().original_type is None
