"""One host of the mesh belongs to somebody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from meshtui_on import apply, on

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]

STRANGER = "WVJgt1cpsqm2tNZdZ3SxzRXcW4X1k0dQ3nvAq1JZDUs="


def replaced(lab: Lab, host: str, program: str, script: str) -> None:
    """Put a script in the place of a program that meshtui asks."""
    path = f"/usr/local/sbin/{program}"
    on(
        lab,
        host,
        "sh",
        "-c",
        f"printf '%s\\n' '#!/bin/sh' \"$0\" >{path}; chmod 755 {path}",
        script,
    )


def test_a_made_key_that_is_a_strangers_takes_nothing_from_them(lab: MakeLab) -> None:
    one = lab(3)
    text = (one.path / "mesh.toml").read_text()
    at = text.index("\n[hosts.server-c]")
    (one.path / "mesh.toml").write_text(text[:at])
    apply(one)
    on(one, "server-a", "wg", "set", "wg0", "peer", STRANGER, "allowed-ips", "10.0.0.77/32")
    (one.path / "mesh.toml").write_text((one.path / "mesh.toml").read_text() + text[at:])
    script = (
        f'[ "$1" != pubkey ] || {{ cat >/dev/null; echo {STRANGER}; exit; }}; exec /usr/bin/wg "$@"'
    )
    replaced(one, "server-c", "wg", script)
    result = apply(one, code=1)
    assert "another" in result["failed"]["server-c"]
    peers = on(one, "server-a", "wg", "show", "wg0", "allowed-ips")
    assert f"{STRANGER}\t10.0.0.77/32" in peers


@pytest.mark.long
def test_an_answer_that_is_no_ping_stops_no_proof_of_others(lab: MakeLab) -> None:
    one = lab(3)
    script = 'for to; do :; done; echo "64 bytes from $to: icmp_seq=1 ttl=64 time=1.2.3 ms"'
    replaced(one, "server-c", "ping", script)
    result = apply(one, code=1)
    ok = {(found["from"], found["to"]): found["ok"] for found in result["directions"]}
    assert len(ok) == 6 and all(fine for (start, _), fine in ok.items() if start != "server-c")
    assert not ok["server-c", "server-a"]
