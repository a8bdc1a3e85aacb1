"""A mesh that is not on disk yet, and a host that leaves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from meshtui.errors import CommandFailed, HostError, MeshError
from meshtui.fleet.events import ApplyResult, Progress
from meshtui.fleet.fleet import Fleet
from meshtui.fleet.members import Leaving, leaving_plan, remove
from meshtui.mesh.model import Host
from meshtui.plan.model import HostPlan, Plan, Step
from meshtui.plan.seen import Seen
from meshtui.store.edit import add_host, remove_host
from meshtui.store.journal import Journal
from meshtui.wg.dump import LiveInterface

MESH = '[mesh]\nname = "m"\nnetworks = ["10.0.0.0/24"]\n[hosts.a]\nssh = "root@192.0.2.1"\n'
KEY = "WVJgt1cpsqm2tNZdZ3SxzRXcW4X1k0dQ3nvAq1JZDUs="
OTHER = "faPdsRaFQkhx+1hjf7ttcPFg/Eh6T/6XVcCbf8Aunyg="
TOOLS = frozenset({"wg"})
HOST = Host("b", "root@192.0.2.2", public_key=KEY)
FILE = f"[Interface]\nPrivateKey = @secret:1@\n[Peer]\nPublicKey = {OTHER}\n"
SEEN = Seen(tools=TOOLS, file=FILE, file_key=KEY, sha256="f" * 64)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "mesh.toml"
    path.write_text(MESH)
    return path


async def refuse(_: object) -> bool:
    return False


async def test_a_draft_is_written_when_it_is_applied_and_not_before(path: Path) -> None:
    fleet = Fleet(path, refuse, None, add_host(path, "b", "root@192.0.2.2"))
    assert list(fleet.mesh.hosts) == ["a", "b"]
    plan = Plan("m", "wg0", ())
    with Journal("m").alone(), pytest.raises(MeshError, match="another apply"):
        await anext(fleet.apply(plan))
    assert path.read_text() == MESH
    assert [type(event) async for event in fleet.apply(plan)] == [ApplyResult]
    text = path.read_text()
    assert '[hosts.b]\nssh = "root@192.0.2.2"\naddresses = ["10.0.0.2"]\n' in text
    await fleet.close()


async def test_a_file_that_was_edited_meanwhile_is_not_overruled(path: Path) -> None:
    fleet = Fleet(path, refuse, None, add_host(path, "b", "root@192.0.2.2"))
    path.write_text(MESH + "mtu = 1400\n")
    with pytest.raises(MeshError, match="changed by someone else"):
        await anext(fleet.apply(Plan("m", "wg0", ())))
    assert path.read_text() == MESH + "mtu = 1400\n"
    await fleet.close()


def test_only_what_is_of_this_mesh_is_taken_down() -> None:
    def actions(seen: Seen, host: Host = HOST) -> list[str]:
        return [step.action for step in leaving_plan("wg0", host, seen, {OTHER}).steps]

    live = LiveInterface("wg0", public_key=KEY, listen_port=51820, fwmark=None, peers={})
    assert actions(SEEN) == ["remove-file"]
    assert actions(replace(SEEN, live=live, exists=True)) == ["take-down", "remove-file"]
    assert actions(replace(SEEN, file=None, live=live, exists=True)) == ["take-down"]
    assert actions(Seen(tools=TOOLS, made_key=KEY)) == ["remove-file"]
    # Another's interface of the same name; nothing at all; nothing that can tell.
    stranger = replace(HOST, public_key=OTHER)
    assert actions(SEEN, stranger) == []
    assert actions(replace(SEEN, file=f"{FILE}# meshtui: a\n"), stranger) == ["remove-file"]
    assert actions(replace(SEEN, file=f"# wg0: kept by meshtui; x\n{FILE}"), stranger) != []
    assert actions(Seen(tools=TOOLS)) == []
    assert leaving_plan("wg0", HOST, Seen(), ()).problem == "wg is not installed"
    # What the file holds is shown before it goes; a peer of nobody's is named.
    plan = leaving_plan("wg0", HOST, SEEN, ())
    assert (plan.before, plan.after) == (FILE, "")
    assert "peer faPdsRaFQkhx… is not of this mesh" in plan.notes[0]


class Asked:
    """A session that notes what it is asked, and answers or fails."""

    def __init__(self, error: HostError | None = None) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.error = error

    async def ask(self, verb: str, *args: str, deadline: float) -> bytes:
        self.asked.append((verb, *args))
        if self.error:
            raise self.error
        return b""


async def test_the_host_is_taken_down_by_the_sum_that_was_seen(path: Path) -> None:
    path.write_text(MESH + '[hosts.b]\nssh = "root@192.0.2.2"\n')
    fleet = Fleet(path, refuse, None, remove_host(path, "b"))
    steps = (Step("remove-file", "x"),)
    session = Asked(CommandFailed("it changed", host="b"))
    leaving = Leaving(HostPlan("b", steps), session, "f" * 64)  # type: ignore[arg-type]
    events = [event async for event in remove(fleet, Plan("m", "wg0", ()), leaving)]
    assert session.asked == [("take_down", "wg0", "f" * 64)]
    assert [e.state for e in events if isinstance(e, Progress)] == ["running", "failed"]
    result = events[-1]
    assert isinstance(result, ApplyResult)
    assert "it changed" in result.failed["b"] and "/etc/wireguard/wg0.conf" in result.failed["b"]
    assert [entry["event"] for entry in Journal("m").read()] == [
        *("apply", "done", "file", "take-down", "failed")
    ]
    assert "hosts.b" not in path.read_text()
    await fleet.close()
