"""The command line."""

from __future__ import annotations

import fnmatch
import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import define, field

from tools import source
from tools.import_catalogue import catalogue, checkout, differences, kept, metadata, questions, store
from tools.import_catalogue.events import SILENT
from tools.import_catalogue.problems import Problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tools.import_catalogue.catalogue import Part
    from tools.import_catalogue.differences import Difference

__all__ = ["main"]

DIFFERENT, WRONG, UNREAD = 1, 2, 3
_NEXT = "Next: python -m tools.build_catalogue, tools.build_types and tools.catalogue_counts --write; then the tests."


@define
class Comparison:
    """
    One part of the catalogue beside the source.

    Attributes:
        part: The catalogue's records.
        theirs: The source's.
        found: The differences, those that are decided with their table.
        placed: The file of each new record.
    """

    part: Part
    theirs: dict[str, Any]
    found: list[Difference]
    placed: dict[str, str] = field(factory=dict)


@define
class Options:
    """What the command line asks for, and where the catalogue is."""

    root: Path
    write: bool
    keep: bool
    remove: bool
    show_all: bool
    as_json: bool
    only: tuple[str, ...]

    def wants(self, each: Difference) -> bool:
        """Return whether a difference is one of those that ``--only`` names."""
        names = (each.key, f"{each.key} {each.field}")
        return not self.only or any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in self.only)

    def takes(self, each: Difference) -> bool:
        """Return whether ``--write`` takes a difference over: what is gone only with ``--remove``."""
        return not each.decided and (self.remove or each.kind != "gone")


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        (
            click.option("--check", is_flag=True, help="Only show what differs; this is the default."),
            click.option("--write", is_flag=True, help="Take over what is new and changed."),
            click.option("--remove", is_flag=True, help="With --write: also remove what is gone."),
            click.option("--keep", is_flag=True, help="Keep the catalogue as it is where it differs, from now on."),
            click.option("--only", multiple=True, metavar="PATTERN", help="Only these keys, or keys with their field."),
            click.option("--all", "show_all", is_flag=True, help="Show what is decided too."),
            click.option("--json", "as_json", is_flag=True, help="Print JSON."),
            click.option("--catalogue", type=click.Path(path_type=Path), default=source.ROOT, help="Its folder."),
        )
    ):
        command = option(command)
    return command


@click.group(help=__doc__)
def main() -> None:
    """Compare the catalogues with today's public sources, and take over what is new."""


@main.command("wechatpay")
@click.argument("checkout_path", metavar="CHECKOUT", type=click.Path(path_type=Path))
@_options
def wechatpay(checkout_path: Path, **given: Any) -> None:
    """Compare WeChat Pay's operations and events with a CHECKOUT of the public documentation pages."""
    options, problems = _read_options(given), Problems()
    with _progress("Pages") as progress:
        found = _read(lambda: checkout.read(checkout_path, problems, progress))
    table = kept.read(options.root / "kept" / "wechatpay.yaml")
    decisions = source.read(options.root / "wechatpay" / "reviewed" / "contradictions.yaml") or []
    compared = []
    for part, theirs in (
        (catalogue.operations(options.root), found.operations),
        (catalogue.events(options.root), found.events),
    ):
        differing = differences.compare_all(part.records, theirs, unread=found.unread, silent=SILENT)
        compared.append(Comparison(part, theirs, list(kept.decided(differing, table, decisions))))
    operations, events = compared
    operations.placed = {
        key: store.file_of_operation(key, set(operations.part.files.values())) for key in found.operations
    }
    events.placed = {key: store.file_of_event(key) for key in found.events}
    _finish(options, problems, compared, table, "wechatpay")


@main.command("taobao_top")
@click.argument("metadata_path", metavar="METADATA", type=click.Path(path_type=Path))
@_options
def taobao_top(metadata_path: Path, **given: Any) -> None:
    """Compare TOP's methods with public METADATA: a folder of documents, a .jsonl file or ApiMetadata.xml."""
    options, problems = _read_options(given), Problems()
    with _progress("Methods") as progress:
        found = _read(lambda: metadata.read(metadata_path, problems, progress))
    table = kept.read(options.root / "kept" / "taobao_top.yaml")
    part = catalogue.methods(options.root)
    differing = differences.compare_all(
        part.records, found.methods, unread=found.unread, silent=found.silent, partial=found.partial
    )
    compared = Comparison(part, found.methods, list(kept.decided(differing, table)))
    files = {group: file for file, group in part.groups.items()}
    for name in found.methods:
        group = found.groups[name] or name.split(".")[1 if "." in name else 0]
        compared.placed[name] = files.setdefault(group, store.file_of_method(group))
    part.groups |= {file: group for group, file in files.items()}
    _finish(options, problems, [compared], table, "taobao_top")


