"""The messages of an app: waiting, handed out, failed, confirmed."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any, Protocol

from attrs import asdict, evolve, field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taobao_top.sandbox.faults import Fault, Faults

__all__ = ["Link", "Message", "MessageQueue"]

LEASE = 600.0
"""Seconds until a message that is not confirmed is handed out again."""
KEPT = 1000
LISTS = ("waiting", "held", "behind", "lost", "confirmed", "sent")
SLACK = 0.05
"""Seconds that two clocks may differ."""


class Link(Protocol):
    """A consumer's connection; its methods are called from any thread."""

    group: str

    def wake(self) -> None:
        """Look for messages."""

    def drop(self, *, hard: bool = False) -> None:
        """Close, or cut with *hard*."""

    def expire(self) -> None:
        """Expect another token from now on."""

    def silence(self) -> None:
        """Stop reading, and hand nothing out."""


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
        gzip: The channel sends the content as gzip'd bytes, as the platform
            may do; the HTTP methods send text.
    """

    id: int
    topic: str
    content: str = field(repr=False)
    group: str = "default"
    user_id: int = 2054718218
    nick: str = "sandbox_seller"
    published: float = 0.0
    deliveries: int = 0
    gzip: bool = False


class MessageQueue:
    """
    The messages of one app, each handed out until it is confirmed.

    Attributes:
        answers_pings: Whether the channel answers pings. False is how the
            server of top-link behaves, on which the platform's channel stands.
    """

    def __init__(self, clock: Callable[[], float], faults: Faults) -> None:
        self.answers_pings = True
        self._clock = clock
        self._faults = faults
        self._lock = threading.RLock()
        self._waiting: dict[str, OrderedDict[int, Message]] = {}
        self._held: OrderedDict[int, Message] = OrderedDict()
        self._out: OrderedDict[int, tuple[Message, float]] = OrderedDict()
        self._links: list[Link] = []
        self._refusing = 0
        self._last = 7_100_000_000_000_000_000
        self._confirmed: deque[Message] = deque(maxlen=KEPT)
        self._failed: deque[tuple[int, str]] = deque(maxlen=KEPT)
        self._sent: deque[Message] = deque(maxlen=KEPT)
        self._lost: deque[Message] = deque(maxlen=KEPT)
        self._late: list[tuple[float, Message]] = []
        self._behind: list[Message] = []
        self._doubled: set[int] = set()

    def publish(
        self,
        topic: str,
        content: Mapping[str, Any] | str = "{}",
        *,
        group: str = "default",
        user_id: int = 2054718218,
        nick: str = "sandbox_seller",
        gzip: bool = False,
    ) -> Message:
        """
        Put a message into the queue; connected consumers that have pulled get it at once, unless a fault of ``notify`` and
        its topic applies.

        Args:
            topic: Its topic.
            content: A mapping, which is written as JSON, or any text.
            group: Which group of consumers gets it.
            user_id: The seller's number.
            nick: The seller's name.
            gzip: Send the content as gzip'd bytes through the channel.
        """
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
                gzip=gzip,
            )
            self._admit(message, self._faults.of_notification(topic, text))
        self._wake(group)
        return message

    def _admit(self, message: Message, fault: Fault | None) -> None:
        """Put a message where its fault has it, and those that wait for the next one behind it."""
        kind = "" if fault is None else fault.kind
        if kind == "lost":
            self._lost.append(message)
        elif kind == "out_of_order":
            self._behind.append(message)
        elif fault is not None and kind == "late":
            self._late.append((self._clock() + fault.seconds, message))
            timer = threading.Timer(fault.seconds + SLACK, self._wake, (message.group,))
            timer.daemon = True
            timer.start()
        else:
            if kind == "doubled":
                self._doubled.add(message.id)
            for each in (message, *self._behind):
                self._put(each)
            self._behind.clear()

    def wake(self) -> None:
        """Look for messages that are due again on all connections: the time has changed."""
        for link in self.links:
            link.wake()

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
        """Hand out messages, with *again* failed ones too; those unconfirmed for ten minutes are always handed out again."""
        now = self._clock()
        with self._lock:
            while self._out and next(iter(self._out.values()))[1] <= now:
                self._put(self._out.popitem(last=False)[1][0])
            for due, message in tuple(self._late):
                if due <= now:
                    self._late.remove((due, message))
                    self._put(message)
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
            for message in tuple(chosen):
                if message.id in self._doubled:
                    self._doubled.remove(message.id)
                    chosen.append(message)
            return chosen

    def confirm(self, number: int) -> bool:
        """Confirm a message; return False if it was not handed out."""
        with self._lock:
            found = self._out.pop(number, None)
            if found is None:
                return False
            self._confirmed.append(found[0])
            return True

    def fail(self, number: int, reason: str = "") -> None:
        """Keep a message for the next pull."""
        with self._lock:
            found = self._out.pop(number, None)
            if found is not None:
                self._held[number] = found[0]
                self._failed.append((number, reason))

    def requeue(self, numbers: list[int]) -> None:
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

    def dump(self) -> dict[str, Any]:
        """Return all messages and where they are, as JSON values."""
        with self._lock:
            lists = {
                "waiting": [message for group in self._waiting.values() for message in group.values()],
                "held": self._held.values(),
                "behind": self._behind,
                "lost": self._lost,
                "confirmed": self._confirmed,
                "sent": self._sent,
            }
            return {
                **{name: [asdict(message) for message in messages] for name, messages in lists.items()},
                "out": [(until, asdict(message)) for message, until in self._out.values()],
                "late": [(due, asdict(message)) for due, message in self._late],
                "failed": list(self._failed),
                "doubled": sorted(self._doubled),
                "last": self._last,
            }

    def load(self, dump: Mapping[str, Any]) -> None:
        """Have the messages that :meth:`dump` returned, and no others; nothing of them by default."""
        with self._lock:
            read = {name: [Message(**each) for each in dump.get(name, ())] for name in LISTS}
            self._waiting.clear()
            for message in read["waiting"]:
                self._put(message)
            self._held = OrderedDict((message.id, message) for message in read["held"])
            self._behind = read["behind"]
            for name in ("lost", "confirmed", "sent"):
                getattr(self, f"_{name}").clear()
                getattr(self, f"_{name}").extend(read[name])
            out = [(until, Message(**members)) for until, members in dump.get("out", ())]
            self._out = OrderedDict((message.id, (message, until)) for until, message in out)
            self._late = [(due, Message(**members)) for due, members in dump.get("late", ())]
            self._failed.clear()
            self._failed.extend((number, reason) for number, reason in dump.get("failed", ()))
            self._doubled = set(dump.get("doubled", ()))
            self._last = dump.get("last", self._last)

    def sent_by_client(self, message: Message) -> None:
        """Keep a message that a client published."""
        with self._lock:
            self._sent.append(message)

    @property
    def confirmed(self) -> list[int]:
        """The numbers of those confirmed, the last thousand."""
        with self._lock:
            return [message.id for message in self._confirmed]

    @property
    def done(self) -> list[Message]:
        """The messages confirmed, the last thousand."""
        with self._lock:
            return list(self._confirmed)

    @property
    def failed(self) -> list[tuple[int, str]]:
        """``(number, reason)`` of the failures, the last thousand."""
        with self._lock:
            return list(self._failed)

    @property
    def sent(self) -> list[Message]:
        """Messages that clients published through the channel or by HTTP, the last thousand."""
        with self._lock:
            return list(self._sent)

    @property
    def queued(self) -> list[Message]:
        """The messages that are not handed out, those that failed, and those that a fault keeps back."""
        with self._lock:
            waiting = (message for group in self._waiting.values() for message in group.values())
            return [*waiting, *self._held.values(), *(message for _, message in self._late), *self._behind]

    @property
    def lost(self) -> list[Message]:
        """The messages that a fault lost, the last thousand."""
        with self._lock:
            return list(self._lost)

    @property
    def out(self) -> list[Message]:
        """The messages that are handed out and not confirmed."""
        with self._lock:
            return [message for message, _ in self._out.values()]

    @property
    def waiting(self) -> int:
        """The number of messages not handed out, failed ones included."""
        return len(self.queued)

    @property
    def unconfirmed(self) -> int:
        """The number of messages handed out and not confirmed."""
        return len(self.out)

    @property
    def links(self) -> list[Link]:
        """The open connections."""
        with self._lock:
            return list(self._links)

    def refuse(self, times: int) -> None:
        """Refuse so many of the next connections, as an overloaded server does."""
        with self._lock:
            self._refusing = times

    def refusing(self) -> bool:
        """Count a connection, and return whether it has to be refused."""
        with self._lock:
            self._refusing -= 1
            return self._refusing >= 0

    def drop(self, *, hard: bool = False) -> int:
        """Close all connections, as a server does that goes away, or cut them; return how many there were."""
        return self._each(lambda link: link.drop(hard=hard))

    def expire(self) -> int:
        """Expire the tokens of all connections: the next frame is refused; return how many connections there were."""
        return self._each(lambda link: link.expire())

    def silence(self) -> int:
        """Make all connections hang: nothing is read from them or handed out; return how many there were."""
        return self._each(lambda link: link.silence())

    def _each(self, change: Callable[[Link], None]) -> int:
        links = self.links
        for link in links:
            change(link)
        return len(links)

    def join(self, link: Link) -> None:
        """Add a connection."""
        with self._lock:
            self._links.append(link)

    def leave(self, link: Link) -> None:
        """Remove a connection."""
        with self._lock:
            self._links.remove(link)
