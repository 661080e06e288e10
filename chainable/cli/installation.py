"""The check of what is installed: other packages may replace what the client is built on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainable.cli.checks import bad
from chainable.cli.i18n import Words
from chainable.errors import ConfigurationError
from chainable.transport import refuse_other_urllib3

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainable.cli.checks import Finding

__all__ = ["check_installation"]


def check_installation() -> Iterator[Finding]:
    """Report a replaced urllib3; nothing for what is as it should be."""
    try:
        refuse_other_urllib3()
    except ConfigurationError as error:
        version = error.values["version"]
        found = Words(
            f"{version} is urllib3-future, which niquests puts in the place of urllib3",
            f"{version} 其实是 urllib3-future（niquests 安装时会用它顶替 urllib3）",
        )
        meaning = Words("A call could be sent, and its outcome stay unknown.", "请求可能已经发出，而结果不明。")
        fix = Words(
            "pip uninstall urllib3-future urllib3; then URLLIB3_NO_OVERRIDE=1 pip install --no-binary urllib3-future "
            "niquests; then pip install urllib3",
            "先 pip uninstall urllib3-future urllib3，再 URLLIB3_NO_OVERRIDE=1 pip install --no-binary urllib3-future "
            "niquests，最后 pip install urllib3",
        )
        yield bad("urllib3", found, meaning, fix)
