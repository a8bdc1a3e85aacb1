"""systemd's tools on a demo's host."""

from __future__ import annotations

from pathlib import Path

from tests.demo.hosts import until
from tests.demo.kernels import boxes

UNIT = "wg-quick@wg0"
TIMER = "meshtui-revert-7"
RUN = f"systemd-run --quiet --collect --unit={TIMER}"


async def test_its_verbs(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        a.file("[Interface]\nListenPort = 51820\n")
        assert await a.call(f"systemctl is-enabled {UNIT}") == (1, b"disabled\n", b"")
        assert await a.call(f"systemctl is-active {UNIT}") == (3, b"inactive\n", b"")
        await a.says(f"systemctl enable {UNIT}.service")
        assert await a.says(f"systemctl is-enabled {UNIT}") == "enabled\n"
        assert (await a.call(f"systemctl is-active -q {UNIT}")) == (3, b"", b"")
        await a.says(f"systemctl start {UNIT}")
        await a.says(f"systemctl start {UNIT}")
        assert await a.says(f"systemctl is-active {UNIT}") == "active\n"
        assert await a.says("wg show interfaces") == "wg0\n"
        await a.says(f"systemctl restart {UNIT}")
        await a.says(f"systemctl stop {UNIT}")
        await a.says(f"systemctl stop {UNIT}")
        assert await a.says("wg show interfaces") == "\n"
        await a.says(f"systemctl disable {UNIT}")
        assert (await a.call(f"systemctl is-enabled {UNIT}")).status == 1
        await a.says(f"systemctl enable --now {UNIT}")
        assert await a.says("wg show interfaces") == "wg0\n"
        await a.says(f"systemctl disable --now {UNIT}")
        assert await a.says("wg show interfaces") == "\n"


async def test_what_cannot_be_done(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        assert await a.fails("systemctl start sshd") == (5, "Unit sshd could not be found.\n")
        assert await a.fails("systemctl more x") == (1, "Unknown command verb more.\n")
        assert (await a.fails("systemd-run ls"))[0] == 1


async def test_one_that_fails_says_why(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        a.file("[Interface]\nPostUp = nft -f x\n")
        status, said = await a.fails(f"systemctl start {UNIT}")
        assert status == 1 and said.startswith(f"Job for {UNIT}.service failed because the ")
        assert await a.call(f"systemctl is-active {UNIT}") == (3, b"failed\n", b"")
        told = await a.says(f"journalctl -q -u {UNIT} -n 2 -o cat --no-pager")
        assert told.splitlines() == [
            "/usr/bin/wg-quick: nft: command not found",
            "[#] ip link delete dev wg0",
        ]
        await a.says(f"systemctl reset-failed {UNIT}")
        assert await a.call(f"systemctl is-active {UNIT}") == (3, b"inactive\n", b"")
        # What it said is in the journal all the same.
        assert "nft" in await a.says(f"journalctl -q -u {UNIT} -n 12 -o cat --no-pager")
        assert await a.says("journalctl --sync") == ""


async def test_a_timer_runs_later(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        await a.says(f"{RUN} --on-active=0.05 sh -c 'true x'")
        assert not a.spawned
        await until(lambda: bool(a.spawned))
        assert a.spawned == [["sh", "-c", "true x"]] and not a.machine.timers


async def test_a_timer_that_is_stopped_or_there_already(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        await a.says(f"{RUN} --on-active=60 sh one")
        handle = a.machine.timers[TIMER]
        status, said = await a.fails(f"{RUN} --on-active=60 sh other")
        assert status == 1 and f"Unit {TIMER}.timer was already loaded" in said
        assert a.machine.timers == {TIMER: handle} and not handle.cancelled()
        await a.says(f"systemctl stop {TIMER}.timer")
        assert handle.cancelled() and not a.machine.timers
        await a.says(f"systemctl stop {TIMER}.timer")


async def test_the_units_of_a_boot(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        for name in ("wg0", "wg1"):
            a.file("[Interface]\nAddress = 10.0.0.1/24\n", name)
        await a.says(f"systemctl enable {UNIT}")
        await a.says("systemctl start wg-quick@wg1")
        a.halt()
        assert await a.says("wg show interfaces") == "\n"
        await a.boot()
        assert await a.says("wg show interfaces") == "wg0\n"
        assert await a.says(f"systemctl is-active {UNIT}") == "active\n"
