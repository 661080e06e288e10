"""Only what stands under a method's own root is its answer; everything else is an error that carries the response."""

from __future__ import annotations

import gzip
import pickle

import pytest

from chainable.errors import APIError, CodecError
from taobao_top import TopError
from taobao_top.response_reading import ResponseError, foreign_refusal

SOLD = "taobao.trades.sold.get"

PAGES = [
    "",
    " \n",
    "null",
    "[]",
    "[{}]",
    '"text"',
    "5",
    "true",
    "Access denied",
    "{}",
    '{"total_results":0}',
    '{"a":1,"request_id":"r"}',
    '{"trades_sold_get_response":',
    '{"trades_sold_get_response":null}',
    '{"trades_sold_get_response":[]}',
    '{"trades_sold_get_response":"text"}',
    '{"trade_get_response":{"trade":{"tid":1}}}',
    '{"Trades_sold_get_response":{}}',
    '{"response":{"flag":"success"}}',
    '{"rgv587_flag":"sm","url":"https://gw.api.taobao.com/router/rest/_____tmd_____/punish?x5secdata=a"}',
    '{"ret":["SUCCESS::ok"],"data":{"x5secdata":"a"}}',
    '{"error_response":null}',
    '{"error_response":[]}',
    '{"code":0,"message":"ok"}',
    "<!doctypehtml><html lang=zh-cn><title>405</title>",
    "<!--deny--><html><body>405</body></html>",
    '<script>window.location="https://login.taobao.com/"</script>',
    '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body>405</body></html>',
    "<div>blocked</div>",
    "<error><status>405</status></error>",
    "<trade_get_response><tid>1</tid></trade_get_response>",
    '<t:trades_sold_get_response xmlns:t="urn:x"/>',
    "<response><flag>success</flag></response>",
    "<trades_sold_get_response>",
]


class TestPages:
    @pytest.mark.parametrize("form", ["json", "xml"])
    @pytest.mark.parametrize("body", PAGES)
    def test_are_errors_that_carry_the_response(self, top, gateway, body, form):
        gateway.answers(body)

        with pytest.raises(TopError, match=rf"^{SOLD}: ") as caught:
            top[SOLD](fields="tid", format=form)

        error = caught.value
        assert isinstance(error, APIError)
        assert isinstance(error, CodecError)
        assert error.response.text == body
        assert error.maybe_sent
        assert not error.retryable
        assert error.status_code == 200
        assert SOLD in error.args[0].zh
        assert len(gateway.requests) == 1

    @pytest.mark.parametrize(
        "body", [page for page in PAGES if page not in {'{"total_results":0}', '{"a":1,"request_id":"r"}'}]
    )
    def test_are_errors_of_a_simplified_call_too(self, top, gateway, body):
        gateway.answers(body)

        with pytest.raises(TopError) as caught:
            top[SOLD](fields="tid", simplify=True)

        assert caught.value.response.text == body
        assert caught.value.maybe_sent

    @pytest.mark.parametrize("status", [400, 403, 405, 503])
    def test_under_an_error_status_are_errors_of_that_status(self, top, gateway, status):
        gateway.answers("<!doctypehtml><html>405</html>", status=status)

        with pytest.raises(TopError, match=f"HTTP status {status}") as caught:
            top.taobao.item.add()

        assert caught.value.status_code == status
        assert caught.value.response is not None

    def test_of_the_risk_control_are_named(self, top, gateway):
        gateway.answers('{"rgv587_flag":"sm","url":"https://x"}')

        with pytest.raises(ResponseError, match="risk control"):
            top[SOLD](fields="tid")

    def test_have_their_request_id(self, top, gateway):
        gateway.answers('{"other_response":{"request_id":"r1"}}')

        with pytest.raises(ResponseError) as caught:
            top[SOLD](fields="tid")

        assert caught.value.request_id == "r1"

    def test_are_pickled_without_their_text(self, top, gateway):
        gateway.answers("<html>SECRET</html>")

        with pytest.raises(ResponseError) as caught:
            top[SOLD](fields="tid")

        copy = pickle.loads(pickle.dumps(caught.value))
        assert type(copy) is ResponseError
        assert copy.maybe_sent
        assert b"SECRET" not in pickle.dumps(caught.value)


