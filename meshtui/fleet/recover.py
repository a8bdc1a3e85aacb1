"""What a crash left behind: all hosts to the new state if one confirmed it, else to the old."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from meshtui.errors import HostError, MeshError
from meshtui.fleet.apply import Applied
from meshtui.fleet.events import ApplyResult, Phase, Progress
from meshtui.fleet.fleet import Fleet
from meshtui.fleet.reports import Standing
from meshtui.fleet.session import Session
from meshtui.store.changes import Change, broken_off, changes
from meshtui.store.document import read_text
from meshtui.store.edit import Draft
from meshtui.store.journal import Journal
from meshtui.store.kept import sha256_of
from meshtui.store.meshfile import parse

_ASK_SECONDS = 20.0
_END_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Stand:
    """How a change stands on a host."""

    state: str | None
    """`pending`, `committing` or `rolling`; None: it is not under way there."""
    confirmed: bool
    """Whether the host keeps it, or is about to."""


def standing(mesh: str) -> Standing | None:
    """The change of this machine that was broken off, if there is one."""
    found = broken_off(changes(Journal(mesh).read()))
    if found is None:
        return None
    if found.diverged:
        what = f"DIVERGED: {', '.join(found.diverged)} did not confirm what others did"
    else:
        what = f"was broken off ({found.phase}, {len(found.armed)} hosts)"
    by = f" by {found.by}" if found.by else ""
    text = f"change {found.number}{by} {what}: meshtui recover ends that"
    return Standing(found.number, found.by, found.at, tuple(found.diverged), text)


async def recover(fleet: Fleet, break_id: str | None = None) -> AsyncIterator[Applied]:
    """End what was broken off. The last item is the ApplyResult. MeshError: there is nothing.

    `break_id`: end the change of that id, whoever began it, on all hosts that hold it.
    """
    start = time.monotonic()
    journal = Journal(fleet.mesh.name)
    with journal.alone():
        found = broken_off(changes(journal.read()))
        if break_id is not None and (found is None or found.id != break_id):
            found = Change(0, "apply", "", id=break_id, armed=list(fleet.mesh.hosts))
        if found is None:
            raise MeshError("no change was broken off: there is nothing to recover")
        sessions = _sessions(fleet, journal, found)
        try:
            known, failed = await _ask(fleet.mesh.interface, found.id, sessions)
            if break_id and not any(one.state or one.confirmed for one in known.values()):
                raise MeshError(f"no host is under change {break_id}")
            forward = any(one.confirmed for one in known.values())
            # Nobody confirms before the journal says so.
            sure = forward or found.phase != "confirm" or not failed
            verb: Phase = "confirm" if forward else "revert"
            for name, one in known.items() if sure else ():
                if one.state is None:
                    continue
                yield Progress(name, verb, "running")
                try:
                    await sessions[name].ask(
                        verb, fleet.mesh.interface, found.id, deadline=_END_SECONDS
                    )
                except HostError as error:
                    failed[name] = error.why
                    yield Progress(name, verb, "failed", error.why)
                else:
                    yield Progress(name, verb, "done")
            gone_back = [n for n, one in known.items() if not (one.state or one.confirmed)]
        finally:
            for session in sessions.values():
                session.close()
        if sure and (not failed or not forward):
            journal.note("recovered", id=found.id, how="confirmed" if forward else "reverted")
            if not forward:
                _put_back(fleet, journal, found)
    agreed = forward and sha256_of(read_text(fleet.path)) == found.file
    if agreed and (gone_back or not failed):
        # Others have it: the rest follows, as what booted with its old file meanwhile.
        plan = await fleet.plan()
        if plan.changes:
            async for event in fleet.apply(plan):
                yield event
            return
    why = None if forward or not sure else f"change {found.id} was taken back where it stood"
    yield ApplyResult(failed, (), time.monotonic() - start, reverted=why)


async def _ask(
    interface: str, change: str, sessions: dict[str, Session]
) -> tuple[dict[str, Stand], dict[str, str]]:
    """How it stands on each host; and why some do not say."""

    async def one(session: Session) -> Stand | HostError:
        try:
            reply = await session.ask("settled", interface, deadline=_ASK_SECONDS)
            return parse_standing(reply.decode("ascii", "replace"), change)
        except HostError as error:
            return error

    said = await asyncio.gather(*(one(session) for session in sessions.values()))
    named = list(zip(sessions, said, strict=True))
    known = {name: one for name, one in named if isinstance(one, Stand)}
    failed = {name: one.why for name, one in named if isinstance(one, HostError)}
    return known, failed


def parse_standing(reply: str, change: str) -> Stand:
    """What `standing` (revert.sh) printed, of this change."""
    state, confirmed = None, False
    for line in reply.splitlines():
        words = line.split()
        if words[:2] == ["change", change] and len(words) > 2:
            state = words[2]
        elif words == ["last", change, "confirmed"]:
            confirmed = True
    return Stand(state, confirmed or state == "committing")


def _sessions(fleet: Fleet, journal: Journal, found: Change) -> dict[str, Session]:
    """A connection to each host that was armed; by the mesh.toml of then, if that is kept."""
    ssh = {name: host.ssh for name, host in fleet.mesh.hosts.items()}
    if found.file:
        then = parse(journal.kept.text(found.file), fleet.path)
        ssh |= {name: host.ssh for name, host in then.hosts.items()}
    return {name: fleet.session(name, ssh[name]) for name in found.armed if name in ssh}


def _put_back(fleet: Fleet, journal: Journal, found: Change) -> None:
    """mesh.toml as it was before the change, where that had edited it and nobody has since."""
    text = read_text(fleet.path)
    if found.was and sha256_of(text) == found.file:
        Draft(journal.kept.text(found.was), text).take_back(fleet.path)
