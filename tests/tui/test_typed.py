"""What is typed: commands, moments, and what becomes of them."""

import time
from datetime import datetime

import pytest

from meshtui.fleet.reports import CommandResult
from meshtui.tui.actions import Action
from meshtui.tui.commands import COMMANDS, Command, action_commands, complete, parse
from meshtui.tui.screens.run import grouped
from meshtui.tui.typed import Commands
from meshtui.tui.when import parse_when, written

NOW = datetime(2026, 11, 22, 12, 30, 15).timestamp()
WORDS = {"host": ["server-a", "server-b", "db-1"], "theme": ["meshtui-dark"]}


def at(*when: int) -> float:
    return datetime(*when).timestamp()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("10m", NOW - 600),
        ("-2h", NOW - 7200),
        (" 3d ", NOW - 3 * 86400),
        ("90s", NOW - 90),
        ("12:30", at(2026, 11, 22, 12, 30)),
        ("12:31", at(2026, 11, 21, 12, 31)),
        ("9:05:07", at(2026, 11, 22, 9, 5, 7)),
        ("2026-11-20 14:30", at(2026, 11, 20, 14, 30)),
        ("2026-11-20", at(2026, 11, 20)),
    ],
)
def test_a_moment(text: str, moment: float) -> None:
    assert parse_when(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "tomorrow", "25:00", "2027-01-01", "10 parsecs", "9999999d"])
def test_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match=r"no time|yet to come"):
        parse_when(text, NOW)


def test_a_moment_reads_with_its_day_where_that_is_another() -> None:
    assert written(NOW - 60, NOW) == "12:29:15"
    assert written(NOW - 86400, NOW) == "2026-11-21 12:30:15"


def test_every_command_has_its_method() -> None:
    assert [c.name for c in COMMANDS if not hasattr(Commands, f"_{c.name.replace('-', '_')}")] == []


def test_a_command_with_words() -> None:
    command, words = parse("link server-a  server-b")
    assert isinstance(command, Command)
    assert (command.name, words) == ("link", ["server-a", "server-b"])


def test_the_last_word_takes_the_rest() -> None:
    assert parse("run uptime | head -1; echo  x")[1] == ["uptime | head -1; echo  x"]
    assert parse("past 2026-11-20 14:30")[1] == ["2026-11-20 14:30"]


def test_an_action_of_the_registry_is_a_command() -> None:
    action, words = parse("pause")
    assert isinstance(action, Action)
    assert (action.name, words) == ("mesh.pause", [])
    # Without its argument, `host` is the action: the host at hand.
    assert isinstance(parse("host")[0], Action)
    assert isinstance(parse("host server-a")[0], Command)


@pytest.mark.parametrize("line", ["q", "quit", "q!"])
def test_quitting_as_in_vim(line: str) -> None:
    assert parse(line)


@pytest.mark.parametrize("line", ["nonsense", "link a", "pause now", "live 3", "link"])
def test_what_is_no_command(line: str) -> None:
    with pytest.raises(ValueError, match=r"there is no command|it is: |takes nothing"):
        parse(line)


def test_completion_of_names_and_words() -> None:
    assert "privacy" in [line for line, _ in complete("pri", WORDS)]
    assert [line for line, _ in complete("link server-a ser", WORDS)] == [
        "link server-a server-a",
        "link server-a server-b",
    ]
    assert complete("link server-a server-b ", WORDS) == []
    # Those that begin with it go first.
    assert [line for line, _ in complete("host b", WORDS)] == ["host db-1", "host server-b"]


def test_every_name_completes_to_something_that_parses() -> None:
    for name in action_commands():
        assert parse(name)


def test_answers_that_are_the_same_are_told_once() -> None:
    results = [
        CommandResult("a", 0, "one\n"),
        CommandResult("b", 1, "two\n"),
        CommandResult("c", 0, "one\n"),
        CommandResult("d", None, "", error="unreachable"),
    ]
    text = ["".join(piece for piece, _ in line) for line in grouped(results)]
    assert text[0] == "✓ a, c   2 hosts, exit 0"
    assert text[1:3] == ["  one", ""]
    assert "× b   1 host, exit 1" in text
    assert "  unreachable" in text


def test_an_answer_is_inert_and_bounded() -> None:
    said = "\x1b[2J[red]x[/]\n" + "y" * 10_000 + "\n" + "line\n" * 5000
    lines = grouped([CommandResult("a", 0, said)])
    text = ["".join(piece for piece, _ in line) for line in lines]
    assert text[1] == "  ␛[2J[red]x[/]"
    assert len(text[2]) <= 1002
    assert text[-2] == "  … 3002 more lines"


def test_time_is_the_machines_own() -> None:
    assert parse_when("1s", time.time()) < time.time()
