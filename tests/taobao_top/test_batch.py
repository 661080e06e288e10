"""Many calls as one request: in order, split where there are too many, each with its own outcome."""

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
    """What arrived, as the platform reads it."""
    parts = request.body.decode().split(separator)
    shared = dict(parse_qsl(parts.pop(0).removeprefix("#PUBLIC#"))) if parts[0].startswith("#PUBLIC#") else {}
    return [shared | ({} if part == "N" else dict(parse_qsl(part, strict_parsing=True))) for part in parts]


def query(request):
    return dict(parse_qsl(urlsplit(request.url).query))


class TestBody:
    def test_shared_parameters_are_written_once(self):
        """What all have alike stands at the head; a call with nothing else is an N."""
        public = {"method": "a.b", "session": "s"}
        body = write_batch(
            [(public, {"x": "1 2"}), ({"method": "a.b", "session": "t"}, {}), (public, {}), ({"method": "a.b"}, {})]
        )

        assert body.split(b"\r\n-S-\r\n") == [
            b"#PUBLIC#method=a.b", b"session=s&x=1+2", b"session=t", b"session=s", b"N",
        ]  # fmt: skip

    def test_nothing_shared(self):
        """Without anything alike there is no head."""
        calls = [({"method": "a"}, {"x": "1"}), ({"method": "b"}, {"x": "1"})]

        assert write_batch(calls, "|") == b"method=a&x=1|method=b&x=1"

    def test_what_the_query_says(self):
        """What stands in the query is not said again, but for those who say it otherwise."""
        calls = [({"method": "a", "format": "json"}, {}), ({"method": "b", "format": "xml"}, {})]

        assert write_batch(calls, "|", {"format": "json"}) == b"method=a|method=b&format=xml"

    def test_answers(self):
        """As many answers as calls, or none."""
        assert read_batch(b"1\r\n-S-\r\n2", 2) == [b"1", b"2"]
        assert read_batch(b"1|2", 2, "|") == [b"1", b"2"]
        assert read_batch(b"1", 2) is None
        assert read_batch(b"1|2|3", 2, "|") is None

    @pytest.mark.parametrize(
        "first", [b'{"a":"x|y"}', b'{"a":"x\\"|y|"}', b'{"a":"\\\\","b":"|"}', b'{"a":"|","b":"|","c":1}']
    )
    @pytest.mark.parametrize("second", [b'{"b":"1"}', b'<b>a "quote</b>', b'{"b":"|"}'])
    def test_separators_in_texts(self, first, second):
        """A separator in a text of JSON separates nothing."""
        for parts in ([first, second], [second, first, second]):
            assert read_batch(b"|".join(parts), len(parts), "|") == parts

    @given(st.lists(st.dictionaries(st.text(), st.text() | st.sampled_from(["|", '"|', "\\|"])), min_size=1))
    def test_any_texts(self, answers):
        """Whatever is in the texts of the answers."""
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
    def test_round_trip(self, calls):
        """Whatever the values, the platform reads what was given."""
        request = requests.Request("POST", "https://h/").prepare()
        request.body = write_batch(calls)

        assert items(request) == [public | texts for public, texts in calls]


