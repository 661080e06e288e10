"""Many calls as one request: in order, split where there are too many, each with its own outcome."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from concurrent.futures import CancelledError
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
        body = write_batch(
            [{"method": "a.b", "session": "s", "x": "1 2"}, {"method": "a.b", "session": "t"}, {"method": "a.b"}]
        )

        assert body == b"#PUBLIC#method=a.b\r\n-S-\r\nsession=s&x=1+2\r\n-S-\r\nsession=t\r\n-S-\r\nN"

    def test_nothing_shared(self):
        """Without anything alike there is no head."""
        assert write_batch([{"method": "a", "x": "1"}, {"method": "b", "x": "1"}], "|") == b"method=a&x=1|method=b&x=1"

    def test_answers(self):
        """As many answers as calls, or none."""
        assert read_batch(b"1\r\n-S-\r\n2", 2) == [b"1", b"2"]
        assert read_batch(b"1|2", 2, "|") == [b"1", b"2"]
        assert read_batch(b"1", 2) is None

    @given(
        st.lists(
            st.dictionaries(
                st.sampled_from(["method", "session", "x", "from", "#PUBLIC#"]),
                st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
            ),
            min_size=1,
        )
    )
    def test_round_trip(self, calls):
        """Whatever the values, the platform reads what was given."""
        request = requests.Request("POST", "https://h/", data=write_batch(calls)).prepare()
        # A call of nothing but N would be an empty one; the client's have a method.
        calls = [{"method": "m"} | call for call in calls]
        request.body = write_batch(calls)

        assert items(request) == calls


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
        assert isinstance(third, CodecError)
        assert fourth.data["n"] == 4

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
            ({"separator": "\r\n"}, "separator"),
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

        assert waits == [1.0]
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

        assert "not the 2 answers" in str(self.outcome(top))
