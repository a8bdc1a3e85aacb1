"""What a host has, written into mesh.toml: every other byte stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from meshtui.errors import MeshError
from meshtui.store.adopt import adopt
from meshtui.store.edit import Draft
from meshtui.store.meshfile import parse
from tests.store.example import EXAMPLE, key
from tests.store.layouts import Written, files

PATH = Path("mesh.toml")
A = '[hosts.server-a]\nssh = "root@203.0.113.1"   # in the cellar\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mesh.toml"
    path.write_text(EXAMPLE)
    return path


@pytest.mark.parametrize(
    ("name", "field", "value", "old", "new"),
    [
        (
            *("server-a", "persistent_keepalive", "7"),
            *('fd10:6d65:7368::1"]\n', 'fd10:6d65:7368::1"]\npersistent_keepalive = 7\n'),
        ),
        ("server-b", "mtu", "1380", '"none"\n', '"none"\nmtu = 1380\n'),
        ("server-a", "endpoint", "198.51.100.7:9", "203.0.113.1:51820", "198.51.100.7:9"),
        ("server-b", "endpoint", "[fd99::1]:9", '"none"', '"[fd99::1]:9"'),
        (
            *("server-a", "addresses", "10.0.0.9/24, fd10:6d65:7368::1/64"),
            *('["10.0.0.1", "fd10:6d65:7368::1"]', '["fd10:6d65:7368::1", "10.0.0.9"]'),
        ),
        ("server-b", "public_key", key(7), '"none"\n', f'"none"\npublic_key = "{key(7)}"\n'),
        ("server-b", "listen_port", "7777", '"none"\n', '"none"\nlisten_port = 7777\n'),
    ],
)
def test_one_value_is_written(
    file: Path, name: str, field: str, value: str, old: str, new: str
) -> None:
    draft = adopt(file, name, field, value)
    assert file.read_text() == EXAMPLE
    draft.write(file)
    assert file.read_text() == EXAMPLE.replace(old, new, 1) != EXAMPLE


def test_the_endpoints_port_goes_with_the_port(file: Path) -> None:
    after = adopt(file, "server-a", "listen_port", "7777").after
    assert '"203.0.113.1:7777"' in after and "\nlisten_port = 7777\n" in after
    # One that was another all along, as behind a port forwarding, stays.
    file.write_text(EXAMPLE.replace("203.0.113.1:51820", "203.0.113.1:443"))
    assert '"203.0.113.1:443"' in adopt(file, "server-a", "listen_port", "7777").after
    # And one without a port follows by itself.
    file.write_text(EXAMPLE.replace("203.0.113.1:51820", "203.0.113.1"))
    assert '"203.0.113.1"' in adopt(file, "server-a", "listen_port", "7777").after


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("listen_port", "no number"),
        ("listen_port", "99999"),
        ("addresses", "10.0.0.1/24, x"),
        ("addresses", "10.99.0.1/24"),
        ("addresses", "10.0.0.1/32"),
        ("endpoint", 'a"\nb:1'),
        ("public_key", "x"),
        ("private_key", "x"),
    ],
)
def test_what_a_host_says_wrongly_is_not_written(file: Path, field: str, value: str) -> None:
    with pytest.raises(MeshError):
        adopt(file, "server-a", field, value)


@given(files())
@settings(max_examples=150, deadline=None)
def test_in_any_layout(tmp_path_factory: pytest.TempPathFactory, written: Written) -> None:
    path = tmp_path_factory.mktemp("m") / "mesh.toml"
    path.write_bytes(written.text.encode())
    before = parse(written.text, PATH)
    name = written.names[0]
    for field, value in (("mtu", "1337"), ("persistent_keepalive", "9"), ("mtu", "1338")):
        draft: Draft = adopt(path, name, field, value)
        draft.write(path)
    after = parse(path.read_bytes().decode(), PATH)
    assert (after.hosts[name].mtu, after.hosts[name].persistent_keepalive) == (1338, 9)
    assert {n: h for n, h in after.hosts.items() if n != name} == {
        n: h for n, h in before.hosts.items() if n != name
    }
