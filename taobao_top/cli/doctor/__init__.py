"""
Find what is wrong with a configuration for TOP: app, gateway, signature, session, SPI.

::

    for finding in examine(settings):
        print(finding.state, finding.check, finding.found)
"""

from __future__ import annotations

from taobao_top.cli.doctor.runner import examine

__all__ = ["examine"]
