"""The one list of everything a key can do: bindings, hints and help come from it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from textual.binding import Binding, BindingType

Scope = Literal[
    "app",
    "about",
    "mesh",
    "grid",
    "host",
    "table",
    "link",
    "peer",
    "plan",
    "apply",
    "tree",
    "scroll",
    "run",
    "changes",
    "form",
    "device",
    "drift",
    "mtu",
    "prompt",
    "help",
    "hostkey",
    "quit",
    "demo",
    "faults",
]

TITLES: dict[Scope, str] = {
    "app": "Everywhere",
    "about": "On a host or a link",
    "mesh": "Mesh",
    "grid": "In the grid",
    "host": "Host",
    "table": "In a table",
    "link": "Link",
    "peer": "A peer without SSH",
    "plan": "Plan",
    "apply": "Apply",
    "tree": "In a plan or an apply",
    "scroll": "In a long text",
    "run": "A command on hosts",
    "changes": "What was changed",
    "form": "Filling in",
    "device": "What a device imports",
    "drift": "Drift of a host",
    "mtu": "Path MTU",
    "prompt": "Typing",
    "help": "Help",
    "hostkey": "Unknown host key",
    "quit": "Quit while an apply is under way",
    "demo": "In a demo",
    "faults": "What is to go wrong",
}


class Action(NamedTuple):
    """Something a person can do."""

    scope: Scope
    id: str
    """Within its scope; `action_<id>` on the scope's widget, screen or app does it."""
    keys: tuple[str, ...]
    """As Textual names them; the first is the one shown."""
    label: str
    """One or two words, for the hints at the bottom."""
    description: str
    """A line for the help screen."""
    hint: bool = False
    """Whether it is among the hints at the bottom."""
    priority: bool = False
    """Whether it goes before whatever has the focus."""

    @property
    def name(self) -> str:
        """What the settings file calls it: `grid.up`."""
        return f"{self.scope}.{self.id}"

    @property
    def call(self) -> str:
        """Textual's name for what it does."""
        return f"app.{self.id}" if self.scope in _OF_APP else self.id


