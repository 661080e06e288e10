"""Parameters of a client that fill calls which leave them out."""

from __future__ import annotations

import pytest

from chainable.errors import ConfigurationError

OK = {"x_response": {"ok": 1}}
SOLD = "taobao.trades.sold.get"


def test_a_default_fills_the_methods_that_have_it(make_top, gateway):
    gateway.answers(OK)
    top = make_top(defaults={"fields": ["tid", "status"], "page_size": 100})

    top[SOLD]()
    top[SOLD]({"page_no": 2})
    top.taobao.trade.get(tid=1)
    top.taobao.time.get()
    top.un.known(a=1)

    assert [(form.get("fields"), form.get("page_size")) for form in gateway.forms] == [
        ("tid,status", "100"), ("tid,status", "100"), ("tid,status", None), (None, None), (None, None),
    ]  # fmt: skip


def test_the_caller_comes_first_in_every_spelling(make_top, gateway):
    gateway.answers(OK)
    top = make_top(defaults={"fields": "tid", "page_size": 100})

    top[SOLD](fields="status", page_size=5)
    top[SOLD]({"fields": "status"}, pageSize=5)
    top[SOLD](fields=None)

    assert [(form.get("fields"), form["page_size"]) for form in gateway.forms] == [
        ("status", "5"), ("status", "5"), (None, "100"),
    ]  # fmt: skip


def test_batches_promises_and_pages_have_them(make_top, gateway):
    gateway.answers(*[{"trades_sold_get_response": {"total_results": 3}}] * 2, OK)
    top = make_top(defaults={"fields": "tid", "page_size": 2})

    assert len(list(top.pages(top[SOLD]))) == 2
    top[SOLD].post_async().wait()

    assert all((form["fields"], form["page_size"]) == ("tid", "2") for form in gateway.forms)
    batch = top.batch()
    call = batch.taobao.trades.sold.get()
    assert call.spec.texts == {"fields": "tid", "page_size": "2"}


def test_a_raw_body_goes_without_them(make_top, gateway):
    gateway.answers(OK)

    make_top(defaults={"request": "x"}, catalogue={"a.b": {"params": {"request": "String"}}}).a.b(b"<a/>")

    assert "request" not in gateway.query


def test_a_copy_is_kept_whose_repr_has_no_values(make_top, gateway):
    gateway.answers(OK)
    defaults = {"buyer_nick": "张三"}
    top = make_top(defaults=defaults)
    defaults["buyer_nick"] = "李四"

    top[SOLD]()

    assert gateway.form["buyer_nick"] == "张三"
    assert "张三" not in repr(top.settings.defaults)


@pytest.mark.parametrize(
    ("defaults", "message"),
    [
        ({"feilds": "tid"}, "no method of the catalogue has a parameter 'feilds'; did you mean 'fields'"),
        ({"retries": 3}, "'retries' is an option, not a parameter"),
        ({5: 3}, "no method of the catalogue has a parameter 5"),
        ("fields=tid", "defaults: a mapping of parameters was expected, .* not str"),
    ],
)
def test_what_could_never_be_sent_is_refused(make_top, defaults, message):
    with pytest.raises(ConfigurationError, match=message):
        make_top(defaults=defaults)


def test_a_parameter_of_an_own_definition_is_known(make_top, gateway):
    gateway.answers(OK)

    make_top(defaults={"brand_new": 7}, catalogue={"a.b": {"params": {"brand_new": "Number"}}}).a.b()

    assert gateway.form["brand_new"] == "7"


@pytest.mark.parametrize("name", ["pageSize", "PageSize", "page-size"])
def test_another_spelling_means_the_parameter_of_each_method(make_top, gateway, name):
    gateway.answers(OK)
    top = make_top(defaults={name: 7}, catalogue={"a.b": {"params": {"pageSize": "Number"}}})

    top[SOLD]()
    top.a.b()

    assert (gateway.forms[0]["page_size"], gateway.forms[1]["pageSize"]) == ("7", "7")
    assert "pageSize" not in gateway.forms[0]


def test_a_spelling_that_is_given_itself_keeps_its_value(make_top, gateway):
    gateway.answers(OK)

    make_top(defaults={"pageSize": 7, "page_size": 8})[SOLD]()

    assert gateway.form["page_size"] == "8"


def test_a_parameter_that_is_called_like_an_option_is_filled(make_top, gateway):
    gateway.answers(OK)

    make_top(defaults={"timeout": 7}, catalogue={"a.b": {"params": {"timeout": "Number"}}}).a.b()

    assert gateway.form["timeout"] == "7"
