"""The size that the lab is made for: how long it takes, and that every tunnel stands."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from meshtui.lab import Lab, LabHost, procs

pytestmark = pytest.mark.lab


def seconds(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def test_ten_hosts_are_up_in_three_seconds(lab: Callable[..., Lab]) -> None:
    took = seconds(lambda: lab(10))
    print(f"10 hosts up in {took:.2f} s")
    assert took < 3


def keypair() -> tuple[str, str]:
    private = subprocess.run(["wg", "genkey"], capture_output=True, check=True).stdout
    public = subprocess.run(["wg", "pubkey"], input=private, capture_output=True, check=True)
    return private.decode().strip(), public.stdout.decode().strip()


@pytest.mark.long
def test_fifty_hosts_in_full_mesh(lab: Callable[..., Lab]) -> None:
    made: list[Lab] = []
    took = seconds(lambda: made.append(lab(50)))
    print(f"50 hosts up in {took:.2f} s")
    assert took < 15
    fifty = made[0]
    keys = {host: keypair() for host in fifty.hosts}

    def join(host: LabHost) -> None:
        inner = {each: f"10.0.0.{number}" for number, each in enumerate(keys, 1)}
        text = (
            f"[Interface]\nAddress = {inner[host]}/24\nListenPort = 51820\n"
            f"PrivateKey = {keys[host][0]}\n"
        ) + "".join(
            f"[Peer]\nPublicKey = {public}\nAllowedIPs = {inner[other]}/32\n"
            f"Endpoint = {other.v4}:51820\nPersistentKeepalive = 25\n"
            for other, (_, public) in keys.items()
            if other != host
        )
        write = "umask 077; cat >/etc/wireguard/wg0.conf; wg-quick up wg0"
        done = fifty.on(host.name, ["sh", "-c", write], input=text)
        assert done.returncode == 0, done.stderr

    with ThreadPoolExecutor(4) as pool:
        print(f"joined in {seconds(lambda: list(pool.map(join, keys))):.1f} s")

    shaken: dict[str, int] = {}

    def all_stand() -> bool:
        for host in keys:
            if shaken.get(host.name) != 49:
                told = fifty.on(host.name, ["wg", "show", "wg0", "latest-handshakes"]).stdout
                shaken[host.name] = sum(line.split()[1] != "0" for line in told.splitlines())
        return sum(shaken.values()) == 2450

    waited = seconds(
        lambda: procs.wait_until(all_stand, 60, lambda: f"{sum(shaken.values())} of 2450 stand")
    )
    print(f"2450 tunnels stand {waited:.1f} s later")
    pings = [f"10.0.0.{n}" for n in range(2, 51)]
    for address in pings:
        assert fifty.on("server-a", ["ping", "-c1", "-W5", address]).returncode == 0, address
