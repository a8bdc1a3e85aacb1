"""A file's bytes, to text, to TOML; every way that this fails, in a person's words."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from meshtui.mesh.problem import Problem, key_path
from meshtui.store.errors import FileError

#: 200 hosts take about 50 KiB; a file beyond this is not a mesh.toml.
LARGEST = 1 << 20

_INIT = "meshtui init HOST… makes one; -f FILE names another"
# Not compiled here: that takes longer than the rest of this file, and is needed where
# something is wrong.
_AT = r"(?s)(.*) \(at (?:line (\d+), column (\d+)|end of document)\)"
_BARE = r"[A-Za-z0-9_.-]{1,39}"
#: What tomllib says, in words for someone who never read TOML's grammar.
_PLAINER = {
    r"Illegal character '\n'": "the line ends inside quotes; expected the closing quote",
    "Invalid value": "not a value; expected text in quotes, a number, true, false or a list",
    "Expected newline or end of document after a statement": (
        "something follows the value; expected text to be in quotes, and one key a line"
    ),
}
_TWICE = r"Cannot declare \((.*)\) twice"


def read_text(path: Path, kind: str = "mesh.toml", hint: str | None = _INIT) -> str:
    """The file's text, line endings and byte order mark as they are; FileError: why it can't be.

    `kind` is what is expected there, `hint` says what to do where there is no file.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise _refused(path, "there is no such file", hint=hint) from None
    except IsADirectoryError:
        raise _refused(path, "this is a directory", hint=hint) from None
    except OSError as error:
        why = error.strerror or str(error)
        raise _refused(path, f"cannot be read: {why}", hint="see who owns it, ls -l") from error
    if len(data) > LARGEST:
        raise _refused(path, f"larger than 1 MiB; expected a {kind}")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(path, f"line {line}: not UTF-8; expected text saved as UTF-8") from None


def parse_text(text: str, path: Path, kind: str = "mesh.toml") -> dict[str, object]:
    """The TOML document in `text`; FileError gives line and column of what is not TOML."""
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError:
        raise _refused(path, f"nested too deeply; expected a {kind}") from None
    except ValueError as error:  # TOMLDecodeError is one; so is what int() says of 5,000 digits
        raise _refused(path, _syntax(str(error), text)) from None


def _syntax(message: str, text: str) -> str:
    """What tomllib says, with the place in front and without Python's words."""
    match = re.fullmatch(_AT, message)
    if match is None:
        return f"not TOML: {message[:80]}"
    what, line, column = match.groups()
    where = f"line {line}, column {column}" if line else "end of file"
    if twice := re.fullmatch(_TWICE, what):
        parts = re.findall(r"'([^']*)'", twice[1])
        what = f"[{key_path(*parts)}] is there twice; expected it once"
    elif what == "Cannot overwrite a value" and line:
        key = text.split("\n")[int(line) - 1].partition("=")[0].strip()
        what = f"{key if re.fullmatch(_BARE, key) else 'a key'} is there twice; expected it once"
    return f"{where}: {_PLAINER.get(what, what)}"


def _refused(path: Path, what: str, *, hint: str | None = None) -> FileError:
    return FileError(path, [Problem("", what)], hint=hint)


def stamp_of(path: Path) -> tuple[int, int, int] | None:
    """What changes with the file; None: it cannot be asked."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
