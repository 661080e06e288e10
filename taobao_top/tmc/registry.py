"""The handlers of topics."""

from __future__ import annotations

import logging
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.masking import safe_repr
from taobao_top.topics import unknown_topic

if TYPE_CHECKING:
    from collections.abc import Callable

    from taobao_top.tmc.message import Message

__all__ = ["Decorator", "Handler", "HandlerRegistry"]

Handler: TypeAlias = "Callable[[Message], object]"
"""``handle(message)``: returns None; after an exception or any other result the message is delivered again."""

_logger = logging.getLogger("taobao_top")

_Handler = TypeVar("_Handler", bound="Handler")


@safe_repr
class Decorator:
    """Registers a function as the handler of topics or prefixes, without names of all other topics, and returns it."""

    def __init__(self, registry: HandlerRegistry, names: tuple[str, ...]) -> None:
        self._registry = registry
        self._names = names

    def __call__(self, handler: _Handler, /) -> _Handler:
        """Register the handler."""
        if not callable(handler):
            kind = type(handler).__name__
            msg = f"a handler is called with a message, and a {kind} cannot be called"
            raise TypeError(Words(msg, f"处理函数以消息为参数被调用，而 {kind} 不可调用"))
        called: Any = handler
        if iscoroutinefunction(called) or iscoroutinefunction(called.__call__):
            raise TypeError(
                Words(
                    "a handler runs in a thread: pass a plain function; it may call asyncio.run()",
                    "处理函数在线程中运行：请传普通函数，其中可调用 asyncio.run()",
                )
            )
        self._registry.add(self._names, handler)
        return handler

    def __repr__(self) -> str:
        return f"<decorator of the handler of {', '.join(self._names) or 'other topics'}>"


class HandlerRegistry:
    """Handlers by topic and by prefix of topics."""

    def __init__(self) -> None:
        self._named: dict[str, Handler] = {}
        self.otherwise: Handler | None = None

    def add(self, names: tuple[str, ...], handler: Handler) -> None:
        """Register a handler under all these names; one that is probably misspelt is logged, for it gets no message."""
        for name in names:
            doubt = unknown_topic(name)
            if doubt is not None:
                _logger.warning("handler of messages: %s", doubt)
            if name in self._named:
                msg = f"{name} has a handler already: one message, one handler"
                raise ConfigurationError(Words(msg, f"{name} 已有处理函数：一条消息只由一个函数处理"))
        if names:
            self._named.update(dict.fromkeys(names, handler))
        elif self.otherwise is None:
            self.otherwise = handler
        else:
            raise ConfigurationError(
                Words(
                    "there is a handler of other topics already: one message, one handler",
                    "其他 topic 已有处理函数：一条消息只由一个函数处理",
                )
            )

    def find(self, topic: str) -> Handler | None:
        """Find the handler of a topic: that of the longest name or prefix."""
        named, name = self._named, topic
        while name:
            handler = named.get(name)
            if handler is not None:
                return handler
            name = name.rpartition("_")[0]
        return self.otherwise
