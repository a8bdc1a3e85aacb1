"""The story that a demo tells: what to press next and why. It goes by what really happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meshtui.tui.demo.scene import Scene

Say = Callable[[Scene, Scene], str]
"""What stands on the strip, by how things stand and stood when this part began.

`{mesh.plan}` is the key of that action, wherever the settings have put it.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the story."""

    name: str
    say: Say
    done: Callable[[Scene, Scene], bool]
    """Whether it is over, by how things stand and stood when it began."""


class Story:
    """Where one telling of it stands."""

    def __init__(self) -> None:
        self.at = 0
        """Which of `PARTS`; the last one has no end."""
        self.scene = self._since = Scene()
        self._begun = False

    @property
    def part(self) -> Part:
        """The part that is told now."""
        return PARTS[self.at]

    @property
    def over(self) -> bool:
        """Whether there is nothing left to press."""
        return self.at == len(PARTS) - 1

    @property
    def text(self) -> str:
        """What stands on the strip; see `Say`."""
        return self.part.say(self.scene, self._since)

    def look(self, scene: Scene) -> None:
        """Take in how things stand, and go on from whatever is over by that."""
        self.scene = scene
        if not self._begun:
            self._begun, self._since = True, scene
        while not self.over and self.part.done(scene, self._since):
            self.skip()

    def skip(self) -> None:
        """Go on to the next part."""
        if not self.over:
            self.at, self._since = self.at + 1, self.scene


def _changing(first: str) -> Say:
    """Of a part that ends with an apply: what to press for its plan, then what comes of that."""

    def say(scene: Scene, _: Scene) -> str:
        if scene.asking:
            return "It runs, and nothing is worse: {app.keep} keeps it. No answer takes it back."
        if scene.running:
            return "Carried out on all hosts at once, and proved with handshakes and pings…"
        if scene.front == "PlanScreen":
            return "Every step on every host, and what it touches: {plan.apply} applies it."
        if scene.front == "ApplyScreen":
            return "{apply.back} goes back to the grid."
        there = "" if scene.front == "MeshScreen" else "Back in the grid ({link.back}): "
        return there + first.replace("{spare}", scene.spare or "a host")

    return say


def _plan(scene: Scene, _: Scene) -> str:
    if any(state == "connecting" for state in scene.states.values()):
        return f"{len(scene.states)} servers, embedded in this process; each is reached over SSH…"
    return (
        f"{len(scene.states)} servers, and no mesh: the grid is empty. {{mesh.plan}} shows what"
        " meshtui would do, and does nothing yet."
    )


def _grid(scene: Scene, _: Scene) -> str:
    if scene.whole:
        return "Every direction up, each proved by a ping. {apply.back} goes back to the grid."
    return "Every cell is one direction of one tunnel, as its row's host sees it: watch it fill."


def _kill(scene: Scene, _: Scene) -> str:
    if scene.front != "MeshScreen":
        return "Back in the grid ({link.back}), let us break something."
    where = f"{scene.row} has the cursor" if scene.row else "Put the cursor on a host"
    return f"Now break something. {where}: {{demo.fault}} cuts its power, or does worse."


def _see(scene: Scene, _: Scene) -> str:
    name = _hurt(scene, "down")
    if scene.front == "LinkScreen":
        return f"This is not about {name}: {{link.back}}, and {{grid.open}} on a cell of its row."
    if name in scene.stale:
        return f"The others miss {name}, too. {{grid.open}} on such a cell says which end is wrong."
    return (
        f"{name} is silent. The others notice within 20 s, when what they send stays unanswered."
        " {grid.open} on its row asks why."
    )


def _revive(scene: Scene, _: Scene) -> str:
    if scene.on:
        seen = "There: which end is wrong, and why. " if scene.front == "LinkScreen" else ""
        return f"{seen}Power it up again: {{demo.fault}}, heal. Tunnels come back by themselves."
    return "It boots with the wg-quick file that it has; nobody tells it anything…"


def _block(scene: Scene, _: Scene) -> str:
    if scene.front != "MeshScreen":
        return "Back to the grid ({link.back}): there is a nastier thing to break."
    return (
        "Now what takes hours to find: a packet lost one way only. Put the cursor on a cell,"
        " {demo.fault}, firewall."
    )


def _why(scene: Scene, _: Scene) -> str:
    if scene.front == "LinkScreen":
        return "Both ends side by side; {link.ping} pings both ways. Who sends, and who hears?"
    one, other = next((f.hosts for f in scene.on if f.kind == "block"), ("one", "the other"))
    return f"The firewall drops {one} → {other}. {{grid.open}} on that cell: ask both ends."


def _heal(scene: Scene, _: Scene) -> str:
    if scene.on:
        return "Found. {demo.fault}, heal: the firewall lets it through again."
    return "WireGuard tries again by itself: the handshake comes within seconds…"


def _forget(scene: Scene, _: Scene) -> str:
    if scene.front != "MeshScreen":
        return "Back to the grid ({link.back}): somebody has root on your hosts, too."
    return "Somebody logs in and removes a peer by hand: cursor on a cell, {demo.fault}, forgets."


def _repair(scene: Scene, since: Scene) -> str:
    if scene.front == "DriftScreen":
        return "Found against wanted, item by item. {drift.repair} plans what mends this host."
    who = ", ".join(sorted(scene.drift | scene.missing)) or "a host"
    return _changing(f"{who} is not as mesh.toml says. {{about.drift}} on its row shows how.")(
        scene, since
    )


def _end(_scene: Scene, _since: Scene) -> str:
    return (
        "Real SSH, real keys, real WireGuard: now with your own. {app.leave} quits; then:"
        " meshtui init root@HOST…"
    )


def _hurt(scene: Scene, kind: str) -> str:
    """The host that something was done to."""
    return next((fault.hosts[0] for fault in scene.on if fault.kind == kind), "it")


def _changed(scene: Scene, since: Scene) -> bool:
    """Whether a change ended well since."""
    return scene.applied > since.applied and scene.whole


def _formed(scene: Scene, since: Scene) -> bool:
    return scene.whole or scene.applied > since.applied


def _began(kind: str) -> Callable[[Scene, Scene], bool]:
    return lambda scene, _: any(fault.kind == kind for fault in scene.on)


def _healed(scene: Scene, _: Scene) -> bool:
    return not scene.on and scene.whole


def _between(scene: Scene, kind: str) -> bool:
    """Whether the link in front has all ends of what was done."""
    hurt = {host for fault in scene.on if fault.kind == kind for host in fault.hosts}
    return scene.front == "LinkScreen" and bool(hurt) and hurt <= set(scene.about)


PARTS: tuple[Part, ...] = (
    Part("plan", _plan, lambda s, _: s.front == "PlanScreen" or s.running or s.whole),
    Part("apply", _changing("{mesh.plan}, then {plan.apply}."), _formed),
    Part("grid", _grid, lambda s, _: s.whole and s.front == "MeshScreen"),
    Part("kill", _kill, _began("down")),
    Part("see", _see, lambda s, _: _between(s, "down")),
    Part("revive", _revive, _healed),
    Part(
        "add",
        _changing(
            "A new server has come, {spare}: {mesh.add} takes it in; the form is filled in already."
        ),
        lambda s, since: len(s.keys) > len(since.keys) and _changed(s, since),
    ),
    Part(
        "undo",
        _changing(
            "Changed your mind? {mesh.undo} takes the last change back: a plan, too, and as safe."
        ),
        lambda s, since: len(s.keys) < len(since.keys) and s.whole,
    ),
    Part(
        "rotate",
        _changing("{mesh.rotate} gives the row's host another key; its tunnels go on meanwhile."),
        lambda s, since: _changed(s, since) and not s.keys.items() <= since.keys.items(),
    ),
    Part("block", _block, _began("block")),
    Part("why", _why, lambda s, _: _between(s, "block") and s.pinged),
    Part("heal", _heal, _healed),
    Part("forget", _forget, lambda s, since: s.done > since.done and bool(s.drift | s.missing)),
    Part("repair", _repair, lambda s, _: s.whole and not s.drift | s.missing),
    Part("end", _end, lambda _, __: False),
)
