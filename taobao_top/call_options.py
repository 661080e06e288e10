"""The options of a call, validated."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from chainable.errors import CodecError
from chainable.i18n import Words
from chainable.masking import Secret
from chainable.validation import CHECKS, check_flag
from taobao_top.signing import is_unicode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taobao_top.settings import Settings

__all__ = ["CallOptions", "check_text"]


class CallOptions(NamedTuple):
    """The options of a call; those of its client where it has none."""

    session: Secret[str] | Callable[[], str] | None
    simplify: bool
    format: str
    timeout: tuple[float, float]
    retries: int
    target_app_key: str | int | None = None
    headers: Mapping[str, str] = {}
    stream: bool = False
    repeatable: bool | None = None
    decode: tuple[str, ...] | bool = ()

    @classmethod
    def of(cls, settings: Settings) -> CallOptions:
        """Return the options of a call that sets none."""
        return cls(settings.session, settings.simplify, settings.format, settings.timeout, settings.retries)

    def with_options(self, options: Mapping[str, Any]) -> CallOptions:
        """Return these options with a user's own; None leaves an option as it is."""
        checks = _checks()
        return self._replace(**{name: checks[name](value) for name, value in options.items() if value is not None})


def _check_target(value: Any) -> str | int:
    if isinstance(value, str | int):
        check_text("target_app_key", str(value))
        return value
    msg = Words(
        f"target_app_key: text was expected, not {type(value).__name__}",
        f"target_app_key：应为文本，不是 {type(value).__name__}",
    )
    raise TypeError(msg)


def check_text(what: str, text: Any) -> None:
    """Check that a text, or the secret that holds one, can be sent; ``what`` is its name for the error."""
    hidden: Secret[Any] = Secret.of(text)
    del text  # keep it out of the traceback
    if not isinstance(hidden.reveal(), str):
        msg = Words(
            f"{what}: text was expected, not {type(hidden.reveal()).__name__}",
            f"{what}：应为文本，不是 {type(hidden.reveal()).__name__}",
        )
        raise TypeError(msg)
    if not is_unicode(hidden):
        msg = Words(
            f"{what}: the text has a lone surrogate, which UTF-8 cannot encode",
            f"{what}：文本中有单独的代理字符（lone surrogate），无法用 UTF-8 编码",
        )
        raise CodecError(msg)


def _check_names(decode: Any) -> tuple[str, ...] | bool:
    if isinstance(decode, bool):
        return decode
    names = (decode,) if isinstance(decode, str) else decode
    if isinstance(names, tuple | list | set | frozenset) and all(isinstance(name, str) for name in names):
        return tuple(names)
    msg = Words(
        "decode: names of members were expected, such as decode=('token_result',), or True for those in the catalogue",
        "decode：应为成员的名称，如 decode=('token_result',)；True 表示接口目录中的那些",
    )
    raise TypeError(msg)


@cache
def _checks() -> Mapping[str, Callable[[Any], Any]]:
    """Return the functions that check the value of an option, and return it in one form."""
    from taobao_top.settings import check_format, check_session  # not imported before a client is made

    return {
        "session": check_session,
        "target_app_key": _check_target,
        "simplify": partial(check_flag, "simplify"),
        "format": check_format,
        **{name: CHECKS[name] for name in ("timeout", "headers", "stream", "retries", "repeatable")},
        "decode": _check_names,
    }
