"""Hosts put into mesh.toml and taken out of it: every other byte stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from meshtui.errors import MeshError, UsageError
from meshtui.store import edit, spans
from meshtui.store.edit import add_host, remove_host, rename
from meshtui.store.meshfile import load, parse
from tests.store.example import EXAMPLE
from tests.store.layouts import Written, files

HEAD = '[mesh]\nname = "m"\nnetworks = ["10.0.0.0/24"]\n'
PATH = Path("mesh.toml")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mesh.toml"
    path.write_text(EXAMPLE)
    return path


def test_a_host_is_added_behind_the_last_one(file: Path) -> None:
    draft = add_host(file, "server-c", "root@203.0.113.3", "203.0.113.3", ["10.0.0.9"])
    assert file.read_text() == EXAMPLE
    draft.write(file)
    assert file.read_text() == EXAMPLE + (
        '\n[hosts.server-c]\nssh = "root@203.0.113.3"\nendpoint = "203.0.113.3"\n'
        'addresses = ["10.0.0.9"]\n'
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Without blank lines in between, none comes; comments below stay where they are.
        ("[hosts.a]\nmtu = 1400\n", "[hosts.a]\nmtu = 1400\n[hosts.x]\nssh = 'T'\n"),
        ("[hosts.a]", "[hosts.a]\n[hosts.x]\nssh = 'T'"),
        ("\n[hosts.a]\n# mtu = 1\n", "\n[hosts.a]\n# mtu = 1\n\n[hosts.x]\nssh = 'T'\n"),
        ("\n\t[hosts.a]\n\t mtu=1400\n", "\n\t[hosts.a]\n\t mtu=1400\n\n\t[hosts.x]\n\t ssh='T'\n"),
        (
            "\n[hosts.a]\nmtu = 1400\n\n# the end\n",
            "\n[hosts.a]\nmtu = 1400\n\n[hosts.x]\nssh = 'T'\n\n# the end\n",
        ),
        ("[hosts]\n a.mtu=1400 # c\n", "[hosts]\n a.mtu=1400 # c\n x.ssh = 'T'\n"),
        ("[hosts]\na = {}\n", "[hosts]\na = {}\nx = { ssh = 'T' }\n"),
        (
            "\r\n[hosts.a]\r\nmtu=1400\r\n",
            "\r\n[hosts.a]\r\nmtu=1400\r\n\r\n[hosts.x]\r\nssh='T'\r\n",
        ),
    ],
)
def test_in_the_files_own_style(tmp_path: Path, before: str, after: str) -> None:
    head = HEAD.replace("\n", "\r\n") if "\r\n" in before else HEAD
    path = tmp_path / "mesh.toml"
    path.write_bytes((head + before).encode())
    draft = add_host(path, "x", "T")
    assert draft.after == head + after.replace("'", '"')
    # And what was put in is what is taken out.
    path.write_bytes(draft.after.encode())
    assert remove_host(path, "x").after.rstrip() == (head + before).rstrip()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "# a:\n# two lines\n[hosts.a]\nmtu = 1400 # c\n# ssh = 'h'\n\n# b:\n[hosts.b]\n",
            "# b:\n[hosts.b]\n",
        ),
        ("[hosts.a]\nmtu = 1400\n# b:\n[hosts.b]\n", "# b:\n[hosts.b]\n"),
        # A comment of its own, with a blank line below, is not the host's.
        ("# servers\n\n[hosts.a]\n\n[hosts.b]\n", "# servers\n\n[hosts.b]\n"),
        ("[hosts.b]\n\n[hosts.a]\naddresses = [\n '10.0.0.1', # c\n]\n", "[hosts.b]\n"),
        ("[hosts]\n# a:\na.mtu = 1400\nb.mtu = 1400\na.ssh = 'h'\n", "[hosts]\nb.mtu = 1400\n"),
        ("[hosts]\na = {mtu = 1400}\nb = {}\n", "[hosts]\nb = {}\n"),
    ],
)
def test_a_host_goes_with_its_comments(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "mesh.toml"
    path.write_text(f"{HEAD}\n{before}")
    assert remove_host(path, "a").after == f"{HEAD}\n{after}"


@settings(deadline=None)
@given(files())
def test_every_layout_takes_a_host_and_gives_it_back(
    tmp_path_factory: pytest.TempPathFactory, written: Written
) -> None:
    path = tmp_path_factory.mktemp("layout") / "mesh.toml"
    path.write_bytes(written.text.encode())
    mesh = load(path)
    more = add_host(path, "new.one", "root@192.0.2.77", addresses=["10.0.0.99"]).after
    rest = iter(more)
    assert all(character in rest for character in written.text)
    assert spans.comments(more) == spans.comments(written.text)
    assert ("\r\n" in more) == ("\r\n" in written.text) or "\n" not in written.text
    path.write_bytes(more.encode())
    less = remove_host(path, "new.one").after
    assert parse(less, path) == mesh
    for name in written.names:
        kept = [one for one in mesh.hosts.values() if one.name != name]
        draft = remove_host(path, name)
        assert [h for h in parse(draft.after, path).hosts.values() if h.name != "new.one"] == kept
        # Nothing came in, and what went is one host.
        rest = iter(more)
        assert all(character in rest for character in draft.after)


@pytest.mark.parametrize(
    ("name", "ssh", "more", "says"),
    [
        ("server-a", "h", {}, "there is a host server-a already"),
        ("Server-A", "h", {}, "there is a host server-a already"),
        ("10", "h", {}, "not a name for a host"),
        ("a b", "h", {}, "not a name for a host"),
        ("c", "a b", {}, "not an SSH destination"),
        ("c", "root@203.0.113.1", {}, "the same machine as server-a's"),
        ("c", "h", {"endpoint": "h:port"}, "--endpoint"),
        ("c", "h", {"addresses": ["10.0.0.300"]}, "--address"),
        ("c", "h", {"addresses": ["10.0.0.1"]}, "also server-a's"),
        ("c", "h", {"addresses": ["10.9.0.1"]}, "none of the mesh's networks"),
    ],
)
def test_what_is_wrong_with_a_new_host_is_said(
    file: Path, name: str, ssh: str, more: dict, says: str
) -> None:
    with pytest.raises(UsageError, match="(?s)" + says) as caught:
        add_host(file, name, ssh, **more)
    assert "nothing was written" in str(caught.value)


def test_who_is_not_there_is_not_removed(file: Path) -> None:
    with pytest.raises(UsageError, match=r"no host \"servr-a\".*did you mean server-a\?"):
        remove_host(file, "servr-a")
    with pytest.raises(UsageError, match="there are server-a, server-b"):
        remove_host(file, "zzz")
    remove_host(file, "server-a").write(file)
    with pytest.raises(UsageError, match="the last host"):
        remove_host(file, "server-b")


def test_a_file_that_was_changed_meanwhile_stays(file: Path) -> None:
    draft = remove_host(file, "server-a")
    assert draft.gone == load(file).hosts["server-a"]
    file.write_text(EXAMPLE + "mtu = 1400\n")
    with pytest.raises(MeshError, match="changed by someone else"):
        draft.write(file)
    assert file.read_text() == EXAMPLE + "mtu = 1400\n"


@pytest.mark.parametrize("clumsy", ["listen_port = 51820", "server-b"])
def test_what_would_say_something_else_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch, clumsy: str
) -> None:
    real = edit.without_member
    monkeypatch.setattr(
        edit, "without_member", lambda *a: real(*a).replace(clumsy, clumsy[:-1] + "1")
    )
    with pytest.raises(MeshError, match="cannot change: nothing was written"):
        remove_host(file, "server-a")
    real_with = edit.with_member
    monkeypatch.setattr(edit, "with_member", lambda *a: real_with(*a).replace(clumsy, "x"))
    with pytest.raises(MeshError, match="nothing was written"):
        add_host(file, "c", "h")


def test_the_mesh_is_the_same_but_for_the_host(file: Path) -> None:
    before = load(file)
    after = parse(remove_host(file, "server-a").after, PATH)
    assert after == replace(before, hosts={"server-b": before.hosts["server-b"]})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[ hosts . 'a' ] # a\nssh = 'h'\n", "[ hosts . x ] # a\nssh = 'h'\n"),
        # It is reached where it was.
        ("[hosts.a]\nmtu = 1400\n", '[hosts.x]\nmtu = 1400\nssh = "a"\n'),
        ("[hosts]\na.ssh = 'h'\na.mtu = 1400\n", "[hosts]\nx.ssh = 'h'\nx.mtu = 1400\n"),
        ("[hosts]\na = {}\n", '[hosts]\nx = { ssh = "a" }\n'),
        ("[hosts.a]\nssh = 'h'\n\n[hosts.b]\n", "[hosts.x]\nssh = 'h'\n\n[hosts.b]\n"),
    ],
)
def test_a_host_gets_another_name(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "mesh.toml"
    path.write_text(HEAD + before)
    assert rename(path, "a", "x").after == HEAD + after


@settings(deadline=None)
@given(files())
def test_every_layout_takes_another_name(
    tmp_path_factory: pytest.TempPathFactory, written: Written
) -> None:
    path = tmp_path_factory.mktemp("layout") / "mesh.toml"
    path.write_bytes(written.text.encode())
    mesh = load(path)
    for name in written.names:
        text = rename(path, name, "new.one").after
        hosts = list(parse(text, path).hosts.values())
        assert [replace(h, name=name if h.name == "new.one" else h.name) for h in hosts] == list(
            mesh.hosts.values()
        )
        assert spans.comments(text) == spans.comments(written.text)


def test_a_name_that_is_taken_or_none_is_refused(file: Path) -> None:
    for old, new, says in (
        ("server-a", "server-b", "there is a host server-b already"),
        ("server-a", "10", "not a name for a host"),
        ("server-a", "server-a", "is its name already"),
        ("server-z", "server-c", "did you mean server-"),
    ):
        with pytest.raises(UsageError, match=says):
            rename(file, old, new)
    assert "[hosts.Server-A]" in rename(file, "server-a", "Server-A").after
