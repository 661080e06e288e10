"""``snapshot`` and ``restore`` of both command lines."""

from __future__ import annotations

import stat


def test_a_sandbox_goes_back_to_a_snapshot(wx, top, sandbox, gateway, tmp_path):
    for run, running in ((wx, sandbox), (top, gateway)):
        file = tmp_path / "before.state"
        running.clock.advance(hours=1)
        assert run("snapshot", file, "--sandbox", running.file).code == 0
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        running.clock.advance(hours=1)
        assert run("restore", file, "--sandbox", running.file).code == 0
        assert running.clock.offset == 3600
        running.clock.move(0.0)
        file.write_bytes(b"something else")
        result = run("restore", file, "--sandbox", running.file)
        assert (result.code, "no snapshot of this kind" in result.err) == (2, True)
