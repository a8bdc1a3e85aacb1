from ipaddress import ip_interface, ip_network
from pathlib import Path

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from meshtui.mesh.model import Host, Mesh
from meshtui.store.errors import FileError
from meshtui.store.meshfile import load, parse
from meshtui.store.render import render
from meshtui.wg.endpoint import Endpoint
from tests.store.example import EXAMPLE, key

PATH = Path("mesh.toml")
BOTH = ["10.0.0.1/24", "fd10:6d65:7368::1/64"]


def test_the_example_says_what_it_says(tmp_path):
    file = tmp_path / "mesh.toml"
    file.write_text(EXAMPLE)
    assert load(file) == Mesh(
        name="prod",
        networks=(ip_network("10.0.0.0/24"), ip_network("fd10:6d65:7368::/64")),
        interface="wg0",
        hosts={
            "server-a": Host(
                name="server-a",
                ssh="root@203.0.113.1",
                addresses=tuple(map(ip_interface, BOTH)),
                endpoint=Endpoint("203.0.113.1", 51820),
            ),
            "server-b": Host(name="server-b", ssh="admin@203.0.113.2:2222", behind_nat=True),
        },
    )


@pytest.mark.parametrize("text", [EXAMPLE.replace("\n", "\r\n"), "\ufeff" + EXAMPLE])
def test_windows_editors_are_welcome(tmp_path, text):
    file = tmp_path / "mesh.toml"
    file.write_bytes(text.encode())
    assert load(file) == parse(EXAMPLE, PATH)


def test_mesh_gives_defaults_and_hosts_overrule_them():
    mesh = parse(
        """
        [mesh]
        name = "m"
        networks = ["10.0.0.0/24"]
        listen_port = 1000
        keys = "operator"
        persistent_keepalive = 20
        mtu = 1300
        preshared_keys = true
        [hosts.a]
        [hosts.b]
        listen_port = 2000
        keys = "host"
        persistent_keepalive = 0
        mtu = 1400
        """,
        PATH,
    )
    assert mesh.preshared_keys
    assert mesh.hosts["a"] == Host("a", "a", (), None, False, None, 1000, 20, 1300, "operator")
    assert mesh.hosts["b"] == Host("b", "b", (), None, False, None, 2000, 0, 1400, "host")


def host(lines: str) -> Host:
    head = '[mesh]\nname = "m"\nnetworks = ["10.0.0.0/24", "fd00::/64"]\nlisten_port = 7\n'
    return parse(f"{head}[hosts.a]\n{lines}", PATH).hosts["a"]


@pytest.mark.parametrize(
    ("written", "endpoint"),
    [
        ("203.0.113.1", Endpoint("203.0.113.1", 7)),
        ("203.0.113.1:9", Endpoint("203.0.113.1", 9)),
        ("2001:db8:0::1", Endpoint("2001:db8::1", 7)),
        ("[2001:db8::1]", Endpoint("2001:db8::1", 7)),
        ("[2001:db8::1]:9", Endpoint("2001:db8::1", 9)),
        ("vpn.example.com", Endpoint("vpn.example.com", 7)),
        ("vpn.example.com:9", Endpoint("vpn.example.com", 9)),
    ],
)
def test_endpoints(written, endpoint):
    assert host(f'endpoint = "{written}"').endpoint == endpoint
    assert not host(f'endpoint = "{written}"').behind_nat


def test_an_endpoint_of_each_family_in_the_order_of_the_list():
    one = host('endpoint = ["[2001:db8::1]:9", "203.0.113.1"]')
    assert one.endpoints == (Endpoint("2001:db8::1", 9), Endpoint("203.0.113.1", 7))
    assert not one.behind_nat
    text = render(Mesh("m", (ip_network("10.0.0.0/24"),), hosts={"a": one}))
    assert parse(text, PATH).hosts["a"].endpoints == one.endpoints


@pytest.mark.parametrize(
    "written",
    ['["203.0.113.1", "203.0.113.2"]', '["203.0.113.1", "none"]', '["203.0.113.1", "h"]', "[]"],
)
def test_a_list_of_other_than_one_of_each_family_is_refused(written):
    with pytest.raises(FileError, match="an IPv6 and an IPv4 address"):
        host(f"endpoint = {written}")


