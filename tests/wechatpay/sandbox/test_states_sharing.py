"""The states of shared money and of batches: their tables reach every state, and end where the official pages do."""

from __future__ import annotations

import pytest

from wechatpay import catalogue
from wechatpay.sandbox.flows import states_sharing

ENDS = {
    "BATCH": {"FINISHED", "CLOSED"},
    "BATCH_DETAIL": {"SUCCESS", "FAIL"},
    "RECEIPT": {"FINISHED"},
    "RETURN": {"SUCCESS", "FAILED"},
    "SHARE": {"SUCCESS", "CLOSED"},
    "SPLIT": {"FINISHED"},
    "SUBSIDY": {"SUCCESS", "CANCELED"},
    "SUB_MERCHANT": {"REJECTED", "EXPIRED", "CANCELED"},
    "WITHDRAWAL": {"FAIL", "REFUND", "CLOSE"},
}


@pytest.mark.parametrize("name", states_sharing.__all__)
def test_every_state_is_reached_and_the_ends_are_those_of_the_official_pages(name: str) -> None:
    table = getattr(states_sharing, name)
    reached = set(table.first)
    for _ in table.transitions:
        reached |= {each.after for each in table.transitions.values() if reached & {*each.before}}
    assert reached == table.all
    assert table.ends == ENDS[name]


def test_tables_name_events_of_the_catalogue() -> None:
    known = {event.event_type for event in catalogue.events()}
    tables = [getattr(states_sharing, name) for name in states_sharing.__all__]
    assert {each.notifies for table in tables for each in table.transitions.values()} - {""} <= known
