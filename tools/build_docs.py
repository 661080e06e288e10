"""
Build the documentation in Chinese and English.

``python -m tools.build_docs FOLDER`` writes ``zh/``, ``en/``, a Markdown twin beside
each page, and a first page that opens the reader's language. ``--guide`` leaves the pages of operations out, which
saves most of the time while one writes. ``--messages`` extracts the messages of the pages and
updates the catalogues in ``docs/locale`` instead.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
LANGUAGES = ("zh", "en")


def build(folder: Path, *, guide: bool = False) -> int:
    """Build both languages at once into a folder, and return 0 if neither has a warning."""
    sys.path.insert(0, str(DOCS / "_ext"))
    from catalogue_pages import write_products

    write_products(DOCS)  # once: the two builds read these pages at the same time
    folder.mkdir(parents=True, exist_ok=True)
    options = ["-D", "catalogue_pages=0"] if guide else []
    codes = []
    with TemporaryDirectory() as made:
        for builder, place, pages in (("html", folder, []), ("markdown", Path(made), _pages_with_twin())):
            started = [
                subprocess.Popen([*_sphinx(builder, language, folder, place, *options), *pages], cwd=ROOT)
                for language in LANGUAGES
            ]
            codes += [process.wait() for process in started]
        for language in LANGUAGES:
            _place_markdown(Path(made) / language, folder / language)
    shutil.copy(DOCS / "_templates" / "root.html", folder / "index.html")
    lines = ["# wechatpay · taobao-top", "", "- [中文](zh/llms.txt)", "- [English](en/llms.txt)"]
    (folder / "llms.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return int(any(codes))


def _pages_with_twin() -> list[str]:
    """Return the files of the pages that have a Markdown twin: most pages, those of operations, have none."""
    from machines import has_twin

    found = (path.relative_to(DOCS) for path in sorted(DOCS.rglob("*.rst")))
    return [str(DOCS / page) for page in found if page.parts[0][0] != "_" and has_twin(page.with_suffix("").as_posix())]


def _place_markdown(source: Path, target: Path) -> None:
    for path in source.rglob("*.md"):
        page = path.relative_to(source)
        text = path.read_text("utf-8").replace("](_static/", f"]({'../' * (len(page.parts) - 1)}_static/")
        (target / page).write_text(text, "utf-8")


def extract(folder: Path) -> None:
    """Write the messages of all pages as ``.pot`` files."""
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "gettext", "-d", f"{folder}-doctrees", DOCS, folder],
        cwd=ROOT,
        check=True,
    )


def update() -> None:
    """Put the messages of today into the catalogues; what has no text yet is empty, what changed is fuzzy."""
    with TemporaryDirectory() as made:
        pot = Path(made) / "pot"
        extract(pot)
        catalogues = DOCS / "locale" / "zh_CN" / "LC_MESSAGES"
        for path in pot.rglob("*.pot"):
            if not (catalogues / path.relative_to(pot)).with_suffix(".po").exists():
                path.unlink()
        command = [sys.executable, "-m", "sphinx_intl", "update", "-p", pot, "-d", DOCS / "locale", "-l", "zh_CN"]
        subprocess.run([*command, "--no-obsolete"], cwd=ROOT, check=True)


def _sphinx(builder: str, language: str, folder: Path, place: Path, *more: str) -> list[str]:
    options = [*more, "-W", "--keep-going", "-q", "-d", str(folder / ".doctrees" / language), "-t", language]
    return [sys.executable, "-m", "sphinx", "-b", builder, *options, str(DOCS), str(place / language)]


def main() -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "build" / "docs")
    parser.add_argument("--guide", action="store_true", help="without the pages of operations")
    parser.add_argument("--messages", action="store_true", help="update the catalogues of messages")
    chosen = parser.parse_args()
    if chosen.messages:
        update()
        return 0
    return build(chosen.folder, guide=chosen.guide)


if __name__ == "__main__":
    sys.exit(main())
