"""What a device imports: shown once, with its QR code, or written to a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from rich.console import Console
from rich.text import Text

from meshtui.errors import UsageError
from meshtui.fleet.device import Given
from meshtui.qr import compact, half_blocks
from meshtui.store.atomic import reserve_private

Take = Callable[[Given], None]


def refuse_nowhere(args: SimpleNamespace) -> None:
    """UsageError where a private key would be made, and nobody could be given it."""
    if args.out is not None:
        return
    if args.json:
        raise UsageError("--json prints no private key", hint="--out FILE takes it")
    if not sys.stdout.isatty():
        raise UsageError(
            "no terminal to show the configuration on, which is shown once",
            hint="--out FILE takes it; or --public-key, of a key that the device has",
        )


@contextmanager
def taker(args: SimpleNamespace) -> Iterator[Take]:
    """Whatever takes the configuration. UsageError: --out names a file that is there already.

    The file is made at once, so that no key is made for one that can't be.
    """
    path: Path | None = args.out
    handle = None if path is None else reserve_private(path)
    written = False

    def take(given: Given) -> None:
        nonlocal written
        if handle is not None:
            os.write(handle, given.text.reveal().encode())
            os.fsync(handle)
            written = True
            print(f"meshtui: {path} has the configuration of {given.name}", file=sys.stderr)
        if not args.json and (path is None or sys.stdout.isatty()):
            _show(given)
        for note in given.notes:
            print(f"meshtui: {note}", file=sys.stderr)

    try:
        yield take
    finally:
        if handle is not None:
            os.close(handle)
        if path is not None and not written:
            path.unlink(missing_ok=True)


def _show(given: Given) -> None:
    """The text, and for what a phone would import whole, the code."""
    print(f"\n{given.text.reveal()}")
    if not given.secret or not sys.stdout.isatty():
        return
    console = Console(highlight=False)
    code = half_blocks(compact(given.text.reveal()))
    if code is None:
        print("It is too long for a QR code.")
    elif len(code[0]) > console.width:
        print(f"Its QR code needs {len(code[0])} columns, and here are {console.width}.")
    else:
        for row in code:
            console.print(Text(row, "#000000 on #ffffff"))
        if len(code) > console.height:
            print(f"The code has {len(code)} rows: with a smaller font it is seen whole.")
    again = f"meshtui rotate {given.name} makes another"
    print(f"meshtui: this was shown once, and is kept nowhere; {again}", file=sys.stderr)
