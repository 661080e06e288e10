"""The house: what may import what, and what an import costs in modules."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

import chainable

ROOT = Path(chainable.__file__).parent.parent
PACKAGES = ("chainable", "wechatpay", "taobao_top")
ALLOWED = {
    "chainable": {"chainable"},
    "wechatpay": {"chainable", "wechatpay"},
    "taobao_top": {"chainable", "taobao_top"},
}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> list[tuple[str, ast.AST]]:
    tree = ast.parse(path.read_text("utf-8"))
    found: list[tuple[str, ast.AST]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found += [(node.module or "", node)] + [(f"{node.module}.{alias.name}", node) for alias in node.names]
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_down(package):
    for path in modules(package):
        for name, _ in imports(path):
            root = name.split(".")[0]
            assert root not in PACKAGES or root in ALLOWED[package], f"{path} imports {name}"


@pytest.mark.parametrize("package", ["wechatpay", "taobao_top"])
def test_the_client_never_imports_the_sandbox(package):
    """Only the sandbox's own room, and what shows it, know it."""
    for path in modules(package):
        room = path.relative_to(ROOT / package).parts[0]
        if room in {"sandbox", "demo.py", "cli", "doctor", "inspector"}:
            continue
        for name, _ in imports(path):
            assert not name.startswith(f"{package}.sandbox"), f"{path} imports {name}"


def test_chainable_knows_no_vendor_host_or_cipher():
    for path in modules("chainable"):
        text = path.read_text("utf-8").lower()
        for word in ("wechat", "weixin", "taobao", "tmall", "alibaba", "alipay", "qq.com"):
            assert word not in text, f"{path} says {word}"
        for name, _ in imports(path):
            assert name.split(".")[0] not in {"cryptography", "hashlib", "hmac"}, f"{path} imports {name}"


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_of_a_call_belongs_to_a_thread(package):
    """Greenlets, signal handlers and calls inside calls share a thread: its notes would be mixed up."""
    for path in modules(package):
        text = path.read_text("utf-8")
        assert "threading.local" not in text, path
        assert "threading.get_ident" not in text, path


@pytest.mark.parametrize("package", PACKAGES)
def test_no_room_is_an_attic(package):
    for path in modules(package):
        assert path.stem not in {"utils", "util", "helpers", "helper", "common", "manager", "misc"}, path


def fresh(code: str) -> set[str]:
    script = f"import sys; before = set(sys.modules); {code}; print(*sorted(set(sys.modules) - before))"
    return set(
        subprocess.run(
            [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=ROOT
        ).stdout.split()
    )


def test_importing_taobao_top_brings_no_cryptography():
    loaded = fresh("import requests, attrs; before |= set(sys.modules); import taobao_top, taobao_top.sessions")

    assert not any(
        name.split(".")[0] in {"cryptography", "wechatpay", "starlette", "redis", "rich", "click", "filelock"}
        for name in loaded
    )


def test_importing_wechatpay_brings_no_x509():
    loaded = fresh("import requests, attrs; before |= set(sys.modules); import wechatpay")

    assert not any(name.startswith("cryptography.x509") for name in loaded)
    assert not any(
        name.split(".")[0] in {"taobao_top", "starlette", "redis", "rich", "click", "yaml"} for name in loaded
    )
    assert not any(name.startswith(("wechatpay.sandbox", "wechatpay.types", "wechatpay.describe")) for name in loaded)


def is_face(module: str) -> bool:
    init = ROOT.joinpath(*module.split("."), "__init__.py")
    return init.exists() and len(init.read_text("utf-8").splitlines()) < 130


def test_modules_import_each_other_in_one_direction():
    """Imports for type checking and in functions count; the faces of packages, which gather names, do not."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    faces = {module for module in graph.modules if is_face(module)}
    imported = {
        module: graph.find_modules_directly_imported_by(module) - faces
        for module in graph.modules - faces
        if ".types" not in module
    }
    assert len(imported) > 300
    while ready := {module for module, names in imported.items() if not names & imported.keys()}:
        imported = {module: names for module, names in imported.items() if module not in ready}

    assert not imported, f"these import each other: {sorted(imported)}"