class TestBatch:
    def test_in_order(self, make_top, gateway):
        """One request; each call has its own answer."""
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

    def test_signed(self, make_top, gateway):
        """The signature covers the query and the whole body; the session is in neither the query nor the url."""
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

    def test_one_bad_item(self, top, gateway):
        """It fails alone."""
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

    def test_pickled(self, make_top, gateway):
        """Each answer and each error travels for itself, without the others' and without the session."""
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

    def test_split(self, top, gateway):
        """More than the limit become several requests; a failed one does not lose the others."""
        gateway.answers(joined(answer(1), answer(2)), requests.ReadTimeout(), joined(answer(5)), url=BATCH)

        with top.batch(size=2) as batch:
            for number in range(5):
                batch.taobao.item.add(num_iid=number)

        assert [len(items(request)) for request in gateway.requests] == [2, 2, 1]
        outcomes = batch.answers
        assert [isinstance(outcome, requests.ReadTimeout) for outcome in outcomes] == [False, False, True, True, False]
        assert outcomes[2].maybe_sent

    def test_mixed(self, make_top, gateway):
        """Sessions, formats and plain lists may differ from call to call."""
        gateway.answers(joined(answer(1), "<b_response><x>1</x></b_response>", '{"x":[1]}'), url=BATCH)
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
        assert [response.data for response in batch.answers[1:]] == [{"x": "1"}, {"x": [1]}]

    def test_all_simplified(self, make_top, gateway):
        """What all calls have alike is in the query."""
        gateway.answers(joined('{"x":1}'), url=BATCH)

        with make_top(simplify=True).batch() as batch:
            batch.a.c()

        assert query(gateway.requests[0])["simplify"] == "true"
        assert batch.answers[0].data == {"x": 1}

    def test_separator(self, top, gateway):
        """A separator of one's own is told in a header."""
        gateway.answers(joined(answer(1), answer(2), separator="|~|"), url=BATCH)

        with top.batch(separator="|~|") as batch:
            batch.a.b()
            batch.a.b()

        (request,) = gateway.requests
        assert request.headers["top-api-separator"] == "|~|"
        assert len(items(request, "|~|")) == 2
        assert len(batch.answers) == 2

    def test_nothing(self, top, gateway):
        """An empty batch sends nothing."""
        with top.batch() as batch:
            pass

        assert batch.answers == []
        assert not gateway.requests

    def test_exception_in_the_block(self, top, gateway):
        """Nothing is sent when the block fails."""
        with pytest.raises(KeyError), top.batch() as batch:
            promise = batch.a.b()
            raise KeyError

        assert promise.cancelled()
        assert not gateway.requests
        assert isinstance(batch.answers[0], CancelledError)

    def test_cancelled(self, top, gateway):
        """A call that is cancelled before does not go along; the others do."""
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
    def test_waiting_inside(self, top, gateway, wait):
        """Who waits inside of the block would wait for ever: refused."""
        batch = top.batch()
        promise = batch.a.b()

        with pytest.raises(RuntimeError, match="has not been sent"):
            wait(promise)
        with pytest.raises(RuntimeError, match="has not been sent"):
            batch.answers
        promise.cancel()

    def test_await(self, top, gateway):
        """Afterwards the promises can be awaited."""
        gateway.answers(joined(answer(1)), url=BATCH)

        with top.batch() as batch:
            promise = batch.a.b.post_async()

        assert asyncio.run(awaited(promise)).data["n"] == 1

    def test_sent_once(self, top, gateway):
        """A batch is sent once, and takes no calls afterwards."""
        batch = top.batch()
        batch.send()

        with pytest.raises(RuntimeError, match="has been sent"):
            batch.send()
        with pytest.raises(RuntimeError, match="has been sent"):
            batch.a.b()

    def test_closed(self, top):
        """Not by a closed client."""
        batch = top.batch()
        batch.a.b()
        top.close()

        with pytest.raises(RuntimeError, match="closed"):
            batch.send()

    def test_names(self, top):
        """A batch begins names as the client does."""
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
    def test_calls(self, top, call, error, message):
        """A call that cannot go along is refused when it is written; the others stay."""
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
    def test_options(self, top, options, message):
        """A wrong option is named."""
        with pytest.raises(ConfigurationError, match=message):
            top.batch(**options)

    def test_other_gateways(self, make_top, gateway):
        """Where no batches are known to go, the place has to be told."""
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

    def test_refused(self, top, gateway):
        """A refusal of the whole is that of each call, with its explanation."""
        gateway.answers({"error_response": {"code": 25, "msg": "Invalid signature"}}, url=BATCH)

        error = self.outcome(top)

        assert str(error).startswith("batch: code 25")
        assert "#PUBLIC#method=taobao.trades.sold.get" in error.explain()

    def test_throttled(self, top, gateway, waits):
        """A short ban is waited out."""
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
    def test_statuses(self, top, gateway, options, attempts):
        """A gateway that is down is tried again where all calls only read."""
        gateway.answers("<html>", status=503, url=BATCH)

        error = self.outcome(top, **options)

        assert str(error).startswith("batch: HTTP status 503")
        assert len(gateway.requests) == attempts

    @pytest.mark.parametrize("body", ["", "<html>", '{"x":1}', "[]"])
    def test_no_answers(self, top, gateway, body):
        """An answer of another kind is told."""
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
    def test_short_bans(self, top, gateway, waits):
        """Calls a short ban held up go again by themselves, writes too; the order stays."""
        gateway.answers(joined(answer(1), BAN, answer(3), BAN), joined(answer(2), answer(4)), url=BATCH)

        with top.batch() as batch:
            for number in range(1, 5):
                batch.taobao.item.add(x=number)

        assert [[item["x"] for item in items(request)] for request in gateway.requests] == [
            ["1", "2", "3", "4"], ["2", "4"],
        ]  # fmt: skip
        assert numbers(batch) == [1, 2, 3, 4]
        assert waits == [3.0]

    def test_long_bans(self, top, gateway, waits):
        """A long ban is told at once."""
        ban = {"error_response": {"code": 7, "sub_msg": "This ban will last for 31062 more seconds"}}
        gateway.answers(joined(answer(1), ban), url=BATCH)

        with top.batch() as batch:
            batch.a.get()
            batch.a.get()

        assert numbers(batch) == [1, "7"]
        assert batch.answers[1].retry_after == 31062
        assert not waits

    def test_bans_beyond_the_deadline(self, make_top, gateway, waits):
        """Nor is one waited for that outlasts the deadline; what needs no waiting goes on."""
        shop = Renewable()
        gateway.answers(joined(BAN, EXPIRED), joined(answer(2)), url=BATCH)

        with make_top(deadline=2.5).batch() as batch:
            batch.a.get()
            batch.a.get(session=shop)

        assert numbers(batch) == ["7", 2]
        assert not waits

    def test_how_often(self, top, gateway, waits):
        """As often as a call by itself."""
        gateway.answers(*[joined(BAN)] * 3, url=BATCH)

        with top.batch() as batch:
            batch.a.get()

        assert numbers(batch) == ["7"]
        assert waits == [3.0, 3.0]

    @pytest.mark.parametrize(
        ("options", "again"),
        [({}, ["r"]), ({"repeatable": True}, ["r", "w"]), ({"repeatable": False}, []), ({"retries": 0}, [])],
    )
    def test_faults(self, top, gateway, waits, options, again):
        """After a fault only those go again that may be sent twice; the others keep their error."""
        gateway.answers(joined(FAULT, FAULT, FAULT), joined(*[answer(9)] * len(again)), url=BATCH)

        with top.batch(**options) as batch:
            batch.taobao.trades.sold.get(x="r")
            batch.taobao.item.add(x="w")
            batch.taobao.item.add(x="no", repeatable=False)

        assert [item["x"] for request in gateway.requests[1:] for item in items(request)] == again
        assert numbers(batch) == [9 if name in again else "15" for name in ("r", "w", "no")]
        assert batch.answers[2].maybe_sent
        assert waits == ([0.5] if again else [])

    def test_a_call_that_may(self, top, gateway):
        """A call's own word counts."""
        gateway.answers(joined(FAULT), joined(answer(1)), url=BATCH)

        with top.batch() as batch:
            batch.taobao.item.add(repeatable=True)

        assert numbers(batch) == [1]

    def test_the_whole_is_lost(self, top, gateway):
        """When the second request is lost, only those in it are told so."""
        gateway.answers(joined(answer(1), BAN), requests.ReadTimeout(), url=BATCH)

        with top.batch() as batch:
            batch.taobao.item.add()
            batch.taobao.item.add()

        first, second = batch.answers
        assert first.data["n"] == 1
        assert isinstance(second, requests.ReadTimeout)
        assert second.maybe_sent