def test_the_port_of_an_endpoint_is_the_hosts_own():
    assert host('endpoint = "h"\nlisten_port = 8').endpoint == Endpoint("h", 8)


def test_none_is_behind_nat():
    assert host('endpoint = "none"').behind_nat
    assert not host("").behind_nat


def test_addresses_take_the_prefix_of_their_network():
    written = host('addresses = ["10.0.0.1", "10.0.0.2/24", "fd00::1"]').addresses
    assert [str(a) for a in written] == ["10.0.0.1/24", "10.0.0.2/24", "fd00::1/64"]


def test_local_needs_no_endpoint_where_it_is_alone():
    assert host('ssh = "local"').ssh == "local"


def test_a_missing_file_says_what_makes_one(tmp_path):
    with pytest.raises(FileError, match="no such file") as caught:
        load(tmp_path / "mesh.toml")
    assert "meshtui init" in (caught.value.hint or "")


def test_a_directory_is_not_a_file(tmp_path):
    with pytest.raises(FileError, match="directory"):
        load(tmp_path)


def test_what_may_not_be_read_says_why(tmp_path, monkeypatch):
    def refuse(*_args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read anything
    with pytest.raises(FileError, match="cannot be read: Permission denied"):
        load(tmp_path / "mesh.toml")


def test_a_large_file_is_not_read_to_its_end(tmp_path):
    file = tmp_path / "mesh.toml"
    file.write_bytes(b"#" * (1 << 20))
    with pytest.raises(FileError, match=r"mesh: missing"):
        load(file)
    file.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(FileError, match="larger than 1 MiB"):
        load(file)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a = " + "[" * 100_000, id="deep"),
        pytest.param("a = " + "1" * 10_000, id="digits"),
        pytest.param("a." * 2000 + "b = 1", id="dots"),
    ],
)
def test_hostile_files_are_refused_in_words(text):
    with pytest.raises(FileError) as caught:
        parse(text, PATH)
    assert len(str(caught.value)) < 600


def test_a_control_character_in_the_path_is_shown():
    with pytest.raises(FileError) as caught:
        load(Path("no\x1b[31mfile"))
    assert r"no\x1b[31mfile" in str(caught.value)


values = st.recursive(
    st.integers()
    | st.floats()
    | st.booleans()
    | st.text(max_size=8)
    | st.sampled_from(["10.0.0.1", "wg0", "none", "local", key(7), "fd00::/64"])
    | st.datetimes(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=6), inner)
    ),
    max_leaves=4,
)
mesh_keys = st.sampled_from(
    [
        "name",
        "interface",
        "networks",
        "topology",
        "preshared_keys",
        "listen_port",
        "keys",
        "mtu",
        "private_key",
        "x",
    ]
)
host_keys = st.sampled_from(
    [
        "ssh",
        "endpoint",
        "addresses",
        "public_key",
        "listen_port",
        "keys",
        "persistent_keepalive",
        "mtu",
        "psk",
        "y",
    ]
)


@given(
    st.dictionaries(mesh_keys, values) | values,
    st.dictionaries(st.text(min_size=1, max_size=5), st.dictionaries(host_keys, values) | values)
    | values,
)
def test_any_toml_is_a_mesh_or_a_message(mesh, hosts):
    try:
        text = tomlkit.dumps({"mesh": mesh, "hosts": hosts})
        parse(text, PATH)
    except FileError as error:
        lines = str(error).split("\n")
        assert len(lines) == len(error.problems)
        assert all(line.isprintable() and line.startswith("mesh.toml: ") for line in lines)
        assert key(7) not in str(error)
    except UnicodeEncodeError:  # tomlkit, on surrogates
        pass


@given(st.text())
def test_any_text_is_a_message(text):
    with pytest.raises(FileError) as caught:
        parse(text, PATH)
    assert all(line.isprintable() for line in str(caught.value).split("\n"))
