"""The mesh.toml that a demo begins with is one that meshtui takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshtui.demo.places import places
from meshtui.demo.written import mesh_toml
from meshtui.store.meshfile import load


@pytest.mark.parametrize("groups", [False, True])
@pytest.mark.parametrize("count", [3, 7, 200, 1000])
def test_it_can_be_read(tmp_path: Path, count: int, groups: bool) -> None:
    found = places(count)
    assert len({place.address for place in found}) == count
    (tmp_path / "mesh.toml").write_text(mesh_toml(found, groups=groups))
    mesh = load(tmp_path / "mesh.toml")
    assert list(mesh.hosts) == [place.name for place in found]
    assert [host.endpoint for host in mesh.hosts.values()].count("none") <= 1
