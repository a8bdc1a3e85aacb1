"""A person who is asked whether a change stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from confirmed import settled
from meshtui_on import apply, edit
from screen import Screen

from meshtui.lab import Lab

pytestmark = pytest.mark.lab
HOSTS = ("server-a", "server-b")


@pytest.fixture(scope="module")
def mesh(lab: Callable[..., Lab]) -> Lab:
    one = lab(2)
    apply(one)
    return one


@pytest.fixture
def one(mesh: Lab) -> Iterator[Lab]:
    """The mesh; its mesh.toml comes back afterwards."""
    path = mesh.path / "mesh.toml"
    text = path.read_text()
    yield mesh
    path.write_text(text)
    apply(mesh)


@pytest.mark.parametrize(
    ("typed", "code", "says"),
    [
        ("y\n", 0, "2 of 2 directions up"),
        ("n\n", 1, "taken back: it was not confirmed"),
        ("\x03", 130, "it goes back"),
        (None, 1, "taken back: nobody confirmed it in time"),
    ],
)
def test_keep_it(one: Lab, typed: str | None, code: int, says: str) -> None:
    before = settled(one, HOSTS, 5)
    # A new address touches what runs: so somebody is asked.
    edit(one, '["10.0.0.2"]', '["10.0.0.22"]')
    with Screen(one, "apply", "--confirm-within", "10") as screen:
        screen.until("Apply? [y/N]")
        screen.press("y\n")
        screen.until("Keep it? (it goes back by itself in ")
        if typed:
            screen.press(typed)
        screen.until(says)
        assert screen.code() == code
    now = settled(one, HOSTS, 15)
    if code == 0:
        assert now["server-b"].addresses == "10.0.0.22/24\n"
        assert "Address = 10.0.0.22/24" in now["server-b"].file
    else:
        assert now == before
