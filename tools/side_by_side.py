"""
Run commands at once, and show their output one after the other.

``python tools/side_by_side.py COMMAND COMMAND ...`` shows the output of the first shell command
as it comes, then that of the second: what it has written so far, and the rest as it comes, and so on.
The last line is always that of the last one. It exits with 1 if one of them failed.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time


def follow(process: subprocess.Popen[bytes], path: str) -> None:
    """Show a growing file until the process that writes it has ended."""
    with open(path, "rb") as written:
        while True:
            ended = process.poll() is not None
            if new := written.read():
                sys.stdout.buffer.write(new)
                sys.stdout.buffer.flush()
            elif ended:
                return
            else:
                time.sleep(0.2)


def main(*commands: str) -> int:
    """Run them all; 1 if one of them failed."""
    with contextlib.ExitStack() as outputs:
        started = []
        for command in commands:
            output = outputs.enter_context(tempfile.NamedTemporaryFile())
            process = subprocess.Popen(
                command, shell=True, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
            started.append((command, process, output.name))
        failed = 0
        for command, process, path in started:
            follow(process, path)
            if process.returncode:
                failed = 1
                if process is not started[-1][1]:
                    print(f"failed: {command}", flush=True)
        return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
