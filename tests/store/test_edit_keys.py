"""What mesh.toml says of hosts and links, changed: every other byte stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshtui.errors import MeshError, UsageError
from meshtui.mesh.model import Link
from meshtui.store import spans
from meshtui.store.edit import remove_host, rename
from meshtui.store.edit_keys import set_host, switch_link, switch_member
from meshtui.store.errors import FileError
from meshtui.store.meshfile import load, parse
from meshtui.store.render import render
from meshtui.wg.endpoint import Endpoint
from tests.store.example import EXAMPLE
from tests.store.layouts import Written, files

HEAD = '[mesh]\nname = "m"\nnetworks = ["10.0.0.0/24"]\n'
PATH = Path("mesh.toml")


def at(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mesh.toml"
    path.write_bytes(text.encode())
    return path


def bare(text: str) -> str:
    """Without blanks: of those, some may be left where a key came and went."""
    return "".join(text.split())


@pytest.mark.parametrize(
    ("before", "options", "after"),
    [
        # A key that is there changes where it stands, a new one comes behind the last.
        ("[hosts.a]\nmtu=1400 # c\n", {"mtu": "1380"}, "[hosts.a]\nmtu=1380 # c\n"),
        ("[hosts.a]\nssh = 'h'\n", {"mtu": "1380"}, "[hosts.a]\nssh = 'h'\nmtu = 1380\n"),
        # What goes takes its line, and leaves those around it.
        ("[hosts.a]\n# why\nmtu = 1400 # c\nssh = 'h'\n", {"mtu": "default"}, "# why\nssh = 'h'\n"),
        ("[hosts]\na = {mtu = 1400}\n", {"mtu": "default"}, "[hosts]\na = {}\n"),
        ("[hosts]\na = { ssh = 'h', mtu = 9000 }\n", {"mtu": "default"}, "a = { ssh = 'h' }\n"),
        ("[hosts]\na.ssh = 'h'\na.mtu = 1400\n", {"mtu": "default"}, "[hosts]\na.ssh = 'h'\n"),
        # Said already: not a byte changes, however it is written.
        ("[hosts.a]\naddresses = [\n '10.0.0.1', # c\n]\n", {"addresses": ["10.0.0.1"]}, None),
        ("[hosts.a]\nmtu = 1_400\n", {"mtu": "1400"}, None),
        ("[hosts.a]\nssh = 'h'\n", {"mtu": "default", "keepalive": "off"}, None),
        # An endpoint with the port that was listened on goes along, another does not.
        (
            "[hosts.a]\nendpoint = '[2001:db8::1]:51820'\n",
            {"port": "443"},
            '[hosts.a]\nendpoint = "[2001:db8::1]:443"\nlisten_port = 443\n',
        ),
        (
            "[hosts.a]\nendpoint = ['[2001:db8::1]:51820', '203.0.113.1:9']  # both\n",
            {"port": "443"},
            '[hosts.a]\nendpoint = ["[2001:db8::1]:443", "203.0.113.1:9"]  # both\n'
            "listen_port = 443\n",
        ),
        (
            "[hosts.a]\nendpoint = 'h:4000'\n",
            {"endpoint": "[2001:db8::1]:7, 203.0.113.1:9"},
            '[hosts.a]\nendpoint = ["[2001:db8::1]:7", "203.0.113.1:9"]\n',
        ),
        (
            "[hosts.a]\nendpoint = 'h:4000'\n",
            {"port": "443"},
            "[hosts.a]\nendpoint = 'h:4000'\nlisten_port = 443\n",
        ),
        (
            "[hosts.a]\nlisten_port = 443\nendpoint = 'h:443'\n",
            {"port": "default"},
            '[hosts.a]\nendpoint = "h:51820"\n',
        ),
        (
            "[hosts.a]\nendpoint = 'h:51820'\n",
            {"port": "443", "endpoint": "g"},
            '[hosts.a]\nendpoint = "g"\nlisten_port = 443\n',
        ),
        ("[hosts.a]\nendpoint = 'h'\nmtu = 1400\n", {"endpoint": "default"}, "mtu = 1400\n"),
        ("[hosts.a]\nssh = 'h'\n", {"endpoint": "none"}, "ssh = 'h'\nendpoint = \"none\"\n"),
        (
            "[hosts.a]\npersistent_keepalive = 25\nssh = 'h'\n",
            {"keepalive": "off"},
            "[hosts.a]\nssh = 'h'\n",
        ),
        (
            "[hosts.a]\naddresses = ['10.0.0.1']\n",
            {"addresses": ["10.0.0.8", "10.0.0.9/24"]},
            '[hosts.a]\naddresses = ["10.0.0.8", "10.0.0.9/24"]\n',
        ),
    ],
)
def test_a_hosts_keys(
    tmp_path: Path, before: str, options: dict[str, Any], after: str | None
) -> None:
    path = at(tmp_path, HEAD + before)
    draft = set_host(path, "a", **options)
    assert draft.before == HEAD + before
    assert draft.after == HEAD + before if after is None else draft.after.endswith(after)
    if after and after.startswith("[hosts"):
        assert draft.after == HEAD + after


def test_off_is_said_where_mesh_says_otherwise(tmp_path: Path) -> None:
    head = HEAD + "persistent_keepalive = 25\nlisten_port = 700\n"
    path = at(tmp_path, head + "[hosts.a]\nendpoint = 'h:700'\n")
    assert set_host(path, "a", keepalive="off").after.endswith("\npersistent_keepalive = 0\n")
    moved = set_host(path, "a", port="443")
    moved.write(path)
    back = set_host(path, "a", port="default")
    assert parse(moved.after, PATH).hosts["a"].endpoint == Endpoint("h", 443)
    assert parse(back.after, PATH).hosts["a"].endpoint == Endpoint("h", 700)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("server-z", {"mtu": "1400"}, "did you mean server-"),
        ("server-a", {}, "nothing to set for server-a"),
        ("server-a", {"mtu": "12"}, r"--mtu 12 is not an MTU.*expected a number from 576 to 65535"),
        ("server-a", {"mtu": "1\N{SUPERSCRIPT TWO}00"}, "not an MTU"),
        ("server-a", {"port": "99999999999999999999"}, "--port .* is not a port"),
        ("server-a", {"port": "-1"}, "--port .* is not a port"),
        ("server-a", {"keepalive": "yes"}, "--keepalive .* is not a number of seconds"),
        ("server-a", {"endpoint": "h:port"}, "--endpoint .* is not an endpoint"),
        ("server-a", {"addresses": ["10.0.0.300"]}, "--address .* is not an IP address"),
        # What is only wrong with this mesh.
        ("server-a", {"mtu": "1000"}, "too small for the mesh's IPv6 network"),
        ("server-a", {"addresses": ["10.9.0.1"]}, "none of the mesh's networks"),
        ("server-b", {"addresses": ["10.0.0.1"]}, "also server-a's"),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, name: str, options: dict[str, Any], says: str
) -> None:
    path = at(tmp_path, EXAMPLE)
    with pytest.raises(UsageError, match="(?s)" + says):
        set_host(path, name, **options)
    assert path.read_text() == EXAMPLE


@settings(deadline=None, max_examples=60)
@given(files(), st.data())
def test_every_layout_takes_keys_and_gives_them_back(
    tmp_path_factory: pytest.TempPathFactory, written: Written, data: st.DataObject
) -> None:
    path = at(tmp_path_factory.mktemp("layout"), written.text)
    mesh, name = load(path), data.draw(st.sampled_from(written.names))
    draft = set_host(path, name, port="443", keepalive="9", mtu="1400", endpoint="e.example:443")
    expected = replace(
        mesh.hosts[name],
        listen_port=443,
        persistent_keepalive=9,
        mtu=1400,
        endpoint=Endpoint("e.example", 443),
    )
    assert parse(draft.after, path) == replace(mesh, hosts={**mesh.hosts, name: expected})
    assert spans.comments(draft.after) == spans.comments(written.text)
    draft.write(path)
    back = set_host(path, name, port="default", keepalive="off", mtu="default", endpoint="default")
    assert bare(back.after) == bare(written.text)
    assert parse(back.after, path) == mesh


@settings(deadline=None, max_examples=60)
@given(files(), st.data())
def test_every_layout_takes_what_is_disabled(
    tmp_path_factory: pytest.TempPathFactory, written: Written, data: st.DataObject
) -> None:
    path = at(tmp_path_factory.mktemp("layout"), written.text)
    mesh, name = load(path), data.draw(st.sampled_from(written.names))
    switch_member(path, name, disabled=True).write(path)
    off = {**mesh.hosts, name: replace(mesh.hosts[name], disabled=True)}
    assert load(path) == replace(mesh, hosts=off)
    if other := next((n for n in written.names if n != name), None):
        switch_link(path, name, other, disabled=True).write(path)
        assert load(path) == replace(mesh, hosts=off, links=(Link((name, other), disabled=True),))
        assert spans.comments(path.read_text()) == spans.comments(written.text)
        # The other names are in it, too.
        renamed = parse(rename(path, name, "new.one").after, path)
        assert renamed.links == (Link(("new.one", other), disabled=True),)
        assert parse(remove_host(path, other).after, path).links == ()
        switch_link(path, other, name, disabled=False).write(path)
    back = switch_member(path, name, disabled=False)
    assert parse(back.after, path) == mesh
    assert bare(back.after) == bare(written.text)


LINK = '[[links]]\nbetween = ["server-a", "server-b"]\ndisabled = true\n'


def test_a_link_is_disabled_and_enabled(tmp_path: Path) -> None:
    path = at(tmp_path, EXAMPLE)
    switch_link(path, "server-a", "server-b", disabled=True).write(path)
    assert path.read_text() == f"{EXAMPLE}\n{LINK}"
    # Once is enough.
    again = switch_link(path, "server-b", "server-a", disabled=True)
    assert again.after == again.before
    switch_link(path, "server-b", "server-a", disabled=False).write(path)
    assert path.read_text() == EXAMPLE
    again = switch_link(path, "server-b", "server-a", disabled=False)
    assert again.after == again.before


@pytest.mark.parametrize(
    ("table", "off", "on"),
    [
        # Its comments go with it, those of others stay.
        ("# for now:\n[[links]] # c\n%s\ndisabled = true # d\n\n# end\n", None, "# end\n"),
        ("[[links]]\n  %s # c\n", "[[links]]\n  %s # c\n  disabled = true\n", ""),
        (
            "[[links]]\ndisabled = false # c\n%s\n",
            "[[links]]\ndisabled = true # c\n%s\n",
            "",
        ),
    ],
)
def test_a_table_that_somebody_wrote(tmp_path: Path, table: str, off: str | None, on: str) -> None:
    between = "between = ['server-b', \"server-a\"]"
    path = at(tmp_path, EXAMPLE + "\n" + table.replace("%s", between))
    draft = switch_link(path, "server-a", "server-b", disabled=True)
    assert draft.after == (
        draft.before if off is None else EXAMPLE + "\n" + off.replace("%s", between)
    )
    draft = switch_link(path, "server-a", "server-b", disabled=False)
    assert draft.after.rstrip() == (EXAMPLE + "\n" + on).rstrip()


def test_a_host_is_renamed_and_removed_with_its_links(tmp_path: Path) -> None:
    text = EXAMPLE + '\n[hosts.c]\nssh = "h"\n\n' + LINK.replace('"server-a"', "'c'") + "\n" + LINK
    path = at(tmp_path, text)
    renamed = rename(path, "server-a", "web").after
    assert renamed == text.replace("hosts.server-a", "hosts.web").replace('"server-a"', '"web"')
    assert remove_host(path, "c").after == f"{EXAMPLE}\n{LINK}"


def test_a_link_of_nobody(tmp_path: Path) -> None:
    path = at(tmp_path, EXAMPLE)
    for one, other, says in (
        ("server-a", "server-z", "did you mean server-"),
        ("zzz", "server-a", "there are server-a, server-b"),
        ("server-a", "server-a", "a link has two ends"),
    ):
        with pytest.raises(UsageError, match=says):
            switch_link(path, one, other, disabled=True)


def test_what_cannot_be_changed_is_refused(tmp_path: Path) -> None:
    inline = 'links = [{ between = ["server-a", "server-b"] }]\n'
    path = at(tmp_path, inline + EXAMPLE)
    for switch in (True, False):
        with pytest.raises((MeshError, FileError), match="nothing was written"):
            switch_link(path, "server-a", "server-b", disabled=switch)
    # Without this key there would be no such host.
    path = at(tmp_path, HEAD + "[hosts]\na.mtu = 1400\nb.ssh = 'h'\n")
    with pytest.raises(MeshError, match="cannot change: nothing was written"):
        set_host(path, "a", mtu="default")


def test_an_exit_comes_is_renamed_and_goes(tmp_path: Path) -> None:
    text = HEAD + "[hosts.a]\n# why\n[hosts.b]\nroutes = ['0.0.0.0/0']\n"
    path = at(tmp_path, text)
    with pytest.raises(FileError, match="a leads nowhere else"):
        set_host(path, "b", exit_host="a")
    draft = set_host(path, "a", exit_host="b")
    assert '[hosts.a]\nexit = "b"\n# why\n' in draft.after
    mesh = parse(draft.after, path)
    assert mesh.hosts["a"].exit == "b" and parse(render(mesh), path) == mesh
    path.write_text(draft.after)
    assert parse(rename(path, "b", "gate").after, path).hosts["a"].exit == "gate"
    with pytest.raises(FileError, match="there is no host"):
        remove_host(path, "b")
    assert set_host(path, "a", exit_host="none").after == text
