"""The sandboxes share nothing with the clients: nothing that signs, verifies, encodes or builds targets."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import chainable

ROOT = Path(chainable.__file__).parent.parent
SHARED = (
    "chainable.atomic",
    "chainable.extras",
    "chainable.record_file",
    "chainable.destination",
    "chainable.pinned",
    "chainable.env_file",
    "chainable.errors",
    "chainable.i18n",
    "chainable.lazy",
    "chainable.loopback",
    "chainable.masking",
    "chainable.private_files",
    "chainable.sandbox",
    "chainable.spelling",
)
"""Modules of chainable that sandboxes may import, directly or through others."""
DATA = (".catalogue", "taobao_top.topics")
"""Names of operations, parameters and topics, which both sides know; their own imports are not followed."""
SHOWN = {
    "wechatpay": ("wechatpay.describe", "chainable.describe"),
    "taobao_top": ("taobao_top.describe", "taobao_top.errors", "taobao_top.options", "chainable.describe"),
}
"""Modules that the inspectors show beside requests; their own imports are not followed."""


def module_path(name: str) -> Path | None:
    path = ROOT / Path(*name.split("."))
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)


def imports(path: Path) -> set[str]:
    """Return the modules that a module imports, without those for type checking and for ``Sandbox.client``."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.FunctionDef) and (
            node.name == "client" or node.name.startswith(("wechatpay_", "taobao_"))
        ):
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found.update(name if module_path(name) else str(node.module) for name in names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text("utf-8")))
    return {name for name in found if name.split(".")[0] in ("chainable", "wechatpay", "taobao_top")}


def closure(package: str) -> dict[str, set[str]]:
    """Return what the sandbox imports, directly or through others but the data, and the modules that import it."""
    pending = [*(ROOT / package / "sandbox").rglob("*.py")]
    seen: set[Path] = set()
    importers: dict[str, set[str]] = {}
    while pending:
        path = pending.pop()
        seen.add(path)
        for name in imports(path):
            if path.parent.name == "inspector" and name.startswith(SHOWN[package]):
                continue
            importers.setdefault(name, set()).add(str(path.relative_to(ROOT)))
            target = module_path(name)
            if target is not None and target not in seen and not any(each in name for each in DATA):
                pending.append(target)
    return importers


@pytest.mark.parametrize("package", ["wechatpay", "taobao_top"])
def test_a_sandbox_imports_nothing_of_the_client(package):
    allowed = (*SHARED, f"{package}.sandbox", f"{package}.catalogue", f"{package}.topics")
    found = closure(package)

    assert len(found) > 20
    assert {name: sorted(users) for name, users in found.items() if not name.startswith(allowed)} == {}


@pytest.mark.parametrize("package", ["wechatpay", "taobao_top"])
def test_the_client_is_imported_by_one_function(package):
    folder = ROOT / package / "sandbox"
    client = {"wechatpay": "import WeChatPay", "taobao_top": "import TaobaoTop"}[package]
    users = [
        path.name
        for path in folder.rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if line.endswith(client)
    ]

    assert set(users) == {"sandbox.py", *(["pytest_plugin.py"] if package == "wechatpay" else [])}
