"""Labs for tests: unique names, always taken away, and skipped by name where none can be."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from meshtui.errors import MeshError
from meshtui.lab import Lab, down
from meshtui.lab.checks import check_machine
from meshtui.lab.paths import BASE

_numbers = itertools.count(1)


def _why_not(*, systemd: bool) -> str | None:
    try:
        check_machine(systemd=systemd)
    except MeshError as error:
        return str(error)
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip lab tests with the reason, or fail them where MESHTUI_REQUIRE_LAB is set."""
    for marker in ("lab", "systemd"):
        marked = [item for item in items if item.get_closest_marker(marker)]
        reason = _why_not(systemd=marker == "systemd") if marked else None
        if reason and os.environ.get("MESHTUI_REQUIRE_LAB"):
            raise pytest.UsageError(f"the lab tests must run, but: {reason}")
        for item in marked if reason else []:
            item.add_marker(pytest.mark.skip(reason=f"{item.name}: {reason}"))


def fresh_name() -> str:
    """A lab's name that no other test run uses."""
    return f"t{os.getpid()}-{next(_numbers)}"


def _sweep() -> None:
    """Take away the labs of test runs that were killed."""
    for path in BASE.glob("t*-*") if os.geteuid() == 0 and BASE.exists() else []:
        owner = re.fullmatch(r"t(\d+)-\d+", path.name)
        if owner and not Path("/proc", owner[1]).exists():
            down(path.name)


@pytest.fixture(scope="session")
def _swept() -> None:
    _sweep()


@pytest.fixture(scope="module")
def lab(_swept: None) -> Iterator[Callable[..., Lab]]:
    """Makes labs: `lab(3)` is one of 3 hosts, with the arguments of `Lab.up`."""
    names: list[str] = []

    def make(count: int, **kw: object) -> Lab:
        names.append(fresh_name())
        return Lab.up(count, name=names[-1], **kw)  # type: ignore[arg-type]

    yield make
    for name in names:
        down(name)


@pytest.fixture
def lab_name(_swept: None) -> Iterator[str]:
    """A free name; whatever lab has it at the end is taken away."""
    name = fresh_name()
    yield name
    down(name)