class TestRefusalsOfOthers:
    @pytest.mark.parametrize("simplify", [False, True])
    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (
                '{"type":"ISV","code":"IllegalAccessToken","message":"expired","request_id":"0b8f"}',
                "IllegalAccessToken",
            ),
            ('{"type":"ISP","code":"ApiCallLimit","msg":"slow down","request_id":"0b8f"}', "ApiCallLimit"),
            ('{"error_code":"gw.SignatureInvalid","error_message":"no","request_id":"0b8f"}', "gw.SignatureInvalid"),
            ('{"errorCode":405,"errorMsg":"no","requestId":"0b8f"}', "405"),
            ('{"ret":["FAIL_SYS_ILLEGAL_ACCESS::no"],"request_id":"0b8f"}', "FAIL_SYS_ILLEGAL_ACCESS"),
            ('{"error":"invalid_request","error_description":"no","request_id":"0b8f"}', "invalid_request"),
            ('{"response":{"flag":"failure","code":25,"message":"Invalid signature","request_id":"0b8f"}}', "25"),
            ('{"response":{"flag":"Failure","code":25,"message":"Invalid signature","request_id":"0b8f"}}', "25"),
            ("<IopResponse><code>X</code><message>no</message><request_id>0b8f</request_id></IopResponse>", "X"),
        ],
    )
    def test_have_their_code_and_request_id(self, top, gateway, body, code, simplify):
        gateway.answers(body)

        with pytest.raises(TopError) as caught:
            top[SOLD](fields="tid", simplify=simplify)

        assert (caught.value.code, caught.value.request_id) == (code, "0b8f")
        assert caught.value.response.text == body

    def test_under_an_error_status_have_their_code(self, top, gateway):
        gateway.answers({"type": "ISV", "code": "X", "message": "no"}, status=403)

        with pytest.raises(TopError) as caught:
            top[SOLD](fields="tid")

        assert (caught.value.code, caught.value.status_code) == ("X", 403)

    @pytest.mark.parametrize(
        "payload",
        [
            {},
            {"code": "1"},
            {"message": "m"},
            {"code": "0", "message": "m"},
            {"code": 200, "msg": "m"},
            {"code": True, "message": "m"},
            {"ret": []},
            {"ret": [5]},
            {"ret": ["plain"]},
            {"ret": ["SUCCESS::m"]},
            {"a": {"code": "1", "message": "m"}, "b": 1},
        ],
    )
    def test_are_told_from_other_objects(self, payload):
        assert foreign_refusal(payload) is None


class TestRoots:
    @pytest.mark.parametrize(
        "body",
        [
            '{"trades_sold_get_response":{"total_results":1}}',
            '{"trades_sold_get_response":{"total_results":1},"x":1}',
            '\ufeff \n{"trades_sold_get_response":{"total_results":1}}',
            "<trades_sold_get_response><total_results>1</total_results></trades_sold_get_response><!--top-->",
        ],
    )
    def test_the_methods_own_root_is_an_answer(self, top, gateway, body):
        gateway.answers(body)

        assert top[SOLD](fields="tid").data["total_results"] == 1

    @pytest.mark.parametrize(
        "body", ['{"total_results":1,"request_id":"r"}', '{"total_results":1}', '{"new":1,"request_id":"r"}']
    )
    def test_a_simplified_answer_may_lack_it(self, top, gateway, body):
        gateway.answers(body)

        assert top[SOLD](fields="tid", simplify=True).data["trades"] == []

    @pytest.mark.parametrize(
        ("body", "data"),
        [
            ({"other_response": {"x": 1}}, {"x": 1}),
            ({"response": {"flag": "success"}}, {"flag": "success"}),
            ({"response": {"flag": "success"}, "request_id": "r"}, {"flag": "success", "request_id": "r"}),
        ],
    )
    def test_a_method_that_the_catalogue_lacks_may_have_another(self, top, gateway, body, data):
        gateway.answers(body)

        assert top.a.b().data == data

    def test_a_call_to_another_app_may_have_the_root_response(self, top, gateway):
        gateway.answers({"response": {"total_results": 1}})

        assert top[SOLD](fields="tid", target_app_key="1").data["total_results"] == 1

    @pytest.mark.parametrize(
        "body", ['{"x":1}', '{"other":{"x":1}}', '{"other_response":1}', '{"a_response":{},"b":1}']
    )
    def test_anything_else_is_an_error_for_such_a_method_too(self, top, gateway, body):
        gateway.answers(body)

        with pytest.raises(ResponseError):
            top.a.b()


@pytest.mark.parametrize(
    "body",
    [
        {"response": {"flag": "success", "code": 0, "request_id": "r", "items": {"item": {"quantity": "3"}}}},
        {"response": {"flag": "success", "code": "0", "items": [{"quantity": 3}]}, "request_id": "r"},
        {"qimen_inventory_query_response": {"response": {"flag": "success", "code": "0", "items": [{"quantity": 3}]}, "request_id": "r"}},
        {"qimen_inventory_query_response": {"flag": "success", "code": "0", "items": {"item": [{"quantity": "3"}]}, "request_id": "r"}},
        "<response><flag>success</flag><code>0</code><items><item><quantity>3</quantity></item></items><request_id>r</request_id></response>",
        "<qimen_inventory_query_response><response><flag>success</flag><code>0</code><items><item><quantity>3</quantity></item></items></response><request_id>r</request_id></qimen_inventory_query_response>",
    ],
)  # fmt: skip
class TestQimen:
    def test_answers_have_one_shape(self, top, gateway, body):
        gateway.answers(body)

        response = top.taobao.qimen.inventory.query()

        assert response.data == {
            "flag": "success",
            "code": "0",
            "request_id": "r",
            "items": {"item": [{"quantity": 3}]},
        }
        assert response.request_id == "r"

    def test_simplified_answers_have_plain_lists(self, top, gateway, body):
        gateway.answers(body)

        assert top.taobao.qimen.inventory.query(simplify=True).data["items"] == [{"quantity": 3}]


