"""Headers: those of requests in every respect."""

import copy
import pickle
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests import PreparedRequest
from requests.structures import CaseInsensitiveDict

from chainable.headers import Headers

FIELDS = {"Content-Type": "application/json", "request-ID": "08", "X": "", "Wechatpay-Nonce": b"n"}
NAMES = st.text(string.ascii_letters + "-", max_size=3)


@pytest.fixture(params=[Headers(FIELDS), Headers.of({name.lower(): (name, value) for name, value in FIELDS.items()})])
def headers(request):
    return request.param.copy()


class TestReading:
    @given(st.dictionaries(NAMES, st.text()), NAMES)
    def test_everything_is_as_in_the_headers_of_requests(self, fields, name):
        ours, theirs = Headers(fields), CaseInsensitiveDict(fields)

        assert ours == theirs
        assert theirs == ours
        assert list(ours) == list(theirs)
        assert list(ours.items()) == list(theirs.items())
        assert list(ours.values()) == list(theirs.values())
        assert list(ours.lower_items()) == list(theirs.lower_items())
        assert len(ours) == len(theirs)
        assert repr(ours) == repr(theirs)
        assert ours.get(name) == theirs.get(name)
        assert ours.get(name, 1) == theirs.get(name, 1)
        assert (name in ours) is (name in theirs)

    def test_names_match_in_any_case_and_keep_their_spelling(self, headers):
        assert headers["content-type"] == headers.get("CONTENT-TYPE") == "application/json"
        assert "REQUEST-id" in headers
        assert dict(headers.items()) == FIELDS

    @pytest.mark.parametrize("name", [None, 1, b"X"])
    def test_what_is_no_text_is_not_contained(self, headers, name):
        assert name not in headers

    def test_an_absent_name_raises(self, headers):
        with pytest.raises(KeyError):
            headers["Date"]

    def test_items_are_a_set(self, headers):
        assert headers.items() & {("X", ""), ("Y", "")} == {("X", "")}

    def test_none_are_empty(self):
        assert list(Headers()) == []
        assert not Headers()


class TestChanging:
    def test_a_field_replaces_the_one_of_the_same_name(self, headers):
        headers["x"] = "1"

        assert headers.items() >= {("x", "1")}
        assert len(headers) == len(FIELDS)

    def test_update_setdefault_pop_and_del(self, headers):
        headers.update({"X": "2"}, Y="3")
        del headers["request-id"]

        assert headers.setdefault("x", "4") == "2"
        assert headers.pop("y") == "3"
        assert "Request-ID" not in headers

    @pytest.mark.parametrize(
        "copied", [Headers.copy, copy.copy, copy.deepcopy, lambda headers: pickle.loads(pickle.dumps(headers))]
    )
    def test_a_copy_is_equal_and_independent(self, headers, copied):
        twin = copied(headers)

        assert isinstance(twin, Headers)
        assert twin == headers
        if copied is not copy.copy:  # that of requests shares its fields, too
            twin["X"] = "1"
            assert headers["X"] == ""

    def test_the_headers_of_a_request_are_copied_with_it(self, headers):
        request = PreparedRequest()
        request.headers = headers

        request.copy().headers["X"] = "1"

        assert headers["X"] == ""
