"""Whether SSH comes in by the interface: what sshd says gets through, and what is made of it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from importlib import resources

import pytest

from tests.ssh.client import Client
from tests.ssh.server import Server

SHELLS = [
    pytest.param(shell, id=shell[0])
    for shell in (["dash"], ["bash", "--posix"], ["busybox", "sh"])
    if shutil.which(shell[0])
]
SAYS = "observe() { printf '<%s>' \"$CONNECTION\"; }"
#: A host with 10.0.0.1 and fd10::1 on wg0, and all else on eth0.
IP = """
ip() {
    case "$*" in
        '-o route get 10.0.0.'*) echo "$4 dev wg0 src 10.0.0.1 uid 0 \\\\    cache" ;;
        '-o route get 1::2') echo "1::2 from :: dev wg01 src 1::1" ;;
        '-o route get '*) echo "$4 via 192.0.2.1 dev eth0 src 192.0.2.2 uid 0" ;;
        '-o address show')
            echo '2: eth0    inet 192.0.2.2/24 scope global eth0'
            echo '7: wg0    inet 10.0.0.1/24 scope global wg0'
            echo '7: wg0    inet6 fd10::1/64 scope global' ;;
        *) echo "unexpected: $*" >&2; exit 9 ;;
    esac
}
"""


@pytest.mark.parametrize("user", ["root", "free", "fish", "csh", "busybox", "noisy"])
async def test_what_sshd_says_passes_sudo(
    server: Server, client: Client, teach: Callable[[str], None], user: str
) -> None:
    client.knows(server)
    teach(SAYS)
    client_, port, *there = (await client.ask(server.target(user), "observe")).decode().split()
    assert client_.startswith("<127.") and port.isdigit() and len(there) == 2


@pytest.mark.usefixtures("root")
async def test_on_this_machine_there_is_none(
    client: Client, teach: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    teach(SAYS)
    assert await client.ask("local", "observe") == b"<>"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("connection", "inside"),
    [
        ("10.0.0.9 4000 10.0.0.1 22", True),
        ("10.0.0.9 4000 192.0.2.2 22", True),
        ("198.51.100.1 4000 10.0.0.1 22", True),
        ("198.51.100.1 4000 fd10::1 22", True),
        ("198.51.100.1 4000 192.0.2.2 22", False),
        ("198.51.100.1 4000 0.0.0.1 22", False),
        ("1::2 4000 1::1 22", False),
        ("", False),
        ("10.0.0.9", True),
        ("UNKNOWN 4000 UNKNOWN 22", False),
        ("-h 4000 10.0.0.1 22", False),
        ("$(exit 9) 4000 * 22", False),
    ],
)
def test_what_is_made_of_it(shell: list[str], connection: str, inside: bool) -> None:
    text = (resources.files("meshtui.ssh") / "scripts" / "observe.sh").read_text("utf-8")
    done = subprocess.run(
        [
            *shell,
            "-c",
            f'{text}\n{IP}\nset -f\nCONNECTION=$1\nssh_inside wg0 "$(ip -o address show)"',
            "sh",
            connection,
        ],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0 if inside else 1, "")
