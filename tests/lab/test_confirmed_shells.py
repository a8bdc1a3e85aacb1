"""Going back on hosts with another `sh`, and all that it brings back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from confirmed import Stopped, settled
from meshtui_on import apply, edit, meshtui, on

from meshtui.lab import Lab, faults

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]
HOSTS = ("server-a", "server-b")
BUSYBOX = "ln -sf busybox /bin/sh; for t in readlink sleep sed cut cat mv rm mkdir mktemp sha256sum"
SHELLS = {
    "dash": "ln -sf dash /bin/sh",
    "busybox": f"{BUSYBOX}; do ln -s /bin/busybox /usr/local/sbin/$t; done",
    "no setsid": "rm $(command -v setsid)",
}


@pytest.mark.parametrize(
    "shell",
    [
        pytest.param("dash", marks=pytest.mark.long),
        "busybox",
        pytest.param("no setsid", marks=pytest.mark.long),
    ],
)
def test_any_sh_takes_it_back_and_confirms_it(lab: MakeLab, shell: str) -> None:
    one = lab(2)
    on(one, "server-b", "/bin/bash", "-c", SHELLS[shell])
    edit(one, "[mesh]\n", "[mesh]\npersistent_keepalive = 20\n")
    apply(one)
    before = settled(one, HOSTS, 5)
    edit(one, "keepalive = 20", "keepalive = 21")
    with Stopped(one, "after the note verify", "apply", "--yes", within=3) as it:
        it.kill()
    assert settled(one, HOSTS, 12) == before
    meshtui(one, "apply", "--yes")
    new = {host: was.become("Keepalive = 20", "Keepalive = 21") for host, was in before.items()}
    assert settled(one, HOSTS, 5) == new

    edit(one, "keepalive = 21", "keepalive = 22")
    with Stopped(one, "before the note verify", "apply", "--yes", within=10) as it:
        faults.read_only_etc(one, "server-b")
        said = it.go_on(1)
    assert "taken back: server-b cannot be confirmed: cannot write to /etc/wireguard" in said, said
    faults.writable_etc(one, "server-b")
    assert settled(one, HOSTS, 20) == new


_ALL = """
for peer in $(wg show wg0 peers); do
    wg set wg0 peer $peer remove
done
wg genkey >/run/other; wg genpsk >/run/psk
peer=$(wg genkey | wg pubkey)
wg set wg0 private-key /run/other listen-port 40000 fwmark 0x77 \\
    peer $peer preshared-key /run/psk persistent-keepalive 7 allowed-ips 10.9.9.0/24
ip address add 10.0.0.77/24 dev wg0
ip address del 10.0.0.2/24 dev wg0
ip address del 10.44.0.1/24 dev wg0
ip address add 10.0.0.78/24 dev wg0
ip route add 10.9.9.0/24 dev wg0
ip route del 10.66.0.0/16 dev wg0
ip link set wg0 mtu 1300
rm /run/other /run/psk
"""


def test_going_back_brings_all_of_it_back(lab: MakeLab) -> None:
    one = lab(2)
    edit(one, "[mesh]\n", "[mesh]\npreshared_keys = true\npersistent_keepalive = 20\n")
    apply(one)
    extra = (
        "ip address add 10.44.0.1/24 dev wg0; ip address add 10.0.0.50/24 dev wg0;"
        " ip route add 10.66.0.0/16 dev wg0 metric 50; wg set wg0 fwmark 0x55"
    )
    on(one, "server-b", "sh", "-c", extra)
    before = settled(one, HOSTS, 5)
    edit(one, "keepalive = 20", "keepalive = 21")
    with Stopped(one, "after the note verify", "apply", "--yes") as it:
        on(one, "server-b", "sh", "-c", _ALL)
        it.kill()
    assert settled(one, HOSTS, 12) == before
