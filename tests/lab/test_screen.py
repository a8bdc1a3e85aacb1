"""The whole of it as a person has it: keys on a terminal, real hosts behind it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from meshtui_on import apply, on, plan
from screen import Screen

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]


def test_a_mesh_is_formed_and_watched(lab: MakeLab) -> None:
    one = lab(3)
    with Screen(one) as screen:
        screen.until("no-interface")
        screen.press("a")
        screen.until("make-key")
        screen.press("A")
        screen.until("6 of 6 directions up")
        screen.press("\x1b")
        screen.until("6/6")
        one.kill("server-c")
        screen.until("server-c ×", 40)
        one.boot("server-c")
        screen.until("server-c ○", 60)
        screen.press("q")
        assert screen.code() == 0, screen.drawn()[-3000:]
    # What the screen did is what the command line finds.
    assert plan(one)["hosts"]["server-a"] == []


def test_an_unknown_host_key_is_asked_about(lab: MakeLab) -> None:
    one = lab(2)
    known = one.path / "known_hosts"
    was = known.read_text()
    fingerprint = on(one, "server-b", "ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub")
    v4 = one.host("server-b").v4
    known.write_text("".join(line + "\n" for line in was.splitlines() if v4 not in line))
    with Screen(one) as screen:
        screen.until(fingerprint.split()[1])
        # The answer that is chosen already is no.
        screen.press("\r")
        screen.until("refused")
        screen.press("q")
        assert screen.code() == 0, screen.drawn()[-3000:]
    assert v4 not in known.read_text()
    with Screen(one) as screen:
        screen.until(fingerprint.split()[1])
        # `y` alone accepts nothing: yes must be chosen first.
        screen.press("\t\r")
        end = time.monotonic() + 20
        while v4 not in known.read_text():
            assert time.monotonic() < end, "the key was not added"
            time.sleep(0.05)
        screen.press("q")
        assert screen.code() == 0, screen.drawn()[-3000:]
    apply(one)


def test_q_quits_at_any_moment(lab: MakeLab) -> None:
    one = lab(2)
    one.kill("server-b")
    with Screen(one) as screen:
        screen.until("server-b")
        screen.press("q")
        assert screen.code() == 0, screen.drawn()[-3000:]
    with Screen(one) as screen:
        screen.until("no-interface")
        screen.press("a")
        screen.press("q")
        assert screen.code() == 0, screen.drawn()[-3000:]
