"""Keys of a person's own: taken where they fit, named where they clash."""

from string import punctuation

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.keys import _character_to_key

from meshtui.tui.actions import ACTIONS, CONTEXTS, TITLES
from meshtui.tui.keymap import Keymap, key_name

BY_NAME = {action.name: action for action in ACTIONS}


def test_the_registry_has_no_clash() -> None:
    assert Keymap().clashes() == {}


def test_every_scope_holds_somewhere_and_has_a_title() -> None:
    scopes = {action.scope for action in ACTIONS}
    assert scopes == set(TITLES)
    assert scopes == set().union(*CONTEXTS)


def test_a_change_holds_for_all_that_show_it() -> None:
    keymap = Keymap({"app.help": ("H", "?")})
    assert keymap.complaints == ()
    assert keymap.keys(BY_NAME["app.help"]) == ("H", "question_mark")
    assert keymap.shown(BY_NAME["app.help"]) == "H"
    assert keymap.changed() == {"app.help": "H,question_mark"}


def test_keys_may_be_swapped() -> None:
    keymap = Keymap({"grid.up": ("j",), "grid.down": ("k",)})
    assert keymap.complaints == ()
    assert keymap.clashes() == {}


def test_a_clash_is_named_and_undone() -> None:
    keymap = Keymap({"grid.up": ("a",)})
    assert keymap.clashes() == {}
    assert keymap.keys(BY_NAME["grid.up"]) == BY_NAME["grid.up"].keys
    assert "a would be both mesh.plan and grid.up" in " ".join(keymap.complaints)


def test_undoing_one_clash_may_bring_another_which_is_undone_too() -> None:
    # grid.up takes j; grid.down gives it up for a key that is taken.
    keymap = Keymap({"grid.up": ("j",), "grid.down": ("a",)})
    assert keymap.clashes() == {}
    assert keymap.changed() == {}


def test_an_unknown_action_is_named_with_the_nearest() -> None:
    keymap = Keymap({"grid.pu": ("w",)})
    assert keymap.complaints == ("keys: there is no action grid.pu; did you mean grid.up?",)


@pytest.mark.parametrize("key", ["ctrl+", "foo", "hyper+foo", "", "ctrl+foo", "aa", "\x1b"])
def test_a_key_that_no_terminal_sends(key: str) -> None:
    keymap = Keymap({"grid.up": (key,)})
    assert keymap.changed() == {}
    assert "grid.up" in keymap.complaints[0]


def test_no_keys_take_them_away() -> None:
    keymap = Keymap({"mesh.plan": ()})
    assert keymap.keys(BY_NAME["mesh.plan"]) == ()
    assert keymap.shown(BY_NAME["mesh.plan"]) == ""


@pytest.mark.parametrize("character", punctuation)
def test_punctuation_is_named_as_textual_does(character: str) -> None:
    keymap = Keymap({"prompt.cancel": (character,)})
    assert keymap.keys(BY_NAME["prompt.cancel"]) == (_character_to_key(character),)
    assert key_name(_character_to_key(character)) == character


KEYS = st.lists(st.sampled_from(["a", "j", "k", "ctrl+x", "enter", "?", "z", "F"]), max_size=3)


@given(st.dictionaries(st.sampled_from(sorted(BY_NAME)), KEYS, max_size=8))
def test_whatever_is_asked_nothing_clashes(changes: dict[str, list[str]]) -> None:
    assert Keymap(changes).clashes() == {}
