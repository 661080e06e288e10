"""Chains begin at a client's attributes, items and ``chain``, without a ``__getattr__`` of the gateway."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from chainable import Call, Client
from chainable.chain import NameChain, PathChain, PlainNameChain, name_of, path_of, sender_of
from chainable.chain_root import NameRoot, PathRoot
from chainable.errors import PathError
from chainable.resolution import PathResolver


class Keeping(Client):
    """A client that keeps what it would send."""

    def __init__(self) -> None:
        super().__init__(logger=logging.getLogger("keeping"))
        self.sent: list[tuple[str, str]] = []

    @property
    def pages(self) -> str:
        return "pages"

    def prepare(self, path: Any, verb: str, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Call:
        raise NotImplementedError

    def send(self, path: Any, verb: str | None, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        self.sent.append((verb or "", str(path)))

    submit = send


class Paths(PathRoot, Keeping):
    pass


class Names(NameRoot, Keeping):
    pass


class Plain(NameRoot, Keeping):
    def start_chain(self) -> PlainNameChain:
        return PlainNameChain(self, "")


class Below(NameRoot, Keeping):
    def start_chain(self) -> NameChain:
        return NameChain(self, "shop")


class Versions(PathRoot, Keeping, first=r"v[0-9]+"):
    pass


@pytest.fixture(params=[Paths, Names, Plain, Versions])
def client(request):
    with request.param() as made:
        yield made


def test_the_three_spellings_begin_the_same_path():
    with Paths() as client:
        chains = [client.v1.orders, client["v1/orders"], client.chain("v1").orders]
        for chain in chains:
            chain.get()
        client.v1.orders()
        client.v1.orders.post_async()

        assert len({*chains}) == 1
        assert client.sent == [*[("GET", "v1/orders")] * 3, ("", "v1/orders"), ("POST", "v1/orders")]
        assert sender_of(client.v1) is client
        assert isinstance(path_of(client.v1), PathResolver)
        assert isinstance(client.v1, PathChain)


def test_the_three_spellings_begin_the_same_name():
    with Names() as client:
        chains = [client.shop.orders.list, client["shop.orders.list"], client.chain("shop.orders")["list"]]
        for chain in chains:
            chain()
            chain.post()
            chain.post_async()

        assert len({*chains}) == 1
        assert client.sent == [("POST", "shop.orders.list")] * 9
        assert str(client.import_) == "import"
        assert name_of(client.shop.post) == "shop"
        assert name_of(client.post) == "post"
        assert sender_of(client.shop) is client


def test_post_is_a_part_of_a_plain_name():
    with Plain() as client:
        client.feed.post()
        client.feed.post.publish()
        client.post.feed()
        client["feed.post"]()
        client.feed.post_async()
        client.feed.post.post_async()
        client.feed.postAsync()

        assert [name for _, name in client.sent] == [
            "feed.post",
            "feed.post.publish",
            "post.feed",
            "feed.post",
            "feed",
            "feed.post",
            "feed",
        ]
        assert isinstance(client.feed.post, PlainNameChain)


def test_all_names_may_have_a_prefix():
    with Below() as client:
        assert [str(chain) for chain in (client.orders, client["orders.list"])] == ["shop.orders", "shop.orders.list"]


@pytest.mark.parametrize("name", ["_x_", "_repr_html_", "__wrapped__", "_closed_"])
def test_private_names_begin_no_chain(client, name):
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
        getattr(client, name)


@pytest.mark.parametrize(("typo", "name"), [("clos", "close"), ("page", "pages"), ("chian", "chain")])
def test_a_misspelt_attribute_begins_no_chain(typo, name):
    for kind in (Paths, Names):
        with kind() as client:
            with pytest.raises(AttributeError, match=f"has no '{typo}': did you mean '{name}'.* client\\['{typo}'\\]"):
                getattr(client, typo)
            assert str(client[typo]) == typo
    with Versions() as client, pytest.raises(AttributeError, match=f"no attribute '{typo}'; did you mean '{name}'"):
        getattr(client, typo)


def test_a_pattern_says_which_attributes_begin_chains():
    with Versions() as client:
        assert str(client.v1.orders) == "v1/orders"
        assert str(client["other"]) == "other"
        with pytest.raises(
            AttributeError, match=r"Versions has no attribute 'w1'; other paths begin with client\['…'\]"
        ):
            _ = client.w1


def test_attributes_of_the_gateways_author_are_no_misspelt_names():
    """``send`` and its like are for authors: a platform may well have such a word."""
    with Names() as client:
        assert str(client.sent_items) == "sent_items"
        assert str(client.sends) == "sends"


def test_text_that_is_no_path_or_name_raises(client):
    for text in ("a b", ""):
        with pytest.raises(PathError):
            client[text]
    with pytest.raises(TypeError):
        client.chain(1)


def test_a_client_is_not_iterable_and_dir_shows_what_users_need(client):
    with pytest.raises(TypeError):
        list(client)
    with pytest.raises(TypeError):
        assert "x" in client

    shown = {name for name in dir(client) if not name.startswith("_")}

    assert {"chain", "close", "pages"} <= shown
    assert not {"start_chain", "prepare", "send", "submit"} & shown
