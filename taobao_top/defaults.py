"""Parameters of a client that fill calls which leave them out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.masking import MaskedDict
from chainable.path import fold
from chainable.spelling import did_you_mean
from taobao_top.options import OPTIONS

if TYPE_CHECKING:
    from taobao_top.catalogue.definitions import Catalogue

__all__ = ["as_defaults", "check_defaults"]


def as_defaults(given: Any) -> Mapping[str, Any]:
    """Return defaults as a copy whose repr has no values; ConfigurationError if they are not a mapping."""
    if given is None:
        return MaskedDict()
    if not isinstance(given, Mapping):
        msg = Words(
            f"defaults: a mapping of parameters was expected, such as {{'fields': 'tid'}}, not {type(given).__name__}",
            f"defaults：应为参数的字典，如 {{'fields': 'tid'}}，不是 {type(given).__name__}",
        )
        raise ConfigurationError(msg)
    return MaskedDict(given)


def check_defaults(defaults: Mapping[str, Any], catalogue: Catalogue) -> None:
    """
    Raise ConfigurationError for a name that is a parameter of no method, and so would never be sent.

    The defaults get the other spellings of their names that the catalogue has,
    so that each method finds its own: ``pageSize`` means ``page_size``, too.
    """
    known = catalogue.parameters()
    folded = {fold(name): value for name, value in defaults.items() if isinstance(name, str) and name not in OPTIONS}
    spelled = {name: folded[fold(name)] for name in known if name not in OPTIONS and fold(name) in folded}
    cast("dict[str, Any]", defaults).update({name: spelled[name] for name in spelled if name not in defaults})
    reached = {fold(name) for name in spelled}
    for name in defaults:
        if isinstance(name, str) and name not in OPTIONS and fold(name) in reached:
            continue
        if name in OPTIONS and name not in known:
            msg = Words(
                f"defaults: {name!r} is an option, not a parameter of methods: pass it to the client or to a call",
                f"defaults：{name!r} 是选项，不是接口参数：请传给客户端或某次调用",
            )
            raise ConfigurationError(msg)
        if name not in known:
            hint = did_you_mean(name, known) if isinstance(name, str) else Words("", "")
            msg = Words(
                f"defaults: no method of the catalogue has a parameter {name!r}{hint}",
                f"defaults：接口目录中没有一个接口有参数 {name!r}{hint.zh}",
            )
            raise ConfigurationError(msg)