ACTIONS: tuple[Action, ...] = (
    Action("mesh", "plan", ("a",), "plan", "show what would change, to apply it", hint=True),
    Action(
        "mesh", "filter", ("slash",), "filter", "hosts by name; !text: all but these", hint=True
    ),
    Action("mesh", "measure", ("t",), "rtt", "measure the round trips of all links once"),
    Action("mesh", "mtu", ("T",), "path MTU", "probe every path, and propose an MTU"),
    Action("mesh", "pause", ("space",), "pause", "hold the picture still, or go on"),
    Action("mesh", "slower", ("minus",), "slower", "look at the hosts less often"),
    Action("mesh", "faster", ("plus",), "faster", "look at the hosts more often"),
    Action("mesh", "past", ("left_square_bracket",), "back in time", "one record back in time"),
    Action("mesh", "future", ("right_square_bracket",), "forward", "one record forward in time"),
    Action("mesh", "far_past", ("left_curly_bracket",), "10 min back", "ten minutes back in time"),
    Action("mesh", "far_future", ("right_curly_bracket",), "10 min on", "ten minutes forward"),
    Action("mesh", "log", ("L",), "log", "show or hide the log"),
    Action("mesh", "reconnect", ("r",), "reconnect", "connect anew to every host"),
    Action("mesh", "add", ("n",), "new host", "add a new host to the mesh"),
    Action("mesh", "add_peer", ("p",), "new peer", "add a phone, a laptop: with a QR code"),
    Action("mesh", "set", ("e",), "edit", "endpoint, port, addresses, … of the row's host"),
    Action("mesh", "rename", ("N",), "rename", "another name for the row's host"),
    Action("mesh", "remove", ("D",), "remove", "take the row's host out of the mesh"),
    Action("mesh", "switch", ("E",), "disable", "disable or enable a link; on the diagonal a host"),
    Action("mesh", "rotate", ("X",), "new key", "another key for the marked hosts, else the row's"),
    Action("mesh", "undo", ("u",), "undo", "take the last change back, as a plan"),
    Action("mesh", "changes", ("C",), "changes", "what was changed from this machine"),
    Action("mesh", "clear", ("escape",), "clear", "back to now, or drop the filter and marks"),
    Action("about", "host", ("o",), "host", "all about the host of this row"),
    Action(
        "about",
        "drift",
        ("d",),
        "drift",
        "what the host has otherwise than mesh.toml says",
        hint=True,
    ),
    Action("about", "ssh", ("S",), "ssh", "open a shell on the host; leave it to come back"),
    Action("about", "run", ("exclamation_mark",), "run", "run a command on the marked hosts"),
    Action("about", "copy", ("y",), "copy", "copy what the cursor is on"),
    Action("grid", "left", ("left", "h"), "left", "one host to the left"),
    Action("grid", "down", ("down", "j"), "down", "one host down"),
    Action("grid", "up", ("up", "k"), "up", "one host up"),
    Action("grid", "right", ("right", "l"), "right", "one host to the right"),
    Action("grid", "top", ("g", "ctrl+home"), "top", "the first row"),
    Action("grid", "bottom", ("G", "ctrl+end"), "bottom", "the last row"),
    Action("grid", "page_up", ("pageup",), "page up", "a screen up"),
    Action("grid", "page_down", ("pagedown",), "page down", "a screen down"),
    Action("grid", "first", ("home",), "first", "the first column"),
    Action("grid", "last", ("end",), "last", "the last column"),
    Action(
        "grid",
        "next_mode",
        ("m",),
        "mode",
        "the next of age, rx, tx, rate, rtt, problems",
        hint=True,
    ),
    Action("grid", "open", ("enter",), "link", "the link; on the diagonal, the host", hint=True),
    Action("grid", "age", ("1",), "age", "show handshake ages"),
    Action("grid", "rx", ("2",), "rx", "show bytes received"),
    Action("grid", "tx", ("3",), "tx", "show bytes sent"),
    Action("grid", "rate", ("4",), "rate", "show bytes per second"),
    Action("grid", "rtt", ("5",), "rtt", "show round trips over the mesh, in ms"),
    Action("grid", "problems", ("6",), "problems", "show only what is wrong"),
    Action("grid", "zoom_in", ("z",), "zoom in", "show more in a cell"),
    Action("grid", "zoom_out", ("Z",), "zoom out", "show more cells"),
    Action("grid", "sort", ("s",), "sort", "sort by file order, name, worst, rate"),
    Action("grid", "mark", ("x",), "mark", "pick this host, for what is done on several"),
    Action("host", "next_pane", ("tab",), "pane", "the next pane", hint=True),
    Action("host", "previous_pane", ("shift+tab",), "pane before", "the pane before"),
    Action("host", "peers", ("1",), "peers", "the peers"),
    Action("host", "traffic", ("2",), "traffic", "the traffic"),
    Action("host", "log", ("3",), "log", "the log of this host"),
    Action("host", "config", ("4",), "configuration", "the configuration"),
    Action("host", "full", ("f",), "full", "one pane on the whole screen, or all of them"),
    Action("host", "sort", ("s",), "sort", "sort the peers by the next column", hint=True),
    Action("host", "reverse", ("I",), "reverse", "sort the other way round"),
    Action("host", "zoom_in", ("plus",), "zoom in", "traffic over a shorter time"),
    Action("host", "zoom_out", ("minus",), "zoom out", "traffic over a longer time"),
    Action("host", "compare", ("c",), "compare", "other configurations side by side"),
    Action("host", "difference", ("n",), "next ≠", "the next difference in the configuration"),
    Action("host", "again", ("r",), "again", "ask the host again", hint=True),
    Action("host", "back", ("escape",), "back", "back to where you were", hint=True),
    Action("table", "up", ("up", "k"), "up", "one row up"),
    Action("table", "down", ("down", "j"), "down", "one row down"),
    Action("table", "page_up", ("pageup",), "page up", "a screen up"),
    Action("table", "page_down", ("pagedown",), "page down", "a screen down"),
    Action("table", "top", ("g", "home"), "top", "the first row"),
    Action("table", "bottom", ("G", "end"), "bottom", "the last row"),
    Action("table", "open", ("enter",), "link", "the link to this peer; of drift, the plan"),
    Action("link", "ping", ("t",), "ping", "ping both ways over the mesh", hint=True),
    Action("link", "mtu", ("u",), "path MTU", "find the largest packet, both ways", hint=True),
    Action("link", "swap", ("w",), "swap", "swap the two ends", hint=True),
    Action("link", "again", ("r",), "look again", "read the history again"),
    Action("link", "up", ("up", "k"), "up", "the field above"),
    Action("link", "down", ("down", "j"), "down", "the field below"),
    Action("link", "left", ("left", "h"), "left", "the first end"),
    Action("link", "right", ("right", "l"), "right", "the second end"),
    Action("link", "top", ("g", "home"), "top", "the first field"),
    Action("link", "bottom", ("G", "end"), "bottom", "the last field"),
    Action("link", "page_up", ("pageup",), "page up", "a screen up"),
    Action("link", "page_down", ("pagedown",), "page down", "a screen down"),
    Action("link", "back", ("escape",), "back", "back to where you were", hint=True),
    Action("peer", "back", ("escape",), "back", "back to where you were", hint=True),
    Action("plan", "apply", ("A",), "apply", "apply this plan", hint=True),
    Action("plan", "prune", ("p",), "prune", "also remove peers that mesh.toml lacks", hint=True),
    Action("plan", "back", ("escape",), "back", "back; nothing changes", hint=True),
    Action("apply", "back", ("escape",), "back", "back; the apply goes on", hint=True),
    Action("tree", "up", ("up", "k"), "up", "a line up"),
    Action("tree", "down", ("down", "j"), "down", "a line down"),
    Action("tree", "open", ("enter", "space"), "open", "open or close", hint=True),
    Action("tree", "expand", ("right", "l"), "open", "open, or go in"),
    Action("tree", "collapse", ("left", "h"), "close", "close, or go to what it is under"),
    Action("tree", "expand_all", ("e",), "all", "open the next level; close all", hint=True),
    Action("tree", "page_up", ("pageup",), "page up", "a screen up"),
    Action("tree", "page_down", ("pagedown",), "page down", "a screen down"),
    Action("tree", "top", ("g", "home"), "top", "the first line"),
    Action("tree", "bottom", ("G", "end"), "bottom", "the last line"),
    Action("tree", "side_left", ("shift+left", "less_than_sign"), "left", "scroll to the left"),
    Action(
        "tree", "side_right", ("shift+right", "greater_than_sign"), "right", "scroll to the right"
    ),
    Action("scroll", "line_up", ("up", "k"), "up", "a line up"),
    Action("scroll", "line_down", ("down", "j"), "down", "a line down"),
    Action("scroll", "side_left", ("left", "h"), "left", "to the left"),
    Action("scroll", "side_right", ("right", "l"), "right", "to the right"),
    Action("scroll", "screen_up", ("pageup", "b"), "page up", "a screen up"),
    Action("scroll", "screen_down", ("pagedown", "space"), "page down", "a screen down"),
    Action("scroll", "to_top", ("g", "home"), "top", "the beginning"),
    Action("scroll", "to_bottom", ("G", "end"), "bottom", "the end"),
    Action(
        "run",
        "back",
        ("escape",),
        "back",
        "back; what has begun on a host may go on there",
        hint=True,
    ),
    Action("run", "again", ("r",), "again", "run it once more", hint=True),
    Action("changes", "undo", ("u",), "undo the last", "take the last change back", hint=True),
    Action("changes", "back", ("escape",), "back", "back to where you were", hint=True),
    # First, or what is typed quickly behind them would go into the field before.
    Action("form", "next", ("tab", "down"), "next", "the next field", hint=True, priority=True),
    Action("form", "previous", ("shift+tab", "up"), "before", "the field before", priority=True),
    Action("form", "submit", ("enter",), "show the plan", "show what it would change", hint=True),
    Action("form", "cancel", ("escape",), "cancel", "close it and do nothing", hint=True),
    Action("device", "save", ("s",), "save", "save it to a file", hint=True),
    Action("device", "turn", ("c",), "code or text", "the text, or the QR code", hint=True),
    Action("device", "back", ("escape",), "close", "close it; nobody shows it again", hint=True),
    Action("drift", "adopt", ("t",), "adopt", "have mesh.toml say what the host has", hint=True),
    Action("drift", "repair", ("a",), "repair", "the plan for this host alone", hint=True),
    Action("drift", "ignore", ("i",), "ignore", "hear no more of it, or again", hint=True),
    Action("drift", "again", ("r",), "again", "ask the host again"),
    Action("drift", "back", ("escape",), "back", "back to where you were", hint=True),
    Action("mtu", "set", ("a",), "plan", "the plan for the mesh with this MTU", hint=True),
    Action("mtu", "again", ("r",), "again", "probe once more", hint=True),
    Action("mtu", "back", ("escape",), "back", "back to where you were", hint=True),
    Action("prompt", "cancel", ("escape",), "cancel", "close it and do nothing"),
    Action("prompt", "complete", ("tab",), "complete", "take the first suggestion"),
    Action("prompt", "earlier", ("up",), "earlier", "what was typed before"),
    Action("prompt", "later", ("down",), "later", "what was typed after that"),
    Action("help", "close", ("escape",), "close", "close this help", hint=True),
    Action("hostkey", "choose", ("left", "right", "tab"), "choose", "no or yes", hint=True),
    Action("hostkey", "answer", ("enter",), "answer", "give the marked answer", hint=True),
    Action("hostkey", "up", ("up", "pageup"), "up", "scroll the question up"),
    Action("hostkey", "down", ("down", "pagedown"), "down", "scroll the question down"),
    Action("hostkey", "no", ("escape", "n"), "no", "refuse the key", hint=True),
    Action("quit", "yes", ("y",), "quit", "quit now", hint=True),
    Action("quit", "no", ("escape", "n"), "stay", "stay", hint=True),
    Action("app", "keep", ("K",), "keep", "keep the change that waits for an answer"),
    Action(
        "app",
        "revert",
        ("R",),
        "take back",
        "take the change back; recover one that broke off",
    ),
    Action("app", "command", ("colon",), "command", "type a command, with completion", hint=True),
    Action("app", "command_palette", ("ctrl+p",), "palette", "search all commands"),
    Action("app", "privacy", ("P",), "privacy", "hide addresses and keys, for a screen share"),
    Action("app", "next_mesh", ("M",), "next mesh", "the next mesh: meshtui -f FILE -f FILE"),
    Action("app", "help", ("question_mark", "f1"), "help", "this help", hint=True),
    Action(
        "app", "leave", ("q",), "quit", "quit; asks once while an apply is under way", hint=True
    ),
    Action("app", "leave_now", ("ctrl+c", "ctrl+q"), "quit now", "quit at once", priority=True),
    Action("demo", "fault", ("F",), "break", "have something go wrong here, or heal it"),
    Action("demo", "skip", ("full_stop",), "next", "go on to the story's next part"),
    Action("demo", "hide", ("H",), "hide", "hide the story, or show it again"),
    Action("faults", "up", ("up", "k"), "up", "the one above"),
    Action("faults", "down", ("down", "j"), "down", "the one below"),
    Action("faults", "choose", ("enter",), "do it", "do what is marked", hint=True),
    Action("faults", "cancel", ("escape",), "cancel", "close it and do nothing", hint=True),
)

