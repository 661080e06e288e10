"""The message channel's server side: the messages of an app, and the WebSocket connections that take them."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections import OrderedDict, deque
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from chainable.sandbox.limits import HEAD_SECONDS
from taobao_top.sandbox import frames
from taobao_top.sandbox.frames import CONNECT, CONNECT_ACK, SEND, SEND_ACK, Byte, Frame
from taobao_top.sandbox.mistakes import check
from taobao_top.sandbox.signature import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from taobao_top.sandbox.application import Application

__all__ = ["Link", "Message", "Queue"]

LEASE = 600.0
KEPT = 1000
WINDOW = 200
PULL, CONFIRM, DATA, FAILED = 1, 2, 3, 20
REFUSED = 1008


@frozen(kw_only=True)
class Message:
    """
    A message.

    Attributes:
        id: Its number.
        topic: ``taobao_trade_TradeChanged`` …
        content: JSON text.
        group: Which group of consumers gets it.
        user_id: The seller's number.
        nick: The seller's name.
        published: Seconds since 1970.
        deliveries: How often it was handed out.
    """

    id: int
    topic: str
    content: str = field(repr=False)
    group: str = "default"
    user_id: int = 2054718218
    nick: str = "sandbox_seller"
    published: float = 0.0
    deliveries: int = 0


class Queue:
    """
    The messages of one app, each handed out until it is confirmed.

    Args:
        clock: Seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._waiting: dict[str, OrderedDict[int, Message]] = {}
        self._held: OrderedDict[int, Message] = OrderedDict()
        self._out: OrderedDict[int, tuple[Message, float]] = OrderedDict()
        self._links: list[Link] = []
        self._refusing = 0
        self._last = 7_100_000_000_000_000_000
        self._confirmed: deque[int] = deque(maxlen=KEPT)
        self._failed: deque[tuple[int, str]] = deque(maxlen=KEPT)
        self._sent: deque[Message] = deque(maxlen=KEPT)

    def publish(
        self,
        topic: str,
        content: Mapping[str, Any] | str = "{}",
        *,
        group: str = "default",
        user_id: int = 2054718218,
        nick: str = "sandbox_seller",
    ) -> Message:
        """Put a message into the queue; connected consumers that have pulled get it at once."""
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        with self._lock:
            self._last += 1
            message = Message(
                id=self._last,
                topic=topic,
                content=text,
                group=group,
                user_id=user_id,
                nick=nick,
                published=self._clock(),
            )
            self._put(message)
        self._wake(group)
        return message

    def _put(self, message: Message) -> OrderedDict[int, Message]:
        waiting = self._waiting.setdefault(message.group, OrderedDict())
        waiting[message.id] = message
        return waiting

    def _wake(self, group: str) -> None:
        for link in self.links:
            if link.group == group:
                link.wake()

    def repeat(self, message: Message) -> None:
        """Hand a message out once more, whether it was confirmed or not, as the platform may."""
        with self._lock:
            self._put(message)
        self._wake(message.group)

    def take(self, group: str, count: int, *, again: bool = True) -> list[Message]:
        """
        Hand messages out.

        Args:
            group: The consumers' group.
            count: At most so many.
            again: Also those that failed before; those not confirmed within ten minutes always come again.
        """
        now = self._clock()
        with self._lock:
            while self._out and next(iter(self._out.values()))[1] <= now:
                self._put(self._out.popitem(last=False)[1][0])
            if again:
                for message in self._held.values():
                    self._put(message)
                self._held.clear()
            waiting = self._waiting.get(group, OrderedDict())
            chosen: list[Message] = []
            while waiting and len(chosen) < count:
                _, message = waiting.popitem(last=False)
                chosen.append(evolve(message, deliveries=message.deliveries + 1))
                self._out[message.id] = (chosen[-1], now + LEASE)
            return chosen

    def confirm(self, number: int) -> bool:
        """Take a message as done; False when it was not out."""
        with self._lock:
            if self._out.pop(number, None) is None:
                return False
            self._confirmed.append(number)
            return True

    def fail(self, number: int, reason: str = "") -> None:
        """Keep a message for the next pull."""
        with self._lock:
            found = self._out.pop(number, None)
            if found is not None:
                self._held[number] = found[0]
                self._failed.append((number, reason))

    def give_back(self, numbers: list[int]) -> None:
        """Put messages of a lost connection in front; other connections get them at once."""
        groups = set()
        with self._lock:
            for number in reversed(numbers):
                found = self._out.pop(number, None)
                if found is not None:
                    self._put(found[0]).move_to_end(number, last=False)
                    groups.add(found[0].group)
        for group in groups:
            self._wake(group)

    def sent_by_client(self, message: Message) -> None:
        """Remember what a client published."""
        with self._lock:
            self._sent.append(message)

    @property
    def confirmed(self) -> list[int]:
        """The numbers of those confirmed, the last thousand."""
        with self._lock:
            return list(self._confirmed)

    @property
    def failed(self) -> list[tuple[int, str]]:
        """``(number, reason)`` of the failures told, the last thousand."""
        with self._lock:
            return list(self._failed)

    @property
    def sent(self) -> list[Message]:
        """What clients published through the channel or by HTTP, the last thousand."""
        with self._lock:
            return list(self._sent)

    @property
    def queued(self) -> list[Message]:
        """The messages that are not handed out, then those that failed."""
        with self._lock:
            return [*(message for group in self._waiting.values() for message in group.values()), *self._held.values()]

    @property
    def out(self) -> list[Message]:
        """The messages that are handed out and not confirmed."""
        with self._lock:
            return [message for message, _ in self._out.values()]

    @property
    def waiting(self) -> int:
        """How many are not handed out, or failed."""
        with self._lock:
            return sum(map(len, self._waiting.values())) + len(self._held)

    @property
    def unconfirmed(self) -> int:
        """How many are handed out and not confirmed."""
        with self._lock:
            return len(self._out)

    @property
    def links(self) -> list[Link]:
        """The connections there are."""
        with self._lock:
            return list(self._links)

    def refuse(self, times: int) -> None:
        """Refuse so many of the next connections, as an overloaded server does."""
        with self._lock:
            self._refusing = times

    def refusing(self) -> bool:
        """Tell whether this connection is to be refused, and count it."""
        with self._lock:
            self._refusing -= 1
            return self._refusing >= 0

    def drop(self, *, hard: bool = False) -> int:
        """
        Close all connections, as a server does that goes away.

        Args:
            hard: Cut them, without a word of the WebSocket protocol.

        Returns:
            How many there were.
        """
        links = self.links
        for link in links:
            link.drop(hard=hard)
        return len(links)

    def expire(self) -> int:
        """
        Let the tokens of all connections run out: what comes next is refused, and the connection closed.

        Returns:
            How many there were.
        """
        links = self.links
        for link in links:
            link.expire()
        return len(links)

    def silence(self) -> int:
        """
        Let all connections hang: nothing is read from them any more, not even pings, and nothing is handed out.

        Returns:
            How many there were.
        """
        links = self.links
        for link in links:
            link.silence()
        return len(links)

    def join(self, link: Link) -> None:
        """Add a connection."""
        with self._lock:
            self._links.append(link)

    def leave(self, link: Link) -> None:
        """Remove a connection."""
        with self._lock:
            self._links.remove(link)


