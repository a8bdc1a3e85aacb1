"""meet.sh with a stand-in `wg`: who was called, who answered, and what is left of the others."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "meshtui/ssh/scripts/meet.sh"
SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]
#: Keys may have what means something to a shell's patterns; * and ? they have not.
A, B, C = (letter * 42 + "/+="[number] for number, letter in enumerate("ABC"))

# `peers` has a file for each peer, with its handshake; who is in `answers` shakes hands when
# its keepalive is set from off to on.
WG = """#!/bin/sh
cd "${0%/*}" || exit
echo "$*" >>log
case $1 in
    show)
        [ ! -e gone ] || exit 1
        while read -r key at; do printf '%s\\t%s\\n' "$key" "$at"; done <peers ;;
    set)
        key=$4
        grep -vF "$key" peers >rest
        old=$(grep -F "$key" peers) || old="$key 0"
        case "$5 $8" in
            "remove ") old= ;;
            endpoint*) ;;
        esac
        case "$5 $6" in
            "persistent-keepalive 25") ! grep -qF "$key" answers || old="$key 1800000000" ;;
        esac
        { cat rest; [ -z "$old" ] || echo "$old"; } >peers ;;
esac
"""
PRELUDE = """
fail() { echo "$1" >&2; exit "${2:-1}"; }
who_holds() { printf 'somebody is changing this host'; }
read_boot() { IFS=. read -r up _ </proc/uptime; }
"""


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    return ["busybox", "sh"] if request.param == "busybox" else [request.param]


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """Where the stand-in `wg` keeps what it has: no peers, nobody who answers."""
    for name in ("peers", "answers", "log"):
        (tmp_path / name).write_text("")
    (tmp_path / "wg").write_text(WG)
    (tmp_path / "wg").chmod(0o755)
    return tmp_path


def meet(shell: list[str], there: Path, data: str, code: int = 0) -> tuple[list[str], str]:
    text = f"STATE={there}\n{PRELUDE}{SCRIPT.read_text()}\nmeet wg0 1\n"
    done = subprocess.run(
        [*shell, "-c", text],
        input=data,
        capture_output=True,
        text=True,
        env={"PATH": f"{there}:/usr/bin:/bin"},
        check=False,
        timeout=20,
    )
    assert done.returncode == code, done.stderr
    return done.stdout.split(), done.stderr


def peers(there: Path) -> list[str]:
    return [line.split()[0] for line in (there / "peers").read_text().splitlines()]


def test_who_answers_stays_and_who_does_not_is_gone(shell: list[str], there: Path):
    (there / "answers").write_text(f"{A}\n")
    data = f"{A} 203.0.113.4:40000 first\n{B} 203.0.113.5:40000 later\n"
    met, _ = meet(shell, there, data)
    assert met == [A]
    assert peers(there) == [A]
    log = (there / "log").read_text().splitlines()
    calls = [line.split()[3] for line in log if line.endswith("keepalive 25")]
    assert calls == [A, B]
    # Nothing is sent through what is not proved: no allowed IPs.
    assert not [line for line in log if "allowed-ips" in line]
    assert f"set wg0 peer {A} endpoint 203.0.113.4:40000 persistent-keepalive 0" in log


def test_who_was_a_peer_before_stays_one(shell: list[str], there: Path):
    (there / "peers").write_text(f"{A} 1700000000\n{C} 0\n")
    met, _ = meet(shell, there, f"{A} 203.0.113.4:40000 later\n{B} 203.0.113.5:1 first\n")
    assert met == []
    assert sorted(peers(there)) == [A, C]


def test_an_old_handshake_is_none(shell: list[str], there: Path):
    (there / "peers").write_text(f"{A} 1700000000\n{B} 1700000000\n")
    (there / "answers").write_text(f"{A}\n")
    met, _ = meet(shell, there, f"{A} 203.0.113.4:40000 first\n{B} 203.0.113.5:1 first\n")
    assert met == [A]


def test_all_answer_and_nobody_waits(shell: list[str], there: Path):
    (there / "answers").write_text(f"{A}\n{B}\n{C}\n")
    lines = [f"{key} 203.0.113.{n}:40000 later\n" for n, key in enumerate((A, B, C))]
    met, _ = meet(shell, there, "".join(lines))
    assert met == [A, B, C]


def test_a_host_under_change_is_left_alone(shell: list[str], there: Path):
    (there / "wg0").mkdir()
    (there / "wg0/change").symlink_to("change-1")
    _, said = meet(shell, there, f"{A} 203.0.113.4:40000 first\n", code=7)
    assert "somebody is changing this host" in said
    assert (there / "log").read_text() == ""


def test_without_an_interface_nothing_is_called(shell: list[str], there: Path):
    (there / "gone").write_text("")
    _, said = meet(shell, there, f"{A} 203.0.113.4:40000 first\n", code=1)
    assert "there is no interface wg0" in said
    assert "set" not in (there / "log").read_text()
