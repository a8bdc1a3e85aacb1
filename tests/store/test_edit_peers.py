"""Peers without SSH put into mesh.toml, given a key, renamed, taken out: every other byte stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshtui.errors import UsageError
from meshtui.store.edit import rename
from meshtui.store.edit_keys import switch_member
from meshtui.store.edit_peers import Asked, add_peer, new_key, remove_peer
from meshtui.store.meshfile import parse
from meshtui.wg.keys import keypair

ONE, OTHER = (keypair(bytes([number]) * 32)[1] for number in (1, 2))
HEAD = """\
# ours
[mesh]
name = "m"
networks = ["10.0.0.0/24"]

[hosts.a]  # the first
endpoint = "203.0.113.1"
routes = ["0.0.0.0/0"]

[hosts.b]
endpoint = "203.0.113.2"
routes = ["0.0.0.0/0"]
"""
LINK = '\n[[links]]\nbetween = ["a", "b"]\n'
PHONE = f'\n# Ann\'s\n[peers.phone]\nthrough = ["a", "b"] # both\npublic_key = "{ONE}"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mesh.toml"
    path.write_text(HEAD)
    return path


def test_the_first_one_comes_at_the_end(file: Path) -> None:
    file.write_text(HEAD + LINK)
    draft = add_peer(file, "phone", Asked(ONE, ("10.0.0.9",), ("b",), "b", ("192.0.2.0/24",)))
    assert file.read_text() == HEAD + LINK
    assert draft.after == HEAD + LINK + (
        '\n[peers.phone]\naddresses = ["10.0.0.9"]\nthrough = ["b"]\nroutes = ["192.0.2.0/24"]\n'
        f'exit = "b"\npublic_key = "{ONE}"\n'
    )
    assert parse(draft.after, file).peers["phone"].exit == "b"


def test_the_next_behind_it_in_its_style_with_a_free_address(file: Path) -> None:
    text = HEAD + PHONE.replace("[peers", "  [peers") + LINK
    file.write_text(text)
    draft = add_peer(file, "laptop", Asked(OTHER))
    table = f'\n  [peers.laptop]\naddresses = ["10.0.0.4"]\npublic_key = "{OTHER}"\n'
    assert draft.after == HEAD + PHONE.replace("[peers", "  [peers") + table + LINK


@pytest.mark.parametrize(
    "peers", ["peers.x.through = ['a']", "peers = { x = { through = ['a'] } }"]
)
def test_in_the_files_own_layout(file: Path, peers: str) -> None:
    text = f"{peers}\n{HEAD}"
    file.write_text(text)
    draft = add_peer(file, "phone", Asked(ONE))
    assert parse(draft.after, file).peers["phone"].public_key == ONE
    file.write_text(draft.after)
    assert parse(remove_peer(file, "phone").after, file) == parse(text, file)


def test_an_invited_one_gets_its_key(file: Path) -> None:
    file.write_text(add_peer(file, "office", Asked(through=("a",))).after)
    with pytest.raises(UsageError, match="was invited without exit"):
        add_peer(file, "office", Asked(ONE, exit="a"))
    draft = add_peer(file, "office", Asked(ONE))
    assert draft.after == file.read_text() + f'public_key = "{ONE}"\n'
    file.write_text(draft.after)
    with pytest.raises(UsageError, match="there is a peer office already"):
        add_peer(file, "office", Asked(OTHER))


def test_it_gets_another_key_and_the_old_one_goes(file: Path) -> None:
    file.write_text(HEAD + PHONE)
    draft = new_key(file, "phone", OTHER)
    assert draft.after == (HEAD + PHONE).replace(ONE, OTHER)
    assert list(draft.left) == [ONE]
    with pytest.raises(UsageError, match="b is a host"):
        new_key(file, "b", OTHER)
    with pytest.raises(UsageError, match="did you mean phone"):
        new_key(file, "phne", OTHER)


def test_it_goes_with_its_comments_and_links(file: Path) -> None:
    own = '\n[[links]]\nbetween = ["phone", "a"]\ndisabled = true\n'
    file.write_text(HEAD + PHONE + LINK + own)
    draft = remove_peer(file, "phone")
    assert draft.after == HEAD + LINK
    assert draft.left == {ONE: "phone"} and draft.gone is None
    assert "stays on it" in draft.note


def test_names_follow_wherever_they_stand(file: Path) -> None:
    text = HEAD + PHONE.replace("public", 'exit = "b"\npublic')
    file.write_text(text)
    after = rename(file, "b", "gate").after
    assert '["a", "gate"] # both' in after and 'exit = "gate"' in after
    assert "[hosts.gate]" in after and parse(after, file).peers["phone"].exit == "gate"
    assert rename(file, "phone", "tablet").after == text.replace("s.phone]", "s.tablet]")
    for taken in ("phone", "Phone", "b"):
        with pytest.raises(UsageError, match="already"):
            rename(file, "a", taken)


def test_it_is_disabled_and_back(file: Path) -> None:
    text = HEAD + PHONE
    file.write_text(text)
    draft = switch_member(file, "phone", disabled=True)
    assert draft.after == text + "disabled = true\n" and "meanwhile" in draft.note
    file.write_text(draft.after)
    assert switch_member(file, "phone", disabled=False).after == text
    file.write_text(draft.after.replace("[mesh]", "[mesh]\npreshared_keys = true"))
    assert "rotate phone" in switch_member(file, "phone", disabled=False).note