class Link:
    """
    One WebSocket connection.

    Args:
        scope: ASGI's, with the connection.
        receive: ASGI's.
        send: ASGI's.
        find: Gives the app of an app_key, None for unknown ones.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, find: Callable[[str], Application | None]) -> None:
        self.group = "default"
        self._transport = scope["state"]["transport"]
        self._receive = receive
        self._send = send
        self._find = find
        self._token = secrets.token_hex(16)
        self._pulled = False
        self._out: dict[int, None] = {}
        self._awake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._app: Application | None = None

    def wake(self) -> None:
        """Look for messages; from any thread."""
        self._post(self._awake.set)

    def drop(self, *, hard: bool = False) -> None:
        """Close, or cut; from any thread."""
        self._post(self._transport.abort if hard else lambda: self._spawn(self._close(1001, "the server goes away")))

    def expire(self) -> None:
        """Expect another token from now on."""
        self._token = secrets.token_hex(16)

    def silence(self) -> None:
        """Read nothing more and hand nothing out; from any thread."""
        self._post(self._hang)

    def _hang(self) -> None:
        self._pulled = False
        self._transport.pause_reading()

    def push(self, data: bytes) -> None:
        """Send these bytes as they are, whether they are a frame or not; from any thread."""
        self._post(lambda: self._spawn(self._send({"type": "websocket.send", "bytes": data})))

    def _post(self, action: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(action)

    def _spawn(self, doing: Any) -> None:
        self._task = self._loop.create_task(doing)

    async def serve(self) -> None:
        """Serve until the client goes away or is sent away."""
        await self._receive()
        await self._send({"type": "websocket.accept"})
        try:
            app = await asyncio.wait_for(self._connected(), HEAD_SECONDS)
        except asyncio.TimeoutError:
            await self._close(REFUSED, "the first frame did not come in time")
            return
        if app is None:
            return
        app.queue.join(self)
        pushing = self._loop.create_task(self._deliver(app.queue))
        try:
            await self._write(Frame(kind=CONNECT_ACK, token=self._token))
            while (frame := await self._next()) is not None:
                if not await self._handled(app, frame):
                    return
        finally:
            pushing.cancel()
            app.queue.give_back(list(self._out))
            app.queue.leave(self)

    async def _next(self) -> Frame | None:
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            return None
        try:
            return frames.read(event.get("bytes") or b"")
        except frames.BROKEN as error:
            await self._close(REFUSED, f"not a frame: {error}")
            return None

    async def _connected(self) -> Application | None:
        frame = await self._next()
        if frame is None:
            return None
        text = {name: str(value) for name, value in frame.content.items()}
        app = self._find(text.get("app_key", ""))
        code, phrase = self._judged(app, frame, text)
        if app is not None:
            app.journal.write(
                kind="channel",
                at=app.clock(),
                verb="CONNECT",
                path="/",
                method="connect",
                parameters=text,
                verified=not code,
                signed=shown("md5", _signed(text)),
                mistake=phrase,
                code=code or None,
            )
        if code or app is None:
            await self._write(Frame(kind=CONNECT_ACK, code=code, phrase=phrase))
            await self._close(REFUSED, "connection refused")
            return None
        self.group = text.get("group_name", "default")
        return app

    def _judged(self, app: Application | None, frame: Frame, text: Mapping[str, str]) -> tuple[int, str | None]:
        if frame.kind != CONNECT:
            return 400, "the first frame must be CONNECT"
        if app is None:
            return 29, "Invalid app key"
        if app.queue.refusing():
            return 500, "the server is busy"
        stamp = text.get("timestamp", "")
        if not stamp.isdecimal() or abs(app.clock() - int(stamp) / 1000) > 600:
            return 31, "Invalid timestamp: epoch milliseconds, at most ten minutes off"
        mistake = check(text.get("sign", ""), "md5", app.account.app_secret, _signed(text), b"")
        return (0, None) if mistake is None else (25, f"Invalid signature: {mistake}")

    async def _handled(self, app: Application, frame: Frame) -> bool:
        if frame.kind != SEND or frame.token != self._token:
            refused = "SEND frames with the token of CONNECTACK are expected"
            await self._write(Frame(kind=SEND_ACK, code=401, phrase=refused, flag=frame.flag))
            await self._close(REFUSED, refused)
            return False
        code, phrase = self._done(app, frame.content)
        if frame.flag is not None:
            await self._write(Frame(kind=SEND_ACK, code=code, phrase=phrase, flag=frame.flag))
        return True

    def _done(self, app: Application, content: dict[str, Any]) -> tuple[int, str | None]:
        kind = content.get("__kind")
        name = {PULL: "pull", CONFIRM: "confirm", DATA: "publish", FAILED: "fail"}.get(kind or 0)
        text = {key: str(value) for key, value in content.items()}
        app.journal.write(
            kind="channel", at=app.clock(), verb="SEND", path="/", method=name, parameters=text, verified=True
        )
        if name == "pull":
            self._pulled = True
            app.queue.take(self.group, 0)
            self._awake.set()
        elif name == "publish":
            self._published(app, text)
        elif name is None:
            return 400, f"unknown kind {kind}"
        else:
            number = int(content.get("id") or 0)
            self._out.pop(number, None)
            if name == "confirm":
                app.queue.confirm(number)
            else:
                app.queue.fail(number, text.get("msg", ""))
            self._awake.set()
        return 0, None

    def _published(self, app: Application, text: Mapping[str, str]) -> None:
        message = Message(
            id=int(secrets.randbits(62)),
            topic=text.get("topic", ""),
            content=text.get("content", ""),
            group=self.group,
            published=app.clock(),
        )
        app.queue.sent_by_client(message)

    async def _deliver(self, queue: Queue) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            if not self._pulled:
                continue
            taken = queue.take(self.group, WINDOW - len(self._out), again=False)
            # All at once: the connection may end while one is being sent, and then the others are given back as well.
            self._out.update((message.id, None) for message in taken)
            for message in taken:
                await self._write(Frame(kind=SEND, content=_content(message)))

    async def _write(self, frame: Frame) -> None:
        await self._send({"type": "websocket.send", "bytes": frames.write(frame)})

    async def _close(self, code: int, reason: str) -> None:
        await self._send({"type": "websocket.close", "code": code, "reason": reason[:100]})


def _signed(text: Mapping[str, str]) -> dict[str, str]:
    return {name: text.get(name, "") for name in ("app_key", "group_name", "timestamp")}


def _content(message: Message) -> dict[str, Any]:
    at = datetime.fromtimestamp(message.published, timezone.utc)
    return {
        "__kind": Byte(DATA),
        "id": message.id,
        "topic": message.topic,
        "content": message.content,
        "dataid": f"{message.id:x}",
        "publisher": "4272",
        "userid": message.user_id,
        "nick": message.nick,
        "time": at,
        "outtime": at,
    }
