"""One lab: made, entered, its hosts switched off and on, and taken away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from meshtui.errors import MeshError, UsageError
from meshtui.lab import cleanup, procs
from meshtui.lab.build import build
from meshtui.lab.names import LabHost, plan
from meshtui.lab.paths import PLAIN_ENV, lab_path
from meshtui.lab.power import init_of, machinery, power_on, unplug

_ROOT = Path(__file__).parents[2]


class Lab:
    """A fleet of real hosts in network namespaces, and an operator's namespace beside it."""

    def __init__(self, name: str, machines: Sequence[LabHost]) -> None:
        """Use `Lab.up` or `Lab.attach`."""
        self.name = name
        self.path = lab_path(name)
        self._machines = {machine.name: machine for machine in machines}

    @classmethod
    def up(
        cls,
        count: int,
        *,
        name: str = "lab",
        networks: Sequence[str] = ("10.0.0.0/24",),
        systemd: bool = False,
        nat: int = 0,
        symmetric: bool = False,
        v6: bool = False,
        outside: int = 0,
        progress: Callable[[str], None] | None = None,
    ) -> Lab:
        """Make a lab of `count` hosts and return once every sshd answers.

        `networks` are what its mesh.toml asks for. `systemd` makes each host a
        Debian booted by systemd, else it is the machine's own system and a
        bare init.

        The last `nat` hosts are each behind a router with NAT, which hands SSH on;
        `symmetric` gives each destination another port. `v6` leaves the hosts no public
        IPv4. `outside` is how many machines there are without sshd, of which mesh.toml
        knows nothing: behind routers of their own, or on the network with `v6`.
        `progress` hears a line per step.

        Raises UsageError if not root or if the question makes no sense,
        MeshError if a lab of this name is up, if the machine lacks something,
        or if a host does not come up; then nothing is left of it.
        """
        machines = plan(count, nat=nat, symmetric=symmetric, v6=v6, outside=outside)
        build(
            machines,
            name,
            networks,
            systemd=systemd,
            symmetric=symmetric,
            progress=progress or (lambda _line: None),
        )
        return cls(name, machines)

    @classmethod
    def attach(cls, name: str = "lab") -> Lab:
        """Return the lab `name` that is up; MeshError if there is none."""
        path = lab_path(name)
        try:
            state = json.loads((path / "lab.json").read_text())
        except PermissionError:
            raise UsageError("a lab needs root", hint="use sudo") from None
        except FileNotFoundError:
            state = None
        keeper = procs.recorded(path / "keeper.pid") if state else None
        if state is None or keeper is None or not keeper.alive:
            raise MeshError(f"no lab {name!r} is up", hint="sudo meshtui lab up 5")
        return cls(name, [LabHost(**each) for each in state])

    @property
    def hosts(self) -> tuple[LabHost, ...]:
        """Every host, in order, with the PID that it has now."""
        return tuple(self.host(each.name) for each in self._machines.values() if not each.outside)

    @property
    def outside(self) -> tuple[LabHost, ...]:
        """Every machine outside, in order, with the PID that it has now."""
        return tuple(self.host(each.name) for each in self._machines.values() if each.outside)

    def host(self, name: str) -> LabHost:
        """The host, or machine outside, called `name`; MeshError if there is none."""
        if name not in self._machines:
            raise MeshError(f"the lab {self.name!r} has no host {name!r}")
        first = init_of(self.path, name)
        return replace(self._machines[name], pid=first.pid if first else None)

    def command(self, argv: Sequence[str | Path], *, cwd: Path | None = None) -> list[str]:
        """The argument list that runs `argv` in the operator's namespace, in `cwd`.

        `cwd` is the lab's directory unless given. The environment is the
        caller's but for SSH_AUTH_SOCK and XDG_STATE_HOME. File system and processes are the
        machine's own. MeshError if the lab is down.
        """
        operator = procs.recorded(self.path / "operator.pid")
        if operator is None or not operator.alive:
            raise MeshError(f"the lab {self.name!r} is down", hint="sudo meshtui lab up 5")
        enter = ["nsenter", f"--target={operator.pid}", "--net", "--mount", "--uts", "--"]
        return [
            *enter,
            *("env", f"--chdir={cwd or self.path}", "-u", "SSH_AUTH_SOCK", "-u", "SSH_AGENT_PID"),
            # The journal goes with the lab.
            f"XDG_STATE_HOME={self.path / 'state'}",
            *map(str, argv),
        ]

    def meshtui(self, *argv: str) -> list[str]:
        """The argument list, for `command` or `run`, of this very meshtui with `argv`."""
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        return ["env", f"PYTHONPATH={path}", sys.executable, "-m", "meshtui", *argv]

    def run(
        self, argv: Sequence[str | Path], *, cwd: Path | None = None, **kw: Any
    ) -> subprocess.CompletedProcess[Any]:
        """Run `argv` in the operator's namespace, as `subprocess.run` would.

        Output is captured as text and 60 s are the limit, unless `kw` says otherwise.
        """
        return _run(self.command(argv, cwd=cwd), kw)

    def on(
        self, host: str, argv: Sequence[str | Path], **kw: Any
    ) -> subprocess.CompletedProcess[Any]:
        """Run `argv` as root inside `host`, not over SSH, with a plain environment.

        Defaults as for `run`. MeshError if the host is powered off.
        """
        kw.setdefault("env", PLAIN_ENV | {"HOME": "/root", "TERM": "dumb"})
        return _run([*self.enter(host), *map(str, argv)], kw)

    def enter(self, host: str) -> list[str]:
        """The argument list before a command that runs it inside `host`."""
        pid = self.host(host).pid
        if pid is None:
            raise MeshError("it is powered off", host=host, hint="Lab.boot turns it on")
        return ["nsenter", f"--target={pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--"]

    def kill(self, host: str) -> None:
        """Cut the power: every process of `host` ends at once, its disk stays.

        Nobody who talks to it is told: what they send vanishes.
        """
        unplug(self.path, self.host(host))
        procs.end(machinery(self.path, host))

    def boot(self, host: str) -> None:
        """Turn `host` on again, same disk, keys and addresses; return once sshd answers."""
        at = self.host(host)
        if at.pid is not None:
            raise MeshError("it is on already", host=host)
        power_on(self.path, [at])

    def down(self) -> None:
        """Take the whole lab away; see `meshtui.lab.down`."""
        cleanup.down(self.name)

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.down()


def _run(argv: Sequence[str], kw: dict[str, Any]) -> subprocess.CompletedProcess[Any]:
    if not {"stdout", "stderr", "capture_output"} & kw.keys():
        kw["capture_output"] = True
    if "input" not in kw:
        kw.setdefault("stdin", subprocess.DEVNULL)
    kw.setdefault("text", True)
    kw.setdefault("timeout", 60)
    kw.setdefault("check", False)
    return subprocess.run(argv, **kw)  # noqa: PLW1510 # it is in kw
