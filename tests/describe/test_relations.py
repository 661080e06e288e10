import json
import re

import pytest

from wechatpay import catalogue
from wechatpay.apiv2.errors import V2_CODES
from wechatpay.apiv3.errors import CODES
from wechatpay.describe import described, relations

NATIVE = "POST v3/pay/transactions/native"
PAID = "event v3 TRANSACTION.SUCCESS"


@pytest.fixture(scope="module")
def tables():
    return json.loads(relations.Path(relations.__file__).with_name("relations.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def keys():
    return [operation.key for operation in catalogue.operations()]


def test_an_order_leads_to_its_notification_and_back():
    assert [each.key for each in described(NATIVE).notifications] == [PAID]
    assert NATIVE in [each.key for each in described(PAID).causes]
    assert described("GET v3/pay/transactions/id/{transaction_id}").notifications == ()
    assert described("event v3 COMPLAINT.CREATE").causes != ()
    assert described("event v3 RISKTRADE.IDENTIFICATION").causes == ()


def test_a_refund_leads_to_three_notifications_in_the_order_of_the_table():
    found = [each.key for each in described("POST v3/refund/domestic/refunds").notifications]
    assert found == [f"event v3 REFUND.{state}" for state in ("SUCCESS", "ABNORMAL", "CLOSED")]


def test_every_event_of_the_table_is_in_the_catalogue_and_every_pattern_is_that_of_an_operation(tables, keys):
    known = {f"{event.version} {event.name}" for event in catalogue.events()}
    assert set(tables["notifications"]) <= known
    lists = [*tables["notifications"].items(), *(pair for codes in tables["errors"].values() for pair in codes.items())]
    idle = [
        (name, pattern)
        for name, patterns in lists
        for pattern in patterns
        if not any(relations._compiled(pattern.removeprefix("!")).fullmatch(key) for key in keys)
    ]
    assert idle == []


def test_every_code_with_advice_stands_in_the_table(tables):
    assert set(tables["errors"]["v3"]) == set(CODES)
    assert set(tables["errors"]["v2"]) <= set(V2_CODES)
    assert set(V2_CODES) - set(CODES) <= set(tables["errors"]["v2"])


def test_every_operation_has_known_errors_and_the_rare_ones_come_first(keys):
    for key in keys:
        if key.startswith(("GET v2/",)):
            continue  # pages for a browser
        assert described(key).errors, key
    codes = [each.codes for each in described(NATIVE).errors]
    assert codes[0] == ("OUT_TRADE_NO_USED",)
    assert codes[-1] == ("SYSTEM_ERROR", "SYSTEMERROR")


def test_codes_about_which_the_same_is_to_be_done_stand_together_in_both_languages():
    (busy,) = [each for each in described(NATIVE).errors if "FREQUENCY_LIMITED" in each.codes]
    assert busy.codes == ("FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED", "RATELIMIT_EXCEED")
    assert busy.advice == CODES["FREQUENCY_LIMITED"].advice.zh
    assert busy.advice.en == CODES["FREQUENCY_LIMITED"].advice


def test_an_exception_is_left_out():
    codes = {code for each in described("GET v3/pay/transactions/id/{transaction_id}").errors for code in each.codes}
    assert "ORDER_NOT_EXIST" in codes
    assert "RESOURCE_NOT_EXISTS" not in codes


def test_an_operation_that_takes_a_url_for_notifications_leads_to_some(keys):
    """Those whose notification the catalogue does not have are listed here."""
    without = re.compile(
        r"POST v2/(transit|vehicle)/(partner)?pay/payapply|POST v3/(gov|password-exempt-contract|pay-devices)/.*"
        r"|POST v3/platsolution/(ecommerce/(mch-transfer|withdraw)|mch-transfer|insurance/mch-transfer)/.*"
    )

    def names(fields):
        for field in fields or ():
            yield field.name
            yield from names(field.fields)

    missing = []
    for key in keys:
        request = catalogue.operation(key).request
        given = {name for place in (request.json, request.xml, request.query) for name in names(place)}
        if any(name.endswith("notify_url") for name in given) and not described(key).notifications:
            missing.append(key)
    assert [key for key in missing if not without.fullmatch(key)] == []
    assert len(missing) > 10
