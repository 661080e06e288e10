"""The examples of other platforms are short, and use public names only."""

import ast
import logging
from pathlib import Path

import pytest

import chainable

EXAMPLES = Path(__file__).parents[2] / "examples"


def kit_attributes():
    """What an object of the kit's client has: an example's own attributes have other names."""

    class Plain(chainable.Client):
        def prepare(self, path, verb, positional, keywords):
            raise NotImplementedError

    with Plain(logger=logging.getLogger("plain")) as client:
        return set(dir(client)) - set(dir(object))


@pytest.mark.parametrize("name", ["aliexpress", "alibaba_1688", "alipay", "toy_gateway"])
def test_an_example_uses_no_private_name(name):
    tree = ast.parse((EXAMPLES / f"{name}.py").read_text("utf-8"))
    used = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    used += [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    used += [alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    own = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
    }

    assert own & kit_attributes() == set()
    assert [each for each in used if each.startswith("_") and each not in {"__init__", *own}] == []


@pytest.mark.parametrize("name", ["aliexpress", "alibaba_1688", "alipay"])
def test_a_client_needs_the_names_of_the_package_only(name):
    tree = ast.parse((EXAMPLES / f"{name}.py").read_text("utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    taken = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "chainable"
    }

    assert not any(module.startswith("chainable.") for module in modules)
    assert taken <= set(chainable.__all__)


@pytest.mark.parametrize("name", ["aliexpress", "alibaba_1688"])
def test_an_example_has_fewer_than_60_lines(name):
    assert len((EXAMPLES / f"{name}.py").read_text("utf-8").splitlines()) < 60
