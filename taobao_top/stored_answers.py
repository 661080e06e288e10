"""Answers that were stored as they came, such as those that the platform pushes into a database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chainable.chain import name_of
from chainable.errors import ChainableError
from chainable.i18n import Words
from chainable.masking import MaskedDict, unframed
from taobao_top.chain import MethodChain
from taobao_top.request import RequestSpec
from taobao_top.response import TopResponse

if TYPE_CHECKING:
    from taobao_top.call_options import CallOptions
    from taobao_top.settings import Settings

__all__ = ["read_stored"]

_DECLARATION = re.compile(r"\A\ufeff?\s*<\?xml\b[^>]*\?>")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def read_stored(
    settings: Settings, options: CallOptions, method: object, text: str | bytes, **given: Any
) -> TopResponse[Any]:
    """
    Read a stored answer; see :meth:`taobao_top.TaobaoTop.read`.

    Args:
        settings: Those of the client.
        options: Those of a call that sets none.
        method: Its name, or its chain.
        text: The whole answer.
        given: ``simplify`` and ``decode``, as a call takes them.
    """
    name = name_of(method) if isinstance(method, MethodChain) else method
    if not isinstance(name, str):
        msg = Words(
            f"read: the name of a method or its chain was expected first, not {type(method).__name__}",
            f"read：第一个参数应为接口名或其链，不是 {type(method).__name__}",
        )
        raise TypeError(msg)
    if not _NAME.fullmatch(name):
        msg = Words(
            "read: the name of a method was expected first, then the stored answer",
            "read：第一个参数应为接口名，其后是保存的应答",
        )
        raise TypeError(msg)
    if not isinstance(text, str | bytes):
        msg = Words(
            f"read: {name}: the stored answer as text or bytes was expected, not {type(text).__name__}",
            f"read：{name}：保存的应答应为文本或 bytes，不是 {type(text).__name__}",
        )
        raise TypeError(msg)
    spec = RequestSpec(settings, name, (), MaskedDict(given), options)
    response: TopResponse[Any] = TopResponse()
    response.method = response.label = spec.info.name
    response.stored = True
    response.status_code = 200
    # A lone surrogate would come from a column of another charset; the charset of a declaration is gone with it.
    response.set_content(_DECLARATION.sub("", text).encode(errors="replace") if isinstance(text, str) else text)
    try:
        return response.set_data(spec.read_body(response.content, response, utf8=True))
    except ChainableError as error:
        failure = unframed(error)  # the frames below hold the text, which has personal data
    raise failure
