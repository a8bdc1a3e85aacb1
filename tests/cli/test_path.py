"""`meshtui path`: both ways, in each family, as it should be and as it is."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from meshtui.cli import main
from meshtui.cli.path import Way, print_path, ways_now
from meshtui.fleet.fleet import Fleet
from meshtui.mesh.model import Found
from meshtui.plan.seen import Passing
from meshtui.store.changes import told_nat
from meshtui.store.journal import Journal
from tests.plan.fleets import formed, make_mesh
from tests.plan.sim import Sim

FILE = """
[mesh]
name = "prod"
networks = ["10.0.0.0/24", "fd10::/64"]
topology = "hub"

[hosts.hub]
ssh = "root@203.0.113.1"
hub = true

[hosts.web]
ssh = "root@203.0.113.2"

[hosts.db]
ssh = "root@203.0.113.3"

[peers.phone]
addresses = ["10.0.0.9"]
public_key = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBE="
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mesh.toml"
    path.write_text(FILE)
    return path


def run(file: Path, *words: str) -> int:
    return main(["-f", str(file), "path", *words])


def test_by_the_file_alone(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(file, "db", "web") == 0
    assert capsys.readouterr().out.splitlines() == [
        "db → hub → web  (10.0.0.3 to 10.0.0.2)",
        "web → hub → db  (10.0.0.2 to 10.0.0.3)",
        "db → hub → web  (fd10::3 to fd10::2)",
        "web → hub → db  (fd10::2 to fd10::3)",
    ]


def test_to_a_device_and_for_programs(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(file, "phone", "db", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert not said["now"]
    assert said["ways"][0] == {
        "from": "phone",
        "to": "db",
        "hops": ["phone", "hub", "db"],
        "problem": None,
        "next": None,
        "ends": ["10.0.0.9", "10.0.0.3"],
    }
    assert [way["to"] for way in said["ways"][:2]] == ["db", "phone"]


def test_without_a_hub_there_is_no_way(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(FILE.replace("[hosts.web]\n", "[hosts.web]\ndisabled = true\n"))
    assert run(file, "db", "web") == 1
    out = capsys.readouterr().out
    assert "× db  (10.0.0.3 to 10.0.0.2)\n  db has no peer for 10.0.0.2\n" in out


@pytest.mark.parametrize(
    ("words", "says"), [(["db", "wbe"], "did you mean web?"), (["db", "db"], "two ends")]
)
def test_nonsense(
    file: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(file, *words) == 2
    assert says in capsys.readouterr().err


# -- as it is


ON = Passing(has=("sysctl 4",))


def hub(passing: Passing = ON) -> Sim:
    """a is the hub of b, c and d; it passes on what it should."""
    mesh = replace(make_mesh(4), topology="hub")
    sim = formed(replace(mesh, hosts={**mesh.hosts, "a": replace(mesh.hosts["a"], hub=True)}))
    sim.boxes["a"].passing = passing
    return sim


def now(sim: Sim, a: str = "b", b: str = "c") -> list[Way]:
    async def plan() -> object:
        return sim.plan()

    fleet = SimpleNamespace(mesh=sim.mesh, plan=plan)
    return asyncio.run(ways_now(cast("Fleet", fleet), a, b))


def test_all_is_well() -> None:
    assert [way.hops for way in now(hub())] == [tuple("bac"), tuple("cab")]
    assert not any(way.problem or way.next for way in now(hub()))


def test_a_hub_that_forwards_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    ways = now(hub(Passing()))
    assert [way.problem for way in ways] == ["a does not forward to c", "a does not forward to b"]
    print_path(ways[:1])
    assert capsys.readouterr().out.splitlines() == [
        "× b → a  (10.0.0.2 to 10.0.0.3)",
        "  a does not forward to c",
        "  meshtui apply (meshtui plan tells what it changes)",
    ]
    dropped = Passing(has=("sysctl 4",), drops=("inet:filter:forward",))
    assert now(hub(dropped))[0].problem == "a does not forward to c"


def test_a_hub_that_does_not_answer() -> None:
    sim = hub()
    sim.boxes["a"].reachable = False
    [there, back] = now(sim)
    assert there.hops == ("b", "a") and there.problem == "a: no answer" == back.problem
    assert there.next == "see to a: no answer"
    sim.boxes["b"].reachable = False
    assert now(sim)[0].hops == ("b",)


def test_a_host_without_the_interface() -> None:
    sim = hub()
    sim.boxes["c"].live = None
    [there, back] = now(sim)
    assert (there.hops, there.problem) == (tuple("bac"), "c runs no such interface")
    assert (back.hops, back.problem, back.next) == (("c",), there.problem, "meshtui apply")


def test_who_has_met_is_known_from_the_last_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mesh.toml"
    hidden = "".join(f'[hosts.{name}]\nendpoint = "none"\n' for name in ("home", "office"))
    public = "[hosts.a]\n[hosts.b]\n"
    file.write_text(f'[mesh]\nname = "nat"\nnetworks = ["10.0.0.0/24"]\n{public}{hidden}')
    note = Journal("nat").note

    def applied(found: Found, **ending: object) -> str:
        note("apply", nat=told_nat(found))
        note("done", up=1, directions=1, **ending)
        assert run(file, "home", "office") == 0
        return capsys.readouterr().out.splitlines()[0].partition("  (")[0]

    assert applied(Found()) == "home → a → office"
    near = {"home": ("b", "a"), "office": ("b", "a")}
    assert applied(Found(near=near)) == "home → b → office"
    met = Found(met=frozenset({frozenset({"home", "office"})}), near=near)
    assert applied(met, reverted="not kept") == "home → b → office"
    assert applied(met) == "home → office"
