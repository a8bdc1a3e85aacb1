"""The words and options of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from meshtui import __version__
from meshtui.cli.demo import register as register_demo
from meshtui.cli.lab import register as register_lab

#: Of so many hosts at most `status` looks for drift unasked: that is ten programs on each of
#: them, and all that a plan is made from.
MOST_COMPARED = 200


def parser() -> argparse.ArgumentParser:
    """The whole command line; `command` names what is to be done, None: the screen."""
    top = argparse.ArgumentParser(prog="meshtui", description=_ABOUT, epilog=_EXIT_CODES)
    top.add_argument("--version", action="version", version=f"meshtui {__version__}")
    _add_common(top)
    top.add_argument(
        "--read-only", action="store_true", help="the screen looks, and changes nothing on a host"
    )
    subs = top.add_subparsers(title="commands", metavar="COMMAND", dest="command")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return subs.add_parser(name, help=text, description=text, epilog=_EXIT_CODES)

    init = command("init", "make a mesh.toml; no host is asked anything yet")
    init.add_argument(
        "targets", nargs="+", metavar="HOST", help="[NAME=]user@host[:port], or an alias"
    )
    init.add_argument("-f", "--file", type=Path, default=Path("mesh.toml"))
    init.add_argument("--name", default="mesh", help="of the mesh (default: %(default)s)")
    init.add_argument("--interface", default="wg0", help="(default: %(default)s)")
    init.add_argument("--listen-port", type=int, default=51820, help="(default: %(default)s)")
    init.add_argument(
        "--network",
        action="append",
        metavar="NETWORK",
        help="10.0.0.0/24 or fd00::/64; may be given for each family (default: a free 10.x.0.0/24)",
    )
    init.add_argument(
        "--ipv6", action="store_true", help="addresses of both families: a new unique local /64 too"
    )
    init.add_argument(
        "--endpoint",
        action="append",
        default=[],
        metavar="NAME=HOST[:PORT]",
        help="where the others reach this host, if not where ssh does; none: behind NAT",
    )
    init.add_argument("--force", action="store_true", help="replace a file that is there")

    for name, text in (
        ("status", "every host and every direction, once"),
        ("plan", "what apply would change, as a diff; exit code 3: there are changes"),
        ("apply", "make the mesh what mesh.toml says, and prove that it works"),
    ):
        sub = command(name, text)
        _add_common(sub, argparse.SUPPRESS)
        sub.add_argument("--json", action="store_true", help="for programs, on stdout")
        if name == "status":
            sub.add_argument("--links", action="store_true", help="list every direction")
            sub.add_argument(
                "--drift",
                action=argparse.BooleanOptionalAction,
                help="compare the hosts with mesh.toml, too, or do not, which is quicker;"
                f" of more than {MOST_COMPARED} hosts only where it is asked for",
            )
        else:
            sub.add_argument(
                "--prune", action="store_true", help="remove peers that mesh.toml does not know"
            )
        if name == "apply":
            _add_agreement(sub)

    _register_members(command)

    rotate = command("rotate", "a new key for a host or a peer, or for each host in turn")
    rotate.add_argument("names", nargs="*", metavar="NAME")
    rotate.add_argument("--all", action="store_true", help="every host")
    rotate.add_argument(
        "--psk", action="store_true", help="not their keys: the preshared keys of their links"
    )
    _add_out(rotate, "of a peer: its new configuration goes")
    _add_common(rotate, argparse.SUPPRESS)
    rotate.add_argument("--json", action="store_true", help="for programs, on stdout")
    _add_agreement(rotate)

    recover = command(
        "recover",
        "end a change that was broken off: new everywhere if a host confirmed it, else old",
    )
    _add_common(recover, argparse.SUPPRESS)
    recover.add_argument("--json", action="store_true", help="for programs, on stdout")
    recover.add_argument(
        "--break",
        dest="break_id",
        metavar="ID",
        help="end the change of that id on every host that it holds, whoever began it",
    )
    _register_drift(command)

    log = command("log", "what was changed from this machine, by whom, and how it ended")
    _add_common(log, argparse.SUPPRESS)
    log.add_argument("number", nargs="?", type=int, metavar="N", help="tell all of change N")
    log.add_argument("--json", action="store_true", help="for programs, on stdout")

    mtu = command("mtu", "the path MTU of every link, and one MTU for the mesh; takes a while")
    _add_common(mtu, argparse.SUPPRESS)
    mtu.add_argument("--json", action="store_true", help="for programs, on stdout")
    mtu.add_argument("--set", action="store_true", help="write it into [mesh], and apply that")
    _add_agreement(mtu)

    path = command("path", "through whom two members reach each other; exit code 1: they do not")
    path.add_argument("names", nargs=2, metavar="NAME")
    _add_common(path, argparse.SUPPRESS)
    path.add_argument("--json", action="store_true", help="for programs, on stdout")
    path.add_argument(
        "--now",
        action="store_true",
        help="by what hosts have (default: by mesh.toml and the last change, none asked)",
    )

    lab = command("lab", "a fleet of real hosts on this machine, to rehearse on")
    register_lab(lab)
    demo = command("demo", "a whole fleet, embedded in this command: nothing to install, no root")
    register_demo(demo)
    return top


def _register_members(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Hosts that come and go: each is an edit of mesh.toml, and an apply of that."""
    add = command("add", "a new host or peer: into mesh.toml, and into the mesh")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--ssh", metavar="TARGET", help="user@host[:port], or an alias")
    add.add_argument(
        "--endpoint",
        action="append",
        metavar="HOST[:PORT]",
        help="where the others reach it, if not where ssh does; none: behind NAT; twice: an"
        " address of each family, the first choice first",
    )
    add.add_argument(
        "--address",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="on the mesh (default: a free one); may be given for each family",
    )
    add.add_argument(
        "--peer",
        action="store_true",
        help="a phone, a laptop, a router, which nobody reaches over SSH: its configuration is"
        " shown once, as text and as a QR code",
    )
    _add_peer(add)
    add.add_argument(
        "--public-key", metavar="KEY", help="of a peer that has made its own (default: made here)"
    )
    _add_out(add, "of a peer: its configuration goes")
    remove = command(
        "remove", "a host or peer out of mesh.toml and the mesh; a host's interface goes, too"
    )
    remove.add_argument("name", metavar="NAME")
    rename = command("rename", "a host or peer under another name; no tunnel is touched")
    rename.add_argument("old", metavar="OLD")
    rename.add_argument("new", metavar="NEW")
    change = command("set", "what mesh.toml says of one host, changed on all that it concerns")
    change.add_argument("name", metavar="NAME")
    change.add_argument(
        "--endpoint",
        action="append",
        metavar="HOST[:PORT]|none|default",
        help="where the others reach it; none: behind NAT; default: where ssh goes; twice: an"
        " address of each family, the first choice first",
    )
    change.add_argument(
        "--port",
        metavar="PORT|default",
        help="to listen on; an endpoint with the old port goes along; default: as [mesh] says",
    )
    change.add_argument(
        "--address",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="on the mesh, instead of all that it has; may be given several times",
    )
    change.add_argument(
        "--keepalive",
        metavar="SECONDS|off|default",
        help="between packets that keep the way to it open; default: as [mesh] says",
    )
    change.add_argument(
        "--mtu", metavar="MTU|default", help="default: as [mesh] says, or wg-quick works out"
    )
    change.add_argument(
        "--exit", metavar="HOST|none", help="all else that it sends goes out through this host"
    )
    disable = command("disable", "a host or a link out of the mesh for now; nothing is forgotten")
    enable = command("enable", "a disabled host or link back in")
    for sub in (disable, enable):
        sub.add_argument("names", nargs="+", metavar="NAME", help="a host, or two: their link")
    undo = command("undo", "back to the mesh.toml from before the last change, as a plan")
    invite = command("invite", "a line to paste on a machine that meshtui cannot reach")
    invite.add_argument("name", metavar="NAME")
    invite.add_argument(
        "--address",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="on the mesh (default: a free one); may be given for each family",
    )
    _add_peer(invite)
    invite.set_defaults(public_key=None, peer=True, ssh=None, endpoint=None, out=None)
    for sub in (remove, rename, change, disable, enable, undo):
        sub.set_defaults(out=None)
    for sub in (add, remove, rename, change, disable, enable, undo, invite):
        _add_common(sub, argparse.SUPPRESS)
        sub.add_argument("--json", action="store_true", help="for programs, on stdout")
        _add_agreement(sub)
    export = command("export", "what others can use: names for /etc/hosts, a peer's configuration")
    of_export = export.add_subparsers(title="what", metavar="WHAT", dest="what", required=True)
    hosts = of_export.add_parser("hosts", help="lines for /etc/hosts; no host is asked")
    hosts.add_argument("--json", action="store_true", help="for programs, on stdout")
    _add_common(hosts, argparse.SUPPRESS)
    peer = of_export.add_parser("peer", help="its configuration again, but for its private key")
    peer.add_argument("name", metavar="NAME")
    _add_out(peer, "it goes")
    peer.set_defaults(json=False)
    _add_common(peer, argparse.SUPPRESS)


