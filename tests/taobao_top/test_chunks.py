"""Long lists in calls of the size that the platform allows."""

from __future__ import annotations

import pytest

from taobao_top.sandbox import Sandbox


def test_the_catalogues_limit_is_the_size(top, gateway):
    """20 at most: https://open.taobao.com/api.htm?apiName=taobao.items.seller.list.get."""
    gateway.answers({"items_seller_list_get_response": {"items": {}}})

    found = list(top.chunks(top.taobao.items.seller.list.get, range(45), fields="num_iid"))

    assert len(found) == 3
    assert [form["num_iids"].count(",") + 1 for form in gateway.forms] == [20, 20, 5]
    assert ",".join(form["num_iids"] for form in gateway.forms) == ",".join(map(str, range(45)))
    assert {form["fields"] for form in gateway.forms} == {"num_iid"}


@pytest.mark.parametrize(
    ("method", "parameter", "most"),
    [
        ("taobao.tbk.item.info.get", "num_iids", 40),
        ("taobao.tbk.item.details.upgrade.get", "item_id", 20),
        ("taobao.tmc.messages.confirm", "s_message_ids", 200),
        ("taobao.simba.keywords.delete", "keyword_ids", 100),
    ],
)
def test_each_method_has_a_list_and_a_limit_of_its_own(top, gateway, method, parameter, most):
    gateway.answers({"x_response": {}})
    chosen = {} if method.startswith("taobao.tbk") else {"parameter": parameter}

    next(top.chunks(top[method], map(str, range(500)), **chosen))

    assert gateway.form[parameter] == ",".join(map(str, range(most)))
    with pytest.raises(ValueError, match=f"the platform accepts {most} elements in {parameter} at most"):
        top.chunks(top[method], [1], size=most + 1, **chosen)


def test_objects_are_sent_as_JSON():
    with Sandbox(https=False) as sandbox, sandbox.client() as top:
        queries = [{"oaid": f"o{number}", "tid": str(number), "scene": "1001"} for number in range(21)]

        assert len(list(top.chunks(top.taobao.top.oaid.decrypt, queries))) == 2
        assert sandbox.journal[-1].parameters["query_list"] == '[{"oaid":"o20","tid":"20","scene":"1001"}]'


def test_calls_are_made_when_they_are_needed_and_elements_are_taken_then(top, gateway):
    gateway.answers({"items_seller_list_get_response": {}})
    taken = []

    responses = top.chunks(top.taobao.items.seller.list.get, (taken.append(n) or n for n in range(9)), size=3)

    assert not taken
    next(responses)
    assert taken == [0, 1, 2]
    assert len(gateway.requests) == 1


def test_an_empty_list_sends_nothing(top, gateway):
    assert not list(top.chunks(top.taobao.items.seller.list.get, []))
    assert not gateway.requests


def test_a_method_without_a_limit_takes_the_size_of_the_caller(top, gateway):
    gateway.answers({"known_response": {}})

    assert len(list(top.chunks(top.un.known, ["a", "b", "c"], {"x": 1}, size=2, parameter="ids"))) == 2
    assert [(form["ids"], form["x"]) for form in gateway.forms] == [("a,b", "1"), ("c", "1")]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda top: top.chunks(top.un.known, [1]), TypeError, "un.known: pass the name of the list's parameter"),
        (lambda top: top.chunks(top.un.known, [1], parameter="ids"), TypeError, "no limit for ids: .* size=…"),
        (
            lambda top: top.chunks(top.taobao.open.account.list, [1]),
            TypeError,
            "parameter='open_account_ids' or parameter='isv_account_ids'",
        ),
        (
            lambda top: top.chunks(top.taobao.items.seller.list.get, [1], num_iids="1"),
            TypeError,
            "num_iids is set by chunks",
        ),
        (lambda top: top.chunks(top.taobao.items.seller.list.get, "123"), TypeError, "a list of elements .* not str"),
        (lambda top: top.chunks(top.taobao.items.seller.list.get, {1: 2}), TypeError, "not dict"),
        (lambda top: top.chunks(top.taobao.items.seller.list.get, 5), TypeError, "not int"),
        (lambda top: top.chunks(top.taobao.items.seller.list.get, [1], size=0), ValueError, "size: an integer"),
        (lambda top: top.chunks("a.b", [1]), TypeError, "chunks: a chain such as"),
    ],
)
def test_mistakes_are_raised_before_the_first_request(top, gateway, call, error, message):
    with pytest.raises(error, match=message):
        call(top)

    assert not gateway.requests


@pytest.mark.parametrize("name", ["numIids", "NumIids", "num-iids"])
def test_another_spelling_of_the_list_has_its_limit(top, gateway, name):
    gateway.answers({"items_seller_list_get_response": {}})
    method = top.taobao.items.seller.list.get

    assert len(list(top.chunks(method, range(21), parameter=name))) == 2
    assert gateway.forms[1]["num_iids"] == "20"
    with pytest.raises(ValueError, match="the platform accepts 20 elements in num_iids at most"):
        top.chunks(method, [1], parameter=name, size=30)
    with pytest.raises(TypeError, match="num_iids is set by chunks"):
        top.chunks(method, [1], {name: "1"})


@pytest.mark.parametrize("ids", [[1, None, 3], (None,), {None, 1}])
def test_an_element_that_cannot_be_sent_is_refused_at_once(top, gateway, ids):
    with pytest.raises(TypeError, match="an element of the list is None"):
        top.chunks(top.taobao.items.seller.list.get, ids)

    assert not gateway.requests


def test_such_an_element_of_an_iterator_is_refused_when_it_comes(top, gateway):
    with pytest.raises(TypeError, match="an element of the list is None"):
        next(top.chunks(top.taobao.items.seller.list.get, iter([1, None])))

    assert not gateway.requests
