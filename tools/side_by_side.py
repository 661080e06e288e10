"""
Run two commands at once, and show their output one after the other.

``python tools/side_by_side.py FIRST SECOND`` shows the output of the shell command
FIRST as it comes, then that of SECOND: what it has written so far, and the rest as
it comes. The last line is always SECOND's. It exits with 1 if one of them failed.
"""

from __future__ import annotations

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


def main(first: str, second: str) -> int:
    """Run both; 1 if one of them failed."""
    with tempfile.NamedTemporaryFile() as output:
        later = subprocess.Popen(second, shell=True, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        failed = subprocess.run(first, shell=True, stdin=subprocess.DEVNULL, check=False).returncode
        if failed:
            print(f"failed: {first}", flush=True)
        follow(later, output.name)
        return int(bool(failed or later.returncode))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
