"""An MTU for the whole mesh, written into mesh.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshtui.errors import UsageError
from meshtui.store.edit_keys import set_mtu

HEAD = 'name = "m"\nnetworks = ["10.0.0.0/24"] # c\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"[mesh]\n{HEAD}\n[hosts.a]\n", f"[mesh]\n{HEAD}mtu = 1392\n\n[hosts.a]\n"),
        (f"[mesh]\nmtu=1420 # c\n{HEAD}[hosts.a]\n", f"[mesh]\nmtu=1392 # c\n{HEAD}[hosts.a]\n"),
        # A larger one of a host's own would lose packets; a smaller one has its reason.
        (
            f"[mesh]\n{HEAD}mtu = 1392\n[hosts.a]\nmtu = 1400\n[hosts.b]\nmtu = 1300\n",
            f"[mesh]\n{HEAD}mtu = 1392\n[hosts.a]\n[hosts.b]\nmtu = 1300\n",
        ),
    ],
)
def test_where_it_is_written(tmp_path: Path, before: str, after: str):
    path = tmp_path / "mesh.toml"
    path.write_text(before)
    assert set_mtu(path, "1392").after == after
    assert path.read_text() == before


def test_what_is_no_mtu(tmp_path: Path):
    path = tmp_path / "mesh.toml"
    path.write_text(f"[mesh]\n{HEAD}[hosts.a]\n")
    with pytest.raises(UsageError, match="--mtu"):
        set_mtu(path, "5")
