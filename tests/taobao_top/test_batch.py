"""Many calls as one request: in order, split at the platform's limit, each with its own outcome."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import hmac
import json
import pickle
import threading
import time
import weakref
from concurrent.futures import CancelledError, TimeoutError, as_completed, wait
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from chainable.errors import CodecError, ConfigurationError, PathError
from taobao_top import TopError
from taobao_top.batch import read_batch, write_batch

BATCH = "https://gw.api.taobao.com/router/batch"
REFUSED = {"error_response": {"code": 50, "sub_code": "isv.x", "request_id": "r"}}


def answer(number):
    return json.dumps({"item_seller_get_response": {"n": number, "request_id": f"r{number}"}})


def joined(*parts, separator="\r\n-S-\r\n"):
    return separator.join(part if isinstance(part, str) else json.dumps(part) for part in parts)


def items(request, separator="\r\n-S-\r\n"):
    """Read the calls of a request as the platform does."""
    parts = request.body.decode().split(separator)
    shared = dict(parse_qsl(parts.pop(0).removeprefix("#PUBLIC#"))) if parts[0].startswith("#PUBLIC#") else {}
    return [shared | ({} if part == "N" else dict(parse_qsl(part, strict_parsing=True))) for part in parts]


def test_calls_of_a_batch_have_their_own_versions(make_top, gateway):
    gateway.answers(joined(answer(1), answer(2), answer(3)), url=BATCH)

    with make_top().batch() as batch:
        batch.a.b(x=1)
        batch.a.b({"x": 1, "v": "3.0"})
        batch.a.b(x=1)

    (request,) = gateway.requests
    shared = query(request)
    assert [(shared | item)["v"] for item in items(request)] == ["2.0", "3.0", "2.0"]


def query(request):
    return dict(parse_qsl(urlsplit(request.url).query))


class TestBody:
    def test_shared_parameters_are_written_once_at_the_head(self):
        """A call without other parameters is written as N."""
        public = {"method": "a.b", "session": "s"}
        body = write_batch(
            [(public, {"x": "1 2"}), ({"method": "a.b", "session": "t"}, {}), (public, {}), ({"method": "a.b"}, {})]
        )

        assert body.split(b"\r\n-S-\r\n") == [
            b"#PUBLIC#method=a.b", b"session=s&x=1+2", b"session=t", b"session=s", b"N",
        ]  # fmt: skip

    def test_a_batch_without_shared_parameters_has_no_head(self):
        calls = [({"method": "a"}, {"x": "1"}), ({"method": "b"}, {"x": "1"})]

        assert write_batch(calls, "|") == b"method=a&x=1|method=b&x=1"

    def test_the_body_omits_parameters_that_the_query_has_with_the_same_value(self):
        calls = [({"method": "a", "format": "json"}, {}), ({"method": "b", "format": "xml"}, {})]

        assert write_batch(calls, "|", {"format": "json"}) == b"method=a|method=b&format=xml"

    def test_a_response_is_read_only_if_it_has_as_many_parts_as_calls(self):
        assert read_batch(b"1\r\n-S-\r\n2", 2) == [b"1", b"2"]
        assert read_batch(b"1|2", 2, "|") == [b"1", b"2"]
        assert read_batch(b"1", 2) is None
        assert read_batch(b"1|2|3", 2, "|") is None

    @pytest.mark.parametrize(
        "first", [b'{"a":"x|y"}', b'{"a":"x\\"|y|"}', b'{"a":"\\\\","b":"|"}', b'{"a":"|","b":"|","c":1}']
    )
    @pytest.mark.parametrize("second", [b'{"b":"1"}', b'<b>a "quote</b>', b'{"b":"|"}'])
    def test_a_separator_inside_a_JSON_text_does_not_separate(self, first, second):
        for parts in ([first, second], [second, first, second]):
            assert read_batch(b"|".join(parts), len(parts), "|") == parts

    @given(st.lists(st.dictionaries(st.text(), st.text() | st.sampled_from(["|", '"|', "\\|"])), min_size=1))
    def test_any_texts_of_responses_are_read_back_as_written(self, answers):
        parts = [json.dumps(answer, ensure_ascii=False).encode(errors="surrogatepass") for answer in answers]

        assert read_batch(b"|".join(parts), len(parts), "|") == parts

    @given(
        st.lists(
            st.tuples(
                st.sampled_from([{"method": "m"}, {"method": "m", "session": "&="}, {"method": "n", "session": "s"}]),
                st.dictionaries(
                    st.sampled_from(["x", "from", "#PUBLIC#"]),
                    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
                ),
            ),
            min_size=1,
        )
    )
    def test_the_platform_reads_any_values_as_they_were_given(self, calls):
        request = requests.Request("POST", "https://h/").prepare()
        request.body = write_batch(calls)

        assert items(request) == [public | texts for public, texts in calls]


class TestBatch:
    def test_each_call_gets_its_own_response_in_order(self, make_top, gateway):
        gateway.answers(joined(answer(1), answer(2)), url=BATCH)
        top = make_top(session="sess10n")

        with top.batch() as batch:
            first = batch.taobao.item.seller.get(fields=["num_iid"], num_iid=1)
            second = batch["taobao.item.seller.get"].post({"num_iid": 2})

        (request,) = gateway.requests
        assert items(request) == [
            {"method": "taobao.item.seller.get", "session": "sess10n", "fields": "num_iid", "num_iid": "1"},
            {"method": "taobao.item.seller.get", "session": "sess10n", "num_iid": "2"},
        ]
        assert first.result().data == {"n": 1, "request_id": "r1"}
        assert second.wait().request_id == "r2"
        assert [response.data["n"] for response in batch.answers] == [1, 2]
        assert first.result().method == "taobao.item.seller.get"

    def test_the_signature_covers_the_query_and_the_whole_body(self, make_top, gateway):
        """The session is in neither the query nor the url."""
        gateway.answers(joined(answer(1)), url=BATCH)

        with make_top(session="sess10n").batch() as batch:
            batch.a.b(x="中")

        (request,) = gateway.requests
        found = query(request)
        signature = found.pop("sign")
        message = "".join(name + found[name] for name in sorted(found)).encode() + request.body
        assert signature == hmac.new(b"s3cret-app", message, hashlib.sha256).hexdigest().upper()
        assert set(found) == {"app_key", "v", "format", "timestamp", "sign_method"}
        assert request.headers["Content-Type"].startswith("text/plain")

    def test_a_refused_or_unreadable_part_fails_only_its_own_call(self, top, gateway):
        gateway.answers(joined(answer(1), REFUSED, "<html>", answer(4)), url=BATCH)

        with top.batch() as batch:
            for number in range(4):
                batch.taobao.item.seller.get(num_iid=number)

        first, second, third, fourth = batch.answers
        assert first.data["n"] == 1
        assert isinstance(second, TopError)
        assert second.sub_code == "isv.x"
        assert (second.response.data, second.response.json()) == (None, REFUSED)
        assert (second.response.method, second.request_id) == ("taobao.item.seller.get", "r")
        assert isinstance(third, CodecError)
        assert fourth.data["n"] == 4

    def test_responses_and_errors_are_pickled_one_by_one_without_the_session(self, make_top, gateway):
        gateway.answers(joined(answer(1), REFUSED), url=BATCH)

        with make_top(session="sess10n").batch() as batch:
            batch.taobao.item.seller.get()
            batch.taobao.item.seller.get()

        first, second = (pickle.dumps(outcome) for outcome in batch.answers)
        assert pickle.loads(first).data == {"n": 1, "request_id": "r1"}
        assert pickle.loads(first).content == answer(1).encode()
        assert pickle.loads(second).sub_code == "isv.x"
        assert b"isv.x" not in first
        assert b"r1" not in second
        for text in (first, second, repr(batch.answers).encode(), repr(batch._futures).encode()):
            assert b"sess10n" not in text

    def test_a_batch_beyond_its_size_becomes_several_requests(self, top, gateway):
        """A failed one does not lose the others."""
        gateway.answers(joined(answer(1), answer(2)), requests.ReadTimeout(), joined(answer(5)), url=BATCH)

        with top.batch(size=2) as batch:
            for number in range(5):
                batch.taobao.item.add(num_iid=number)

        assert [len(items(request)) for request in gateway.requests] == [2, 2, 1]
        outcomes = batch.answers
        assert [isinstance(outcome, requests.ReadTimeout) for outcome in outcomes] == [False, False, True, True, False]
        assert outcomes[2].maybe_sent

    def test_session_format_and_simplify_may_differ_from_call_to_call(self, make_top, gateway):
        gateway.answers(joined(answer(1), "<b_response><x>1</x></b_response>", '{"x":[1],"request_id":"r"}'), url=BATCH)
        sessions = iter(["one"])

        with make_top(session=lambda: next(sessions)).batch() as batch:
            batch.taobao.item.seller.get()
            batch.a.b(session="two", format="xml", target_app_key="9")
            batch.a.c(session="", simplify=True)

        (request,) = gateway.requests
        assert items(request) == [
            {"method": "taobao.item.seller.get", "session": "one"},
            {"method": "a.b", "session": "two", "format": "xml", "target_app_key": "9"},
            {"method": "a.c", "simplify": "true"},
        ]
        assert query(request)["format"] == "json"
        assert [response.data for response in batch.answers[1:]] == [{"x": "1"}, {"x": [1], "request_id": "r"}]

    def test_an_option_that_all_calls_share_is_in_the_query(self, make_top, gateway):
        gateway.answers(joined('{"x":1,"request_id":"r"}'), url=BATCH)

        with make_top(simplify=True).batch() as batch:
            batch.a.c()

        assert query(gateway.requests[0])["simplify"] == "true"
        assert batch.answers[0].data == {"x": 1, "request_id": "r"}

    def test_a_custom_separator_is_named_in_a_header(self, top, gateway):
        gateway.answers(joined(answer(1), answer(2), separator="|~|"), url=BATCH)

        with top.batch(separator="|~|") as batch:
            batch.a.b()
            batch.a.b()

        (request,) = gateway.requests
        assert request.headers["top-api-separator"] == "|~|"
        assert len(items(request, "|~|")) == 2
        assert len(batch.answers) == 2

    def test_an_empty_batch_sends_nothing(self, top, gateway):
        with top.batch() as batch:
            pass

        assert batch.answers == []
        assert not gateway.requests

    def test_nothing_is_sent_when_the_block_raises(self, top, gateway):
        with pytest.raises(KeyError), top.batch() as batch:
            promise = batch.a.b()
            raise KeyError

        assert promise.cancelled()
        assert not gateway.requests
        assert isinstance(batch.answers[0], CancelledError)

    def test_a_cancelled_call_is_left_out_of_the_batch(self, top, gateway):
        gateway.answers(joined(answer(2)), url=BATCH)

        with top.batch() as batch:
            first = batch.a.b(x=1)
            second = batch.a.b(x=2)
            first.cancel()

        assert [item["x"] for item in items(gateway.requests[0])] == ["2"]
        assert isinstance(batch.answers[0], CancelledError)
        assert batch.answers[1] is second.result()

    @pytest.mark.parametrize(
        "wait", [lambda p: p.result(), lambda p: p.exception(), lambda p: p.wait(), lambda p: asyncio.run(awaited(p))]
    )
    def test_waiting_for_a_call_before_the_batch_is_sent_raises(self, top, gateway, wait):
        batch = top.batch()
        promise = batch.a.b()

        with pytest.raises(RuntimeError, match="has not been sent"):
            wait(promise)
        with pytest.raises(RuntimeError, match="has not been sent"):
            batch.answers
        promise.cancel()

    def test_promises_can_be_awaited_after_the_batch_was_sent(self, top, gateway):
        gateway.answers(joined(answer(1)), url=BATCH)

        with top.batch() as batch:
            promise = batch.a.b.post_async()

        assert asyncio.run(awaited(promise)).data["n"] == 1

    def test_a_batch_is_sent_once_and_takes_no_calls_afterwards(self, top, gateway):
        batch = top.batch()
        batch.send()

        with pytest.raises(RuntimeError, match="has been sent"):
            batch.send()
        with pytest.raises(RuntimeError, match="has been sent"):
            batch.a.b()

    def test_a_closed_client_sends_no_batch(self, top):
        batch = top.batch()
        batch.a.b()
        top.close()

        with pytest.raises(RuntimeError, match="closed"):
            batch.send()

    def test_a_batch_begins_method_names_as_the_client_does(self, top):
        batch = top.batch()

        assert repr(batch) == "<Batch of 0 calls>"
        assert repr(batch.chain("a.b").c) == "<Batch 'a.b.c'>"
        assert repr(batch.import_) == "<Batch 'import'>"
        with pytest.raises(AttributeError, match="_x"):
            batch._x
        with pytest.raises(PathError):
            batch["a b"]


async def awaited(promise):
    return await promise


class TestRefused:
    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            (lambda batch: batch.a.b(image=b"x"), TypeError, "files and raw bodies cannot go into a batch"),
            (lambda batch: batch.a.b(b"<x/>"), TypeError, "files and raw bodies"),
            (lambda batch: batch.a.b(timeout=3), TypeError, "'timeout' is for a request as a whole"),
            (lambda batch: batch.a.b(stream=True), TypeError, "'stream' is for a request as a whole"),
            (lambda batch: batch.a.b(x=0.5), TypeError, "x: a float"),
            (lambda batch: batch.a.b(sesion="x"), TypeError, "one letter away"),
        ],
    )
    def test_a_call_that_cannot_go_into_a_batch_is_refused_when_it_is_written(self, top, call, error, message):
        batch = top.batch()

        with pytest.raises(error, match=message):
            call(batch)

        assert repr(batch) == "<Batch of 0 calls>"

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"size": 0}, "size"),
            ({"separator": ""}, "separator"),
            ({"separator": 5}, "separator"),
            ({"separator": b"|"}, "separator"),
            ({"separator": "\r\n"}, "separator"),
            ({"separator": " | "}, "separator"),
            ({"separator": "|\n"}, "separator"),
            ({"separator": "-S-"}, "separator: it has to have"),
            ({"separator": "#"}, "separator: it has to have"),
            ({"url": "http://example.com/"}, "url"),
            ({"retries": -1}, "retries"),
            ({"timeout": 0}, "timeout"),
        ],
    )
    def test_a_wrong_option_is_named(self, top, options, message):
        with pytest.raises(ConfigurationError, match=message):
            top.batch(**options)

    def test_an_unknown_gateway_needs_the_URL_of_batches(self, make_top, gateway):
        top = make_top(gateway="https://forwarder.example/top")
        gateway.answers(joined(answer(1)), url="https://forwarder.example/many")

        with pytest.raises(ConfigurationError, match=r"batch\(url="):
            top.batch()
        with top.batch(url="https://forwarder.example/many") as batch:
            batch.a.b()

        assert batch.answers[0].data["n"] == 1


class TestTheWhole:
    def outcome(self, top, **options):
        with top.batch(**options) as batch:
            batch.taobao.trades.sold.get()
            batch.taobao.trades.sold.get()
        first, second = batch.answers
        assert first is second
        return first

    def test_a_refusal_of_the_whole_request_is_the_outcome_of_each_call(self, top, gateway):
        """It has its explanation."""
        gateway.answers({"error_response": {"code": 25, "msg": "Invalid signature"}}, url=BATCH)

        error = self.outcome(top)

        assert str(error).startswith("batch: code 25")
        assert "#PUBLIC#method=taobao.trades.sold.get" in error.explain()

    def test_a_short_ban_of_the_whole_request_is_waited_out(self, top, gateway, waits):
        gateway.answers(
            {"error_response": {"code": 7, "sub_msg": "This ban will last for 1 more seconds"}},
            joined(answer(1), answer(2)),
            url=BATCH,
        )

        with top.batch() as batch:
            batch.a.b()
            batch.a.b()

        assert waits == [2.0]
        assert [response.data["n"] for response in batch.answers] == [1, 2]

    @pytest.mark.parametrize(("options", "attempts"), [({}, 3), ({"repeatable": False}, 1), ({"retries": 1}, 2)])
    def test_an_error_status_is_retried_only_if_all_calls_only_read(self, top, gateway, options, attempts):
        gateway.answers("<html>", status=503, url=BATCH)

        error = self.outcome(top, **options)

        assert str(error).startswith("batch: HTTP status 503")
        assert len(gateway.requests) == attempts

    @pytest.mark.parametrize("body", ["", "<html>", '{"x":1}', "[]"])
    def test_a_body_that_is_not_a_batch_is_an_error_of_each_call(self, top, gateway, body):
        gateway.answers(body, url=BATCH)

        assert "does not have the 2 parts" in str(self.outcome(top))


BAN = {"error_response": {"code": 7, "sub_msg": "This ban will last for 2 more seconds"}}
FAULT = {"error_response": {"code": 15, "sub_code": "isp.remote-service-timeout"}}
EXPIRED = {"error_response": {"code": 27, "msg": "Invalid session"}}


class Renewable:
    """A session that is renewed as one out of a store."""

    def __init__(self, name="s", fails=None):
        self.name = name
        self.token = f"{name}1"
        self.asked = 0
        self.renewed = []
        self.fails = fails

    def __call__(self):
        self.asked += 1
        return self.token

    def renew(self, expired):
        self.renewed.append(expired)
        if self.fails:
            raise self.fails
        self.token = f"{self.name}{len(self.renewed) + 1}"
        return self.token


def numbers(batch):
    """The number of each answer, or the code of each error."""
    return [getattr(outcome, "code", None) or outcome.data["n"] for outcome in batch.answers]


class TestAgain:
    def test_calls_refused_by_a_short_ban_are_sent_again_and_keep_their_order(self, top, gateway, waits):
        """Writes, too."""
        gateway.answers(joined(answer(1), BAN, answer(3), BAN), joined(answer(2), answer(4)), url=BATCH)

        with top.batch() as batch:
            for number in range(1, 5):
                batch.taobao.item.add(x=number)

        assert [[item["x"] for item in items(request)] for request in gateway.requests] == [
            ["1", "2", "3", "4"], ["2", "4"],
        ]  # fmt: skip
        assert numbers(batch) == [1, 2, 3, 4]
        assert waits == [3.0]

    def test_a_long_ban_is_raised_at_once(self, top, gateway, waits):
        ban = {"error_response": {"code": 7, "sub_msg": "This ban will last for 31062 more seconds"}}
        gateway.answers(joined(answer(1), ban), url=BATCH)

        with top.batch() as batch:
            batch.a.get()
            batch.a.get()

        assert numbers(batch) == [1, "7"]
        assert batch.answers[1].retry_after == 31062
        assert not waits

    def test_a_ban_beyond_the_deadline_is_not_waited_for_but_other_calls_are_repeated(self, make_top, gateway, waits):
        shop = Renewable()
        gateway.answers(joined(BAN, EXPIRED), joined(answer(2)), url=BATCH)

        with make_top(deadline=2.5).batch() as batch:
            batch.a.get()
            batch.a.get(session=shop)

        assert numbers(batch) == ["7", 2]
        assert not waits

    def test_a_call_in_a_batch_is_repeated_as_often_as_a_single_call(self, top, gateway, waits):
        gateway.answers(*[joined(BAN)] * 3, url=BATCH)

        with top.batch() as batch:
            batch.a.get()

        assert numbers(batch) == ["7"]
        assert waits == [3.0, 3.0]

    @pytest.mark.parametrize(
        ("options", "again"),
        [({}, ["r"]), ({"repeatable": True}, ["r", "w"]), ({"repeatable": False}, []), ({"retries": 0}, [])],
    )
    def test_after_a_fault_only_repeatable_calls_are_sent_again(self, top, gateway, waits, options, again):
        sold = json.dumps({"trades_sold_get_response": {"n": 9}})
        added = json.dumps({"item_add_response": {"n": 9}})
        gateway.answers(joined(FAULT, FAULT, FAULT), joined(*[sold, added][: len(again)]), url=BATCH)

        with top.batch(**options) as batch:
            batch.taobao.trades.sold.get({"x": "r"})
            batch.taobao.item.add({"x": "w"})
            batch.taobao.item.add({"x": "no"}, repeatable=False)

        assert [item["x"] for request in gateway.requests[1:] for item in items(request)] == again
        assert numbers(batch) == [9 if name in again else "15" for name in ("r", "w", "no")]
        assert batch.answers[2].maybe_sent
        assert waits == ([0.5] if again else [])

    def test_a_call_with_its_own_repeatable_is_sent_again_after_a_fault(self, top, gateway):
        gateway.answers(joined(FAULT), joined(answer(1)), url=BATCH)

        with top.batch() as batch:
            batch.taobao.item.add(repeatable=True)

        assert numbers(batch) == [1]

    def test_a_lost_second_request_fails_only_the_calls_in_it(self, top, gateway):
        gateway.answers(joined(answer(1), BAN), requests.ReadTimeout(), url=BATCH)

        with top.batch() as batch:
            batch.taobao.item.add()
            batch.taobao.item.add()

        first, second = batch.answers
        assert first.data["n"] == 1
        assert isinstance(second, requests.ReadTimeout)
        assert second.maybe_sent


class TestSessions:
    def test_calls_with_an_expired_session_are_replayed_once_with_a_renewed_one(self, make_top, gateway, waits):
        """The session is renewed once for all of them."""
        shop, other = Renewable("s"), Renewable("t")
        gateway.answers(joined(EXPIRED, answer(2), EXPIRED, answer(4)), joined(answer(1), answer(3)), url=BATCH)

        with make_top(session=shop).batch() as batch:
            batch.taobao.item.add(x=1)
            batch.taobao.item.add(x=2, session=other)
            batch.taobao.item.add(x=3)
            batch.taobao.item.add(x=4, session="fixed")

        assert [[(item["x"], item["session"]) for item in items(request)] for request in gateway.requests] == [
            [("1", "s1"), ("2", "t1"), ("3", "s1"), ("4", "fixed")],
            [("1", "s2"), ("3", "s2")],
        ]
        assert numbers(batch) == [1, 2, 3, 4]
        assert (shop.asked, shop.renewed, other.renewed) == (1, ["s1"], [])
        assert not waits

    def test_an_expired_session_is_renewed_and_replayed_only_once(self, make_top, gateway):
        shop = Renewable()
        gateway.answers(joined(EXPIRED), joined(EXPIRED), url=BATCH)

        with make_top(session=shop).batch() as batch:
            batch.a.get()

        assert numbers(batch) == ["27"]
        assert shop.renewed == ["s1"]

    def test_a_session_without_renew_is_reported_as_expired(self, make_top, gateway):
        gateway.answers(joined(EXPIRED, EXPIRED), url=BATCH)

        with make_top(session="s").batch() as batch:
            batch.a.get()
            batch.a.get(session=lambda: "t")

        assert [error.session_expired for error in batch.answers] == [True, True]

    def test_a_failed_renewal_is_the_outcome_of_the_calls_of_this_session_only(self, make_top, gateway):
        refused = TopError("let the seller authorise again", session_expired=True)
        shop = Renewable(fails=refused)
        gateway.answers(joined(EXPIRED, BAN, EXPIRED), joined(answer(2)), url=BATCH)

        with make_top(session=shop).batch() as batch:
            batch.a.get()
            batch.a.get(session="fixed")
            batch.a.get()

        assert [batch.answers[0], batch.answers[2]] == [refused, refused]
        assert batch.answers[1].data["n"] == 2
        assert shop.renewed == ["s1"]

    def test_a_replay_has_all_the_attempts_of_a_single_call(self, make_top, gateway, waits):
        shop = Renewable()
        gateway.answers(joined(EXPIRED), joined(BAN), joined(answer(1)), url=BATCH)

        with make_top(session=shop, retries=1).batch() as batch:
            batch.a.get()

        assert numbers(batch) == [1]
        assert waits == [3.0]
        assert [items(request)[0]["session"] for request in gateway.requests] == ["s1", "s2", "s2"]

    @pytest.mark.parametrize(("sessions", "renewed"), [(1, True), (2, False)])
    def test_a_whole_refused_for_its_session_is_renewed_only_if_all_calls_share_it(
        self, make_top, gateway, sessions, renewed
    ):
        shops = [Renewable("s"), Renewable("t")]
        gateway.answers(EXPIRED, joined(answer(1), answer(2)), url=BATCH)

        with make_top().batch() as batch:
            batch.a.get(session=shops[0])
            batch.a.get(session=shops[sessions - 1])

        assert numbers(batch) == ([1, 2] if renewed else ["27", "27"])
        assert shops[0].renewed == (["s1"] if renewed else [])

    def test_a_session_is_asked_for_its_token_once_per_batch(self, make_top, gateway):
        shop = Renewable()
        gateway.answers(joined(*[answer(1)] * 3), url=BATCH)

        with make_top(session=shop).batch() as batch:
            for _ in range(3):
                batch.a.get()

        assert shop.asked == 1

    def test_calls_whose_session_raises_fail_alone(self, top, gateway):
        gateway.answers(joined(answer(2)), url=BATCH)
        missing = ConfigurationError("the store has no token")

        def session():
            raise missing

        with top.batch() as batch:
            batch.a.get(session=session)
            batch.a.get()
            batch.a.get(session=session)

        assert [batch.answers[0], batch.answers[2]] == [missing, missing]
        assert batch.answers[1].data["n"] == 2
        assert len(items(gateway.requests[0])) == 1

    def test_nothing_is_sent_when_no_call_has_its_session(self, top, gateway):
        with top.batch() as batch:
            batch.a.get(session=lambda: 1 / 0)

        assert isinstance(batch.answers[0], ZeroDivisionError)
        assert not gateway.requests


class TestPromises:
    def test_then_catch_wait_and_as_completed_work_as_for_any_future(self, top, gateway):
        gateway.answers(joined(answer(1), REFUSED), url=BATCH)
        seen = []

        with top.batch() as batch:
            first, second = batch.a.get(), batch.a.get()
            following = first.then(lambda response: response.data["n"])
            second.catch(lambda error: seen.append(error.sub_code))
            waiting = threading.Thread(target=lambda: seen.append(len(wait([first, second], 10).done)))
            waiting.start()
            while not first._waiters:
                time.sleep(0.001)
        waiting.join()

        assert following.result() == 1
        assert sorted(map(str, seen)) == ["2", "isv.x"]
        assert [promise.done() for promise in as_completed([first, second], 10)] == [True, True]

    def test_the_end_of_another_call_does_not_end_a_wait(self, top, gateway):
        arrived, go_on = threading.Event(), threading.Event()

        def late(request):
            arrived.set()
            go_on.wait(60)
            return 200, {}, joined(answer(2))

        gateway.answers(joined(answer(1)), url=BATCH)
        got = []
        with top.batch(size=1) as batch:
            first, second = batch.a.get(), batch.a.get()
            gateway.mock.add_callback("POST", BATCH, callback=late)

            def follow():
                arrived.wait(60)
                got.append(first.result(0).data["n"])
                with pytest.raises(TimeoutError):
                    second.result(0)
                with pytest.raises(TimeoutError):
                    second.exception(0.01)
                go_on.set()
                got.append(second.result(10).data["n"])
                got.append(batch.answers[1].data["n"])

            following = threading.Thread(target=follow)
            following.start()
        following.join()

        assert got == [1, 2, 2]
        assert first.exception() is None

    def test_an_interruption_is_raised_and_ends_all_waits(self, top, gateway):
        gateway.answers(joined(answer(1)), url=BATCH)

        def interrupted(request):
            raise KeyboardInterrupt

        gateway.mock.add_callback("POST", BATCH, callback=interrupted)
        batch = top.batch(size=1)
        promises = [batch.a.get() for _ in range(3)]
        with pytest.raises(KeyboardInterrupt):
            batch.send()

        assert promises[0].result().data["n"] == 1
        assert [type(outcome) for outcome in batch.answers[1:]] == [KeyboardInterrupt] * 2

    def test_a_batch_that_a_closed_client_refused_can_be_refused_again(self, top):
        batch = top.batch()
        promise = batch.a.get()
        top.close()

        with pytest.raises(RuntimeError, match="closed"):
            batch.send()
        with pytest.raises(RuntimeError, match="has not been sent"):
            promise.result()
        promise.cancel()

    def test_promises_and_chains_do_not_keep_a_sent_batch_alive(self, top, gateway):
        gateway.answers(joined(answer(1)), url=BATCH)
        gc.disable()
        try:
            with top.batch() as batch:
                promise = batch.import_.item.get()
            alive = weakref.ref(batch)
            assert promise.result()
            del batch
            assert alive() is None
        finally:
            gc.enable()


class TestTexts:
    def test_a_lone_surrogate_loses_only_its_own_call(self, top, gateway):
        gateway.answers(joined(answer(3)), url=BATCH)
        batch = top.batch()

        for call in (
            lambda: batch.a.get({"x": "\ud800"}),
            lambda: batch.a.get({"\ud800": "x"}),
            lambda: batch.a.get(target_app_key="\ud800"),
        ):
            with pytest.raises(CodecError, match="surrogate"):
                call()
        batch.a.get(session="\ud800")
        batch.a.get(session="中")
        batch.send()

        assert isinstance(batch.answers[0], CodecError)
        assert batch.answers[1].data["n"] == 3

    def test_responses_in_another_charset_are_decoded_by_it(self, top, gateway):
        text = joined(*['{"a_get_response":{"x":"中"}}'] * 2).encode("gbk")
        gateway.answers(text, url=BATCH, headers={"Content-Type": "text/plain; charset=GBK"})

        with top.batch() as batch:
            batch.a.get()
            batch.a.get()

        assert [response.data for response in batch.answers] == [{"x": "中"}] * 2

    @pytest.mark.parametrize(
        "body",
        [
            b'{"a":1}{',
            b'{"a"',
            b'{"error_response":1}',
            b"",
            b"null",
            b"[]",
            b"<html/>",
            b'{"x":1}',
            b'{"rgv587_flag":"sm"}',
        ],
    )
    def test_a_broken_part_is_the_error_of_its_own_call(self, top, gateway, body):
        gateway.answers(joined(answer(1)).encode() + b"\r\n-S-\r\n" + body, url=BATCH)

        with top.batch() as batch:
            batch.a.get()
            batch.a.get()

        assert batch.answers[0].data["n"] == 1
        outcome = batch.answers[1]
        assert isinstance(outcome, TopError)
        assert isinstance(outcome, CodecError)
        assert outcome.maybe_sent
        assert outcome.response.content == body

    def test_a_part_with_a_cut_off_character_is_read_as_Java_does(self, top, gateway):
        gateway.answers(joined(answer(1)).encode() + b'\r\n-S-\r\n{"a_get_response":{"x":"\xe4\xb8"}}', url=BATCH)

        with top.batch() as batch:
            batch.a.get()
            batch.a.get()

        assert batch.answers[1].data == {"x": "\ufffd"}

    @pytest.mark.parametrize("body", ["<html>405</html>", "", "{}", '{"rgv587_flag":"sm"}', "[1]"])
    def test_one_page_for_the_whole_batch_is_the_error_of_each_call(self, top, gateway, body):
        gateway.answers(body, url=BATCH)

        with top.batch() as batch:
            batch.taobao.item.add()
            batch.taobao.item.add()

        for outcome in batch.answers:
            assert isinstance(outcome, TopError)
            assert outcome.maybe_sent
            assert outcome.response.text == body

    def test_a_refusal_of_another_gateway_for_the_whole_batch_has_its_code(self, top, gateway):
        gateway.answers({"type": "ISV", "code": "IncompleteSignature", "message": "m", "request_id": "r"}, url=BATCH)

        with top.batch() as batch:
            batch.a.get()
            batch.a.get()

        assert [outcome.code for outcome in batch.answers] == ["IncompleteSignature"] * 2


def test_a_second_thread_does_not_initialize_a_future_again(top, gateway):
    batch = top.batch()
    future = batch.a.b()
    assert future.cancel()
    future._initialize()  # a thread that waited for the lock while another one initialized

    assert future.cancelled()


def test_a_future_has_no_other_attributes_than_a_promise(top, gateway):
    future = top.batch().a.b()

    for _ in range(2):  # before and after it is initialized
        with pytest.raises(AttributeError, match="a BatchFuture has no attribute 'nothing'"):
            future.nothing


@pytest.mark.parametrize("end", [b"", b"\r\n-S-\r\n", b"\r\n-S-\r\n\r\n"])
def test_a_separator_behind_the_last_part_is_no_part(end):
    assert read_batch(b'{"a":1}\r\n-S-\r\n{"b":2}' + end, 2) == [b'{"a":1}', b'{"b":2}']
    assert read_batch(b'{"a":1}' + end, 1) == [b'{"a":1}']
