"""A stored answer is read as the answer of a call is."""

from __future__ import annotations

import pickle
import traceback

import pytest

from chainable.errors import CodecError
from taobao_top import TopError

FULL = "taobao.trade.fullinfo.get"
JSON = '{"trade_fullinfo_get_response":{"trade":{"tid":123456789012345678901,"receiver_name":"张三"},"request_id":"r"}}'
XML = (
    '<?xml version="1.0" encoding="utf-8" ?><trade_fullinfo_get_response><trade><tid>123456789012345678901</tid>'
    "<receiver_name>张三</receiver_name></trade><request_id>r</request_id></trade_fullinfo_get_response>"
)


@pytest.mark.parametrize("text", [JSON, JSON.encode(), XML, XML.encode(), "\ufeff" + JSON])
def test_in_every_form_it_has_the_data_of_a_call(top, gateway, text):
    response = top.read(FULL, text)

    assert response.data["trade"] == {"tid": 123456789012345678901, "receiver_name": "张三"}
    assert (response.request_id, response.method, response.stored) == ("r", FULL, True)
    assert pickle.loads(pickle.dumps(response)).data == response.data
    assert "张三" not in repr(response)
    assert not gateway.requests


def test_its_method_may_be_a_chain(top):
    assert top.read(top.taobao.trade.fullinfo.get, JSON).data == top.read(top[FULL], JSON).data


def test_it_may_be_simplified_and_without_a_root(top):
    text = '{"total_results":1,"trades":[{"tid":1}]}'

    assert top.read("taobao.trades.sold.get", text, simplify=True).data["trades"] == [{"tid": 1}]
    with pytest.raises(CodecError, match="has no root"):
        top.read("taobao.trades.sold.get", text)


def test_JSON_texts_in_it_are_decoded_on_request(top):
    text = '{"top_auth_token_create_response":{"token_result":"{\\"a\\":1}"}}'

    assert top.read("taobao.top.auth.token.create", text, decode=True).data == {"token_result": {"a": 1}}


def test_a_cut_off_character_is_read_as_Java_does(top):
    text = b'{"trade_fullinfo_get_response":{"trade":{"title":"\xe4\xb8"}}}'

    assert top.read(FULL, text).data["trade"]["title"] == "\ufffd"
    assert top.read(FULL, JSON.replace("张", "\ud83d")).data["trade"]["receiver_name"] == "?三"


def test_a_stored_refusal_is_raised(top):
    with pytest.raises(TopError, match="code 50") as caught:
        top.read(FULL, '{"error_response":{"code":50,"msg":"m","sub_code":"isv.x"}}')

    assert caught.value.sub_code == "isv.x"


@pytest.mark.parametrize("text", ["", "{", '{"trade_get_response":{}}', "<html/>", JSON[:-30]])
def test_other_texts_are_errors_that_were_never_sent_and_show_nothing(top, text):
    with pytest.raises(CodecError, match=rf"^{FULL}: ") as caught:
        top.read(FULL, text)

    assert caught.value.maybe_sent is False
    assert "carried out" not in str(caught.value)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "张三" not in "".join(line for line in shown.format() if "read_stored" in line)


@pytest.mark.parametrize(("method", "text"), [(5, JSON), (FULL, {"trade": {}}), (FULL, None)])
def test_other_arguments_are_refused(top, method, text):
    with pytest.raises(TypeError, match="was expected"):
        top.read(method, text)


@pytest.mark.parametrize("charset", ["gbk", "UTF-16", "utf-8"])
def test_text_is_decoded_already_whatever_its_declaration_says(top, charset):
    text = f"<?xml version='1.0' encoding='{charset}'?><trade_get_response><trade><buyer_nick>张三</buyer_nick></trade></trade_get_response>"

    assert top.read("taobao.trade.get", text).data["trade"]["buyer_nick"] == "张三"


@pytest.mark.parametrize("first", ['{"trade_get_response":{"receiver_mobile":"13800138000"}}', "<a/>", ""])
def test_swapped_arguments_are_refused_without_the_text(top, first):
    with pytest.raises(TypeError, match="the name of a method was expected first") as refused:
        top.read(first, "taobao.trade.get")
    assert "13800138000" not in str(refused.value)
