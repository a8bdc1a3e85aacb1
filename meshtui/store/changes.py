"""The journal, read as a list of changes: what was done, by whom, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from meshtui.errors import MeshError
from meshtui.mesh.model import Found

Kind = Literal["apply", "run"]


@dataclass(slots=True)
class Change:
    """One entry of `meshtui log`. Its texts are as the journal has them: not inert."""

    number: int
    """Counts from 1, and stays: the journal is only added to."""
    kind: Kind
    at: str
    """When it began, as ISO 8601 in UTC."""
    by: str = ""
    plan: str = ""
    """The plan in one line; of a command, how many hosts it ran on."""
    steps: dict[str, list[str]] = field(default_factory=dict)
    """By host; none in entries older than these are kept."""
    hosts: list[str] = field(default_factory=list)
    """Those that the last phase was begun on."""
    phase: str = ""
    """The last phase that was begun."""
    failed: dict[str, str] = field(default_factory=dict)
    """Host -> why."""
    up: int | None = None
    """Of `directions`, how many were proved to work; None: it did not come to its end."""
    directions: int = 0
    seconds: float = 0.0
    receipt: str = ""
    """What it did to sessions that it was not meant to touch."""
    file: str = ""
    """SHA-256 of the mesh.toml that was applied; see `Kept`."""
    was: str = ""
    """The same of the mesh.toml before, where the change was an edit of it."""
    leaving: str = ""
    """The host that it takes out of the mesh, until that is taken down."""
    id: str = ""
    """What the hosts know it by."""
    armed: list[str] = field(default_factory=list)
    """The hosts that were made ready to go back."""
    reverted: str = ""
    """Why it was taken back."""
    nat: Found = field(default_factory=Found)
    """Who had met behind NAT when it was planned, and by whom hosts there were relayed."""
    behind_nat: dict[str, str] = field(default_factory=dict)
    """Hosts that were found to be -> how."""
    diverged: list[str] = field(default_factory=list)
    """The hosts that did not say that they confirmed it, while others did."""
    recovered: str = ""
    """`confirmed` or `reverted`: how it ended where it had not come to its end."""

    @property
    def open(self) -> bool:
        """Whether hosts, or mesh.toml, may hold it, and nobody has confirmed or taken it back."""
        touched = self.armed or self.was
        return bool(touched and not self.recovered and (self.diverged or not self.ended))

    @property
    def ended(self) -> bool:
        """Whether it came to its end, well or not."""
        return self.kind == "run" or self.up is not None

    @property
    def ok(self) -> bool:
        """Whether every host changed as planned and every direction works."""
        works = (self.up or 0) == self.directions
        return self.ended and works and not (self.taken_back or self.failed)

    @property
    def taken_back(self) -> bool:
        """Whether no host has it."""
        return bool(self.reverted) or self.recovered == "reverted"

    @property
    def told(self) -> str:
        """How it ended, in a few words."""
        if not self.ended:
            then = f", recovered: {self.recovered}" if self.recovered else ""
            return f"broken off after {self.phase or 'nothing'} was begun{then}"
        if self.reverted:
            return f"taken back: {self.reverted}"
        if self.kind == "run":
            return "what it printed is not kept"
        text = f"{self.up} of {self.directions} directions up in {self.seconds:.1f} s"
        if self.failed:
            count = len(self.failed)
            text += f", {count} host{'' if count == 1 else 's'} not as planned"
        return text

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        told = asdict(replace(self, nat=Found()))
        return {**told, "nat": told_nat(self.nat), "ended": self.ended, "ok": self.ok}


def changes(entries: Iterable[Mapping[str, object]]) -> list[Change]:
    """All changes that these entries tell of, oldest first."""
    found: list[Change] = []
    for entry in entries:
        event = entry.get("event")
        if event == "apply" or event == "run":
            hosts = _texts(entry.get("hosts"))
            change = Change(len(found) + 1, event, _text(entry.get("at")), _text(entry.get("by")))
            change.plan = _text(entry.get("plan"))
            change.hosts, change.file = hosts, _text(entry.get("file"))
            change.leaving = _text(entry.get("leaving"))
            change.was, change.id = _text(entry.get("was")), _text(entry.get("id"))
            if event == "run":
                change.plan = f"a command on {len(hosts)} host{'' if len(hosts) == 1 else 's'}"
            change.nat = _nat(entry.get("nat"))
            steps = entry.get("steps")
            if isinstance(steps, dict):
                change.steps = {str(host): _texts(lines) for host, lines in steps.items()}
            found.append(change)
        elif (last := next((c for c in reversed(found) if c.kind == "apply"), None)) is None:
            continue
        elif event == "meet":
            # Hosts behind NAT called each other: that is no part of a change.
            continue
        elif event == "taken-down":
            last.leaving = ""
        elif event == "failed":
            last.failed[_text(entry.get("host"))] = _text(entry.get("why"))
        elif event == "done":
            _end(last, entry)
        elif event == "recovered":
            # Of the change that it names, whatever came after it.
            named = (c for c in reversed(found) if c.id and c.id == entry.get("id"))
            for change in named:
                change.recovered = _text(entry.get("how"))
        elif event == "file":
            # With what was found out, and written into it.
            last.file = _text(entry.get("file"))
        else:
            if event == "arm":
                last.armed = _texts(entry.get("hosts"))
            last.phase = _text(event)
            last.hosts = _texts(entry.get("hosts")) or last.hosts
    return found


def broken_off(found: Iterable[Change]) -> Change | None:
    """The latest apply, if it did not come to its end, and hosts may show it.

    One that was taken back changed nothing: what was so before it still is.
    """
    applies = (c for c in reversed(list(found)) if c.kind == "apply")
    last = next((c for c in applies if c.open or (c.armed and not c.taken_back)), None)
    return last if last is not None and last.open else None


def told_nat(found: Found) -> dict[str, object]:
    """What `Change.nat` is read from."""
    near = {host: list(names) for host, names in found.near.items()}
    return {"met": sorted(sorted(pair) for pair in found.met), "near": near}


def _nat(value: object) -> Found:
    told = value if isinstance(value, dict) else {}
    met, near = told.get("met"), told.get("near")
    return Found(
        met=frozenset(frozenset(_texts(pair)) for pair in (met if isinstance(met, list) else ())),
        near={
            str(h): tuple(_texts(n)) for h, n in (near if isinstance(near, dict) else {}).items()
        },
    )


def last_stayed(found: Iterable[Change]) -> Change | None:
    """The latest change that hosts have."""
    applies = (c for c in reversed(list(found)) if c.kind == "apply")
    return next((c for c in applies if c.ended and not c.taken_back), None)


def owed(found: Iterable[Change]) -> dict[str, str]:
    """Hosts -> why the latest change that stayed is not theirs yet.

    Also of a host that left, and was not taken down.
    """
    if (last := last_stayed(found)) is None:
        return {}
    leaves = {last.leaving: "it left, and was not taken down"} if last.leaving else {}
    return leaves | last.failed


def to_undo(found: Iterable[Change]) -> tuple[Change, Change]:
    """The last change to mesh.toml's mesh, and the one before it, to which undoing it leads.

    MeshError: there is no such change.
    """
    known = [
        change
        for change in found
        if change.kind == "apply" and change.file
        if not change.taken_back
    ]
    if len(known) < 2:
        what = f"change {known[0].number} is the first" if known else "nothing was applied"
        raise MeshError(f"{what}: there is nothing to go back to")
    before, last = known[-2:]
    if before.file == last.file:
        raise MeshError(
            f"change {last.number} did not change mesh.toml: there is nothing to take back",
            hint=f"meshtui log {last.number} tells what it did",
        )
    return before, last


def _end(change: Change, entry: Mapping[str, object]) -> None:
    change.failed = _by_host(entry.get("failed"))
    change.behind_nat = _by_host(entry.get("behind_nat"))
    up, directions, seconds = (entry.get(name) for name in ("up", "directions", "seconds"))
    change.up = up if isinstance(up, int) else 0
    change.directions = directions if isinstance(directions, int) else 0
    change.seconds = float(seconds) if isinstance(seconds, int | float) else 0.0
    change.receipt = _text(entry.get("receipt"))
    change.reverted = _text(entry.get("reverted"))
    change.diverged = _texts(entry.get("diverged"))


def _by_host(value: object) -> dict[str, str]:
    told = value.items() if isinstance(value, dict) else ()
    return {str(host): _text(text) for host, text in told}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [_text(one) for one in value] if isinstance(value, list) else []
