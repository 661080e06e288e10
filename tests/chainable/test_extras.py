"""A missing extra is named with the command that installs it, in every module that needs one."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from functools import cache

import pytest

from chainable.deduplication import RedisStore
from chainable.extras import extra

MODULES = {
    "chainable.web.flask": ("flask", "flask"),
    "chainable.web.django": ("django", "django"),
    "chainable.web.starlette": ("starlette", "starlette"),
    "wechatpay.notifications.flask": ("flask", "flask"),
    "wechatpay.notifications.django": ("django", "django"),
    "wechatpay.notifications.starlette": ("starlette", "starlette"),
    "wechatpay.notifications.fastapi": ("starlette", "starlette"),
    "taobao_top.spi.flask": ("flask", "flask"),
    "taobao_top.spi.django": ("django", "django"),
    "taobao_top.spi.starlette": ("starlette", "starlette"),
    "taobao_top.spi.fastapi": ("starlette", "starlette"),
    "chainable.deduplication.sqlalchemy": ("sqlalchemy", "sqlalchemy"),
    "chainable.opentelemetry": ("opentelemetry", "otel"),
    "chainable.sandbox.connection": ("httptools", "sandbox"),
    "chainable.sandbox.tls_ca": ("trustme", "sandbox"),
    "chainable.sandbox.websocket": ("websockets", "sandbox"),
    "taobao_top.tmc": ("websockets", "tmc"),
    "taobao_top.tmc.codec": ("websockets", "tmc"),
    "taobao_top.rate_limit": ("limits", "limits"),
}


@pytest.fixture(scope="module", autouse=True)
def _distributions_are_read_once():
    """Each look through all that is installed takes a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.metadata, "packages_distributions", cache(importlib.metadata.packages_distributions))
        yield


@pytest.fixture
def without(monkeypatch):
    """Make a package unimportable, and forget the modules that have imported it."""

    def hide(package, *forgotten):
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, package, None)
        for name in forgotten:
            monkeypatch.delitem(sys.modules, name, raising=False)
            parent, _, child = name.rpartition(".")
            if parent in sys.modules:
                monkeypatch.delattr(sys.modules[parent], child, raising=False)

    return hide


@pytest.mark.parametrize("module", MODULES)
def test_a_module_names_its_extra(module, without):
    package, name = MODULES[module]
    others = [
        *(name for name in sys.modules if name.startswith("taobao_top.tmc")),
        f"chainable.web.{package}",
        f"wechatpay.notifications.{package}",
        f"taobao_top.spi.{package}",
    ]
    without(package, module, *others)
    with pytest.raises(
        ModuleNotFoundError, match=rf"^{package} is not installed: pip install '.*\[{name}\]'$"
    ) as caught:
        importlib.import_module(module)

    assert caught.value.name.partition(".")[0] == package
    assert caught.value.args[0].zh.startswith(f"未安装 {package}：pip install")


def test_a_redis_store_of_a_url_names_its_extra(without):
    without("redis")
    with pytest.raises(
        ModuleNotFoundError, match=r"redis is not installed: pip install 'wechatpay-taobao-top\[redis\]'$"
    ):
        RedisStore.from_url("redis://127.0.0.1/0")


def test_a_django_store_names_its_extra(without):
    from chainable.deduplication.django import DjangoStore

    store = DjangoStore()
    without("django")
    with pytest.raises(ModuleNotFoundError, match=r"django is not installed: pip install '.*\[django\]'$"):
        store.claim("EV-1")


def test_another_missing_package_is_not_renamed(without):
    without("colorsys")
    with pytest.raises(ModuleNotFoundError, match="colorsys") as caught, extra("flask", "flask"):
        import colorsys  # noqa: F401
    assert "pip install" not in str(caught.value)


def test_what_is_installed_is_imported():
    with extra("flask", "json"):
        import json
    assert json.loads("1") == 1
