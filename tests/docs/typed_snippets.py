"""Every Python block of the documentation and both READMEs as a module of its own, for type checkers."""

from __future__ import annotations

import ast
import builtins
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").rglob("*.rst")), ROOT / "README.rst", ROOT / "README.zh-CN.rst"]
_BLOCK = re.compile(r"^( *)\.\. (folded:: .*|code-block:: python)\n((?:[ \t]*\n|\1 +\S.*\n)+)", re.MULTILINE)

GIVEN = '''
"""The names that the READMEs and the landing page, which are not pasted whole, use without defining them."""

from typing import Any

import taobao_top.sandbox
import wechatpay.sandbox
from taobao_top import TaobaoTop
from wechatpay import WeChatPay

sandbox: wechatpay.sandbox.Sandbox
top_sandbox: taobao_top.sandbox.Sandbox
client: WeChatPay
top: TaobaoTop
order: Any
'''


def write(folder: Path) -> int:
    """
    Write the modules of all blocks into a new folder, and return the number of those that are checked.

    A module imports the names that it does not define from the latest block of
    its page that does, or else from ``given``. Its lines have the numbers they have on the page.
    """
    folder.mkdir()
    package = folder.name
    (folder / "given.pyi").write_text(GIVEN, "utf-8")
    count = 0
    for page in PAGES:
        homes: dict[str, str] = {}
        stem = re.sub(r"[^a-z0-9]+", "_", page.relative_to(ROOT).with_suffix("").as_posix().lower())
        for line, code, is_checked in _blocks(page):
            module = f"{stem}_{line:04}"
            free, defined = _names(code)
            if is_checked:
                imports = "; ".join(f"from {package}.{homes.get(name, 'given')} import {name}" for name in sorted(free))
                (folder / f"{module}.py").write_text(imports + "\n" * (line - 1) + code + "\n", "utf-8")
            else:
                lines = ["from typing import Any", *(f"{name}: Any" for name in sorted(defined))]
                (folder / f"{module}.pyi").write_text("\n".join(lines) + "\n", "utf-8")
            homes.update(dict.fromkeys(defined, module))
            count += is_checked
    return count


def _blocks(page: Path) -> Iterator[tuple[int, str, bool]]:
    """
    Yield the first line and the code of each block, and whether it is checked.

    Not checked is what shows a mistake, a form that exists at run time only, or
    ``{...}`` in place of a body.
    """
    text = page.read_text("utf-8") + "\n"
    for match in _BLOCK.finditer(text):
        lines = match[3].splitlines()
        line = text[: match.start()].count("\n") + 2
        options = ""
        while lines and lines[0].strip().startswith(":"):
            options += lines.pop(0)
            line += 1
        code = textwrap.dedent("\n".join(lines))
        if "theirs" not in options:
            yield line, code, "untyped" not in options and "{...}" not in code


def _names(code: str) -> tuple[set[str], set[str]]:
    """Return the names that a module uses before it defines them, and those that it defines."""
    free: set[str] = set()
    defined: set[str] = set()
    for statement in ast.parse(code).body:
        found = _Found()
        found.visit(statement)
        inside = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        used = (
            found.used
            - defined
            - ({*found.bound} if inside or isinstance(statement, ast.With | ast.For | ast.Try) else set())
        )
        free |= {name for name in used if not hasattr(builtins, name) and name not in {"__name__", "__file__"}}
        defined |= found.bound
    return free, defined


class _Found(ast.NodeVisitor):
    """Collects the names of a statement: what it binds on the level of the module, and what it uses."""

    def __init__(self) -> None:
        self.used: set[str] = set()
        self.bound: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        (self.used if isinstance(node.ctx, ast.Load) else self.bound).add(node.id)

    def visit_Import(self, node: ast.Import) -> None:
        self.bound |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.bound |= {alias.asname or alias.name for alias in node.names}

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.bound |= {node.name} - {None}
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.bound.add(node.name)
        self._visit_scope(node, set())

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.bound.add(node.name)
        self._visit_scope(node, _parameters(node.args))

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_scope(node, _parameters(node.args))

    def _visit_comprehension(self, node: ast.AST) -> None:
        self._visit_scope(node, set())

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _visit_comprehension

    def _visit_scope(self, node: ast.AST, parameters: set[str]) -> None:
        inner = _Found()
        inner.generic_visit(node)
        self.used |= inner.used - inner.bound - parameters


def _parameters(arguments: ast.arguments) -> set[str]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return {each.arg for each in every if each is not None}
