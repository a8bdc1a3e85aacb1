"""Hosts behind NAT on the screen: one apply by hand, and they have a tunnel of their own."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from meshtui_on import meshtui, plan
from screen import Screen
from state import wait_for
from test_nat import C, D, count, passed, peer, ping

from meshtui.lab import Lab

pytestmark = pytest.mark.lab


def changes(lab: Lab) -> list[object]:
    """Those that have ended well."""
    told = json.loads(meshtui(lab, "log", "--json").stdout)
    return [change for change in told if change["ok"]]


def test_after_an_apply_on_the_screen_they_meet(lab: Callable[..., Lab]) -> None:
    one = lab(4, nat=2)
    with Screen(one) as screen:
        screen.until("no-interface")
        screen.press("a")
        screen.until("make-key")
        screen.press("A")
        screen.until("12 of 12 directions up")
        wait_for(lambda: "10.0.0.4/32" in peer(one, C, D, "allowed-ips"), 20)
        screen.press("\x1b")
        screen.until("12/12")
        # An apply that is about to end makes a question of it, which goes away with it.
        wait_for(lambda: len(changes(one)) == 2, 30)
        code = None
        while code is None:
            screen.press("q")
            code = screen.ended(5)
        assert code == 0, screen.drawn()[-3000:]
    count(one, "server-a")
    assert ping(one, C, D, 5) and passed(one, "server-a") == 0
    assert plan(one, code=0)["changes"] == 0
