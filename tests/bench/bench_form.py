"""A fresh mesh of servers with systemd, against plain ssh doing the same by hand.

    sudo .venv/bin/python tests/bench/bench_form.py [HOSTS] [ROUNDS]

By hand: one `ssh` per server, all at once, each pushing a prepared file and running
`systemctl enable --now wg-quick@wg0`; nothing is planned, made or verified.
meshtui: `meshtui apply --yes`, from start to exit, everything verified.
Budget (10 hosts): a ratio of 2.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from meshtui.lab import Lab

PUSH = "umask 077; cat >/etc/wireguard/wg0.conf && systemctl -q enable --now wg-quick@wg0"
RESET = "systemctl -q disable --now wg-quick@wg0; rm -f /etc/wireguard/wg0.conf"


def prepare(lab: Lab) -> dict[str, str]:
    """A wg-quick file for each host, as wg-meshconf would have made it."""
    keys = {}
    for host in lab.hosts:
        private = subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True)
        public = subprocess.run(
            ["wg", "pubkey"], input=private.stdout, capture_output=True, text=True, check=True
        )
        keys[host.name] = private.stdout.strip(), public.stdout.strip()
    files = {}
    for number, host in enumerate(lab.hosts, 1):
        text = (
            f"[Interface]\nAddress = 10.0.0.{number}/24\nListenPort = 51820\n"
            f"PrivateKey = {keys[host.name][0]}\n"
        )
        for other, peer in enumerate(lab.hosts, 1):
            if peer.name != host.name:
                text += (
                    f"\n[Peer]\nPublicKey = {keys[peer.name][1]}\n"
                    f"AllowedIPs = 10.0.0.{other}/32\nEndpoint = {peer.v4}:51820\n"
                )
        files[host.name] = text
    return files


def by_hand(lab: Lab, files: dict[str, str]) -> float:
    start = time.perf_counter()
    running = []
    for host in lab.hosts:
        process = subprocess.Popen(
            lab.command(["ssh", host.name, PUSH]), stdin=subprocess.PIPE, text=True
        )
        assert process.stdin
        process.stdin.write(files[host.name])
        process.stdin.close()
        running.append(process)
    assert all(process.wait() == 0 for process in running)
    return time.perf_counter() - start


def by_meshtui(lab: Lab) -> float:
    start = time.perf_counter()
    done = lab.run(lab.meshtui("apply", "--yes"), timeout=120)
    took = time.perf_counter() - start
    count = len(lab.hosts) * (len(lab.hosts) - 1)
    assert f"{count} of {count} directions up" in done.stderr, done.stderr
    return took


def reset(lab: Lab) -> None:
    for host in lab.hosts:
        lab.on(host.name, ["sh", "-c", RESET], check=True)


def main() -> None:
    hosts = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    hand, ours = [], []
    with Lab.up(hosts, name="form", systemd=True) as lab:
        for host in lab.hosts:
            wait = ["systemctl", "is-system-running", "--wait"]
            lab.on(host.name, wait, timeout=60)
        files = prepare(lab)
        original = (lab.path / "mesh.toml").read_text()
        for _ in range(rounds):
            hand.append(by_hand(lab, files))
            reset(lab)
            (lab.path / "mesh.toml").write_text(original)
            ours.append(by_meshtui(lab))
            reset(lab)
    print(f"{hosts} fresh servers with systemd, {rounds} rounds each, medians")
    print(f"by hand, {hosts} parallel ssh: {statistics.median(hand):5.2f} s")
    print(f"meshtui apply, verified:   {statistics.median(ours):5.2f} s")
    print(f"ratio:                     {statistics.median(ours) / statistics.median(hand):5.2f}")


if __name__ == "__main__":
    main()