#: Scopes that hold at the same time: within each of these a key means one thing.
CONTEXTS: tuple[frozenset[Scope], ...] = (
    frozenset({"app", "about", "mesh", "grid"}),
    frozenset({"app", "about", "host", "table"}),
    frozenset({"app", "about", "host", "scroll"}),
    frozenset({"app", "about", "link"}),
    frozenset({"app", "about", "peer", "scroll"}),
    frozenset({"app", "plan", "tree"}),
    frozenset({"app", "apply", "tree"}),
    frozenset({"app", "changes", "tree"}),
    frozenset({"form"}),
    frozenset({"device", "scroll"}),
    frozenset({"app", "help", "scroll"}),
    frozenset({"app", "run", "scroll"}),
    frozenset({"app", "drift", "table"}),
    frozenset({"app", "mtu", "scroll"}),
    frozenset({"app", "hostkey"}),
    frozenset({"app", "quit"}),
    frozenset({"prompt"}),
    frozenset({"faults"}),
    # Any key of a person's settings goes before these: the next mesh is no demo.
    frozenset({"demo"}),
)

#: Their actions are the app's, wherever the key is pressed.
_OF_APP: frozenset[Scope] = frozenset({"app", "about", "demo"})


def bindings(*scopes: Scope) -> list[BindingType]:
    """Textual's bindings for the actions of `scopes`."""
    return [
        Binding(
            key=",".join(action.keys),
            action=action.call,
            description=action.label,
            tooltip=action.description,
            show=action.hint,
            priority=action.priority,
            id=action.name,
        )
        for action in ACTIONS
        if action.scope in scopes
    ]
