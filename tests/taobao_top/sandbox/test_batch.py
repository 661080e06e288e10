"""Many requests in one."""

from __future__ import annotations

import json

import pytest

TIME, IP = "taobao.time.get", "taobao.appip.get"
ITEM = "taobao.item.seller.get"


def test_answers_come_in_order(call, sandbox):
    item = {"method": ITEM, "fields": "num_iid", "num_iid": "7"}
    answers = call.batch({"method": TIME}, item, {"method": IP}, {"method": "no.such"})
    assert [next(iter(answer)) for answer in answers] == [
        "time_get_response",
        "item_seller_get_response",
        "appip_get_response",
        "error_response",
    ]
    assert answers[1]["item_seller_get_response"]["item"] == {"num_iid": 7}
    kinds = [(entry.kind, entry.method, entry.verified) for entry in sandbox.journal]
    assert kinds[-1] == ("batch", None, True)
    assert kinds[:-1] == [("item", name, True) for name in (TIME, ITEM, IP, "no.such")]


def test_shared_parameters(call):
    answers = call.batch(
        {"num_iid": "1"}, {"num_iid": "2"}, {"method": TIME}, public={"method": ITEM, "fields": "num_iid"}
    )
    assert [answers[n]["item_seller_get_response"]["item"]["num_iid"] for n in (0, 1)] == [1, 2]
    assert "time_get_response" in answers[2]
    only = call.batch("N", "N", public={"method": TIME})
    assert all("time_get_response" in answer for answer in only)
    assert call.batch("N")[0]["error_response"]["code"] == 21
    assert call.batch(body=b"")[0]["error_response"]["code"] == 21


def test_mixed_sessions(call, sandbox):
    sandbox.trades.add()
    asked = {"method": "taobao.trades.sold.get", "fields": "tid"}
    good = sandbox.sessions.tokens(1, "a")["access_token"]
    answers = call.batch(asked, asked | {"session": good}, asked | {"session": "6bad000"})
    assert [answer.get("error_response", {}).get("code") for answer in answers] == [26, None, 27]
    whole = call.batch(asked, session=sandbox.account.session)
    assert whole[0]["trades_sold_get_response"]["total_results"] == 1


def test_another_separator_and_format(call):
    answers = call.batch({"method": TIME}, {"method": IP}, separator="~~", headers={"top-api-separator": "~~"})
    assert len(answers) == 2
    simple = call.batch({"method": ITEM, "fields": "skus", "num_iid": "1"}, simplify="true")
    assert isinstance(simple[0]["item"]["skus"], list)


def test_one_error_for_the_whole(call, sandbox):
    assert call.batch({"method": TIME}, secret="x")[0]["error_response"]["code"] == 25
    many = call.batch(*[{"method": TIME}] * 21)
    assert [answer["error_response"]["sub_code"] for answer in many] == ["isv.batch-over-limit"]
    (error,) = call.batch(body=b"a=%ff")
    assert error["error_response"]["code"] == 47
    (error,) = call.batch(body=b"\xff")
    assert error["error_response"]["code"] == 47
    sandbox.error(7, "x", "This ban will last for 1 more seconds", method="batch")
    assert call.batch({"method": TIME}, {"method": IP})[0]["error_response"]["code"] == 7


def test_the_limit_is_a_setting(call, taobao_sandbox_server):
    gateway = taobao_sandbox_server.service.gateway
    gateway.batch_limit = 1
    try:
        assert call.batch({"method": TIME}, {"method": TIME})[0]["error_response"]["code"] == 41
    finally:
        gateway.batch_limit = 20


def test_faults_and_bans_hit_single_requests(call, sandbox):
    sandbox.error(50, "isp.remote-service-error", method=IP)
    sandbox.ban(600, method=TIME)
    answers = call.batch({"method": TIME}, {"method": IP}, {"method": IP})
    assert [answer.get("error_response", {}).get("code") for answer in answers] == [7, 50, None]


def test_a_batch_can_be_cut(call, sandbox):
    sandbox.fault("truncated", method="batch")
    with pytest.raises(json.JSONDecodeError):
        call.batch({"method": TIME})


def test_a_batch_says_which_answers_are_made_up(call, sandbox):
    call.batch({"method": TIME}, {"method": ITEM, "fields": "num_iid", "num_iid": "7"}, {"method": IP})
    assert [entry.generated for entry in sandbox.journal] == [False, True, True, True]
    call.batch({"method": TIME})
    assert sandbox.journal[-1].generated is False
