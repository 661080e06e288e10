"""Misspelt names of parameters: the platform ignores them, so the client refuses them."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from chainable import BEIJING
from chainable.errors import CodecError, ConfigurationError
from taobao_top import TopError

SOLD = "taobao.trades.sold.get"
DAY = (datetime(2026, 1, 1, tzinfo=BEIJING), datetime(2026, 1, 2, tzinfo=BEIJING))
OK = {"x_response": {"ok": 1}}


class TestUnknown:
    @pytest.mark.parametrize(
        ("method", "name", "near"),
        [
            (SOLD, "start_creatd", "start_created"),
            (SOLD, "page_sise", "page_size"),
            (SOLD, "use_has_nxt", "use_has_next"),
            ("taobao.item.seller.get", "numiid_s", "num_iid"),
            ("taobao.tbk.item.info.upgrade.get", "item_ids", "item_id"),
            ("alibaba.finance.insurance.createorder", "create_order", "create_order_request"),
        ],
    )
    def test_it_is_refused_with_the_nearest_name(self, top, gateway, method, name, near):
        with pytest.raises(TypeError, match=f"no parameter '{name}' .*did you mean '{near}'.*unknown=True") as caught:
            top[method](**{name: "1"})

        assert str(caught.value).startswith(f"{method} has no parameter")
        assert not gateway.requests

    def test_a_name_that_is_like_none_is_refused_without_a_suggestion(self, top):
        with pytest.raises(
            TypeError, match=r"ignores what it does not know; to send a newer parameter, add unknown=True"
        ):
            top[SOLD](zzz=1)

    @pytest.mark.parametrize(
        "call",
        [
            lambda top: top.taobao.trades.sold.get(start_creatd="x"),
            lambda top: top.taobao.trades.sold.get.post(start_creatd="x"),
            lambda top: top.chain(SOLD)(start_creatd="x"),
            lambda top: top[SOLD].post_async(start_creatd="x"),
            lambda top: top[SOLD].postAsync(start_creatd="x"),
            lambda top: top[SOLD]({"fields": "tid"}, start_creatd="x"),
            lambda top: top[SOLD](start_creatd=None),
            lambda top: top.batch().taobao.trades.sold.get(start_creatd="x"),
            lambda top: top.pages(top[SOLD], fields="tid", start_creatd="x"),
            lambda top: top.windows(top["taobao.trades.sold.increment.get"], *DAY, start_creatd="x"),
            lambda top: top.chunks(top.taobao.items.seller.list.get, [1], start_creatd="x"),
            lambda top: top[SOLD]({"start_creatd": "x"}, unknown=False),
        ],
    )
    def test_every_way_to_call_refuses_it(self, top, gateway, call):
        with pytest.raises(TypeError, match="no parameter 'start_creatd'"):
            call(top)

        assert not gateway.requests

    def test_it_is_refused_before_it_is_awaited(self, top):
        async def calling():
            await top[SOLD].post_async(start_creatd="x")

        with pytest.raises(TypeError, match="no parameter 'start_creatd'"):
            asyncio.run(calling())

    @pytest.mark.parametrize(
        "call",
        [
            lambda top: top[SOLD](brand_new=1, unknown=True),
            lambda top: top[SOLD]({"brand_new": 1}),
            lambda top: top[SOLD]({"brand_new": 1}, unknown=True),
            lambda top: top[SOLD].post_async(brand_new=1, unknown=True).wait(),
            lambda top: next(top.pages(top[SOLD], brand_new=1, unknown=True)),
            lambda top: next(top.pages(top[SOLD], {"brand_new": 1})),
        ],
    )
    def test_it_goes_through_with_unknown_or_in_the_mapping(self, top, gateway, call):
        gateway.answers({"trades_sold_get_response": {"total_results": 0}})

        call(top)

        assert gateway.form["brand_new"] == "1"
        assert "unknown" not in gateway.form

    def test_a_method_that_the_catalogue_lacks_takes_any_name(self, top, gateway):
        gateway.answers(OK)

        top.un.known(anything=1, unknown=None)

        assert gateway.form["anything"] == "1"

    def test_a_raw_body_takes_the_names_that_are_not_in_the_body(self, top, gateway):
        gateway.answers({"response": {"flag": "success"}}, {"response": {"flag": "success"}})

        top.taobao.qimen.entryorder.create(b"<request/>", ownerCode="o", customerId="c1")

        assert (gateway.query["customerId"], gateway.query["ownerCode"]) == ("c1", "o")
        with pytest.raises(TypeError, match="no parameter 'brandNew'"):
            top.taobao.qimen.entryorder.create(b"<request/>", brandNew="o", unknown=False)

    def test_the_merchant_of_qimen_is_a_public_parameter_of_its_methods_alone(self, top, gateway):
        gateway.answers({"response": {"flag": "success"}})

        top.taobao.qimen.entryorder.create(customerId="c1")

        assert gateway.form["customerId"] == "c1"
        with pytest.raises(TypeError, match="no parameter 'customerId'"):
            top[SOLD](customerId="c1")

    def test_unknown_is_a_flag(self, top):
        with pytest.raises(ConfigurationError, match="unknown: True or False"):
            top[SOLD](fields="tid", unknown="yes")

    def test_what_the_client_fills_in_is_refused_all_the_same(self, top):
        with pytest.raises(TypeError, match="'sign' is filled in by the client"):
            top[SOLD](sign="x", unknown=True)

    def test_a_parameter_near_an_option_is_not_taken_for_it(self, make_top):
        top = make_top(catalogue={"a.b": {"params": {"form": "String"}}})

        with pytest.raises(TypeError, match="no parameter 'forma' in the catalogue"):
            top.a.b(forma="x")


class TestSpelling:
    @pytest.mark.parametrize("name", ["pageSize", "page_size", "PageSize", "page-size"])
    def test_the_camelCase_of_a_name_means_that_name(self, top, gateway, name):
        gateway.answers({"trades_sold_get_response": {"total_results": 0}}, {"trades_sold_get_response": {}})

        top[SOLD](**{name: 5})
        top[SOLD]({name: 6})

        assert [form.get("page_size") for form in gateway.forms] == ["5", "6"]
        assert all(name == "page_size" or name not in form for form in gateway.forms)

    def test_the_snake_case_of_a_name_in_camelCase_means_that_name(self, top, gateway):
        gateway.answers(OK)

        top.taobao.alitrip.it.fare.batchdelete(start_modify_date="2026-01-01 00:00:00")

        assert gateway.form["startModifyDate"] == "2026-01-01 00:00:00"

    def test_unknown_lets_only_names_through_that_are_no_spelling_of_a_parameter(self, top, gateway):
        gateway.answers(OK)

        top[SOLD](pageSize=5, brandNew=1, unknown=True)
        top[SOLD]({"useHasNext": True}, unknown=True)

        assert (gateway.forms[0]["page_size"], gateway.forms[0]["brandNew"]) == ("5", "1")
        assert "pageSize" not in gateway.forms[0]
        assert gateway.forms[1]["use_has_next"] == "true"

    def test_both_spellings_are_one_parameter_given_twice(self, top):
        with pytest.raises(TypeError, match="'page_size' is given twice, as 'pageSize' and 'page_size'"):
            top[SOLD](pageSize=5, page_size=5)
        with pytest.raises(TypeError, match="'page_size' is given twice, in the mapping and by name"):
            top[SOLD]({"pageSize": 5}, pageSize=5)

    def test_pages_count_with_a_size_in_camelCase(self, top, gateway):
        gateway.answers(*[{"trades_sold_get_response": {"total_results": 3}}] * 2)

        assert len(list(top.pages(top[SOLD], fields="tid", pageSize=2))) == 2
        assert [form["page_size"] for form in gateway.forms] == ["2", "2"]

    def test_two_names_with_the_same_spelling_are_not_guessed(self, make_top):
        params = {"pageSize": "Number", "page_size": "Number"}
        top = make_top(catalogue={"a.b": {"params": params}})

        with pytest.raises(TypeError, match="no parameter 'PageSize'"):
            top.a.b(PageSize=1)


class TestOtherClients:
    @pytest.mark.parametrize("name", ["json", "params", "data", "body", "query", "files"])
    def test_a_keyword_for_everything_is_refused(self, top, gateway, name):
        with pytest.raises(TypeError, match=rf"{name}= is not used here: pass each parameter by name"):
            top[SOLD](**{name: {"fields": "tid"}})

        assert not gateway.requests

    def test_json_is_refused_for_methods_that_the_catalogue_lacks(self, top, gateway):
        gateway.answers(OK, OK)

        with pytest.raises(TypeError, match="json= is not used here"):
            top.un.known.post(json={"a": 1})
        top.un.known(params={"a": 1})
        top.un.known({"json": "1"})
        assert [form.get("params", form.get("json")) for form in gateway.forms] == ['{"a":1}', "1"]

    def test_a_parameter_of_such_a_name_is_sent(self, top, gateway):
        from taobao_top import catalogue

        gateway.answers(OK)
        name = next(name for name in catalogue.methods() if catalogue.method(name).types.get("data") == "String")

        top[name](data="x")

        assert gateway.form["data"] == "x"

    def test_names_that_cannot_be_sent_are_refused(self, top):
        with pytest.raises(CodecError, match="lone surrogate"):
            top[SOLD]({"\ud800": 1})


class TestMethods:
    @pytest.mark.parametrize(
        ("name", "near"),
        [
            ("taobao.trades.sold.gett", "taobao.trades.sold.get"),
            ("taobao.trade.fulinfo.get", "taobao.trade.fullinfo.get"),
            ("taobao.tbk.dg.material.recomend", "taobao.tbk.dg.material.recommend"),
        ],
    )
    def test_the_error_of_a_misspelt_method_names_the_nearest(self, top, gateway, name, near):
        gateway.refuses({"code": 22, "msg": "Invalid method"})

        with pytest.raises(TopError, match=f"code 22.*did you mean '{near}'") as caught:
            top[name]()

        assert caught.value.code == "22"

    def test_a_name_that_is_like_none_has_no_suggestion(self, top, gateway):
        gateway.refuses({"code": 22, "msg": "Invalid method"})

        with pytest.raises(TopError) as caught:
            top["q.zzzzzzzzzzzzzzzzzz"]()

        assert "did you mean" not in str(caught.value)

    def test_pages_of_a_misspelt_method_name_the_nearest(self, top):
        with pytest.raises(TypeError, match="not in the catalogue; did you mean 'taobao.trades.sold.get'"):
            top.pages(top["taobao.trades.sold.gett"])
