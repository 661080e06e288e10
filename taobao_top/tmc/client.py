"""The client of the message channel: handlers, the threads that run them, publishing."""

from __future__ import annotations

import logging
import random
from functools import partial
from ssl import SSLContext
from threading import TIMEOUT_MAX
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chainable.codecs import JSON
from chainable.deduplication import LEASE, MemoryStore
from chainable.errors import ConfigurationError
from chainable.i18n import Words
from chainable.masking import safe_repr, shown
from chainable.spelling import one_edit
from taobao_top.tmc.connection import ChannelError, ConnectionConfig
from taobao_top.tmc.consumer import Consumer
from taobao_top.tmc.dispatch import Dispatcher
from taobao_top.tmc.registry import Decorator, HandlerRegistry

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from chainable.deduplication import Store
    from taobao_top.settings import TopClient
    from taobao_top.tmc.connection import Connection
    from taobao_top.tmc.registry import Handler

__all__ = ["CHANNEL", "TMC"]

CHANNEL = "ws://mc.api.taobao.com/"
"""
The platform's message channel, as it is documented.

It is not encrypted, and messages are not signed: the app_secret is never sent,
but anyone on the path can read, withhold and forge messages.
"""

_CHANCE = random.SystemRandom().random  # independent of random.seed(), or all processes could reconnect at once
_KEEP = 3600.0  # seconds for which the store of one process remembers handled messages
_LOOPBACK = ("localhost", "127.", "::1")
_NAMES = ("connected", "on", "otherwise", "publish", "run", "start", "stop")

_logger = logging.getLogger("taobao_top")


