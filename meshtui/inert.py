"""Text from a host, made harmless to show: it is data, never a command to the terminal."""

from __future__ import annotations

from unicodedata import category

#: Control, format (bidi, zero-width, tags), surrogate, private use, line and
#: paragraph separators. Format characters are what "Trojan Source" is made of.
_ACTIVE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})

#: Marks that stack on the character before them; a word needs few, a prank many.
_STACKING = frozenset({"Mn", "Me"})
_STACK_LIMIT = 2


def inert(text: str, limit: int = 200) -> str:
    """Return `text` on one line, nothing in it active, at most `limit` characters.

    C0 controls become their pictures (ESC is `␛`, a newline `␤`), everything else
    that could steer a terminal or reorder text its number (`<U+202E>`). What
    was cut off ends in `…`.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    # Bounded before the loop: a host may send megabytes.
    shown = "".join(_visible(text[: limit + 1]))
    if len(shown) <= limit:
        return shown
    return shown[: max(0, limit - 1)] + "…" if limit > 0 else ""


def _visible(text: str) -> list[str]:
    out: list[str] = []
    stacked = 0
    for char in text:
        kind = category(char)
        stacked = stacked + 1 if kind in _STACKING else 0
        if kind in _ACTIVE or stacked > _STACK_LIMIT:
            out.append(_picture(char))
        else:
            out.append(char)
    return out


def _picture(char: str) -> str:
    code = ord(char)
    if char == "\n":
        return "␤"
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"<U+{code:04X}>"
