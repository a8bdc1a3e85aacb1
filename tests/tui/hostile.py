"""A fleet whose every text is an attack: `python tests/tui/hostile.py` plays it.

What a host, a file or an error says is data. Shown, it must be inert: no markup, no click,
no escape sequence, nothing that reorders or hides what stands beside it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TypeVar

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from proposed import Proposed  # noqa: E402
from standin import StandIn, confirmed, dead, good_apply, make_mesh, make_plan, poll  # noqa: E402

from meshtui.errors import MeshError, UnknownHostKey  # noqa: E402
from meshtui.fleet.edits import Edit  # noqa: E402
from meshtui.fleet.events import (  # noqa: E402
    ApplyResult,
    Armed,
    DirectionVerified,
    HostPolled,
    Keep,
    Progress,
)
from meshtui.fleet.reports import CommandResult, RoundTrip  # noqa: E402
from meshtui.mesh.model import Mesh  # noqa: E402
from meshtui.plan.model import HostPlan, Plan  # noqa: E402
from meshtui.store.changes import Change  # noqa: E402

#: No sequence that the app itself sends has this number in it.
TOKEN = "7777"
EVIL = (
    "[bold red]x[/] [@click=app.bell]y[/] [link=http://evil]z[/]"
    f"\x1b[31;{TOKEN}m\x1b[{TOKEN};1H\x1b[2J\x1b]0;{TOKEN}\x07\x1b]52;c;{TOKEN}\x07"
    f"\x1b]8;;http://{TOKEN}\x1b\\\x1bP{TOKEN}\x1b\\\x9b{TOKEN}m\x9d8;;{TOKEN}\x9c"
    "\u202egnp\u2066\u2069\u200b\u200d\ufeff\u00ad\u2028\u2029\U000e0041\ue000e\u0301\u0301\u0301\u0301"
    "\r\n\t\b\a\x00\x7f\x85 end"
)
#: What is shown of it, wherever there is room: written out, and obeyed by nobody.
MARKUP, ESCAPE, BIDI = "[bold red]x[/]", "␛[31", "<U+202E>"

#: As much as mesh.toml takes: 63 characters, dots and dashes in odd places.
LONGEST = "a" + "._-" * 20 + "-Z"

#: Fields that say which host or what kind of thing; what is said of it is attacked.
_KINDS = {"state", "phase", "action", "impact", "host", "name", "from_", "to", "mesh", "interface"}

T = TypeVar("T")


def poisoned(value: T, evil: str = EVIL) -> T:
    """The same value with an attack in place of every text in it."""
    if isinstance(value, str):
        return evil  # type: ignore[return-value]
    if is_dataclass(value) and not isinstance(value, type):
        new = {field.name: getattr(value, field.name) for field in fields(value)}
        new = {k: v if k in _KINDS else poisoned(v, evil) for k, v in new.items()}
        return type(value)(**new)
    if hasattr(value, "_fields"):
        new = {k: v if k in _KINDS else poisoned(v, evil) for k, v in value._asdict().items()}
        return type(value)(**new)
    if isinstance(value, tuple | list):
        return type(value)(poisoned(item, evil) for item in value)
    if isinstance(value, dict):
        return {k: poisoned(v, evil) for k, v in value.items()}  # type: ignore[return-value]
    return value


class Hostile(StandIn):
    """Three hosts: one that answers, one that is dead, one with a name as long as can be."""

    def __init__(self, mesh: Mesh, evil: str = EVIL) -> None:
        super().__init__(mesh)
        self.journal = [
            poisoned(Change(1, "apply", evil, steps={"a": [evil]}, failed={"b": evil}), evil)
        ]
        self.evil = evil
        self.asks = False
        """Whether an apply comes to a question, in place of its end."""

    async def watch(self, interval: Callable[[], float]) -> AsyncIterator[HostPolled]:
        names = list(self.mesh.hosts)
        for tick, name in enumerate(names):
            yield poisoned(poll(self.mesh, name, tick), self.evil)
        yield dead(self.mesh, names[1], self.evil)
        async for event in super().watch(interval):
            yield event

    async def plan(self, *, prune: bool = False, only: str | None = None) -> Plan:
        good = make_plan(self.mesh, prune=prune)
        first, second, *others = (poisoned(host, self.evil) for host in good.hosts)
        # A diff has lines of its own: each is an attack, and as many as there are.
        lines = "\n".join([self.evil.replace("\n", "")] * 30)
        owed = HostPlan(second.host, problem=self.evil, notes=(self.evil,))
        first = HostPlan(first.host, first.steps, lines, f"{lines}\n{self.evil}", first.notes)
        return Plan(good.mesh, good.interface, (first, owed, *others))

    async def apply(
        self, plan: Plan, keep: Keep | None = None
    ) -> AsyncIterator[Progress | Armed | DirectionVerified | ApplyResult]:
        names = list(self.mesh.hosts)
        if self.asks:
            self.apply_events = confirmed(plan, time.monotonic() + 60, (self.evil,))
            async for event in super().apply(plan, keep):
                yield event
            return
        for event in good_apply(plan)[:-1]:
            yield poisoned(event, self.evil)  # type: ignore[misc]
        yield Progress(names[0], "change", "failed", self.evil)
        yield DirectionVerified(names[0], names[1], False, self.evil)
        raise MeshError(self.evil, host=names[1], hint=self.evil)

    async def propose(self, edit: Edit) -> Proposed:
        if edit.kind == "remove":
            raise MeshError(self.evil, host=self.evil, hint=self.evil)
        return await super().propose(edit)

    def _answer(self, call: str, good: object) -> object:
        return poisoned(super()._answer(call, good), self.evil)

    async def round_trips(self, hosts: Collection[str]) -> AsyncIterator[RoundTrip]:
        async for one in super().round_trips(hosts):
            yield poisoned(one, self.evil)

    async def run(self, hosts: Collection[str], command: str) -> AsyncIterator[CommandResult]:
        async for one in super().run(hosts, command):
            yield poisoned(one, self.evil)


def hostile_mesh(*, evil_names: bool) -> Mesh:
    """`evil_names`: names that mesh.toml would never take, for the screens alone."""
    names = [EVIL[:60], "\u202e" + EVIL, "x" * 10_000] if evil_names else ["a", "b", LONGEST]
    return make_mesh(names=names)


def unknown_key() -> UnknownHostKey:
    return UnknownHostKey(EVIL * 9, host=EVIL, hint=EVIL, fingerprint=EVIL * 99)


if __name__ == "__main__":
    from meshtui.tui.meshes import Shown
    from meshtui.tui.start import run

    fleet = Hostile(hostile_mesh(evil_names=False), EVIL * 60)
    sys.exit(run([Shown(fleet.mesh, fleet.open)]))
