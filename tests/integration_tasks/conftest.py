"""
Load the solution of a task: our own, or that of another folder.

``SOLUTIONS=/path/to/answers pytest tests/integration_tasks`` judges what somebody else wrote for the
same ``task.md`` files: ``answers/native_order.py`` and so on.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from taobao_top.sandbox.pytest_plugin import *  # noqa: F403
from wechatpay.sandbox.pytest_plugin import *  # noqa: F403

if TYPE_CHECKING:
    from types import ModuleType

HERE = Path(__file__).parent
TASKS = [path.parent.name for path in HERE.glob("*/task.md")]


@pytest.fixture
def solution(request: pytest.FixtureRequest) -> ModuleType:
    """The module of the task that the test's name begins with."""
    (task,) = [each for each in TASKS if request.node.name.startswith(f"test_{each}")]
    theirs = os.environ.get("SOLUTIONS")
    path = Path(theirs) / f"{task}.py" if theirs else HERE / task / "solution.py"
    spec = importlib.util.spec_from_file_location(f"solution_{task}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
