"""Drift on real hosts: seen, adopted, repaired, ignored."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from fleet_on import _command
from meshtui_on import apply, conf, meshtui, on, plan, status

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]

STRANGER = "WVJgt1cpsqm2tNZdZ3SxzRXcW4X1k0dQ3nvAq1JZDUs="
UNKNOWN = f"unknown peer {STRANGER[:12]}…"


def key_of(lab: Lab, host: str) -> str:
    return str(status(lab)["hosts"][host]["public_key"])


def drift(lab: Lab, host: str = "server-a") -> dict[tuple[str, str], dict[str, Any]]:
    """What `status --json` says of a host, by place and name."""
    found = status(lab)["hosts"][host]["drift"]
    return {(one["where"], one["what"]): one for one in found}


def one_of(found: dict[tuple[str, str], dict[str, Any]], where: str, what: str) -> tuple[Any, Any]:
    one = found[where, what]
    return one["wanted"], one["found"]


@pytest.mark.long
def test_what_is_changed_by_hand_shows_and_what_roams_does_not(lab: MakeLab) -> None:
    one = lab(3)
    apply(one)
    assert all(not host["drift"] for host in status(one)["hosts"].values())
    assert "no drift" in meshtui(one, "drift").stdout
    b, c = key_of(one, "server-b"), key_of(one, "server-c")
    script = f"""
        wg set wg0 peer {b} persistent-keepalive 7
        wg set wg0 peer {STRANGER} allowed-ips 10.0.0.77/32
        ip address add 10.0.0.99/24 dev wg0
        sed -i 's/^ListenPort.*/ListenPort = 7777/' /etc/wireguard/wg0.conf
        chmod 644 /etc/wireguard/wg0.conf
    """
    on(one, "server-a", "sh", "-ec", script)
    found = drift(one)
    assert one_of(found, "running", "server-b persistent_keepalive") == ("0", "7")
    assert one_of(found, "running", UNKNOWN) == (None, f"{STRANGER}, 10.0.0.77/32")
    assert one_of(found, "kernel", "addresses") == ("10.0.0.1/24", "10.0.0.1/24, 10.0.0.99/24")
    assert one_of(found, "disk", "listen_port") == ("51820", "7777")
    assert one_of(found, "disk", "file mode") == ("600", "644")
    assert not drift(one, "server-b") and not drift(one, "server-c")
    listed = meshtui(one, "drift", "server-a", code=3).stdout
    for item in found.values():
        assert item["id"] in listed and item["what"] in listed

    # Repaired, all of it, but for the peer that nobody knows; and on this host alone.
    id_ = found["disk", "listen_port"]["id"]
    on(one, "server-b", "wg", "set", "wg0", "peer", c, "persistent-keepalive", "9")
    meshtui(one, "drift", "--repair", id_, "--yes")
    assert {what for _, what in drift(one)} == {UNKNOWN}
    assert one_of(drift(one, "server-b"), "running", "server-c persistent_keepalive") == ("0", "9")
    assert "ListenPort = 51820" in conf(one, "server-a")

    # Ignored, heeded again, and then repaired as well.
    (item,) = drift(one).values()
    meshtui(one, "drift", "--ignore", item["id"])
    assert [same["ignored"] for same in drift(one).values()] == [True]
    assert "1 ignored" in meshtui(one, "drift", "server-a").stdout
    meshtui(one, "drift", "--heed", item["id"])
    meshtui(one, "drift", "server-a", code=3)
    meshtui(one, "drift", "--repair", item["id"], "--yes")
    assert not drift(one)
    assert STRANGER not in on(one, "server-a", "wg", "show", "wg0", "peers")


def test_a_lost_route_shows_and_is_put_back(lab: MakeLab) -> None:
    one = lab(2)
    apply(one)
    on(one, "server-a", "ip", "route", "del", "10.0.0.0/24", "dev", "wg0")
    found = drift(one)
    assert one_of(found, "kernel", "route") == ("10.0.0.0/24", None)
    assert list(found) == [("kernel", "route")]
    apply(one)
    assert not drift(one)


def test_a_port_set_by_hand_is_adopted(lab: MakeLab) -> None:
    one = lab(2)
    apply(one)
    on(one, "server-a", "wg", "set", "wg0", "listen-port", "7777")
    (item,) = drift(one).values()
    assert (item["where"], item["wanted"], item["found"]) == ("running", "51820", "7777")
    before = (one.path / "mesh.toml").read_text()
    said = meshtui(one, "drift", "--adopt", item["id"]).stdout
    assert "listen_port = 7777" in said
    after = (one.path / "mesh.toml").read_text()
    assert after != before and "listen_port = 7777" in after
    assert on(one, "server-a", "wg", "show", "wg0", "listen-port").strip() == "7777"
    # Now it is the file, and where the others think it is, that are otherwise.
    assert one_of(drift(one), "disk", "listen_port") == ("7777", "51820")
    assert plan(one)["changes"]
    apply(one)
    assert not drift(one) and not drift(one, "server-b")
    assert meshtui(one, "drift", "--adopt", "nonsense", code=2).stderr.startswith("meshtui: there")


def test_a_watch_tells_of_it_while_it_looks(lab: MakeLab) -> None:
    one = lab(2)
    apply(one)
    process = subprocess.Popen(_command(one, "watch_both", ()), stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        lines = (json.loads(line) for line in process.stdout)
        told = {event["host"]: event for event in (next(lines), next(lines))}
        assert set(told) == {"server-a", "server-b"} and not told["server-a"]["drifts"]
        on(one, "server-a", "wg", "set", "wg0", "listen-port", "7777")
        event = next(event for event in lines if event["host"] == "server-a")
        (found,) = event["drifts"]
        assert (found["what"], found["found"]) == ("listen_port", "7777")
    finally:
        process.kill()
        process.wait()