class TestSessions:
    def test_renewed(self, make_top, gateway, waits):
        """Calls with an expired session are replayed once with a new one; it is refreshed once."""
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

    def test_once(self, make_top, gateway):
        """One replay, not more."""
        shop = Renewable()
        gateway.answers(joined(EXPIRED), joined(EXPIRED), url=BATCH)

        with make_top(session=shop).batch() as batch:
            batch.a.get()

        assert numbers(batch) == ["27"]
        assert shop.renewed == ["s1"]

    def test_no_store(self, make_top, gateway):
        """A session that nobody can renew is told."""
        gateway.answers(joined(EXPIRED, EXPIRED), url=BATCH)

        with make_top(session="s").batch() as batch:
            batch.a.get()
            batch.a.get(session=lambda: "t")

        assert [error.session_expired for error in batch.answers] == [True, True]

    def test_refused_refresh(self, make_top, gateway):
        """When it cannot be renewed, its calls are told why; it is tried once, and the others go on."""
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

    def test_then_a_ban(self, make_top, gateway, waits):
        """A replay has all its attempts, as that of a call by itself."""
        shop = Renewable()
        gateway.answers(joined(EXPIRED), joined(BAN), joined(answer(1)), url=BATCH)

        with make_top(session=shop, retries=1).batch() as batch:
            batch.a.get()

        assert numbers(batch) == [1]
        assert waits == [3.0]
        assert [items(request)[0]["session"] for request in gateway.requests] == ["s1", "s2", "s2"]

    @pytest.mark.parametrize(("sessions", "renewed"), [(1, True), (2, False)])
    def test_refused_as_a_whole(self, make_top, gateway, sessions, renewed):
        """When the whole is refused for a session, it is renewed if there is but one that can be meant."""
        shops = [Renewable("s"), Renewable("t")]
        gateway.answers(EXPIRED, joined(answer(1), answer(2)), url=BATCH)

        with make_top().batch() as batch:
            batch.a.get(session=shops[0])
            batch.a.get(session=shops[sessions - 1])

        assert numbers(batch) == ([1, 2] if renewed else ["27", "27"])
        assert shops[0].renewed == (["s1"] if renewed else [])

    def test_asked_once(self, make_top, gateway):
        """A session is asked for its token once, however many calls have it."""
        shop = Renewable()
        gateway.answers(joined(*[answer(1)] * 3), url=BATCH)

        with make_top(session=shop).batch() as batch:
            for _ in range(3):
                batch.a.get()

        assert shop.asked == 1

    def test_not_to_be_had(self, top, gateway):
        """Calls whose session is not to be had fail alone."""
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

    def test_none_to_be_had(self, top, gateway):
        """When no call has its session, nothing is sent."""
        with top.batch() as batch:
            batch.a.get(session=lambda: 1 / 0)

        assert isinstance(batch.answers[0], ZeroDivisionError)
        assert not gateway.requests


