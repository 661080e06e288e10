"""
Find what is wrong with a WeChat Pay configuration: files, hosts, calls, ``notify_url``.

::

    for finding in examine(settings):
        print(finding.state, finding.check, finding.found)
"""

from __future__ import annotations

from wechatpay.cli.doctor.runner import examine

__all__ = ["examine"]
