"""The real driver, on a pseudo-terminal."""

import re
import sys
from pathlib import Path

import pytest
from terminal import Terminal

HERE = Path(__file__).parent
PLAY = [sys.executable, str(HERE / "play.py"), "4"]
QUIET = [sys.executable, str(HERE / "quiet.py")]
COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:[349][0-7]|10[0-7]|[34]8;[0-9;]*)(?:;[0-9;]*)?m")


@pytest.mark.parametrize("key", ["q", "\x03"])
def test_quits_and_gives_the_terminal_back(key: str) -> None:
    with Terminal(PLAY) as terminal:
        terminal.until("live")
        terminal.press(key)
        assert terminal.code() == 0
        assert b"\x1b[?1049l" in terminal.sent, "the alternate screen is left"
        assert COLOUR.search(terminal.sent), "there are colours to lose"


def test_no_color_has_no_colour() -> None:
    with Terminal(PLAY, NO_COLOR="1") as terminal:
        terminal.until("live")
        terminal.press("l")
        terminal.until("server-a → server-c")
        terminal.press("a")
        terminal.until("make-key")
        terminal.press("\x1b")
        terminal.until("server-a → server-c")
        terminal.press("q")
        assert terminal.code() == 0
        assert COLOUR.findall(terminal.sent) == []


def test_a_dumb_terminal_gets_a_pointer() -> None:
    with Terminal(PLAY, TERM="dumb") as terminal:
        assert terminal.code() == 1
        assert b"meshtui status" in terminal.sent
        assert b"\x1b" not in terminal.sent


def still(terminal: Terminal) -> None:
    """Until nothing has been sent for a second."""
    for _ in range(20):
        if terminal.draw(1) == 0:
            return
    raise AssertionError("it never stops sending")


@pytest.mark.parametrize(("size", "most"), [((80, 24), 2500), ((200, 60), 5000)])
def test_only_what_changed_is_sent(size: tuple[int, int], most: int, tmp_path: Path) -> None:
    """The rows of both ends, the status line that counts them, and a line of the log."""
    changed = tmp_path / "changed"
    with Terminal([*QUIET, "50", str(changed)], size=size) as terminal:
        terminal.until("50/50")
        still(terminal)
        assert terminal.draw(3) == 0, "every host answers, and says nothing new"
        changed.touch()
        terminal.until("2449/2450")
        terminal.draw(0.5)
        before = len(terminal.sent)
        changed.unlink()
        terminal.until("2450/2450")
        terminal.draw(1)
        sent = len(terminal.sent) - before
        assert sent <= most, f"one cell of one row is another, and {sent} bytes were sent"


@pytest.mark.parametrize("keys", ["lljlhkGllhg", "zllj2hZlk"])
def test_what_was_drawn_in_parts_is_what_is_drawn_at_once(keys: str, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    with Terminal([*QUIET, "30", str(changed)], size=(120, 40)) as terminal:
        terminal.until("30/30")
        for key in keys:
            terminal.press(key)
            terminal.draw(0.1)
        still(terminal)
        glass = terminal.glass
        parts = glass.text, list(glass.marks)
        # Another screen in front, and away again: all is drawn.
        terminal.press("?")
        terminal.until("show what would change")
        terminal.press("?")
        still(terminal)
        assert (glass.text, list(glass.marks)) == parts
