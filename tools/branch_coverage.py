"""
A plugin of coverage.py: measure branches by ``sys.monitoring`` on Python 3.12 and 3.13 too.

On these, coverage.py measures branches by tracing, which slows down every line of every
module: the suite takes nearly twice as long. From 3.14 on it uses ``sys.monitoring``, which
costs nothing outside the packages, and little inside. Python 3.12 and 3.13 have one event for
both directions of a branch instead of one for each: here it is switched off when both were
seen. All else is coverage.py's own, whose inner parts this needs: ``KNOWN`` are the versions
that were compared with tracing; with others, and on other Pythons, this plugin does nothing.
"""

from __future__ import annotations

import dis
import sys
import threading
from typing import TYPE_CHECKING, Any, cast

import coverage
from coverage import bytecode, control, env
from coverage.core import Core
from coverage.disposition import FileDisposition
from coverage.sysmon import SysMonitor

if TYPE_CHECKING:
    from types import CodeType

KNOWN = (7, 17)
RERAISE = dis.opmap["RERAISE"]


class BranchMonitor(SysMonitor):
    """Coverage.py's monitor, for one event for both directions of a branch."""

    def local_events(self) -> int:
        """Return the events of a code object that is measured."""
        events = sys.monitoring.events
        return events.LINE | events.PY_RETURN | events.BRANCH

    def start(self) -> None:
        """Start, and keep each branch switched on until both directions were seen."""
        super().start()
        seen: dict[int, dict[int, int]] = {}
        leaving: dict[tuple[int, int], int] = {}
        record, disable = self.sysmon_branch_either, sys.monitoring.DISABLE

        def branch(code: CodeType, offset: int, destination: int) -> Any:
            branches = seen.get(id(code))
            if branches is None:
                branches = seen[id(code)] = {}
            first = branches.get(offset)
            if first == destination:
                return None
            record(code, offset, destination)
            if code.co_code[destination] == RERAISE:
                leaving[threading.get_ident(), id(code)] = offset
            if first is None:
                branches[offset] = destination
                return None
            return disable

        def unwind(code: CodeType, offset: int, exception: BaseException) -> None:
            info = self.code_infos.get(id(code))
            if info is not None and info.file_data is not None and info.byte_to_line is not None:
                branched = leaving.pop((threading.get_ident(), id(code)), offset)
                line = info.byte_to_line.get(offset) or info.byte_to_line.get(branched)
                if line:
                    cast("set[tuple[int, int]]", info.file_data).add((line, -code.co_firstlineno))

        events = sys.monitoring.events
        sys.monitoring.register_callback(self.myid, events.BRANCH, branch)
        # Tracing takes an exception that leaves a function for a way out of its last line.
        sys.monitoring.register_callback(self.myid, events.PY_UNWIND, unwind)
        sys.monitoring.set_events(self.myid, events.PY_START | events.PY_UNWIND)

    def stop(self) -> None:
        """Stop, and drop the ways to lines that never ran: an exception came between branch and line."""
        super().stop()
        for file, measured in self.data.items():
            ways = cast("set[tuple[int, int]]", measured)
            first = self.get_multiline_map(file)
            ran = {first.get(line, line) for line, to in ways if line == to}
            ways -= {way for way in ways if way[1] > 0 and first.get(way[1], way[1]) not in ran}


class MonitoringCore(Core):
    """Coverage.py's choice of how to measure, with the monitor in the tracer's place."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        if given["config"].branch and self.systrace:
            self.tracer_class = BranchMonitor
            self.file_disposition_class = FileDisposition
            self.supports_plugins = self.supports_dynamic_contexts = self.packed_arcs = self.systrace = False


def coverage_init(registry: Any, options: Any) -> None:
    """Take part, as coverage.py asks its plugins to."""
    if env.PYBEHAVIOR.pep669 and not env.PYBEHAVIOR.branch_right_left and coverage.version_info[:2] == KNOWN:
        bytecode.RETURNS.add(dis.opmap["RETURN_CONST"])  # gone in 3.14
        control.Core = MonitoringCore  # type: ignore[attr-defined]
