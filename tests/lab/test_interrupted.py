"""An operator who breaks off: nothing half-written stays, and nothing goes on."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from meshtui_on import apply, conf, edit, on

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]


@contextmanager
def at_the_prompt(lab: Lab) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`meshtui apply` on a terminal of its own, once it asks."""
    master, slave = pty.openpty()
    argv = lab.command([sys.executable, "-m", "meshtui", "apply"])
    # setsid -c: the terminal is theirs, so that Ctrl-C reaches them.
    process = subprocess.Popen(["setsid", "-c", *argv], stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    try:
        said, until = b"", time.monotonic() + 20
        while b"[y/N]" not in said:
            assert time.monotonic() < until, said
            if select.select([master], [], [], 0.2)[0]:
                said += os.read(master, 65536)
        yield process, master
    finally:
        process.kill()
        process.wait()
        os.close(master)


@pytest.mark.parametrize(("typed", "code"), [(b"\x03", 130), (b"n\n", 1), (b"\x04", 1)])
def test_the_question_takes_no_for_an_answer(lab: MakeLab, typed: bytes, code: int) -> None:
    one = lab(2)
    with at_the_prompt(one) as (process, terminal):
        os.write(terminal, typed)
        assert process.wait(timeout=5) == code
    assert on(one, "server-a", "ls", "-A", "/etc/wireguard") == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_file_that_is_being_written_does_not_stay(lab: MakeLab, number: int) -> None:
    one = lab(2)
    slow = (
        "printf '#!/bin/sh\\ncase $* in *of=*) touch /run/writing; sleep 2;; esac\\n"
        'exec /bin/dd "$@"\\n\' >/usr/local/sbin/dd; chmod 755 /usr/local/sbin/dd'
    )
    on(one, "server-b", "sh", "-c", slow)
    process = subprocess.Popen(
        one.command([sys.executable, "-m", "meshtui", "apply", "--yes"]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    on(one, "server-b", "sh", "-c", "until [ -e /run/writing ]; do sleep 0.05; done")
    os.killpg(process.pid, number)
    process.communicate(timeout=15)
    assert process.returncode == 130
    time.sleep(2.5)  # whatever still runs there has come to its end
    for host in ("server-a", "server-b"):
        assert on(one, host, "ls", "-A", "/etc/wireguard") == ""


def test_a_file_that_another_apply_wrote_meanwhile_is_not_replaced(lab: MakeLab) -> None:
    one = lab(2)
    apply(one)
    edit(one, "[mesh]\n", "[mesh]\npersistent_keepalive = 20\n")
    # Between stage and confirm, as somebody elsewhere would: after the live change.
    other = "printf '%s\\n' '#!/bin/sh' 'echo \"# theirs\" >>/etc/wireguard/wg0.conf'"
    script = f"{other} 'exec /usr/bin/wg \"$@\"' >/usr/local/sbin/wg; chmod 755 /usr/local/sbin/wg"
    on(one, "server-b", "sh", "-c", script.replace("echo", '[ "$1" != set ] || echo'))
    result = apply(one, code=1)
    assert "server-b cannot be confirmed" in result["reverted"]
    assert "changed since the plan was made" in result["reverted"]
    assert "# theirs" in conf(one, "server-b")
    assert on(one, "server-b", "ls", "-A", "/etc/wireguard").split() == ["wg0.conf"]
