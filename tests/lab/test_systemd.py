"""The main job, on fresh Debian servers with systemd."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from meshtui_on import meshtui, on, status

from meshtui.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.systemd]


def test_from_three_targets_to_a_mesh_that_outlives_a_reboot(lab: Callable[..., Lab]) -> None:
    one = lab(3, systemd=True)
    (one.path / "mesh.toml").unlink()
    meshtui(one, "init", *(f"root@{host.v4}" for host in one.hosts))
    start = time.monotonic()
    done = meshtui(one, "apply", "--yes")
    took = time.monotonic() - start
    assert "6 of 6 directions up" in done.stderr
    assert took < 40, f"{took:.1f} s"  # bench_form.py measures it
    meshtui(one, "plan")
    for host in one.hosts:
        assert on(one, host.name, "systemctl", "is-enabled", "wg-quick@wg0").strip() == "enabled"

    for host in one.hosts:
        one.kill(host.name)
    for host in one.hosts:
        one.boot(host.name)
    deadline = time.monotonic() + 60
    ping = ["ping", "-c1", "-W1", "10.0.0.3"]
    while one.on("server-a", ping).returncode != 0:
        assert time.monotonic() < deadline, "the mesh is not back"
    # Nothing is left to do, and every other direction is there as well.
    meshtui(one, "plan")
    for name, address in (("server-b", "10.0.0.1"), ("server-c", "10.0.0.2")):
        on(one, name, "ping", "-c1", "-w5", address)
    assert {link["state"] for link in status(one)["links"]} == {"up"}


def test_an_interface_that_systemd_could_not_start_says_why(lab: Callable[..., Lab]) -> None:
    one = lab(2, systemd=True)
    # No other WireGuard, of which a plan knows.
    other = (
        "systemd-run -q --unit=taken systemd-socket-activate --datagram -l 51820 sleep 1000;"
        " until grep -q ':CA6C ' /proc/net/udp*; do sleep 0.1; done"
    )
    on(one, "server-b", "sh", "-c", other)
    done = meshtui(one, "apply", "--yes", code=1)
    said = " ".join(done.stderr.split())
    assert "server-b: " in said and "in use" in said and "did not start" in said
    assert one.on("server-b", ["test", "-e", "/etc/wireguard/wg0.conf"]).returncode != 0
    enabled = one.on("server-b", ["systemctl", "is-enabled", "wg-quick@wg0"]).stdout.strip()
    assert enabled != "enabled"
