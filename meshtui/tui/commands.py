"""What can be typed behind `:`. Every action of the registry, and some that take words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from meshtui.tui.actions import ACTIONS, Action, Scope

Kind = str
"""Of an argument: what completes it. `host`, `theme`, `mode`, `sort`; any other is free text.

`hosts` is one host or more.
"""


@dataclass(frozen=True, slots=True)
class Command:
    """A word, and what may follow it."""

    name: str
    arguments: tuple[Kind, ...]
    description: str
    least: int = 0
    """How many of the arguments there must be."""

    @property
    def usage(self) -> str:
        """`link FROM-HOST TO-HOST`."""
        return " ".join([self.name, *(kind.upper() for kind in self.arguments)])


#: These are the app's `command_<name>`. The last argument takes all that is left.
COMMANDS = (
    Command("host", ("host",), "all about a host"),
    Command("link", ("host", "host"), "both ends of a link", 2),
    Command("goto", ("host", "host"), "put the cursor on a host, or on a link", 1),
    Command("ssh", ("host",), "open a shell on a host"),
    Command("run", ("command",), "run a shell command on the marked hosts"),
    Command("add", ("name", "ssh"), "add a host to the mesh"),
    Command("add-peer", ("name",), "add a phone, a laptop: it gets a QR code"),
    Command("set", ("host",), "endpoint, port, addresses, … of a host"),
    Command("rename", ("member", "name"), "another name for a host or a peer"),
    Command("remove", ("member",), "take a host or a peer out of the mesh"),
    Command("disable", ("member", "member"), "a host, peer or link out of the mesh for now", 1),
    Command("enable", ("member", "member"), "a disabled host, peer or link back in", 1),
    Command("rotate", ("hosts",), "another key for a peer, or hosts in turn; --all"),
    Command("rotate-psk", ("hosts",), "new preshared keys for the links of hosts; --all"),
    Command("filter", ("text",), "hosts with this in their name; !text: all but these"),
    Command("mode", ("mode",), "what the cells show", 1),
    Command("sort", ("sort",), "the order of the hosts", 1),
    Command("interval", ("seconds",), "how often the hosts are looked at", 1),
    Command("rtt", ("seconds",), "measure round trips this often; off: no more"),
    Command("past", ("when",), "how it was: 10m ago, at 14:30, 2026-11-20 14:30", 1),
    Command("live", (), "back to now"),
    Command("mesh", ("mesh",), "another of the meshes that were opened", 1),
    Command("theme", ("theme",), "other colours", 1),
    Command("quit", (), "quit"),
)
#: Short forms, as in vim and k9s.
_ALIASES = {"q": "quit", "q!": "quit-now", "h": "help", "apply": "plan", "a": "plan"}

#: Whose actions are commands too, wherever one types them.
_SCOPES: tuple[Scope, ...] = ("app", "about", "mesh", "grid")
#: They are keys of a cursor, or are commands above.
_NO_COMMAND = frozenset({"left", "right", "up", "down", "command", "leave", "page_up", "page_down"})

#: How many suggestions are worth showing.
_SUGGESTIONS = 8


def action_commands() -> dict[str, Action]:
    """The registry's actions by the word that does them: `next-mode`."""
    found: dict[str, Action] = {}
    for action in ACTIONS:
        if action.scope in _SCOPES and action.id not in _NO_COMMAND:
            found.setdefault(action.id.replace("_", "-"), action)
    found["quit-now"] = found.pop("leave-now")
    return found


def parse(line: str, commands: Sequence[Command] = COMMANDS) -> tuple[Command | Action, list[str]]:
    """What `line` asks for, and its arguments. ValueError: what is wrong with it."""
    name, _, rest = line.strip().partition(" ")
    name = _ALIASES.get(name, name)
    command = next((command for command in commands if command.name == name), None)
    action = action_commands().get(name)
    if command is None or (not rest.strip() and action is not None):
        if action is None:
            raise ValueError(f"there is no command {name!r}; tab completes, ? lists the keys")
        if rest.strip():
            raise ValueError(f"{name} takes nothing behind it")
        return action, []
    most = len(command.arguments)
    words = rest.split(None, most - 1) if most else rest.split()
    if len(words) > most or len(words) < command.least:
        raise ValueError(f"it is: {command.usage}")
    return command, [word.strip() for word in words]


def complete(
    line: str, words: Mapping[Kind, Sequence[str]], commands: Sequence[Command] = COMMANDS
) -> list[tuple[str, str]]:
    """Whole lines that `line` may become, each with a description. `words`: by kind."""
    name, space, rest = line.lstrip().partition(" ")
    if not space:
        known = {action_name: a.description for action_name, a in action_commands().items()}
        known |= {command.name: command.description for command in commands}
        return _matching(name, known)
    command = next((c for c in commands if c.name == _ALIASES.get(name, name)), None)
    if command is None:
        return []
    done, _, last = rest.rpartition(" ")
    at = len(done.split())
    if command.arguments[-1:] == ("hosts",):
        at = min(at, len(command.arguments) - 1)
    if at >= len(command.arguments):
        return []
    before = " ".join([name, *done.split()])
    choices = dict.fromkeys(words.get(command.arguments[at], ()), "")
    return [(f"{before} {word}", about) for word, about in _matching(last, choices)]


def _matching(start: str, known: Mapping[str, str]) -> list[tuple[str, str]]:
    """Those that begin with `start`, then those that hold it."""
    first = [name for name in known if name.startswith(start)]
    later = [name for name in known if start in name and not name.startswith(start)]
    return [(name, known[name]) for name in [*sorted(first), *sorted(later)][:_SUGGESTIONS]]
