"""The server side of one WebSocket connection of the message channel."""

from __future__ import annotations

import asyncio
import gzip
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from chainable.sandbox.limits import HEAD_SECONDS
from taobao_top.sandbox import tmc_codec
from taobao_top.sandbox.messages import Message
from taobao_top.sandbox.signature import shown
from taobao_top.sandbox.signature_diagnosis import check
from taobao_top.sandbox.tmc_codec import CONNECT, CONNECT_ACK, SEND, SEND_ACK, Byte, Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chainable.sandbox.randomness import Randomness
    from chainable.sandbox.websocket import WebSocket
    from taobao_top.sandbox.app import Application
    from taobao_top.sandbox.messages import MessageQueue

__all__ = ["TmcConnection"]

WINDOW = 200
PULL, CONFIRM, DATA, FAILED = 1, 2, 3, 20
REFUSED = 1008


class TmcConnection:
    """One WebSocket connection; *find* gives the app of an app_key, *random* the tokens."""

    def __init__(self, channel: WebSocket, find: Callable[[str], Application | None], random: Randomness) -> None:
        self._random = random
        self.group = "default"
        self._channel = channel
        self._find = find
        self._token = self._given = random.hex(16, "token")
        self._connect_flag: int | None = None
        self._pulled = False
        self._out: dict[int, None] = {}
        self._awake = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def wake(self) -> None:
        """Look for messages; from any thread."""
        self._post(self._awake.set)

    def drop(self, *, hard: bool = False) -> None:
        """Close, or cut; from any thread."""
        self._post(self._channel.cut if hard else lambda: self._channel.close(1001, "the server goes away"))

    def expire(self) -> None:
        """Expect another token from now on."""
        self._token = self._random.hex(16, "token")

    def silence(self) -> None:
        """Read nothing more and hand nothing out; from any thread."""
        self._post(self._hang)

    def _hang(self) -> None:
        self._pulled = False
        self._channel.silence()

    def push(self, data: bytes) -> None:
        """Send these bytes as they are, whether they are a frame or not; from any thread."""
        self._post(lambda: self._spawn(self._channel.send(data)))

    def _post(self, action: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(action)

    def _spawn(self, doing: Any) -> None:
        self._task = self._loop.create_task(doing)

    async def serve(self) -> None:
        """Serve until the client goes away or is sent away."""
        try:
            app = await asyncio.wait_for(self._connected(), HEAD_SECONDS)
        except asyncio.TimeoutError:
            self._close("the first frame did not come in time")
            return
        if app is None:
            return
        self._channel.answer_pings_if(lambda: app.queue.answers_pings)
        app.queue.join(self)
        pushing = self._loop.create_task(self._deliver(app.queue))
        try:
            await self._write(Frame(kind=CONNECT_ACK, token=self._token, flag=self._connect_flag))
            while (frame := await self._next()) is not None:
                if not await self._handled(app, frame):
                    return
        finally:
            pushing.cancel()
            app.queue.requeue(list(self._out))
            app.queue.leave(self)

    async def _next(self) -> Frame | None:
        data = await self._channel.receive()
        if data is None:
            return None
        try:
            return tmc_codec.read(data)
        except tmc_codec.BROKEN as error:
            self._close(f"not a frame: {error}")
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
            await self._write(Frame(kind=CONNECT_ACK, code=code, phrase=phrase, flag=frame.flag))
            self._close("connection refused")
            return None
        self.group = text.get("group_name", "default")
        self._connect_flag = frame.flag
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
            self._close(refused)
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
            id=app.random.below(2**62, "message"),
            topic=text.get("topic", ""),
            content=text.get("content", ""),
            group=self.group,
            published=app.clock(),
        )
        app.queue.sent_by_client(message)

    async def _deliver(self, queue: MessageQueue) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            if not self._pulled:
                continue
            taken = queue.take(self.group, WINDOW - len(self._out), again=False)
            # All at once: the connection may end while one is being sent, and then the others are given back as well.
            self._out.update((message.id, None) for message in taken)
            for message in taken:
                await self._write(Frame(kind=SEND, token=self._given, content=_content(message)))

    async def _write(self, frame: Frame) -> None:
        await self._channel.send(tmc_codec.write(frame))

    def _close(self, reason: str) -> None:
        self._channel.close(REFUSED, reason[:100])


def _signed(text: Mapping[str, str]) -> dict[str, str]:
    return {name: text.get(name, "") for name in ("app_key", "group_name", "timestamp")}


def _content(message: Message) -> dict[str, Any]:
    at = datetime.fromtimestamp(message.published, timezone.utc)
    return {
        "__kind": Byte(DATA),
        "id": message.id,
        "topic": message.topic,
        "content": gzip.compress(message.content.encode()) if message.gzip else message.content,
        "dataid": f"{message.id:x}",
        "publisher": "4272",
        "userid": message.user_id,
        "nick": message.nick,
        "time": at,
        "outtime": at,
    }
