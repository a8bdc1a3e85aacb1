"""What `meshtui lab` does."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, SimpleNamespace
from typing import NoReturn

from meshtui.errors import UsageError
from meshtui.lab.checks import require_root
from meshtui.lab.cleanup import down
from meshtui.lab.lab import Lab

#: sudo's usual secure_path.
_SUDO_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_V4 = "10.0.0.0/24"
_V6 = "fd10:6d65:7368::/64"


def main(args: SimpleNamespace) -> int:
    """Do what the arguments of `meshtui.cli.lab` ask for; return the exit code.

    Raises MeshError and UsageError. `lab run` replaces this process.
    """
    action: str | None = args.lab_action
    require_root(f"meshtui lab {action or ''}".strip())
    if action == "up":
        return _up(args)
    if action == "run":
        _run(Lab.attach(args.name), args.lab_command)
    if action == "down":
        gone = down(args.name)
        _say(f"The lab {args.name!r} is gone." if gone else f"There was no lab {args.name!r}.")
        return 0
    return _rehearse(args)


def _made(args: SimpleNamespace) -> Lab:
    networks = (_V6,) if args.ipv6_only else (_V4, _V6) if args.ipv6 else (_V4,)
    return Lab.up(
        args.count,
        name=args.name,
        networks=networks,
        systemd=args.systemd,
        nat=args.nat,
        symmetric=args.symmetric,
        v6=args.v6,
        progress=_say,
    )


def _up(args: SimpleNamespace) -> int:
    with _ended_by_signals():
        lab = _made(args)
    named = "" if args.name == "lab" else f" --name {args.name}"
    meshtui = _as_root()
    _say(
        f"Its mesh.toml, SSH key and known_hosts are in {lab.path}, where `lab run` runs.\n"
        f"Next:         {meshtui} lab run{named} -- meshtui apply --yes\n"
        f"or by hand:   {meshtui} lab run{named} -- ssh server-a\n"
        f"and to end:   {meshtui} lab down{named}"
    )
    return 0


def _as_root() -> str:
    """What starts this meshtui under sudo, whose PATH has no virtual environment in it."""
    if shutil.which("meshtui", path=_SUDO_PATH):
        return "sudo meshtui"
    return f"sudo {shlex.quote(sys.executable)} -m meshtui"


def _run(lab: Lab, words: Sequence[str]) -> NoReturn:
    """Become the command, so that terminal, signals and exit code are its own."""
    words = list(words[1:] if words[:1] == ["--"] else words)
    if not words:
        raise UsageError("lab run: which command?", hint="meshtui lab run -- ssh server-a")
    if words[0] == "meshtui":
        words = lab.meshtui(*words[1:])
    elif shutil.which(words[0]) is None:
        raise UsageError(f"lab run: there is no command {words[0]!r}")
    argv = lab.command(words)
    sys.stdout.flush()
    os.execvp(argv[0], argv)  # noqa: S606 # a list: no shell sees it


def _rehearse(args: SimpleNamespace) -> int:
    """Make a lab, open the TUI on it (apply, where there is no terminal), take it away."""
    with _ended_by_signals():
        lab = _made(args)
        try:
            if not _has_terminal():
                # Nobody is there to press a key: the same without a screen.
                for words in (("apply", "--yes"), ("status",)):
                    if code := subprocess.call(lab.command(lab.meshtui(*words))):
                        return code
                return 0
            argv = lab.command(lab.meshtui("-f", str(lab.path / "mesh.toml")))
            tui = subprocess.Popen(argv)
            try:
                return tui.wait()
            finally:
                _end(tui)
        finally:
            _unhurried(args.name)


def _has_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask the TUI to end, if it has not, and after 5 s end it; mend the terminal behind it."""
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(5)
    if _has_terminal():
        # Off: alternate screen, mouse, bracketed paste. On: the cursor.
        sys.stdout.write("\x1b[?1049l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?25h")
        sys.stdout.flush()
        subprocess.run(["stty", "sane"], timeout=5, check=False)


def _unhurried(name: str) -> None:
    """Take the lab away and let no second ctrl-c leave half of it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if down(name):
        _say(f"The lab {name!r} is gone.")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit, so that `finally` runs as on ctrl-c."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    old = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # the command line's own voice
