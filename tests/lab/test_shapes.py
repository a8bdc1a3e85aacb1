"""Hubs, groups, single links and what is behind hosts: who then really reaches whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from meshtui_on import apply, edit, meshtui, on, plan
from reach import mesh_addresses, peers, unanswered

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
NAMES = [f"server-{letter}" for letter in "abcdef"]
FULL = 'topology = "full"'
BEHIND = "192.168.77.2"


@pytest.fixture(scope="module")
def mesh(lab: Callable[..., Lab]) -> Lab:
    one = lab(6)
    apply(one)
    return one


@pytest.fixture
def six(mesh: Lab) -> Iterator[Lab]:
    """A mesh of six, full before and after."""
    path = mesh.path / "mesh.toml"
    text = path.read_text()
    yield mesh
    for name in NAMES:
        if mesh.host(name).pid is None:
            boot(mesh, name)
    path.write_text(text)
    apply(mesh)


def boot(lab: Lab, name: str) -> None:
    """As with systemd, which starts wg-quick."""
    lab.boot(name)
    on(lab, name, "wg-quick", "up", "wg0")


def shape(lab: Lab, topology: str, roles: dict[str, str]) -> None:
    """Another topology; `roles` are lines for hosts, by the letters of these."""
    edit(lab, FULL, f'topology = "{topology}"')
    for letters, lines in roles.items():
        for letter in letters:
            edit(lab, f"[hosts.server-{letter}]\n", f"[hosts.server-{letter}]\n{lines}\n")


def assert_all_reach(lab: Lab, without: str = "") -> None:
    """Every pair of the hosts that are on, both ways."""
    addresses = mesh_addresses(lab, [name for name in NAMES if name != without])
    assert all(addresses.values())
    assert unanswered(lab, addresses) == set()


def taken_over(lab: Lab, down: str, by: str) -> None:
    """One apply has the others reach each other without it; it comes back, and one moves back."""
    lab.kill(down)
    left = [name for name in NAMES if name != down]
    assert unanswered(lab, mesh_addresses(lab, left), seconds=1)
    said = meshtui(lab, "apply", "--yes", code=1)
    assert f"{down} does not answer: {by} takes over" in said.stdout
    assert_all_reach(lab, without=down)
    boot(lab, down)
    apply(lab)
    assert_all_reach(lab)
    plan(lab, code=0)


def test_one_hub(six: Lab) -> None:
    shape(six, "hub", {"a": "hub = true"})
    apply(six)
    assert [peers(six, name) for name in NAMES] == [5, 1, 1, 1, 1, 1]
    assert_all_reach(six)
    # It is the hub that carries it.
    on(six, "server-a", "sysctl", "-qw", "net.ipv4.ip_forward=0")
    silent = unanswered(six, mesh_addresses(six, NAMES), seconds=1)
    assert len(silent) == 5 * 4 and "server-a" not in {host for host, _ in silent}


@pytest.mark.long
def test_the_second_of_two_hubs_takes_over(six: Lab) -> None:
    shape(six, "hub", {"ab": "hub = true"})
    apply(six)
    assert [peers(six, name) for name in NAMES] == [5, 5, 2, 2, 2, 2]
    assert_all_reach(six)
    taken_over(six, "server-a", "server-b")


@pytest.mark.long
def test_another_gateway_takes_over(six: Lab) -> None:
    gateway = "gateway = true"
    shape(six, "groups", {"abc": 'group = "one"', "def": 'group = "two"', "abde": gateway})
    apply(six)
    assert [peers(six, name) for name in NAMES] == [4, 4, 2, 4, 4, 2]
    assert_all_reach(six)
    taken_over(six, "server-a", "server-b")


def test_a_subnet_behind_a_host(six: Lab) -> None:
    behind_a_host(six, "server-b")
    try:
        edit(six, "[hosts.server-b]\n", '[hosts.server-b]\nroutes = ["192.168.77.0/24"]\n')
        apply(six)
        assert unanswered(six, {name: [BEHIND] * (name == "server-b") for name in NAMES}) == set()
        for name in NAMES:
            assert ("192.168.77.0/24" in routes(six, name)) == (name != "server-b")
        edit(six, '[hosts.server-b]\nroutes = ["192.168.77.0/24"]\n', "[hosts.server-b]\n")
        apply(six)
        assert not any("192.168.77.0/24" in routes(six, name) for name in NAMES)
        others = {name: [BEHIND] * (name == "server-b") for name in NAMES}
        assert len(unanswered(six, others, seconds=1)) == 5
        assert on(six, "server-b", "sysctl", "-n", "net.ipv4.ip_forward") == "0\n"
    finally:
        on(six, "server-b", "sh", "-c", "kill $(cat /run/outside)")


def behind_a_host(lab: Lab, name: str) -> None:
    """A machine in a network of its own behind it, that knows of no other."""
    on(
        lab,
        name,
        *("sh", "-ec"),
        """
        unshare --net sleep 100 >/dev/null 2>&1 & echo $! >/run/outside
        until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
        ip link add out type veth peer name in netns $!
        ip address add 192.168.77.1/24 dev out
        ip link set out up
        nsenter -t $! -n sh -ec 'ip address add 192.168.77.2/24 dev in; ip link set in up'
        """,
    )


def routes(lab: Lab, name: str) -> str:
    return on(lab, name, "ip", "route", "show", "dev", "wg0")


def test_single_links(six: Lab) -> None:
    path = six.path / "mesh.toml"
    text = path.read_text()
    # One that the topology has none for.
    shape(six, "hub", {"a": "hub = true"})
    path.write_text(path.read_text() + '\n[[links]]\nbetween = ["server-b", "server-c"]\n')
    apply(six)
    assert [peers(six, name) for name in NAMES] == [5, 2, 2, 1, 1, 1]
    assert_all_reach(six)
    on(six, "server-a", "sysctl", "-qw", "net.ipv4.ip_forward=0")
    silent = unanswered(six, mesh_addresses(six, NAMES), seconds=1)
    assert len(silent) == 5 * 4 - 2 and not silent & {
        ("server-b", "10.0.0.3"),
        ("server-c", "10.0.0.2"),
    }
    # One less than it has.
    path.write_text(
        text + '\n[[links]]\nbetween = ["server-b", "server-c"]\ndisabled = true\n',
    )
    apply(six)
    assert [peers(six, name) for name in NAMES] == [5, 4, 4, 5, 5, 5]
    silent = unanswered(six, mesh_addresses(six, NAMES), seconds=1)
    assert silent == {("server-b", "10.0.0.3"), ("server-c", "10.0.0.2")}
    plan(six, code=0)
