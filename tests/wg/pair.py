"""Two ends of a tunnel with WireGuard's timers (timers.c, messages.h), and ways to cut it.

It knows sizes and times only: enough for what an end's counters and handshake say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from meshtui.wg.dump import LivePeer

INIT, RESPONSE, KEEPALIVE = 148, 92, 32
STEP = 0.1
DELAY = 0.2


def data(inner: int) -> int:
    """The size on the wire of an inner packet."""
    return KEEPALIVE + -(-inner // 16) * 16


@dataclass
class End:
    """One end. `now` is the wall clock of both; times in seconds."""

    pair: Pair
    persistent: int = 0
    rx: int = 0
    tx: int = 0
    handshake: float = 0.0
    born: float | None = None
    """When its session began; None: there is none."""
    began: bool = False
    """Whether it is the session's initiator."""
    offered: bool = False
    """A handshake that it answered, and that is not confirmed."""
    queued: list[int] = field(default_factory=list)
    answer_at: float | None = None
    another: bool = False
    renew_at: float | None = None
    retry_at: float | None = None
    tries: int = 0
    last_init: float = -99.0
    persist_at: float | None = None

    def send(self, size: int) -> None:
        """Send `size` bytes of an inner packet; 0 is a keepalive."""
        now = self.pair.now
        if self.born is None or now - self.born >= 180:
            if size:
                self.queued.append(size)
            self.initiate()
            return
        self._out("data", data(size))
        if size:
            self.answer_at = None
            if self.renew_at is None:
                self.renew_at = now + 15
        if self.began and now - self.born >= 120:
            self.initiate()

    def initiate(self, *, again: bool = False) -> None:
        now = self.pair.now
        if now - self.last_init < 5:
            return
        self.tries = self.tries + 1 if again else 0
        if self.tries > 18:
            self.retry_at, self.queued = None, []
            return
        self.last_init, self.retry_at, self.renew_at = now, now + 5, None
        self._out("init", INIT)

    def _out(self, kind: str, size: int) -> None:
        self.tx += size
        if self.persistent:
            self.persist_at = self.pair.now + self.persistent
        self.pair.carry(self, kind, size)

    def take(self, kind: str, size: int) -> None:
        now = self.pair.now
        self.rx += size
        self.renew_at = None
        if self.persistent:
            self.persist_at = now + self.persistent
        if kind == "init":
            self.offered = True
            self._out("response", RESPONSE)
        elif kind == "response":
            self.born, self.handshake, self.began = now, now, True
            self.retry_at, self.tries, self.offered = None, 0, False
            queued, self.queued = self.queued, []
            for one in queued or [0]:
                self.send(one)
        else:
            if self.offered:
                self.offered, self.began = False, False
                self.born, self.handshake, self.retry_at, self.tries = now, now, None, 0
            if size > KEEPALIVE:
                if self.answer_at is None:
                    self.answer_at = now + 10
                else:
                    self.another = True
            if self.began and self.born is not None and now - self.born >= 165:
                self.initiate()

    def tick(self) -> None:
        now = self.pair.now
        if self.answer_at is not None and now >= self.answer_at:
            self.answer_at = now + 10 if self.another else None
            self.another = False
            self.send(0)
        if self.renew_at is not None and now >= self.renew_at:
            self.renew_at = None
            self.initiate()
        if self.retry_at is not None and now >= self.retry_at:
            self.retry_at = None
            self.initiate(again=True)
        if self.persist_at is not None and now >= self.persist_at:
            self.persist_at = now + self.persistent
            self.send(0)

    def seen(self) -> LivePeer:
        """As its host would report it."""
        return LivePeer(
            "k", False, None, (), int(self.handshake), self.rx, self.tx, self.persistent
        )


class Pair:
    """The tunnel between `a` and `b`."""

    def __init__(self, a: int = 0, b: int = 0) -> None:
        """`a` and `b` are the ends' persistent keepalives."""
        self.now = 1000.0
        self.cut_a = self.cut_b = False
        """Whether what a, or b, sends vanishes."""
        self.lose: Callable[[], bool] = lambda: False
        self._wire: list[tuple[float, End, str, int]] = []
        self.a, self.b = End(self, a), End(self, b)
        self.a.initiate()
        for _ in self.run(3):
            pass
        assert self.a.handshake and self.b.handshake

    def carry(self, end: End, kind: str, size: int) -> None:
        if not (self.cut_a if end is self.a else self.cut_b) and not self.lose():
            self._wire.append((self.now + DELAY, self.b if end is self.a else self.a, kind, size))

    def run(self, seconds: float) -> Iterator[float]:
        """The time since the start, at each step."""
        for step in range(round(seconds / STEP)):
            self.now += STEP
            due = [one for one in self._wire if one[0] <= self.now]
            self._wire = [one for one in self._wire if one[0] > self.now]
            for _, end, kind, size in due:
                end.take(kind, size)
            self.a.tick()
            self.b.tick()
            yield (step + 1) * STEP
