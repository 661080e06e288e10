"""
Make the compact glossaries inside the packages from the readable source.

``python tools/build_glossary.py`` writes them; with ``--check`` it writes
nothing and fails if it would change one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

PACKAGES = Path(__file__).parent.parent
ROOT = PACKAGES / "catalogue" / "glossary"


def read(path: Path) -> Any:
    """Read one file of the source."""
    return yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)


def glossary(package: str, root: Path = ROOT) -> bytes:
    """Return the compact file of a package."""
    meanings: dict[str, list[str]] = {}
    for path in sorted((root / package).glob("*.yaml")):
        for name, meaning in read(path).items():
            if name in meanings:
                msg = f"{path}: {name} has two entries"
                raise ValueError(msg)
            meanings[name] = [meaning["zh"], meaning["en"]]
    prominent = sorted(read(root / "prominent" / f"{package}.yaml"))
    content = {"meanings": dict(sorted(meanings.items())), "prominent": prominent}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def main(arguments: list[str], packages: Path = PACKAGES) -> int:
    """Write the compact files that differ; with ``--check`` only tell."""
    changed = 0
    for package in ("wechatpay", "taobao_top"):
        path = packages / package / "describe" / "glossary.json"
        content = glossary(package)
        if not path.exists() or path.read_bytes() != content:
            changed += 1
            if "--check" in arguments:
                print(f"{path.relative_to(packages)} would change")
            else:
                path.write_bytes(content)
                print(f"{path.relative_to(packages)} written")
    return int("--check" in arguments and bool(changed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
