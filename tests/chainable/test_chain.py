"""Chains: spelling, steps, identity, and attributes that must not exist."""

from __future__ import annotations

import copy
import inspect
import keyword
import pickle
import string
from urllib.parse import unquote

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from chainable import PathError
from chainable.chain import path_of
from chainable.path import expand, kebab, split, variable_name
from chainable.resolution import PathResolver


class TestSpelling:
    @pytest.mark.parametrize(
        ("written", "path"),
        [
            (lambda c: c.v3.pay.transactions.native, "v3/pay/transactions/native"),
            (lambda c: c.chain("v3/pay/transactions/native"), "v3/pay/transactions/native"),
            (lambda c: c.chain("/v3/pay/transactions/native"), "v3/pay/transactions/native"),
            (lambda c: c.v3["pay"].transactions.chain("native"), "v3/pay/transactions/native"),
            (
                lambda c: c.v3.pay.transactions.outTradeNo._outTradeNo_,
                "v3/pay/transactions/out-trade-no/{out_trade_no}",
            ),
            (
                lambda c: c.v3.pay.transactions.out_trade_no._out_trade_no_,
                "v3/pay/transactions/out-trade-no/{out_trade_no}",
            ),
            (lambda c: c.v3.pay.transactions.id["{transaction_id}"], "v3/pay/transactions/id/{transaction_id}"),
            (lambda c: c.v3.pay.transactions.id["{anything}"], "v3/pay/transactions/id/{transaction_id}"),
            (lambda c: c.v3.pay.transactions.id["4200"], "v3/pay/transactions/id/4200"),
            (
                lambda c: c.v3.pay.transactions.id._transaction_id_.close,
                "v3/pay/transactions/id/{transaction_id}/close",
            ),
            (lambda c: c.v3.global_, "v3/global"),
            (lambda c: c.v3.receivers.delete_, "v3/receivers/delete"),
            (lambda c: c.v3.papay.policy_periods, "v3/papay/policy-periods"),
            (lambda c: c.v3.papay.policyPeriods.score, "v3/papay/policy_periods/score"),
            (lambda c: c.v3.papay["policy_periods"], "v3/papay/policy_periods"),
            (lambda c: c.v3.pay.refunds._out_refund_no_["{empty}"], "v3/pay/refunds/{out_refund_no}/"),
            (lambda c: c.v3.pay.refunds._out_refund_no_._empty_, "v3/pay/refunds/{out_refund_no}/"),
            (lambda c: c.chain("v3/pay/refunds/{out_refund_no}/"), "v3/pay/refunds/{out_refund_no}/"),
            (lambda c: c.v3.brand_new.someThing_._id_.HTTPUrl, "v3/brand-new/some-thing/{id}/http-url"),
            (lambda c: c.v3["brand_New"]._empty_, "v3/brand_New/{empty}"),
            (lambda c: c.v9.chain("a/"), "v9/a/"),
        ],
    )
    def test_every_spelling_resolves_to_its_path(self, paths, written, path):
        assert str(written(paths)) == path

    def test_the_verb_decides_between_two_spellings(self, paths):
        place = path_of(paths.v3.papay.policy_periods)

        assert place.resolve("PATCH").label() == "v3/papay/policy_periods"
        assert place.resolve("POST").label() == "v3/papay/policy-periods"
        assert place.resolve("GET").label() == "v3/papay/policy-periods"

    def test_the_verb_decides_between_two_names_of_a_placeholder(self, paths):
        place = path_of(paths.chain("v3/pay/refunds/123"))

        assert place.resolve("GET").label() == "v3/pay/refunds/{refund_id}"
        assert place.resolve("DELETE").label() == "v3/pay/refunds/{out_refund_no}"
        assert str(place) == "v3/pay/refunds/123"

    @pytest.mark.parametrize(
        ("written", "verb", "target"),
        [
            ("v3/pay/transactions/native/", "POST", "v3/pay/transactions/native"),
            ("v3/pay/transactions/native/{empty}", "POST", "v3/pay/transactions/native"),
            ("v3/pay/refunds/7", "PUT", "v3/pay/refunds/7/"),
            ("v3/pay/refunds/7/", "PUT", "v3/pay/refunds/7/"),
            ("v3/pay/refunds/7/", "DELETE", "v3/pay/refunds/7"),
            ("v3/pay/refunds/7/", "PATCH", "v3/pay/refunds/7/"),
            ("v3/pay/transactions/native/", "PATCH", "v3/pay/transactions/native/"),
            ("v3/brand-new/", "POST", "v3/brand-new/"),
        ],
    )
    def test_the_trailing_slash_is_the_one_of_the_operation(self, paths, written, verb, target):
        resolution = path_of(paths.chain(written)).resolve(verb)

        assert resolution.target({}, {}) == target
        assert str(paths.chain(written)) == written.replace("{empty}", "")

    def test_a_step_may_follow_a_trailing_slash(self, paths):
        assert paths.chain("v3/")["pay/"].transactions == paths.v3.pay.transactions
        assert str(paths.chain("v9/a/")["b"]) == "v9/a/b"
        assert path_of(paths.v3.pay.refunds._empty_).resolve("GET").variables() == ["refund_id"]

    def test_a_label_shows_no_value_of_an_unknown_path(self, paths):
        place = path_of(paths.v3.brand_new["4200001"]["plain-words"]["oUpF8uMuAJO"])

        assert place.resolve("GET").label() == "v3/brand-new/{?}/plain-words/{?}"
        assert place.resolve("GET").target({}, {}) == "v3/brand-new/4200001/plain-words/oUpF8uMuAJO"

    @given(st.lists(st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True), min_size=1, max_size=4))
    def test_snake_camel_and_kebab_case_are_equivalent(self, words):
        snake = "_".join(words)
        camel = words[0] + "".join(word[:1].upper() + word[1:] for word in words[1:])

        assert kebab(snake) == "-".join(words)
        assert kebab(camel).replace("-", "") == "".join(words)

    @given(st.sampled_from(sorted(keyword.kwlist)))
    def test_keywords_are_written_with_an_underscore(self, word):
        assert str(PathResolver.start(None).attribute(word + "_")) == kebab(word)


