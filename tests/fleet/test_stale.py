"""A mesh.toml that changed since it was read: an old plan would undo what was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshtui.errors import MeshError
from meshtui.fleet.fleet import Fleet

MESH = '[mesh]\nname = "m"\nnetworks = ["10.0.0.0/24"]\n[hosts.a]\nssh = "root@192.0.2.1"\n'


async def test_neither_plan_nor_apply_goes_by_an_old_file(tmp_path: Path) -> None:
    path = tmp_path / "mesh.toml"
    path.write_text(MESH)

    async def refuse(_: object) -> bool:
        return False

    fleet = Fleet(path, refuse)
    path.write_text(f'{MESH}[hosts.b]\nssh = "root@192.0.2.2"\n')
    with pytest.raises(MeshError, match="changed since it was read"):
        await fleet.plan()
    await fleet.close()
