"""A chain is the method's name; calling it, or its post, sends."""

from __future__ import annotations

import copy
import pickle

import pytest

from chainable.chain import path_of
from chainable.errors import PathError
from taobao_top.chain import MethodChain, method_name

ORDER = "alibaba.finance.insurance.createorder"


class TestNames:
    def test_forms(self, top):
        """Attributes, items and chain() mix freely and are one."""
        chains = [
            top.alibaba.finance.insurance.createorder,
            top["alibaba.finance.insurance.createorder"],
            top.chain("alibaba.finance").insurance["createorder"],
            top.alibaba.chain("finance.insurance.createorder"),
        ]

        assert {str(chain) for chain in chains} == {ORDER}
        assert len(set(chains)) == 1
        assert repr(chains[0]) == f"<TaobaoTop {ORDER!r}>"

    def test_words_of_python(self, top):
        """One trailing underscore is dropped."""
        assert str(top.alibaba.ailabs.aligenie.skill.entity.import_) == "alibaba.ailabs.aligenie.skill.entity.import"
        assert str(top.import_.a) == "import.a"

    def test_verbs_are_parts_of_names(self, top):
        """HTTP's words belong to the names."""
        assert str(top.taobao.item.seller.get.put.delete.patch) == "taobao.item.seller.get.put.delete.patch"

    def test_letters_are_kept(self, top):
        """Nothing is re-cased, underscores stay."""
        assert str(top["m-kvstore.2013-07-01"].listParts_x) == "m-kvstore.2013-07-01.listParts_x"

    @pytest.mark.parametrize("name", ["", "a..b", "a.", "a/b", "a b", "a.b?x=1", "商品"])
    def test_no_name(self, top, name):
        """Text that is no name is refused as it is written."""
        with pytest.raises(PathError):
            top[name]

    def test_no_text(self, top):
        """A name is text."""
        with pytest.raises(TypeError):
            top[1]

    def test_other_letters_as_attributes(self, top, gateway):
        """An attribute in another script is refused when it is called."""
        with pytest.raises(PathError, match="ASCII"):
            top.taobao.商品()

    def test_probes_find_nothing(self, top):
        """copy, IPython and mock ask for names with underscores."""
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
    def test_which_method(self, top, spell, name):
        """The catalogue decides whether a last post belongs to the name."""
        assert method_name(path_of(spell(top))) == name

    def test_post_goes_on(self, top):
        """post is a step like any other until it is called."""
        assert str(top.aliexpress.feed.post) == "aliexpress.feed.post"
        assert type(top.aliexpress.feed.post) is MethodChain

    def test_later(self, top, gateway):
        """post_async and postAsync decide likewise."""
        gateway.answers({"x_response": {}}, {"x_response": {}})

        top.alibaba.icbu.quotation.post_async().wait()
        top.taobao.item.seller.get.postAsync().wait()

        assert [form["method"] for form in gateway.forms] == ["alibaba.icbu.quotation.post", "taobao.item.seller.get"]
