"""`meshtui demo`: its options, and the mesh that runs from the start with --formed."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from meshtui.cli import main
from meshtui.cli.formed import form
from meshtui.cli.parser import parser
from meshtui.demo.places import places
from meshtui.demo.written import mesh_toml
from meshtui.store.meshfile import load
from meshtui.wg.conf import parse


def test_its_defaults() -> None:
    args = parser().parse_args(["demo"])
    assert (args.count, args.formed, args.groups, args.script) == (7, False, False, False)


@pytest.mark.parametrize("count", ["0", "1", "1001", "x", "-3"])
def test_a_number_of_hosts_that_cannot_be(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", count])
    assert ended.value.code == 2
    assert "2 to 1000" in capsys.readouterr().err or count == "-3"


def test_it_has_a_mesh_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-f", "mesh.toml", "demo", "--script"]) == 2
    assert "a mesh.toml and an SSH configuration of its own" in capsys.readouterr().err


@pytest.mark.parametrize("groups", [False, True])
def test_formed_files_fit_one_another(tmp_path: Path, groups: bool) -> None:
    path = tmp_path / "mesh.toml"
    path.write_text(mesh_toml(places(12), groups=groups))
    files = form(path)
    mesh = load(path)
    assert files.keys() == mesh.hosts.keys()
    entries = 0
    for name, text in files.items():
        conf = parse(text)
        private = base64.b64decode(conf.interface.get("PrivateKey") or "")
        public = X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
        assert base64.b64encode(public).decode() == mesh.hosts[name].public_key
        assert conf.interface.get("PrivateKey") not in path.read_text()
        others = {host.public_key for host in mesh.hosts.values()} - {mesh.hosts[name].public_key}
        assert {peer.get("PublicKey") for peer in conf.peers} <= others
        entries += len(conf.peers)
    assert entries == 12 * 11 if not groups else entries < 12 * 11
