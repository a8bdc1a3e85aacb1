from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtui.errors import UsageError
from meshtui.store.init import default_ipv4, new_mesh, unique_local
from meshtui.store.meshfile import load, parse
from meshtui.store.render import render
from meshtui.store.write import create
from meshtui.wg.endpoint import Endpoint

V4 = ip_network("10.0.0.0/24")
V6 = ip_network("fd10:6d65:7368::/64")


def names(*targets):
    return list(new_mesh(targets, name="prod", networks=[V4]).hosts)


def test_the_file_is_one_that_a_person_can_read():
    mesh = new_mesh(
        ["root@203.0.113.1", "deploy@web.example.com:2222", "db=backup"],
        name="prod",
        networks=[V4, V6],
        listen_port=443,
        endpoints={"db": "none", "web": "198.51.100.7"},
    )
    assert render(mesh) == (
        """\
# The mesh that meshtui keeps: `meshtui plan` shows what would change, `meshtui apply` does it.
# It holds no secret: keep it in git. meshtui adds only addresses and public keys.

[mesh]
name = "prod"
interface = "wg0"
networks = ["10.0.0.0/24", "fd10:6d65:7368::/64"]
listen_port = 443
topology = "full"

[hosts.server-a]
ssh = "root@203.0.113.1"
addresses = ["10.0.0.1", "fd10:6d65:7368::1"]

[hosts.web]
ssh = "deploy@web.example.com:2222"
endpoint = "198.51.100.7:443"
addresses = ["10.0.0.2", "fd10:6d65:7368::2"]

[hosts.db]
ssh = "backup"
endpoint = "none"
addresses = ["10.0.0.3", "fd10:6d65:7368::3"]
"""
    )
    assert mesh.hosts["web"].endpoint == Endpoint("198.51.100.7", 443)


def test_what_is_written_is_what_is_read(tmp_path):
    mesh = new_mesh(["root@203.0.113.1", "b"], name="m", networks=[V6], interface="mesh0")
    create(tmp_path / "mesh.toml", mesh)
    assert load(tmp_path / "mesh.toml") == mesh


def test_names():
    assert names("root@203.0.113.1", "[2001:db8::1]:22", "203.0.113.2") == [
        "server-a",
        "server-b",
        "server-c",
    ]
    assert names("web.one.example", "web.two.example", "WEB-3", "web") == [
        "web",
        "web-2",
        "WEB-3",
        "web-4",
    ]
    # Names that are given are kept, whatever comes before them.
    assert names("203.0.113.1", "web", "server-a=203.0.113.2", "web=x") == [
        "server-b",
        "web-2",
        "server-a",
        "web",
    ]
    assert names("10.example.com", "my_büro") == ["server-a", "my_b-ro"]


def test_many_addresses_have_names_enough():
    many = names(*(f"203.0.{n // 256}.{n % 256}" for n in range(1, 101)))
    assert (many[25], many[26], many[99]) == ("server-z", "server-aa", "server-cv")


def test_everything_wrong_is_said_at_once():
    with pytest.raises(UsageError) as caught:
        names("root@", "a b", "x=y", "x=z", "n/a=y", "-oProxyCommand=x")
    assert str(caught.value).splitlines() == [
        '"root@": not an SSH destination; expected one such as "root@203.0.113.1" or an alias',
        '"a b": not an SSH destination; expected one such as "root@203.0.113.1" or an alias',
        '"x=z": there is another host x; expected a name of its own',
        '"n/a=y": "n/a" is not a name for a host',
        '"-oProxyCommand=x": "-oProxyCommand" is not a name for a host',
    ]


def test_what_the_mesh_could_not_be_is_said():
    with pytest.raises(UsageError, match=r"server-b.ssh: .* is the same machine as server-a's"):
        names("root@203.0.113.1", "admin@203.0.113.1")
    with pytest.raises(UsageError, match=r"local.ssh: .* does not say where"):
        names("local", "web")
    with pytest.raises(UsageError, match="has 2 addresses for hosts, and 3 are needed"):
        new_mesh(["a", "b", "c"], name="m", networks=[ip_network("10.0.0.0/30")])
    with pytest.raises(UsageError, match=r"hosts\.a\.endpoint"):
        new_mesh(["a"], name="m", networks=[V4], endpoints={"a": "b:c"})
    with pytest.raises(UsageError, match="no host of the mesh"):
        new_mesh(["a"], name="m", networks=[V4], endpoints={"b": "none"})


def test_a_network_that_none_of_the_hosts_is_in():
    assert default_ipv4(["a", "root@203.0.113.1", "not a target"]) == V4
    assert default_ipv4(["root@10.0.0.7:22", "x=10.1.0.200"]) == ip_network("10.2.0.0/24")
    assert default_ipv4(["h"] * 255) == ip_network("10.0.0.0/23")


@given(st.binary(min_size=5, max_size=5))
def test_unique_local_is_as_rfc_4193_has_it(global_id):
    network = unique_local(global_id)
    assert network.prefixlen == 64
    packed = network.network_address.packed
    assert packed == b"\xfd" + global_id + bytes(10)
    assert network.network_address in ip_network("fd00::/8")
    mesh = new_mesh(["a"], name="m", networks=[network])
    assert mesh.hosts["a"].addresses[0].ip == ip_address(int(network.network_address) + 1)


def test_a_global_id_has_40_bits():
    with pytest.raises(ValueError, match="5 bytes"):
        unique_local(b"1234")


@given(
    st.lists(
        st.from_regex(
            r"([a-z]{1,3}=)?([a-z]{1,3}@)?([a-z.]{1,4}|1.1.1.[1-9])(:2[0-9])?", fullmatch=True
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_targets_are_a_mesh_or_a_message(targets):
    try:
        mesh = new_mesh(targets, name="m", networks=[V4, V6])
    except UsageError as error:
        assert str(error).isprintable() or "\n" in str(error)
    else:
        assert len(mesh.hosts) == len(targets)
        assert parse(render(mesh), Path("mesh.toml")) == mesh
