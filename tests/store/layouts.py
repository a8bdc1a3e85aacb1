"""The many ways in which people write the same mesh.toml."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.store.example import key

COMMENTS = st.from_regex(r"# [a-z#='\"\[\]{}, é]{0,12}", fullmatch=True)


@dataclass(frozen=True)
class Written:
    """A file's text, and its hosts' names."""

    text: str
    names: tuple[str, ...]


@st.composite
def files(draw: st.DrawFn) -> Written:
    """A mesh.toml in any layout: tables, dotted keys, inline tables; comments everywhere."""
    names = tuple(draw(st.permutations(["a", "b-2", "c.d", "e"]))[: draw(st.integers(1, 4))])
    hosts = [(name, _fields(draw, place)) for place, name in enumerate(names)]
    mesh = ["[mesh]", 'name = "m"', 'networks = ["10.0.0.0/24", "fd00::/64"]']
    layout = draw(st.sampled_from(["tables", "dotted", "root", "inline", "one line"]))
    if layout == "tables":
        blocks = [[f"[hosts.{_key(draw, name)}]", *_pairs(draw, f)] for name, f in hosts]
        blocks.insert(draw(st.integers(0, len(blocks))), mesh)
    elif layout == "dotted":
        lines = [_at(f"{_key(draw, n)}.", pair) for n, f in hosts for pair in _pairs(draw, f)]
        blocks = [mesh, ["[hosts]", *lines]]
    elif layout == "root":
        lines = [_at(f"hosts.{_key(draw, n)}.", p) for n, f in hosts for p in _pairs(draw, f)]
        blocks = [lines, mesh]
    else:
        tables = [f"{_key(draw, n)} = {_inline(draw, f)}" for n, f in hosts]
        if layout == "inline":
            blocks = [mesh, ["[hosts]", *tables]]
        else:
            blocks = [["hosts = {" + ", ".join(tables) + "}"], mesh]
    text = "\n".join(_dressed(draw, [line for block in blocks for line in block]))
    text += draw(st.sampled_from(["", "\n", "\n\n# the end", "\n# the end\n"]))
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return Written(draw(st.sampled_from(["", "\ufeff"])) + text, names)


def _fields(draw: st.DrawFn, place: int) -> list[tuple[str, list[str]]]:
    """A host's keys, and the lines of each value; at least one, or a dotted host is not there."""
    quote = draw(st.sampled_from("\"'"))
    found = [("ssh", [f"{quote}h{place}{quote}"])]
    addresses = [f"10.0.0.{place + 1}", f"fd00::{place + 1}"][: draw(st.integers(0, 2))]
    if draw(st.booleans()):
        addresses = [a + ("/24" if "." in a else "/64") for a in addresses]
    if draw(st.booleans()):
        items = [f"{quote}{a}{quote}" for a in addresses]
        found.append(("addresses", _list(draw, items)))
    if draw(st.booleans()):
        found.append(("public_key", [f"{quote}{key(place + 100)}{quote}"]))
    return draw(st.permutations(found))


def _list(draw: st.DrawFn, items: list[str]) -> list[str]:
    comma = draw(st.sampled_from(["", ","])) if items else ""
    if draw(st.booleans()):
        return [draw(st.sampled_from(["[{}]", "[ {} ]"])).format(", ".join(items) + comma)]
    lines = ["["]
    for place, item in enumerate(items):
        if draw(st.booleans()):
            lines.append("  " + draw(COMMENTS))
        end = "," if place < len(items) - 1 else comma
        lines.append(f"    {item}{end}" + (" " + draw(COMMENTS) if draw(st.booleans()) else ""))
    return [*lines, *([draw(COMMENTS)] if draw(st.booleans()) else []), "]"]


def _pairs(draw: st.DrawFn, fields: list[tuple[str, list[str]]]) -> list[str]:
    indent = draw(st.sampled_from(["", "  ", "\t"]))
    equals = draw(st.sampled_from([" = ", "=", "  =  "]))
    return [indent + _key(draw, name) + equals + "\n".join(value) for name, value in fields]


def _at(prefix: str, pair: str) -> str:
    indent = pair[: len(pair) - len(pair.lstrip())]
    return indent + prefix + pair.lstrip()


def _inline(draw: st.DrawFn, fields: list[tuple[str, list[str]]]) -> str:
    """On one line, as TOML 1.0 wants it, and so without comments."""
    one_line = [
        (name, "".join(line.split("#")[0].strip() + " " for line in value))
        for name, value in fields
    ]
    kept = one_line[: draw(st.integers(0, len(one_line)))]
    return "{" + ", ".join(f"{name} = {value}" for name, value in kept) + "}"


def _key(draw: st.DrawFn, name: str) -> str:
    forms = [f'"{name}"', f"'{name}'"]
    return draw(st.sampled_from(forms if "." in name else [name, *forms]))


def _dressed(draw: st.DrawFn, lines: list[str]) -> list[str]:
    """Blank lines and comments around and behind."""
    found: list[str] = []
    for line in lines:
        found += draw(st.sampled_from([[], [], [""], ["\t"]]))
        found += [draw(COMMENTS)] if draw(st.booleans()) else []
        found.append(line + (f"  {draw(COMMENTS)}" if draw(st.booleans()) else ""))
    return found