class TestLiterals:
    @pytest.mark.parametrize(
        "path",
        ["", "/", "//", "a//b", "//a", ".", "..", "a/../b", "a/./b", "a/%2e", "a b", "a?b=1", "a#b", "a\\b", "a\tb",
         "https://host/a", "支付", "a/{x", "a/{x}y", "a/{1x}", "a/{}", "a\n", "a/b//"],
    )  # fmt: skip
    def test_an_invalid_path_raises(self, paths, path):
        with pytest.raises(PathError):
            paths.chain(path)

    def test_the_error_does_not_show_the_segment(self, paths):
        with pytest.raises(PathError) as caught:
            paths.chain("v3/secret value")

        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("path", [None, 1, b"v3", ["v3"]])
    def test_a_path_that_is_not_a_str_raises(self, paths, path):
        with pytest.raises(TypeError):
            paths.v3[path]

    @given(st.text(alphabet=string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@", min_size=1))
    def test_the_spelling_of_a_segment_is_kept(self, segment):
        if segment in {".", ".."}:
            with pytest.raises(PathError):
                split(segment)
        else:
            assert split(f"v3/{segment}") == ["v3", segment]


def test_urllib3_sends_the_target_that_was_signed():
    """urllib3 normalises unusual targets: ours must not be unusual."""
    from urllib3.util.url import _encode_target

    target = (
        "/v3/" + string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@" + "/" + expand("x", '值 /?#%&=[]|\\^`{}"<>')
    )

    assert _encode_target(target) == target


class TestVariables:
    def test_a_value_is_encoded_as_one_segment(self, paths):
        with responses.RequestsMock() as mock:
            mock.get("https://gateway.example/v3/pay/transactions/id/a%2Fb%20%E5%80%BC%3F", json={})
            paths.v3.pay.transactions.id._transaction_id_.get(transaction_id="a/b 值?")

    @given(st.text(min_size=1).filter(lambda v: v not in {".", ".."}))
    def test_a_decoded_segment_is_the_value(self, value):
        try:
            encoded = expand("x", value)
        except PathError:
            with pytest.raises(UnicodeEncodeError):
                value.encode()
        else:
            assert "/" not in encoded
            assert unquote(encoded) == value

    @pytest.mark.parametrize("value", ["", ".", "..", "\ud800"])
    def test_values_that_change_the_path_raise(self, value):
        with pytest.raises(PathError):
            expand("x", value)

    @pytest.mark.parametrize("value", [None, True, 1.5, b"x", ["x"]])
    def test_values_of_other_types_raise(self, value):
        with pytest.raises(TypeError, match="x: "):
            expand("x", value)

    def test_an_int_is_accepted_as_a_value(self):
        assert expand("x", 42) == "42"

    def test_a_missing_value_names_the_variable(self, paths):
        with pytest.raises(TypeError, match="transaction_id=.*'transactionid', which was given, is not its name"):
            paths.v3.pay.transactions.id._transaction_id_.get(transactionid="1")

    def test_the_name_in_the_chain_is_accepted_as_well(self, paths):
        resolution = path_of(paths.v3.pay.transactions.id["{id}"]).resolve("GET")

        assert resolution.target({"id": "1"}, {}) == "v3/pay/transactions/id/1"
        assert resolution.target({"transaction_id": "1"}, {}) == "v3/pay/transactions/id/1"
        assert resolution.variables() == ["transaction_id"]
        with pytest.raises(TypeError, match="same path variable"):
            resolution.target({"id": "1", "transaction_id": "1"}, {})

    def test_a_variable_with_one_possible_value_needs_none(self, paths):
        resolution = path_of(paths.v3.brand_new._kind_).resolve("GET")

        assert resolution.target({}, {"kind": "only"}) == "v3/brand-new/only"

    @pytest.mark.parametrize(
        ("name", "variable"),
        [("_a_", "a"), ("_out_trade_no_", "out_trade_no"), ("_outTradeNo_", "out_trade_no"), ("_repr_html_", None),
         ("_ipython_display_", None), ("_type_", None), ("_fields_", None), ("__a__", None), ("_a", None), ("_A_", None)],
    )  # fmt: skip
    def test_attributes_between_underscores_are_variables(self, name, variable):
        assert variable_name(name) == variable


class TestIdentity:
    def test_chains_compare_by_client_and_path(self, paths, names):
        assert paths.v3.pay == paths.chain("v3/pay")
        assert paths.v3.pay != paths.v3.papay
        assert paths.v3.pay != "v3/pay"
        assert names.v3 != paths.v3
        assert len({paths.v3.pay, paths.chain("v3/pay"), paths.v3}) == 2

    def test_a_step_does_not_change_its_parent(self, paths):
        parent = paths.v3
        parent.pay.transactions

        assert str(parent) == "v3"

    def test_only_official_names_are_kept(self, paths):
        v3 = path_of(paths.v3)

        assert path_of(paths.v3) is v3
        assert v3.attribute("pay") is v3.attribute("pay")
        for name in ("PAY", "p_ay", "pay_", "unknown", "_pay_"):
            assert v3.attribute(name) is not v3.attribute(name)

    def test_both_official_spellings_are_kept(self, paths):
        papay = path_of(paths.v3.papay)

        assert papay.attribute("policy_periods") is papay.attribute("policy_periods")
        assert papay.attribute("policyPeriods") is not papay.attribute("policyPeriods")

    def test_a_kept_step_has_the_values_of_no_call(self, paths):
        first = paths.v3.pay.transactions.id["4200"]

        assert str(paths.v3.pay.transactions.id) == "v3/pay/transactions/id"
        assert str(first) == "v3/pay/transactions/id/4200"

    def test_a_copy_is_the_chain_itself(self, paths):
        chain = paths.v3.pay

        assert copy.copy(chain) is chain
        assert copy.deepcopy(chain) is chain

    def test_chains_and_clients_are_not_pickled(self, paths):
        for thing in (paths.v3, paths):
            with pytest.raises(TypeError, match="pickled"):
                pickle.dumps(thing)

    def test_a_chain_is_immutable(self, paths):
        with pytest.raises(AttributeError, match="immutable"):
            paths.v3.pay.x = 1
        with pytest.raises(AttributeError, match="immutable"):
            del paths.v3._path

    def test_the_repr_is_short_and_without_values(self, paths):
        assert repr(paths.v3.pay) == "<Paths 'v3/pay'>"
        assert repr(paths.v3.pay.get) == "<GET 'v3/pay'>"


class TestProbes:
    @pytest.mark.parametrize(
        "name",
        ["__array__", "__wrapped__", "__html__", "__fspath__", "__len__", "_repr_html_", "_repr_mimebundle_", "_sympy_",
         "_ipython_canary_method_should_not_exist_", "_ipython_display_", "_jupyter_x_", "_type_", "_fields_",
         "_as_parameter_", "_x", "__x", "_Upper_"],
    )  # fmt: skip
    def test_probes_of_tools_find_no_attributes(self, paths, name):
        assert not hasattr(paths.v3, name)

    def test_inspect_terminates(self, paths):
        assert inspect.unwrap(paths.v3) == paths.v3

    def test_a_chain_is_not_iterable(self, paths):
        with pytest.raises(TypeError):
            list(paths.v3)
        with pytest.raises(TypeError):
            "x" in paths.v3

    def test_an_attribute_outside_ascii_raises(self, paths):
        with pytest.raises(PathError):
            paths.v3.支付

    def test_an_attribute_of_a_verb_raises_with_the_spelling_of_its_segment(self, paths):
        with pytest.raises(AttributeError, match="delete_"):
            paths.v3.receivers.delete.post
        with pytest.raises(AttributeError):
            paths.v3.receivers.delete.__wrapped__

    def test_verbs_are_defined_on_the_class(self, paths):
        assert isinstance(type(paths.v3).post, property)


class TestNames:
    def test_segments_join_with_dots(self, names):
        assert str(names.taobao.item.seller.get) == "taobao.item.seller.get"
        assert str(names.a.import_.x) == "a.import.x"
        assert str(names.a["b.c"].chain("d-e")["9"]) == "a.b.c.d-e.9"
        assert str(names.a.post.publish) == "a.post.publish"

    @pytest.mark.parametrize("name", ["", ".", "a..b", "a/b", "a b", "a.b.", "é"])
    def test_an_invalid_name_raises(self, names, name):
        with pytest.raises(PathError):
            names.a.chain(name)

    def test_a_name_that_is_not_a_str_raises(self, names):
        with pytest.raises(TypeError):
            names.a[1]

    def test_an_attribute_with_a_leading_underscore_raises(self, names):
        with pytest.raises(AttributeError):
            names.a._x

    def test_calling_a_chain_sends_the_request(self, names):
        with responses.RequestsMock() as mock:
            mock.post("https://names.example/", body=b"ok")
            names.a.b()
            names.a.b.post()
            names.a.b.post_async().wait()
            names.a.b.postAsync().wait()

            names.a.chain("post").post()

            assert [call.request.body for call in mock.calls] == [b"a.b"] * 4 + [b"a.post"]


class TestVerbs:
    def test_each_verb_sends_its_method(self, paths):
        with responses.RequestsMock() as mock:
            for verb in ("get", "post", "put", "patch", "delete"):
                mock.add(verb.upper(), "https://gateway.example/v3/pay", json={"verb": verb})
                assert getattr(paths.v3.pay, verb)().data == {"verb": verb}
                assert getattr(paths.v3.pay, verb + "_async")().wait().data == {"verb": verb}
                assert getattr(paths.v3.pay, verb + "Async")().wait().data == {"verb": verb}

    def test_the_client_decides_the_verb_of_a_called_chain(self, paths):
        with responses.RequestsMock() as mock:
            mock.post("https://gateway.example/v3/pay", json=1)

            assert paths.v3.pay(json={"a": 1}).data == 1
            assert mock.calls[0].request.body == b'{"a":1}'


class TestURLs:
    @pytest.mark.parametrize(
        "url",
        [
            "https://api.mch.weixin.qq.com/v3/pay/transactions/native",
            "http://127.0.0.1:8080/v3/pay",
            "HTTPS://user:PLANTED@host/v3?token=PLANTED",
            "//api.mch.weixin.qq.com/v3/pay",
            "//localhost:8080/v3",
        ],
    )
    def test_a_url_in_place_of_a_path_or_name_says_so(self, paths, names, url):
        """
        The message does not quote it: a URL may hold a token.
        """
        for step in (paths.chain, paths.v3.chain, paths.v3.__getitem__, names.taobao.chain, names.taobao.__getitem__):
            with pytest.raises(PathError, match="not a URL") as refused:
                step(url)
            assert "PLANTED" not in str(refused.value)


class TestInternals:
    def test_dir_of_a_client_has_what_users_need(self, names):
        shown = dir(names)

        assert "close" in shown
        assert "__enter__" in shown
        hidden = {"send", "submit", "run", "prepare", "promise", "default_verb", "_pipeline", "_lock"}
        assert not hidden & set(shown)
        assert all(hasattr(names, name) for name in hidden)
