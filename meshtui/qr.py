"""A text as a QR code that a phone reads from a terminal."""

from __future__ import annotations

#: Light modules around it. The standard has four; readers make do with two, and rows are few.
QUIET = 2
#: Two modules above each other are one character: upper dark, lower dark -> what shows it.
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def half_blocks(text: str) -> list[str] | None:
    """The code's rows, for dark ink on a light ground; None: it is too much text for one.

    Two modules are one character high. The error level is the lowest: the fewer the modules,
    the larger each is, and nothing stains a screen.
    """
    # Imported here: nothing else needs it.
    import segno

    try:
        code = segno.make_qr(text, error="l", boost_error=False)
    except segno.DataOverflowError:
        return None
    rows = [[bool(dark) for dark in row] for row in code.matrix_iter(border=QUIET)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    return [
        "".join(_HALVES[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]


def compact(conf: str) -> str:
    """A wg-quick file as short as it can be, so that its code is small: for machines alone."""
    lines = (line.partition("#")[0].strip() for line in conf.splitlines())
    return "\n".join(line.replace(" ", "") for line in lines if line)
