"""The error of a missing extra names the command that installs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from chainable.extras import needs_extra

WITHOUT = "import sys; sys.modules[{!r}] = None\ntry:\n    {}\nexcept ModuleNotFoundError as error:\n    print(error, '|', error.args[0].zh)"


@pytest.mark.parametrize(
    ("module", "statement", "text"),
    [
        (
            "websockets",
            "from taobao_top.tmc import TMC",
            (
                "the message channel needs websockets: pip install 'wechatpay-taobao-top[tmc]' | "
                "消息通道需要 websockets：pip install 'wechatpay-taobao-top[tmc]'"
            ),
        ),
        (
            "websockets",
            "import taobao_top.tmc.codec",
            (
                "the message channel needs websockets: pip install 'wechatpay-taobao-top[tmc]' | "
                "消息通道需要 websockets：pip install 'wechatpay-taobao-top[tmc]'"
            ),
        ),
        (
            "limits",
            "from taobao_top import RateLimiter",
            (
                "the rate limiter needs limits: pip install 'wechatpay-taobao-top[limits]' | "
                "限流器需要 limits：pip install 'wechatpay-taobao-top[limits]'"
            ),
        ),
    ],
)
def test_a_missing_extra_says_how_to_install_it(module, statement, text):
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", WITHOUT.format(module, statement)],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )

    assert done.stdout.strip() == text


@pytest.mark.parametrize("missing", ["another", None])
def test_the_absence_of_another_module_is_raised_unchanged(missing):
    error = ModuleNotFoundError("no", name=missing)

    with pytest.raises(ModuleNotFoundError) as caught, needs_extra("it", "它", "x", "module"):
        raise error
    assert caught.value is error


def test_a_submodule_belongs_to_the_module():
    with pytest.raises(ModuleNotFoundError, match="it needs module") as caught, needs_extra("it", "它", "x", "module"):
        raise ModuleNotFoundError("no", name="module.sync")
    assert caught.value.name == "module.sync"