@safe_repr
class TMC:
    """
    The message channel of an app: every attribute is the handler of a topic.

    ::

        tmc = TMC(top, group='default')

        @tmc.taobao_trade_TradeChanged
        def changed(message):
            update(message.content['tid'])

        with tmc:
            ...             # or tmc.run(), which returns when tmc.stop() is called

    A name stands for the topic of this name and for all topics that continue
    it with ``_`` (``@tmc.taobao_trade``); the longest name wins.  A message is
    confirmed when its handler returns.  When the handler raises, the message
    is reported as failed, and the platform delivers it again.  A message that
    is delivered twice is handled once, as long as the store remembers it.

    Args:
        top: The client, for its app_key, app_secret and clock.
        group: The group of consumers, as set up on the platform.
        url: The channel, ``ws://…`` or ``wss://…``. Prefer ``wss://`` where
            it is offered: messages over ``ws://`` can be forged by anyone on
            the path, so read a trade again by API before you act on it.
        store: Remembers handled messages; None for a store in memory that
            remembers them for an hour. Several processes share a
            :class:`chainable.deduplication.RedisStore`.
        lease: Seconds a handler may take before another worker takes over.
        workers: Threads that run handlers.
        backlog: Messages that may wait for a worker. Beyond them none are
            pulled, and those that arrive are left for the platform to repeat.
        unknown: What to do with messages without a handler: ``'fail'``, so
            that they are delivered again, or ``'confirm'``.
        confirm: ``'auto'`` confirms a message when its handler returns.
            ``'manual'`` leaves it to ``message.confirm()`` and
            ``message.fail(reason)``, which any thread may call later; *lease*
            then counts until that call, and the platform delivers a message
            again that nobody confirms.
        pull_every: Seconds between requests for messages.
        ping_every: Seconds between pings. The platform's server need not
            answer them; one that has answered has to go on within *timeout*.
        timeout: Seconds to connect, and for each acknowledgement.
        backoff: The longest waits, in seconds, before the second attempt to
            connect and before any later one; in between, the wait doubles.
        ssl: How the TLS of ``wss://`` is verified; None for the machine's certificate store.
        proxy: A proxy's URL, None or False for none, True for that of the environment.
        chance: Returns numbers from 0 to 1, by which waits are multiplied.

    Raises:
        ConfigurationError: A setting is unusable, or the client has no app_secret.
    """

    def __init__(
        self,
        top: TopClient,
        *,
        group: str = "default",
        url: str = CHANNEL,
        store: Store | None = None,
        lease: float = LEASE,
        workers: int = 4,
        backlog: int = 2000,
        unknown: str = "fail",
        confirm: str = "auto",
        pull_every: float = 15.0,
        ping_every: float = 45.0,
        timeout: float = 10.0,
        backoff: tuple[float, float] = (1.0, 60.0),
        ssl: SSLContext | None = None,
        proxy: str | bool | None = True,
        chance: Callable[[], float] = _CHANCE,
    ) -> None:
        settings = top.settings
        if not settings.secret:
            raise ConfigurationError(
                Words(
                    "the message channel is signed with the app_secret: pass it to the client",
                    "消息通道用 app_secret 签名：请把它传给客户端",
                )
            )
        _check_url(url, ssl)
        if not (isinstance(group, str) and group.strip()):
            raise ConfigurationError(
                Words("group: the name of a group of consumers was expected", "group：应为消费分组的名称")
            )
        if unknown not in {"fail", "confirm"}:
            raise ConfigurationError(
                Words("unknown: 'fail' or 'confirm' was expected", "unknown：应为 'fail' 或 'confirm'")
            )
        _check_confirm(confirm, store)
        for name, count in (("workers", workers), ("backlog", backlog)):
            if type(count) is not int or count < 1:
                msg = f"{name}: a whole number, at least 1, was expected, not {shown(count)}"
                raise ConfigurationError(Words(msg, f"{name}：应为不小于 1 的整数，实为 {shown(count).zh}"))
        first, longest = backoff
        seconds = {"pull_every": pull_every, "ping_every": ping_every, "timeout": timeout, "lease": lease}
        for name, number in {**seconds, "backoff, first": first, "backoff, longest": longest}.items():
            if type(number) not in {int, float} or not 0 < number <= TIMEOUT_MAX:
                msg = f"{name}: a number of seconds above 0 was expected, not {shown(number)}"
                raise ConfigurationError(Words(msg, f"{name}：应为大于 0 的秒数，实为 {shown(number).zh}"))
        if first > longest:
            msg = f"backoff: the first wait, {first}, is longer than the longest, {longest}"
            raise ConfigurationError(Words(msg, f"backoff：首次等待 {first} 秒，比最长等待 {longest} 秒还长"))
        self._config = ConnectionConfig(
            url=url,
            app_key=settings.app_key,
            secret=settings.secret,
            group=group,
            clock=settings.clock,
            timeout=timeout,
            ping_every=ping_every,
            ssl=ssl,
            proxy=proxy or None,
        )
        self._dispatcher = Dispatcher(
            HandlerRegistry(),
            MemoryStore(keep=_KEEP) if store is None else store,
            f"tmc:{settings.app_key}:{group}:",
            lease=lease,
            confirm_unknown=unknown == "confirm",
            manual=confirm == "manual",
        )
        self._consumer: Consumer | None = None
        self._consumers = partial(
            Consumer,
            self._config,
            self._dispatcher,
            workers=workers,
            backlog=backlog,
            pull_every=pull_every,
            backoff=backoff,
            chance=chance,
        )

    def __repr__(self) -> str:
        config = self._config
        return f"<TMC of app {config.app_key}, group {config.group}, at {config.url}>"

    def __getattr__(self, name: str) -> Decorator:
        if name.startswith("_"):
            msg = Words(f"a TMC has no attribute {name!r}", f"TMC 没有属性 {name!r}")
            raise AttributeError(msg)
        for known in _NAMES:
            if one_edit(name, known):
                msg = Words(
                    f"a TMC has no {name!r}: did you mean {known!r}? A topic's handler is tmc.on({name!r})",
                    f"TMC 没有 {name!r}：是否要写 {known!r}？如要处理同名主题，请用 tmc.on({name!r})",
                )
                raise AttributeError(msg)
        return self.on(name)

    def on(self, *names: str) -> Decorator:
        """
        Decorate the handler of topics or prefixes of topics: ``@tmc.on('taobao_trade', 'taobao_refund')``.

        Raises:
            TypeError: No name is given, or one is not text.
        """
        if not names or not all(isinstance(name, str) and name for name in names):
            raise TypeError(
                Words(
                    "tmc.on() takes names of topics, as in @tmc.on('taobao_trade_TradeChanged')",
                    "tmc.on() 的参数是 topic 名称，例如 @tmc.on('taobao_trade_TradeChanged')",
                )
            )
        return Decorator(self._dispatcher.registry, names)

    def otherwise(self, handler: Handler, /) -> Handler:
        """Decorate the handler of all topics without a handler of their own."""
        return Decorator(self._dispatcher.registry, ())(handler)

    @property
    def connected(self) -> bool:
        """Whether the channel is connected."""
        return self._connection() is not None

    def _connection(self) -> Connection | None:
        return None if self._consumer is None else self._consumer.connection

    def start(self) -> Self:
        """
        Connect, and handle messages in threads; ``with`` does it.

        Returns after the first attempt to connect.  If the network failed,
        attempts go on, as they do whenever the connection is lost.

        Raises:
            TopError: The platform refused the app: its key, its signature, its clock.
            RuntimeError: It is started already.
        """
        self._start()
        return self

    def _start(self) -> Consumer:
        if self._consumer is not None and not self._consumer.ended.is_set():
            raise RuntimeError(Words("the message channel is started already", "消息通道已经启动"))
        parts = urlsplit(self._config.url)
        if parts.scheme == "ws" and not str(parts.hostname).startswith(_LOOPBACK):
            _logger.warning(
                "message channel: %s is not encrypted, and messages are not signed: anyone on the path can "
                "forge them. Use a wss:// url where there is one, and read the data of a message again by API",
                parts.hostname,
            )
        consumer = self._consumer = self._consumers()
        consumer.start()
        try:
            consumer.tried.wait()
        except BaseException:  # an interruption: confirm what handlers have begun
            self.stop()
            raise
        if consumer.refused is not None:
            consumer.stop(0)
            raise consumer.refused
        return consumer

    def stop(self, timeout: float = 30.0) -> None:
        """
        Let handlers finish, confirm their messages, and close; ``with`` does it.

        Messages that wait for a worker are left: the platform delivers them
        again.  A handler that calls this does not wait for the end, other
        callers do.  Does nothing when the channel is not started.

        Args:
            timeout: Seconds to wait for handlers. A message whose handler
                takes longer is confirmed when the platform delivers it again.
        """
        if self._consumer is not None:
            self._consumer.stop(timeout)

    def run(self) -> None:
        """
        Start, and return after a handler, another thread or a signal handler has called :meth:`stop`.

        Raises:
            TopError: The platform refused the app.
            RuntimeError: It is started already.
        """
        before = self._consumer
        try:
            self._start().ended.wait()
        finally:  # also after Ctrl-C during the start: confirm what handlers have begun
            if self._consumer is not before:
                self.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def publish(self, topic: str, content: Any, *, session: str | None = None) -> None:
        """
        Publish a message of the app.

        Args:
            topic: A topic the app may publish.
            content: JSON text, or a value to write as JSON.
            session: The seller's session, if the message is about a seller.

        Raises:
            ChannelError: The channel is not connected (``maybe_sent`` is False), or does not acknowledge (True).
            TopError: The platform refused it.
            CodecError: The content has no form in JSON.
        """
        consumer = self._consumer
        connection = None if consumer is None else consumer.connection
        if consumer is None or connection is None:
            raise ChannelError(
                Words(
                    "the message channel is not connected: start it, or try again when .connected",
                    "消息通道未连接：请先启动，或在 .connected 为 True 时重试",
                )
            )
        text = content if isinstance(content, str) else JSON.encode(content).decode()
        members = {"topic": topic, "content": text} | ({} if session is None else {"session": session})
        connection.publish(members, self._config.timeout, consumer.look)