def _read_options(given: dict[str, Any]) -> Options:
    if given.pop("check") and (given["write"] or given["keep"]):
        raise click.UsageError("--check only shows what differs: leave out --write and --keep")
    if given["write"] and given["keep"]:
        raise click.UsageError("--write takes over what differs, --keep keeps what is: one of the two, with --only")
    root: Path = given.pop("catalogue")
    if not (root / "wechatpay" / "operations").is_dir():
        raise click.UsageError(f"{root} is not the catalogue's source: wechatpay/operations was expected in it")
    return Options(root, **given)


def _read(reading: Callable[[], Any]) -> Any:
    try:
        return reading()
    except checkout.NotACheckoutError as error:
        raise click.UsageError(str(error)) from None


def _asks() -> bool:
    return sys.stdin.isatty()


def _shows() -> bool:
    return sys.stderr.isatty()


@contextmanager
def _progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on the error stream, if that is a terminal; yield what takes the number done and the total."""
    with click.progressbar(length=1, label=label, file=sys.stderr, hidden=not _shows()) as bar:

        def update(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield update


def _finish(options: Options, problems: Problems, compared: list[Comparison], table: kept.Table, name: str) -> None:
    """Show, write or keep what differs, and end with the exit code."""
    for each in compared:
        each.found = [difference for difference in each.found if options.wants(difference)]
    found = [difference for each in compared for difference in each.found]
    open_ones = [difference for difference in found if not difference.decided]
    stale = {} if options.only or problems.found else kept.stale(found, table)
    written = 0
    asked: dict[str, list[str]] = {}
    if options.write:
        for each in compared:
            written += each.part.take(each.theirs, filter(options.takes, each.found), each.placed)
        open_ones = [difference for difference in open_ones if not options.takes(difference)]
    if name == "wechatpay":
        asked = _questions(options, compared[0])
    if options.keep:
        kept.add(table, open_ones)
        kept.write(options.root / "kept" / f"{name}.yaml", table)
        open_ones = []
    _show(options, problems, found, stale, asked)
    if not options.as_json:
        click.echo(f"{len(found)} differences, {len(open_ones)} of them open; {len(problems.found)} problems")
        if written:
            click.echo(f"{written} records written. {_NEXT}")
    raise SystemExit(UNREAD if problems.found else DIFFERENT if open_ones or asked else 0)


def _questions(options: Options, compared: Comparison) -> dict[str, list[str]]:
    """Ask for the reviewed rows of new operations: on a terminal, else in the table of what is open."""
    path, folder = options.root / "open.yaml", options.root / "wechatpay" / "reviewed"
    asked = questions.open_questions(path)
    before = dict(asked)
    if options.write:
        for each in compared.found:
            if each.kind == "new" and not each.path and options.takes(each):
                asked[each.key] = questions.due(each.key, each.theirs)
                if each.key.startswith("POST ") and _asks() and not options.as_json:
                    questions.ask(each.key, each.theirs["title"], folder)
        keys = catalogue.operations(options.root).records
        asked = questions.answered(asked, keys, folder)
        if asked != before:
            questions.write_open(path, asked)
        for orphan in questions.orphans(keys, folder):
            click.echo(f"reviewed/{orphan} has no operation any more: remove the row", err=True)
    return asked


def _show(
    options: Options, problems: Problems, found: list[Difference], stale: kept.Table, asked: dict[str, list[str]]
) -> None:
    shown = [each for each in found if options.show_all or not each.decided]
    if options.as_json:
        made = {
            "differences": [each.as_json() for each in shown],
            "problems": [str(problem) for problem in problems.found],
            "stale": sorted(stale),
            "open": asked,
        }
        click.echo(json.dumps(made, ensure_ascii=False, indent=1, default=str))
        return
    for problem in problems.found:
        click.echo(problem, err=True)
    for each in shown:
        click.echo(each)
    for key in sorted(stale):
        click.echo(f"stale    {key}  its row in kept/ decides nothing any more: remove it")
    for key, tables in asked.items():
        click.echo(f"open     {key}  may need a row in {', '.join(tables)} (see open.yaml)")
