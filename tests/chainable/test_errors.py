"""Errors and responses: attributes, pickles and copies."""

from __future__ import annotations

import copy
import pickle
from datetime import timedelta

import pytest
import requests
import responses

import chainable
from chainable import (
    APIError,
    ChainableError,
    CodecError,
    ConfigurationError,
    DecryptionError,
    InProgress,
    PathError,
    Response,
    SignatureError,
    UnknownKeyError,
)


class TestTree:
    @pytest.mark.parametrize(
        ("kind", "builtin"),
        [
            (PathError, ValueError),
            (ConfigurationError, ValueError),
            (UnknownKeyError, LookupError),
            (CodecError, ValueError),
            (DecryptionError, Exception),
            (InProgress, Exception),
            (SignatureError, Exception),
            (APIError, requests.HTTPError),
        ],
    )
    def test_each_error_has_the_common_base_and_its_builtin(self, kind, builtin):
        error = kind("what is wrong")
        again = pickle.loads(pickle.dumps(error))

        assert isinstance(error, ChainableError)
        assert isinstance(error, builtin)
        assert str(error) == "what is wrong"
        assert type(again) is kind
        assert str(again) == str(error)

    def test_a_signature_error_is_not_a_network_error(self):
        assert not issubclass(SignatureError, requests.RequestException)

    def test_the_docstring_shows_the_tree_of_classes(self):
        for kind in ChainableError.__subclasses__():
            if kind.__module__ == "chainable.errors":
                assert kind.__name__ in chainable.errors.__doc__

    def test_exports_are_sorted_and_importable(self):
        assert sorted(chainable.__all__) == sorted(set(chainable.__all__))
        for name in chainable.__all__:
            assert getattr(chainable, name) is not None


class TestAPIError:
    def test_a_pickle_keeps_status_and_codes_only(self):
        """Personal data is dropped: detail, body and explanation are not pickled."""
        error = APIError(
            "no",
            code="X",
            detail={"field": "PERSON"},
            status_code=400,
            request_id="1",
            retryable=True,
            retry_after=1.5,
            explain=lambda: "line 2: PERSON",
        )
        error.seen_by = ["PERSON"]
        error.attempts = 3
        error.__notes__ = ["PERSON"]  # as add_note() does since Python 3.11
        data = pickle.dumps(error)
        again = pickle.loads(data)

        assert b"PERSON" not in data
        assert (again.code, again.detail, again.status_code, again.request_id) == ("X", None, 400, "1")
        assert (again.message, str(again), again.retry_after, again.attempts) == ("no", "no", 1.5, 3)
        assert again.seen_by is None
        assert again.retryable
        assert again.transient
        assert "pickled" in again.explain()
        assert "pickled" in pickle.loads(pickle.dumps(again)).explain()
        assert "PERSON" in error.explain()
        assert error.detail == {"field": "PERSON"}

    def test_an_error_with_other_arguments_can_be_pickled(self):
        again = pickle.loads(pickle.dumps(Own({"name": "PERSON"}, 3)))

        assert (type(again), again.args, again.about, again.number) == (Own, (3,), None, 3)
        assert pickle.loads(pickle.dumps(CodecError("a", ["PERSON"]))).args == ("a",)

    @pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
    def test_a_copy_keeps_everything(self, copied):
        response = Response()
        error = APIError("no", code="X", detail={"field": ["a"]}, response=response, explain=lambda: "line 2")
        again = copied(error)

        assert type(again) is APIError
        assert again is not error
        assert (str(again), again.code, again.detail, again.comparison()) == ("no", "X", {"field": ["a"]}, "line 2")
        assert again.response is response
        assert (again.detail["field"] is error.detail["field"]) is (copied is copy.copy)
        forged = copied(SignatureError("forged", reason="stale", response=response))
        assert (str(forged), forged.reason, forged.response) == ("forged", "stale", response)
        assert str(copied(PathError("wrong"))) == "wrong"

    def test_without_details_there_is_nothing_to_compare(self):
        assert APIError("no").comparison() is None

    def test_a_pickle_does_not_keep_the_request(self, paths):
        with responses.RequestsMock() as mock:
            mock.post("https://gateway.example/v3/pay", json={"a": 1})
            response = paths.v3.pay.post(json={"secret": "SECRET"})
        error = APIError("no", response=response)
        data = pickle.dumps(error)

        assert b"SECRET" not in data
        again = pickle.loads(data).response
        assert (again.data, again.content, dict(again.headers)) == (None, b"", {})
        assert (again.url, again.status_code, again.label) == ("gateway.example/v3/pay", 200, "v3/pay")
        assert (again.request.method, again.request.url) == ("POST", "gateway.example/v3/pay")
        forged = pickle.loads(pickle.dumps(SignatureError("forged", reason="stale", response=response)))
        assert (forged.reason, forged.response.data, forged.response.status_code) == ("stale", None, 200)
        assert pickle.loads(pickle.dumps(APIError("no", response=requests.Response()))).response is None


class Own(ChainableError):
    def __init__(self, about, number):
        super().__init__(about, number)
        self.about = about
        self.number = number


class TestResponse:
    def test_a_response_is_pickled_with_its_content(self, paths):
        with responses.RequestsMock() as mock:
            mock.post("https://gateway.example/v3/pay", json={"a": 1}, headers={"Set-Cookie": "a=b"})
            response = paths.v3.pay.post(json={"secret": "SECRET"})
        data = pickle.dumps(response)
        again = pickle.loads(data)

        assert b"SECRET" not in data
        assert (again.content, again.status_code, again.data) == (response.content, 200, {"a": 1})
        assert again.headers == response.headers
        assert again.url == "https://gateway.example/v3/pay"
        assert (again.request.method, again.request.url) == ("POST", "https://gateway.example/v3/pay")
        assert again.request.body is None
        assert isinstance(again.elapsed, timedelta)
        assert again.text == response.text
        assert dict(response.cookies) == {"a": "b"}
        with pytest.raises(DecryptionError, match="pickl"):
            again.decrypted()

    def test_an_empty_response_can_be_pickled(self):
        again = pickle.loads(pickle.dumps(Response()))

        assert again.request.method is None
        assert not again.cookies

    def test_decrypted_does_not_change_data(self):
        response = Response()
        response._data = {"name": "sealed"}
        response._open = lambda data: {"name": "open"}

        assert response.decrypted() == {"name": "open"}
        assert response.data == {"name": "sealed"}

    def test_take_is_a_deprecated_name_of_set_data(self):
        old = Response()
        with pytest.warns(DeprecationWarning, match="set_data"):
            assert old.take({"a": 1}).data == {"a": 1}