class TestRefusalsOfQimen:
    @pytest.mark.parametrize("method", ["taobao.qimen.inventory.query", "jushuitan.order.list.query"])
    def test_of_the_gateway_are_raised(self, top, gateway, method):
        """A real answer of ``/router/qm``."""
        gateway.answers(
            {"response": {"flag": "failure", "code": 25, "message": "Invalid signature", "request_id": "15qzd9btbeym5"}}
        )

        with pytest.raises(TopError, match="Invalid signature") as caught:
            top[method](target_app_key="23060081")

        assert (caught.value.code, caught.value.request_id) == ("25", "15qzd9btbeym5")
        assert "Invalid signature" in str(caught.value)

    def test_with_a_sub_code_are_raised_in_XML(self, top, gateway):
        gateway.answers(
            "<response><flag>failure</flag><code>15</code><message>m</message><sub_code>isp.x</sub_code>"
            "<sub_message>s</sub_message></response>"
        )

        with pytest.raises(TopError) as caught:
            top.taobao.qimen.inventory.query(format="xml")

        assert (caught.value.sub_code, caught.value.sub_msg) == ("isp.x", "s")

    def test_an_expired_session_is_told(self, top, gateway):
        gateway.answers({"response": {"flag": "failure", "code": "invalid-sessionkey", "message": "m"}})

        with pytest.raises(TopError) as caught:
            top.taobao.qimen.inventory.query()

        assert caught.value.session_expired

    def test_of_the_warehouse_are_answers_until_they_are_asked_for(self, top, gateway):
        gateway.answers({"response": {"flag": "failure", "code": "S003", "message": "no such item", "request_id": "r"}})

        response = top.taobao.qimen.inventory.query()

        assert response.data["flag"] == "failure"
        with pytest.raises(TopError, match="flag = 'failure'") as caught:
            response.raise_for_business()
        assert caught.value.code == "S003"
        assert caught.value.sub_msg == "no such item"


def test_a_cut_off_character_of_a_gzipped_answer_is_read_as_Java_does(top, gateway):
    body = '{"trades_sold_get_response":{"trades":{"trade":[{"title":"好中"}]}}}'.encode()
    gateway.answers(gzip.compress(body.replace("中".encode(), b"\xe4\xb8")), headers={"Content-Encoding": "gzip"})

    assert top[SOLD](fields="title").data["trades"]["trade"] == [{"title": "好\ufffd"}]


class TestOtherPlatforms:
    """What another service says is no refusal of TOP: the numbers of its codes mean nothing here."""

    FOREIGN = (
        {"code": 5, "message": "order service says no"},
        {"code": "4", "msg": "x"},
        {"error_code": "7", "error_message": "m"},
        {"error": {"code": 8, "message": "m"}},
        {"ret": ["7::x"]},
        {"code": 27, "message": "x"},
        {"code": 1, "message": "internal"},
    )

    @pytest.mark.parametrize("body", FOREIGN)
    def test_a_write_is_sent_once_and_may_have_been_carried_out(self, make_top, gateway, body):
        gateway.answers(body)

        with pytest.raises(TopError) as caught:
            make_top(retries=2).taobao.trade.memo.add(tid=1, memo="x")
        error = caught.value
        assert (error.throttled, error.session_expired, error.retryable, error.maybe_sent) == (
            False,
            False,
            False,
            True,
        )
        assert len(gateway.requests) == 1

    def test_a_gateway_of_the_platform_says_whose_code_it_is(self, top, gateway):
        gateway.answers({"type": "ISV", "code": "27", "message": "expired", "request_id": "r"})

        with pytest.raises(TopError) as caught:
            top.taobao.trade.get(tid=1)
        assert caught.value.session_expired

    @pytest.mark.parametrize(
        "body",
        [
            {"code": 500, "message": "err"},
            {"error": "invalid", "error_description": "y"},
            {"errcode": 40001, "errmsg": "invalid"},
            {"status": 500, "error": "Internal Server Error", "path": "/"},
            {"success": False, "msg": "no"},
            {"Code": "Forbidden", "Message": "x", "RequestId": "q"},
            {"fault": {"faultstring": "x"}},
            {"error_response": "busy", "request_id": "r"},
            {"foo_bar_get_response": "x", "request_id": "r"},
        ],
    )
    def test_simplified_answers_of_unknown_methods_have_an_id(self, make_top, gateway, body):
        gateway.answers(body)

        with pytest.raises(TopError):
            make_top(simplify=True)["taobao.foo.bar.get"]()

    def test_simplified_answers_with_an_id_are_taken(self, make_top, gateway):
        gateway.answers({"n": 1, "request_id": "r"})

        assert make_top(simplify=True)["taobao.foo.bar.get"]().data == {"n": 1, "request_id": "r"}
