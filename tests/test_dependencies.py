"""What is declared is tested: the Pythons, and the lowest versions, which have no known holes."""

from __future__ import annotations

import configparser
import importlib.util
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tools.pythons import TESTED

ROOT = Path(__file__).parent.parent

# Reviewed in October 2026: the first version without a published hole, and the advisories that say so.  A new
# dependency is looked up first and gets its line here; a new advisory moves a line here and the one in setup.cfg.
FIRST_SAFE = {
    "PyYAML": ("5.4", "CVE-2020-1747, CVE-2020-14343"),
    "attrs": ("0", "none"),
    "click": ("8.3.3", "CVE-2026-7246"),
    "cryptography": (
        "50.0.1",
        "CVE-2024-12797, CVE-2026-26007, -34073, -39892, -69247, -69248, -69249; OpenSSL 4.0.2 in the wheels",
    ),
    "defusedxml": ("0.7.1", "none in the last release"),
    "django": ("5.2.19", "the last of the monthly security releases of the LTS, such as CVE-2026-15307"),
    "filelock": ("3.20.3", "CVE-2025-68146, CVE-2026-22701"),
    "flask": ("3.1.3", "CVE-2025-47278, CVE-2026-27205"),
    "gmssl-pyx": ("0", "none"),
    "httptools": ("0.6.4", "CVE-2024-27982 in llhttp before 9.2.1; 0.6.3 was the first, 0.6.4 is its repair"),
    "limits": ("0", "none"),
    "opentelemetry-api": ("0", "none; CVE-2023-43810 is of instrumentations, which are not used"),
    "redis": ("4.5.4", "CVE-2023-28859"),
    "requests": ("2.33.0", "CVE-2024-47081, CVE-2026-25645"),
    "rich": ("0", "none"),
    "segno": ("0", "none"),
    "sqlalchemy": ("2.0", "none of 2.x; CVE-2019-7164 and -7548 are of 1.x"),
    "starlette": (
        "1.3.1",
        "CVE-2024-47874, CVE-2025-54121, CVE-2025-62727, CVE-2026-48710, -48817, -48818, -54282, -54283",
    ),
    "tomli": ("0", "none"),
    "trustme": ("0", "none"),
    "typing-extensions": ("0", "none"),
    "urllib3": (
        "2.8.0",
        "CVE-2025-50181, -50182, -66418, -66471, CVE-2026-21441, -44431, -44432, -97687, -97688, -97689",
    ),
    "websockets": ("9.1", "CVE-2021-33880"),
}


def test_the_classifiers_are_the_tested_pythons():
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg", "utf-8")
    python = "Programming Language :: Python :: 3."
    classifiers = config["metadata"]["classifiers"].split("\n")
    minors = [line.removeprefix(python) for line in classifiers if line.startswith(python)]

    assert [f"3.{minor}" for minor in minors] == list(TESTED)
    assert config["options"]["python_requires"] == f">={TESTED[0]}"


def declared() -> list[Requirement]:
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg", "utf-8")
    lines = config["options"]["install_requires"].splitlines()
    for extra, requirements in config["options.extras_require"].items():
        lines += [] if extra == "all" else requirements.splitlines()
    return [Requirement(line) for line in map(str.strip, lines) if line]


def floor(requirement: Requirement) -> Version:
    (lowest,) = [part.version for part in requirement.specifier if part.operator == ">="]
    return Version(lowest)


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_the_floor_has_no_known_hole(requirement):
    assert requirement.name in FIRST_SAFE, f"look {requirement.name} up in the advisories, then add it to FIRST_SAFE"
    first_safe, advisories = FIRST_SAFE[requirement.name]
    assert floor(requirement) >= Version(first_safe), f"{requirement}: {advisories}"


def test_every_reviewed_package_is_declared():
    assert set(FIRST_SAFE) == {requirement.name for requirement in declared()}


def test_the_wheel_is_tested_with_the_floors():
    """tools/check_package.py pins exactly these versions."""
    specification = importlib.util.spec_from_file_location("check_package", ROOT / "tools" / "check_package.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)

    pins = [Requirement(pin) for pin in module.oldest_dependencies()]

    assert {(pin.name, str(pin.specifier)) for pin in pins} == {
        (requirement.name, f"=={str(requirement.specifier).removeprefix('>=')}") for requirement in declared()
    }