class TestPromises:
    def test_watched(self, top, gateway):
        """Who waits with then, wait and as_completed is told as by any future."""
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

    def test_who_waits_is_woken_by_his_own(self, top, gateway):
        """Other calls' ends do not end a wait."""
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

    def test_interrupted(self, top, gateway):
        """An interruption in the middle is raised, and leaves nobody waiting."""
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

    def test_closed_in_between(self, top):
        """A batch that its closed client refused can be told so again; nobody waits for it."""
        batch = top.batch()
        promise = batch.a.get()
        top.close()

        with pytest.raises(RuntimeError, match="closed"):
            batch.send()
        with pytest.raises(RuntimeError, match="has not been sent"):
            promise.result()
        promise.cancel()

    def test_nothing_holds_a_sent_batch(self, top, gateway):
        """Promises, answers and chains do not keep it alive."""
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
    def test_surrogates(self, top, gateway):
        """What no UTF-8 can carry loses its own call only."""
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

    def test_charset(self, top, gateway):
        """Answers in another charset are read by it."""
        text = joined(*['{"a_get_response":{"x":"中"}}'] * 2).encode("gbk")
        gateway.answers(text, url=BATCH, headers={"Content-Type": "text/plain; charset=GBK"})

        with top.batch() as batch:
            batch.a.get()
            batch.a.get()

        assert [response.data for response in batch.answers] == [{"x": "中"}] * 2

    @pytest.mark.parametrize(
        "body", [b'{"a_get_response":{"x":"\xff"}}', b'{"a":1}{', b'{"a"', b'{"error_response":1}']
    )
    def test_odd_answers(self, top, gateway, body):
        """Broken ones are told."""
        gateway.answers(joined(answer(1)).encode() + b"\r\n-S-\r\n" + body, url=BATCH)

        with top.batch() as batch:
            batch.a.get()
            batch.a.get()

        assert batch.answers[0].data["n"] == 1
        outcome = batch.answers[1]
        assert isinstance(outcome, CodecError)


def test_a_thread_that_comes_second_does_not_initialize_a_future_again(top, gateway):
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