def _check_confirm(confirm: str, store: Store | None) -> None:
    if confirm not in {"auto", "manual"}:
        raise ConfigurationError(Words("confirm: 'auto' or 'manual' was expected", "confirm：应为 'auto' 或 'manual'"))
    if confirm == "manual" and getattr(store, "transactional", False):
        kind = type(store).__name__
        raise ConfigurationError(
            Words(
                f"confirm='manual': the claims of a {kind} end with the transaction of the handler, before "
                f"message.confirm(); use RedisStore or MemoryStore",
                f"confirm='manual'：{kind} 的占用随处理函数的事务一同结束，早于 message.confirm()；"
                f"请改用 RedisStore 或 MemoryStore",
            )
        )


def _check_url(url: str, ssl: SSLContext | None) -> None:
    try:
        parts = urlsplit(url)
        scheme = parts.scheme if parts.hostname and parts.port != 0 and parts.username is None else ""
    except (AttributeError, ValueError):
        scheme = ""
    if scheme not in {"ws", "wss"}:
        raise ConfigurationError(
            Words(
                "url: ws://host/ or wss://host/ was expected, without a name and password",
                "url：应为 ws://主机/ 或 wss://主机/，不含用户名和密码",
            )
        )
    if ssl is None:
        return
    if not isinstance(ssl, SSLContext):
        kind = type(ssl).__name__
        msg = f"ssl: an ssl.SSLContext was expected, not a {kind}"
        raise ConfigurationError(Words(msg, f"ssl：应为 ssl.SSLContext，实为 {kind}"))
    if scheme != "wss":
        raise ConfigurationError(
            Words("ssl: only a url of wss://… has TLS to verify", "ssl：只有 wss://… 的 url 才需要验证 TLS")
        )
