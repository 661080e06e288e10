"""An invented gateway, to test the chain and the pipeline."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from chainable import JSON, Call, Client, NameRoot, PathChain, PathRoot
from chainable.resolution import PathResolver


class Tree:
    """A small tree of known paths as nested mappings: ``{name}`` for a variable, ``*`` for the verbs."""

    def __init__(self, nodes: dict[str, Any], path: str = "") -> None:
        self._nodes = nodes
        self._path = path

    def _at(self, name: str) -> Tree:
        return Tree(self._nodes[name], f"{self._path}/{name}".lstrip("/"))

    def matching(self, folded: str, /) -> tuple[tuple[str, Tree], ...]:
        return tuple(
            (name, self._at(name))
            for name in self._nodes
            if name[:1] not in {"{", "*"} and name.replace("-", "").replace("_", "").lower() == folded
        )

    def literal(self, segment: str, /) -> Tree | None:
        return self._at(segment) if segment in self._nodes and segment != "*" else None

    @property
    def variables(self) -> tuple[tuple[str, Tree], ...]:
        return tuple((name[1:-1], self._at(name)) for name in self._nodes if name[:1] == "{")

    @property
    def verbs(self) -> dict[str, str]:
        return {verb: f"{verb} {self._path}" for verb in self._nodes.get("*", ())}


TREE = Tree(
    {
        "v3": {
            "pay": {
                "transactions": {
                    "native": {"*": ["POST"]},
                    "id": {"{transaction_id}": {"*": ["GET"], "close": {"*": ["POST"]}}},
                    "out-trade-no": {"{out_trade_no}": {"*": ["GET"]}},
                },
                "refunds": {"{refund_id}": {"*": ["GET"]}, "{out_refund_no}": {"*": ["DELETE"], "": {"*": ["PUT"]}}},
            },
            "papay": {
                "policy-periods": {"*": ["POST"], "dash": {"*": ["POST"]}},
                "policy_periods": {"*": ["PATCH"], "score": {"*": ["POST"]}},
            },
            "global": {"*": ["POST"]},
            "receivers": {"delete": {"*": ["POST"]}},
        }
    }
)


class Paths(PathRoot, Client):
    """A client of paths and verbs that keeps the calls it would send."""

    def __init__(self, url: str = "https://gateway.example/", **options: Any) -> None:
        self.url = url
        self.sent: list[tuple[str, str, dict[str, Any]]] = []
        super().__init__(logger=logging.getLogger("paths"), **options)
        self.start = PathResolver.start(TREE)

    def start_chain(self) -> PathChain:
        return PathChain(self, self.start)

    def prepare(self, path: Any, verb: str, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Call:
        resolution = path.resolve(verb)
        body = keywords.pop("json", None)
        target = resolution.target(keywords, {})
        self.sent.append((verb, target, keywords))

        def answer(response: Any) -> Any:
            response._data = JSON.decode(response.content)
            return response

        return Call(
            verb=verb,
            label=resolution.label(),
            urls=(self.url + target,),
            headers={},
            body=None if body is None else JSON.encode(body),
            signer=None,
            verifier=None,
            parse=answer,
        )


class Names(NameRoot, Client):
    """A client of dotted names."""

    def prepare(self, path: Any, verb: str, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Call:
        return Call(
            verb=verb,
            label=path,
            urls=("https://names.example/",),
            headers={},
            body=path.encode(),
            signer=None,
            verifier=None,
            parse=lambda response: response,
        )


@pytest.fixture
def paths():
    with Paths() as client:
        yield client


@pytest.fixture
def names():
    with Names(logger=logging.getLogger("names")) as client:
        yield client
