"""
Write the types of both clients from their catalogues.

``python -m tools.build_types`` writes them and removes files that are no longer
generated; with ``--check`` it writes nothing and fails if a file would change.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.declare import taobao_top, wechatpay
from tools.declare.spelling import HEADER

ROOT = Path(__file__).parent.parent


def files() -> dict[str, str]:
    """Return the text of every generated file by path."""
    return wechatpay.build() | taobao_top.build()


def stale(made: dict[str, str]) -> list[str]:
    """List the files that are missing, different, or no longer generated."""
    there = {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
        for package in ("wechatpay", "taobao_top")
        for path in (ROOT / package / "types").rglob("*.py*")
        if path.suffix in {".py", ".pyi"}
    }
    generated = {name for name, text in there.items() if text.startswith(HEADER)}
    return sorted(name for name in generated | made.keys() if there.get(name) != made.get(name))


def main(arguments: list[str]) -> int:
    made = files()
    changed = stale(made)
    if "--check" in arguments:
        for name in changed:
            print(f"{name} is not what the catalogue says: run python -m tools.build_types", file=sys.stderr)
        return 1 if changed else 0
    for name in changed:
        path = ROOT / name
        if name in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[name], "utf-8")
        else:
            path.unlink()
    print(f"{len(made)} files, {len(changed)} written or removed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
