"""
One server that behaves at random, and what two transports make of it.

A behaviour is drawn from a seed.  Both transports send it the same request,
then a second one: the direct transport must have the outcome of the default,
or raise one of its documented errors, and neither may read bytes of the first
response in the second.  The default, which reads headers and framing itself,
must have the outcome of plain requests on urllib3, or raise.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import socket
import threading
import time
import zlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import requests
from attrs import define, field

from chainable import CodecError, DirectTransport, RequestsTransport
from tests.chainable.fault_server import reset

if TYPE_CHECKING:
    import random

    from typing_extensions import Self

__all__ = ["Behaviour", "Duel", "drawn"]

_PATIENT = (5.0, 5.0)
_INTERIM_FIRST = re.compile(rb"\s*HTTP/1\.\S*\s+1\d\d")


@define
class Behaviour:
    """
    What the server does with one request.

    Attributes:
        method: The method of the request.
        pieces: What it sends, piece by piece.
        late: What it sends a moment later.
        then: ``keep``, ``close`` or ``reset``.
    """

    method: str
    pieces: list[bytes]
    late: bytes
    then: str


@define(eq=False)
class _Server:
    """Answers ``/first`` with the current behaviour, and any other target with the target."""

    behaviour: Behaviour | None = None
    done: threading.Event = field(factory=threading.Event)
    listener: socket.socket = field(factory=lambda: socket.create_server(("127.0.0.1", 0), backlog=64))
    thread: threading.Thread | None = None
    open: list[socket.socket] = field(factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    def start(self) -> None:
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        assert self.thread is not None
        self.thread.join()
        self.listener.close()
        for connection in self.open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.open = [each for each in self.open if each.fileno() >= 0]
            self.open.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            buffer = b""
            while True:
                while b"\r\n\r\n" not in buffer:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    buffer += piece
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                length = 1 if b"Content-Length: 1" in head else 0
                while len(buffer) < length:
                    buffer += connection.recv(65536)
                buffer = buffer[length:]
                target = head.split(b" ")[1]
                if target != b"/first":
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(target), target))
                elif not self.misbehave(connection):
                    return

    def misbehave(self, connection: socket.socket) -> bool:
        behaviour = self.behaviour
        assert behaviour is not None
        try:
            for piece in behaviour.pieces:
                connection.sendall(piece)
            if behaviour.late:
                time.sleep(0.002)
                connection.sendall(behaviour.late)
            if behaviour.then == "reset":
                reset(connection)
            elif behaviour.then == "close":
                connection.close()
        finally:
            self.done.set()
        return behaviour.then == "keep"


class _Plain(requests.Session):
    def resolve_redirects(self, *_: Any, **__: Any) -> Any:
        """Follow none, nor look for one."""
        return iter(())


@define(eq=False)
class Duel:
    """
    Both transports, and plain requests, against one server.

    Attributes:
        counts: How often each relation of the two outcomes occurred.
        differences: Behaviours that the direct transport must not have read as it did, by seed.
    """

    counts: Counter[str] = field(factory=Counter)
    differences: list[tuple[Any, str]] = field(factory=list)
    _server: _Server = field(factory=_Server)
    _default: RequestsTransport = field(factory=lambda: RequestsTransport(proxies={}))
    _direct: DirectTransport = field(factory=lambda: DirectTransport(trust_env=False))

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._default.close()
        self._direct.close()
        self._server.stop()

    def fight(self, behaviour: Behaviour, seed: Any) -> None:
        """Let both transports meet a behaviour, and note the relation of their outcomes."""
        expected, its_next = self.outcome(self._default, behaviour)
        outcome, next_outcome = self.outcome(self._direct, behaviour)
        self.counts["behaviours"] += 1
        if next_outcome != ("content", b"/second"):
            self.note(seed, f"the next request got {next_outcome!r}")
        if its_next != ("content", b"/second"):
            self.counts["the default's next request failed"] += 1
        if outcome == expected:
            self.counts["equal"] += 1
            self.counts[f"equal: {'an answer' if outcome[0] == 'answer' else 'an error'}"] += 1
        elif outcome[0] == "error":
            self.counts["both raise, other classes" if expected[0] == "error" else "stricter"] += 1
            if outcome[2] is not True:
                self.note(seed, f"maybe_sent is {outcome[2]!r}")
        elif behaviour.then == "reset" and expected[0] == "error":
            self.counts["a reset came earlier"] += 1
        else:
            self.note(seed, f"the default has {_short(expected)}, direct has {_short(outcome)}")
        self.compare_with_requests(expected, behaviour, seed)

    def compare_with_requests(self, expected: Any, behaviour: Behaviour, seed: Any) -> None:
        """Note an answer of the default that plain requests does not read."""
        if expected[0] == "error":
            if expected[2] is not True:
                self.note(seed, f"maybe_sent of the default is {expected[2]!r}")
            return
        plain = self.plain(behaviour)
        if plain == expected:
            self.counts["plain: equal"] += 1
        elif _INTERIM_FIRST.match(b"".join(behaviour.pieces)):
            self.counts["plain: takes an interim response for the final one"] += 1
        elif behaviour.then == "reset" and plain[0] == "error":
            self.counts["plain: a reset came earlier"] += 1
        else:
            self.note(seed, f"requests has {_short(plain)}, the default has {_short(expected)}")

    def plain(self, behaviour: Behaviour) -> Any:
        """Return what requests makes of a behaviour, on a connection of its own."""
        self._server.behaviour = behaviour
        self._server.done.clear()
        with _Plain() as session:
            session.trust_env = False
            try:
                outcome = _answer(session.send(self.request(behaviour.method, "first"), timeout=_PATIENT))
            except Exception as error:  # whatever it is: it is no answer
                outcome = "error", type(error).__name__, None
        self._server.done.wait(5)
        return outcome

    def note(self, seed: Any, difference: str) -> None:
        """Note a difference that must not be."""
        self.counts["differences"] += 1
        self.differences.append((seed, difference))

    def outcome(self, transport: Any, behaviour: Behaviour) -> tuple[Any, Any]:
        """Return what became of a request to this behaviour, and of the next request."""
        server = self._server
        server.behaviour = behaviour
        server.done.clear()
        try:
            outcome = _answer(self.send(transport, behaviour.method, "first"))
        except (requests.RequestException, CodecError) as error:
            outcome = "error", type(error).__name__, getattr(error, "maybe_sent", None)
        except Exception as error:  # noted, for it is not what a transport raises
            outcome = "error", type(error).__name__, None
        server.done.wait(5)
        try:
            following: Any = ("content", self.send(transport, "POST", "second").content)
        except requests.RequestException as error:
            following = "error", type(error).__name__
        return outcome, following

    def send(self, transport: Any, method: str, target: str) -> Any:
        request = self.request(method, target)
        return transport.send(request, timeout=_PATIENT, expires=time.monotonic() + 60)

    def request(self, method: str, target: str) -> requests.PreparedRequest:
        request = requests.PreparedRequest()
        request.method, request.url, request.body = (
            method,
            self._server.url + target,
            b"x" if method == "POST" else None,
        )
        request.headers = requests.structures.CaseInsensitiveDict(
            {"User-Agent": "x", "Accept-Encoding": "gzip", "Content-Length": "1" if method == "POST" else "0"}
        )
        return request


def _answer(response: Any) -> Any:
    return (
        "answer",
        response.status_code,
        response.reason,
        list(response.headers.items()),
        response.content,
        response.encoding,
        sorted((cookie.name, cookie.path, cookie.value) for cookie in response.cookies),
    )


def _short(outcome: Any) -> str:
    return repr(outcome if outcome[0] == "error" else (*outcome[1:4], outcome[4][:40], len(outcome[4]), *outcome[5:]))


def drawn(chance: random.Random) -> Behaviour:
    """Draw a behaviour: every fifth one breaks its header on purpose."""
    if chance.random() < 0.2:
        return _broken_header(chance)
    method = chance.choices(["POST", "GET", "HEAD"], [90, 7, 3])[0]
    body, coding = _body(chance)
    head, wire, is_fine = _message(chance, body, coding)
    data = _interim(chance) + head + (b"" if method == "HEAD" and chance.random() < 0.9 else wire)
    late = b""
    then = chance.choices(["keep", "close", "reset"], [70, 25, 5])[0] if is_fine else "close"
    dice = chance.random()
    if dice < 0.08:
        data, then = data[: chance.randrange(len(data) + 1)], chance.choice(["close", "close", "reset"])
    elif dice < 0.20:
        data, then = _mutated(chance, data), "close"
    elif dice < 0.28:
        stray = chance.choice(
            [
                b"x",
                b"\r\n",
                b"0\r\n\r\n",
                b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray",
                b"HTTP/1.1 100 Continue\r\n\r\n",
            ]
        )
        if chance.random() < 0.5:
            data += stray
        else:
            late = stray
    return Behaviour(method, _split(chance, data), late, then)


def _broken_header(chance: random.Random) -> Behaviour:
    """Draw a behaviour whose header block is the work of a broken server, or of an attacker."""
    body = chance.choice(
        [b"", b"ok", b"2\r\nok\r\n0\r\n\r\n", b"2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", b"okokok"]
    )
    start = chance.choices(
        ["HTTP/1.1 200 OK", "HTTP/1.0 200 OK", "HTTP/0.9 200 OK", "HTTP/1.1 204 x", "HTTP/1.1 304 x", "HTTP/1.1 200", "ok",
         "HTTP/1.10 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1\t200 OK", " HTTP/1.1 200 OK", "\r\nHTTP/1.1 200 OK",
         "HTTP/1.1 200 OK\r", "HTTP/1.1 200 O\0K", "HTTP/1.1 +200 OK", "HTTP/1.1 2_0 OK"],
        [60, 8, 4, 4, 4, *[1] * 11],
    )[0]  # fmt: skip
    lines = [_field(chance) for _ in range(chance.choice([1, 2, 3, 5]))]
    if chance.random() < 0.6:
        lines.append(chance.choice(["Content-Length: 2", "Transfer-Encoding: chunked"]))
    chance.shuffle(lines)
    ends = ["\r\n", "\n", "\r\r\n", "\r", "\n\r\n"]
    head = "".join(line + chance.choices(ends, [90, 4, 2, 2, 2])[0] for line in [start, *lines])
    head += chance.choices(["\r\n", "\n", "", "\r", "\r\r\n", " \r\n"], [90, 2, 4, 1, 1, 2])[0]
    data = head.encode("latin-1") + body
    if chance.random() < 0.1:
        data = data[: chance.randrange(len(data) + 1)]
    return Behaviour(
        chance.choice(["POST", "POST", "POST", "HEAD"]),
        _split(chance, data),
        b"",
        chance.choice(["close", "close", "close", "reset"]),
    )


def _field(chance: random.Random) -> str:
    names = [
        "Content-Length", "content-length", "Transfer-Encoding", "TRANSFER-ENCODING", "Connection", "Keep-Alive",
        "Proxy-Connection", "Content-Encoding", "Content-Type", "Set-Cookie", "X", "X-\u00e9", "X_Y", "Content_Length",
        "Content-Length ", "Content-Length\t", " Content-Length", "Transfer-Encoding\0", "Content\xa0Length", "", "(", "From x",
        "x" * 3000, "x" * 70_000, "Content-Lengt\u00ba", "K", "\x7f", "\ufeff".encode().decode("latin-1") + "Content-Length",
    ]  # fmt: skip
    values = [
        "2", "3", "02", "+2", "-2", " 2", "2 ", "2\t", "\t2", "2\x85", "2\xa0", "\x0b2", "2\x0c", "2_0", "0x2", "\u00b2", "2;2",
        "2, 2", "2,", "", "9" * 18, "9" * 30, "9" * 5000, "chunked", "Chunked", "chunked ", "xchunked", "chunked, chunked",
        "gzip, chunked", "chunked;q=1", '"chunked"', "\x0bchunked", "identity", "close", "Keep-Alive", "keep-alive, close",
        "timeout=5", "a\r b", "a\rContent-Length: 2", "a\nContent-Length: 2", "a\r\n b", "\r\n 2", "2\r\n ", "a\r\n\tb\r\n c",
        "a\0b", "\0", "a\x85b", "a\u00ffb", "a\x1cb", "\x7f", "a=b", "text/html; charset=gbk", "multipart/mixed; boundary=x",
        "message/rfc822", "message/delivery-status", "=?utf-8?q?a?=", "y" * 65_500, "y" * 65_540, "gzip", ":", ": a", "a: b",
    ]  # fmt: skip
    separator = chance.choices([": ", ":", ":  ", ":\t", " : ", "", "=", ":\r\n "], [70, 10, 3, 3, 2, 2, 1, 2])[0]
    name = chance.choice(names[:11] if chance.random() < 0.8 else names)
    return f"{name}{separator}{chance.choice(values)}"


def _body(chance: random.Random) -> tuple[bytes, str]:
    size = chance.choice([0, 0, 2, 2, 17, 300, 5000, 70_000])
    body = bytes(chance.choice(b'abc{}"1 \r\n') for _ in range(min(size, 300))) * (size // 300 or 1)
    coding = chance.choices(
        ["", "gzip", "deflate", "raw", "x-gzip", "gzip, gzip", "identity", "br", "GZIP", "cut", "false", "bogus"],
        [80, 5, 2, 2, 1, 1, 1, 1, 1, 2, 2, 1],
    )[0]
    if coding == "raw":
        packer = zlib.compressobj(wbits=-15)
        return packer.compress(body) + packer.flush(), "deflate"
    if coding == "cut":
        packed = gzip.compress(body)
        return packed[: chance.randrange(len(packed))], "gzip"
    if coding == "false":
        return body, "gzip"
    if coding == "deflate":
        return zlib.compress(body), coding
    if coding.lower() in {"gzip", "x-gzip"}:
        return gzip.compress(body), coding
    return (gzip.compress(gzip.compress(body)), coding) if coding == "gzip, gzip" else (body, coding)


def _message(chance: random.Random, body: bytes, coding: str) -> tuple[bytes, bytes, bool]:
    """Return head and body as they go over the wire, and whether the client can tell where they end."""
    status = chance.choices(
        ["200", "201", "204", "206", "301", "304", "404", "500", "503", "599", "999", "99", "1000", "20", "2OO"],
        [150, 3, 6, 2, 2, 5, 6, 5, 3, 1, 1, 1, 1, 1, 1],
    )[0]
    version = chance.choices(["HTTP/1.1", "HTTP/1.0", "HTTP/2", "HTTP/1.2", "http/1.1", "ICY"], [300, 20, 1, 1, 1, 1])[
        0
    ]
    reason = chance.choices(
        [" OK", "", " ", " Not  at All ", " \u00e9t\u00e9", "  OK", "\tOK"], [90, 3, 3, 3, 2, 1, 1]
    )[0]
    fields, is_usual = _fields(chance)
    if coding:
        fields.append(f"Content-Encoding: {coding}")
    kind = chance.choices(
        ["length", "chunked", "end", "twice", "differ", "both", "odd", "transfer", "short", "long"],
        [100, 40, 10, 3, 3, 3, 6, 3, 3, 3],
    )[0]
    length = len(body)
    wire = body
    is_fine = kind in {"length", "twice"}
    if kind == "length":
        fields.append(
            chance.choice([f"Content-Length: {length}", f"content-length:{length}", f"Content-Length:  {length} "])
        )
    elif kind == "chunked":
        wire, is_fine = _chunks(chance, body)
        fields.append(
            chance.choice(["Transfer-Encoding: chunked", "transfer-encoding: Chunked", "Transfer-Encoding:chunked "])
        )
    elif kind == "twice":
        fields += [f"Content-Length: {length}"] * 2
    elif kind == "differ":
        fields += [f"Content-Length: {length}", f"Content-Length: {length + 1}"]
    elif kind == "both":
        wire, is_fine = _chunks(chance, body)
        fields += [f"Content-Length: {length}", "Transfer-Encoding: chunked"]
    elif kind == "odd":
        odd = chance.choice(
            [
                "+{}",
                "-{}",
                "0x{}",
                "{0}, {0}",
                "{},",
                "",
                "\u00b2",
                "0{}",
                "00000000000000000000000{}",
                "9" * 25,
                "{} 1",
            ]
        )
        fields.append(f"Content-Length: {odd.format(length)}")
    elif kind == "transfer":
        odd = chance.choice(
            [
                "gzip, chunked",
                "identity",
                "chunked, chunked",
                "chunked;x=y",
                "",
                "xchunked",
                "chunked\r\nTransfer-Encoding: chunked",
            ]
        )
        wire = _chunks(chance, body)[0]
        fields.append(f"Transfer-Encoding: {odd}")
    elif kind == "short":
        fields.append(f"Content-Length: {max(0, length - chance.randrange(1, 9))}")
    elif kind == "long":
        fields.append(f"Content-Length: {length + chance.randrange(1, 9)}")
    chance.shuffle(fields)
    end = "\n" if chance.random() < 0.01 else "\r\n"
    head = end.join([f"{version} {status}{reason}", *fields, "", ""]).encode("latin-1")
    is_fine = is_fine and is_usual and end == "\r\n" and version == "HTTP/1.1"
    return head, wire, is_fine and status in {"200", "201", "206", "301", "404", "500", "503", "599"}


def _fields(chance: random.Random) -> tuple[list[str], bool]:
    """Return header fields, and whether they are those of usual servers."""
    known = [
        "Content-Type: application/json", "Content-Type: text/html; charset=gbk", "Content-Type: text/plain",
        "Content-Type:", "Wechatpay-Nonce: abc", "wechatpay-nonce: def", "X:   spaces  ", "X:\ttab\t", "X-Empty:",
        "X-Colon: a:b: c", "X-Latin: \u00e9", "X-Utf8: \u00e4\u00b8\u00ad", "Set-Cookie: a=b; Path=/", "Set-Cookie: c=d",
        "Date: Sat, 28 Nov 2026 10:00:00 GMT", "Server: x", "Location: /other", "Retry-After: 1", "Keep-Alive: timeout=5",
        "Trailer: X", 'X-Quote: "a, b"', "Vary: *",
    ]  # fmt: skip
    rare = [
        "Connection: close", "Connection: keep-alive", "Connection: Close, x", "Connection: upgrade\r\nUpgrade: x",
        "Proxy-Connection: close", "X-Fold: a\r\n b", "X Space: a", "X-Before : a", "NoColon", ": no name", "X-Nul: a\0b",
        "X-Bell: a\x07b", "X-Cr: a\rb", "X-Lf: a\nb", f"X-Long: {'y' * 5000}", f"X-Huge: {'y' * 70_000}", " X-Lead: a",
        "\u00e9: a", "X-(): a",
    ]  # fmt: skip
    fields = [chance.choice(known) for _ in range(chance.choice([0, 1, 3, 8]))]
    is_usual = chance.random() > 0.12
    if not is_usual:
        fields.append(chance.choice(rare))
    if chance.random() < 0.01:
        fields += ["X-Many: a"] * chance.choice([80, 98, 99, 100, 101, 130])
    return fields, is_usual


def _chunks(chance: random.Random, body: bytes) -> tuple[bytes, bool]:
    """Return a body in chunks, and whether they are well-formed."""
    parts = []
    at = 0
    while at < len(body):
        size = chance.choice([1, 5, 100, 1000, 40_000])
        piece = body[at : at + size]
        form = chance.choice(["{:x}", "{:X}", "0{:x}", "{:x}", "{:x}", "{:x};a=b", "{:x} "])
        parts.append(form.format(len(piece)).encode() + b"\r\n" + piece + b"\r\n")
        at += size
    parts.append(chance.choices([b"0\r\n\r\n", b"000\r\n\r\n", b"0;x\r\n\r\n", b"0\r\nX: y\r\n\r\n"], [90, 3, 3, 4])[0])
    dice = chance.random()
    if dice > 0.1:
        return b"".join(parts), True
    spoilt = chance.choice(
        [
            b"zz\r\nab\r\n",
            b"\r\n",
            b"-1\r\na\r\n",
            b"0x2\r\nab\r\n",
            b"2\nab\n",
            b"2\r\nabc\r\n",
            b"+2\r\nab\r\n",
            b"fffffffffffffffff\r\n",
        ]
    )
    parts.insert(chance.randrange(len(parts)), spoilt)
    if dice < 0.03:
        parts.pop()
    return b"".join(parts), False


def _interim(chance: random.Random) -> bytes:
    dice = chance.random()
    if dice > 0.06:
        return b""
    one = b"HTTP/1.1 %d Wait\r\n%b\r\n" % (
        chance.choice([100, 102, 103, 103, 199, 101]),
        chance.choice(
            [
                b"",
                b"Link: </x>\r\n",
                b"Content-Length: 3\r\n",
                b"Transfer-Encoding: chunked\r\n",
                b"Connection: close\r\n",
            ]
        ),
    )
    return one * chance.choice([1, 1, 2, 5, 20, 21])


def _mutated(chance: random.Random, data: bytes) -> bytes:
    mutable = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 3])):
        if not mutable:
            break
        at = chance.randrange(min(len(mutable), 400))
        dice = chance.random()
        if dice < 0.4:
            mutable[at] = chance.choice(b"\r\n\0 :,;0123456789aZ\x7f\xff\t")
        elif dice < 0.7:
            del mutable[at]
        else:
            mutable.insert(at, chance.choice(b"\r\n\0 :0aZ\xff\t"))
    return bytes(mutable)


def _split(chance: random.Random, data: bytes) -> list[bytes]:
    dice = chance.random()
    if dice < 0.6:
        return [data]
    if dice < 0.65:
        return [bytes([byte]) for byte in data[:80]] + [data[80:]]
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(1, 5)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
