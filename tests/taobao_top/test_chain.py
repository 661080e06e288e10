"""A chain is the method's name; calling it, or its post, sends."""

from __future__ import annotations

import copy
import pickle

import pytest

from chainable.chain import name_of
from chainable.errors import PathError
from taobao_top import TopError
from taobao_top.chain import MethodChain

ORDER = "alibaba.finance.insurance.createorder"


class TestNames:
    def test_attributes_items_and_chain_build_the_same_name(self, top):
        chains = [
            top.alibaba.finance.insurance.createorder,
            top["alibaba.finance.insurance.createorder"],
            top.chain("alibaba.finance").insurance["createorder"],
            top.alibaba.chain("finance.insurance.createorder"),
        ]

        assert {str(chain) for chain in chains} == {ORDER}
        assert len(set(chains)) == 1
        assert repr(chains[0]) == f"<TaobaoTop {ORDER!r}>"

    def test_one_trailing_underscore_is_dropped(self, top):
        assert str(top.alibaba.ailabs.aligenie.skill.entity.import_) == "alibaba.ailabs.aligenie.skill.entity.import"
        assert str(top.import_.a) == "import.a"

    def test_HTTP_verbs_are_parts_of_names(self, top):
        assert str(top.taobao.item.seller.get.put.delete.patch) == "taobao.item.seller.get.put.delete.patch"

    def test_case_and_underscores_are_kept(self, top):
        assert str(top["m-kvstore.2013-07-01"].listParts_x) == "m-kvstore.2013-07-01.listParts_x"

    @pytest.mark.parametrize("name", ["", "a..b", "a.", "a/b", "a b", "a.b?x=1", "商品"])
    def test_text_that_is_not_a_name_is_refused(self, top, name):
        with pytest.raises(PathError):
            top[name]

    def test_a_name_must_be_text(self, top):
        with pytest.raises(TypeError):
            top[1]

    def test_an_attribute_that_is_not_ASCII_is_refused_when_it_is_called(self, top, gateway):
        with pytest.raises(PathError, match="ASCII"):
            top.taobao.商品()

    def test_private_names_are_not_steps(self, top):
        """copy, IPython and mock ask for them."""
        chain = top.taobao.item

        for owner in (top, chain):
            for name in ("_repr_html_", "__array__", "_x_", "__wrapped__"):
                assert not hasattr(owner, name)
            with pytest.raises(TypeError):
                list(owner)
            with pytest.raises(TypeError):
                assert "x" in owner
            with pytest.raises(TypeError):
                pickle.dumps(owner)
        assert copy.copy(chain) is chain
        assert copy.deepcopy(chain) is chain


class TestPost:
    @pytest.mark.parametrize(
        ("spell", "name"),
        [
            (lambda top: top.taobao.item.seller.get, "taobao.item.seller.get"),
            (lambda top: top.taobao.item.seller.get.post, "taobao.item.seller.get"),
            (lambda top: top.alibaba.icbu.quotation.post, "alibaba.icbu.quotation.post"),
            (lambda top: top.alibaba.icbu.quotation.post.post, "alibaba.icbu.quotation.post"),
            (lambda top: top["alibaba.icbu.quotation.post"].post, "alibaba.icbu.quotation.post"),
            (lambda top: top.alibaba.icbu.quotation.post_, "alibaba.icbu.quotation.post"),
            (lambda top: top.aliexpress.feed.post.publish, "aliexpress.feed.post.publish"),
            (lambda top: top.aliexpress.feed.post.publish.post, "aliexpress.feed.post.publish"),
            (lambda top: top.unknown.method.post, "unknown.method"),
            (lambda top: top.unknown.method.post_, "unknown.method.post"),
            (lambda top: top["unknown.method.post"].post, "unknown.method.post"),
        ],
    )
    def test_the_catalogue_decides_whether_a_last_post_belongs_to_the_name(self, top, spell, name):
        assert name_of(spell(top)) == name

    def test_post_is_a_step_until_it_is_called(self, top):
        assert str(top.aliexpress.feed.post) == "aliexpress.feed.post"
        assert type(top.aliexpress.feed.post) is MethodChain

    def test_post_async_and_postAsync_belong_to_the_call(self, top, gateway):
        gateway.answers({"x_response": {}}, {"x_response": {}})

        top.alibaba.icbu.quotation.post_async().wait()
        top.taobao.item.seller.get.postAsync().wait()

        assert [form["method"] for form in gateway.forms] == ["alibaba.icbu.quotation.post", "taobao.item.seller.get"]


class TestMisspeltVerbs:
    @pytest.mark.parametrize("name", ["pots", "psot", "Post", "POST", "pst", "post_asnyc", "postasync"])
    def test_a_misspelt_post_is_refused_before_it_is_sent(self, top, gateway, name):
        for chain in (top.taobao.trades.sold.get, top.taobao.time.get):
            with pytest.raises(TypeError, match=r"is not a verb: did you mean \.post"):
                getattr(chain, name)(fields="tid")
        assert gateway.requests == []

    def test_a_new_method_of_such_a_name_is_called_by_item(self, top, gateway):
        gateway.answers({"taobao_time_get_pots_response": {}}, {"taobao_time_get_pots_response": {}})
        top["taobao.time.get.pots"]()
        top.taobao.time["get.pots"]()

        assert [form["method"] for form in gateway.forms] == ["taobao.time.get.pots"] * 2

    def test_other_unknown_names_are_sent(self, top, gateway):
        gateway.answers({"taobao_time_get_more_response": {}}, {"taobao_brand_new_posts_response": {}})
        top.taobao.time.get.more()
        top.taobao.brand_new.posts()

        assert [form["method"] for form in gateway.forms] == ["taobao.time.get.more", "taobao.brand_new.posts"]


def test_the_message_of_an_error_is_the_sentence_of_the_platform(top, gateway):
    gateway.refuses(
        {"code": 41, "msg": "Invalid arguments", "sub_code": "isv.invalid-parameter", "sub_msg": "tid 无效"}
    )

    with pytest.raises(TopError) as refused:
        top.taobao.trade.get(fields="tid", tid=1)
    assert (refused.value.message, refused.value.sub_msg) == ("Invalid arguments", "tid 无效")
    assert str(refused.value).startswith(
        "taobao.trade.get: code 41: Invalid arguments: isv.invalid-parameter: tid 无效"
    )