def _add_peer(parser: argparse.ArgumentParser) -> None:
    """Of a peer that nobody reaches over SSH."""
    parser.add_argument(
        "--through",
        action="append",
        default=[],
        metavar="HOST[,HOST]",
        help="of a peer: the hosts that it has a tunnel with (default: all that it can reach)",
    )
    parser.add_argument(
        "--exit", metavar="HOST", help="of a peer: all its traffic goes out through this host"
    )
    parser.add_argument(
        "--route",
        action="append",
        default=[],
        metavar="NETWORK",
        help="of a peer: a network behind it; may be given several times",
    )


def _add_out(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help=f"{what} into this new file, its owner's alone"
    )


def _register_drift(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    drift = command(
        "drift", "what hosts have otherwise than mesh.toml says; exit code 3: there is some"
    )
    _add_common(drift, argparse.SUPPRESS)
    drift.add_argument("name", nargs="?", metavar="NAME", help="of one host only")
    drift.add_argument("--json", action="store_true", help="for programs, on stdout")
    _add_agreement(drift)
    one = drift.add_mutually_exclusive_group()
    one.add_argument("--adopt", metavar="ID", help="have mesh.toml say it; hosts stay as they are")
    one.add_argument(
        "--repair", metavar="ID", help="apply mesh.toml, on the host that has it alone"
    )
    one.add_argument("--ignore", metavar="ID", help="hear no more of it, on this machine")
    one.add_argument("--heed", metavar="ID", help="ignore it no more")


_ABOUT = (
    "Your terminal is the control plane of your WireGuard mesh: no agent, only SSH."
    " Without a command: the screen."
)
_EXIT_CODES = (
    "exit codes: 0 done or nothing to do; 1 it failed, or a link is not healthy;"
    " 2 the command line or mesh.toml is wrong; 3 (plan, drift) there are changes, or drift"
)


def _add_agreement(parser: argparse.ArgumentParser) -> None:
    """Of commands that change hosts: who agrees, and how long they wait for it."""
    from meshtui.fleet.wayback import SHORTEST, WITHIN

    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--confirm-within",
        type=_window,
        default=WITHIN,
        metavar="SECONDS",
        help="hosts that hear nothing for so long go back by themselves (default: %(default)s;"
        f" {SHORTEST} or more; 0: only when told to)",
    )


def _window(text: str) -> int:
    """Of --confirm-within."""
    from meshtui.fleet.wayback import LONGEST, SHORTEST

    if not (text.isascii() and text.isdigit()) or (
        int(text) and not SHORTEST <= int(text) <= LONGEST
    ):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither 0 nor from {SHORTEST} to {LONGEST} seconds"
        )
    return int(text)


def _add_common(parser: argparse.ArgumentParser, default: Any = None) -> None:
    """Options that may stand before or after the command's name."""
    parser.add_argument(
        "-f",
        "--file",
        dest="files",
        action="append",
        type=Path,
        default=default,
        help="the mesh (default: ./mesh.toml, then the one in your config directory);"
        " for the screen, several",
    )
    parser.add_argument(
        "-F", "--ssh-config", type=Path, default=default, help="instead of ~/.ssh/config"
    )
    parser.add_argument(
        "--accept-new-host-keys",
        action="store_true",
        default=default if default == argparse.SUPPRESS else False,
        help="trust hosts that known_hosts does not have yet, and add them",
    )
