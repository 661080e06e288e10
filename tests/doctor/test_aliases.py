"""Names that moved remain importable, with a DeprecationWarning."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest

from chainable.cli.checks import bad
from chainable.cli.i18n import Words


@pytest.mark.parametrize("package", ["wechatpay", "taobao_top"])
def test_the_former_module_of_the_doctor_is_an_alias(package, monkeypatch):
    monkeypatch.delitem(sys.modules, f"{package}.doctor", raising=False)
    with pytest.warns(DeprecationWarning, match=rf"{package}\.cli\.doctor"):
        alias = import_module(f"{package}.doctor")

    assert alias.examine is import_module(f"{package}.cli.doctor").examine


def test_the_former_names_of_a_finding_are_aliases():
    finding = bad("check", Words("found", "发现"), Words("meaning", "含义"), Words("fix", "处理"))

    with pytest.warns(DeprecationWarning, match=r"Finding\.translated"):
        assert finding.said("zh") == finding.translated("zh")
    with pytest.warns(DeprecationWarning, match=r"Finding\.fix"):
        assert finding.mend == "fix"
