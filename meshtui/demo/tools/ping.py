"""`ping`, as of iputils."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING

from meshtui.demo.calls import Answer

if TYPE_CHECKING:
    from meshtui.demo.machine import Machine

#: Options with a value, and those without one.
_VALUES, _FLAGS = "cwWisM", "nq46"
_NUMBER, _WHOLE = re.compile(r"[0-9]+(\.[0-9]+)?"), re.compile(r"[0-9]+")


async def ping(machine: Machine, argv: list[str], _: bytes) -> Answer:
    """Echo requests one after the other, until as many were answered as were asked for."""
    options: dict[str, str] = {}
    words = iter(argv)
    to = ""
    for word in words:
        if word.startswith("-") and word[1:2] in _VALUES:
            options[word[1]] = word[2:] or next(words, "")
        elif word.startswith("-") and word[1:] and set(word[1:]) <= set(_FLAGS):
            continue
        elif word.startswith("-"):
            return Answer(2, err=f"ping: invalid option -- '{word[1:2]}'\n".encode())
        else:
            to = word
    if not to:
        return Answer(1, err=b"ping: usage error: Destination address required\n")
    for letter in sorted(options.keys() - {"M"}):
        if not (_WHOLE if letter in "cs" else _NUMBER).fullmatch(options[letter]):
            return Answer(1, err=f"ping: invalid argument: '{options[letter]}'\n".encode())
    if (hint := options.get("M", "do")) not in ("do", "dont", "want"):
        return Answer(2, err=f"ping: invalid -M argument: {hint}\n".encode())
    # All is said at the end: one without an end would say nothing, and outlive who asked.
    few = "0" if "w" in options else "4"
    size, count = int(options.get("s", "56")), int(options.get("c", few))
    if "c" in options and not count:
        return Answer(1, err=b"ping: invalid argument: '0'\n")
    deadline = time.monotonic() + float(options["w"]) if "w" in options else None
    pause, patience = float(options.get("i", "1")), float(options.get("W", "10"))
    headers = 48 if ":" in to else 28
    what = f"({to}) {size} data" if ":" in to else f" ({to}) {size}({size + headers})"
    out = [f"PING {to}{what} bytes{'' if ':' in to else ' of data.'}"]
    err, times, sent = [], list[float](), 0
    began = time.monotonic()
    # With a deadline, `count` answers are waited for; without one, as many requests are sent.
    while not count or (len(times) if deadline else sent) < count:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            break
        sent += 1
        turn = asyncio.get_running_loop().time() + pause
        if options.get("M") == "do" and (most := _mtu(machine, to)) and size + headers > most:
            err.append(f"ping: local error: message too long, mtu={most}")
        else:
            last = deadline is None and sent == count
            wait = min(x for x in (patience if last else pause, left) if x is not None)
            got = await _once(machine, to, size, sent, wait)
            if isinstance(got, str):
                err.append(f"ping: {got}")
                if got.startswith("connect"):
                    return Answer(2, err=f"ping: {got}\n".encode())
            elif got is not None:
                times.append(got * 1000)
                out.append(
                    f"{size + 8} bytes from {to}: icmp_seq={sent} ttl=64 time={got * 1000:.3g} ms"
                )
        if (len(times) if deadline else sent) < count:
            await asyncio.sleep(max(0.0, turn - asyncio.get_running_loop().time()))
    took = round((time.monotonic() - began) * 1000)
    lost = 100 - 100 * len(times) // max(1, sent)
    out += ["", f"--- {to} ping statistics ---"]
    out.append(
        f"{sent} packets transmitted, {len(times)} received, {lost}% packet loss, time {took}ms"
    )
    if times:
        low, mean, high = min(times), sum(times) / len(times), max(times)
        out.append(f"rtt min/avg/max/mdev = {low:.3f}/{mean:.3f}/{high:.3f}/{high - low:.3f} ms")
    enough = len(times) >= count if deadline and count else bool(times)
    return Answer(0 if enough else 1, _text(out), _text(err))


async def _once(
    machine: Machine, to: str, size: int, sequence: int, seconds: float
) -> float | str | None:
    try:
        async with asyncio.timeout(seconds):
            return await machine.ping(to, size, sequence)
    except TimeoutError:
        return None


def _mtu(machine: Machine, to: str) -> int:
    route = machine.kernel.route(to)
    return machine.kernel.links[route.device].mtu if route else 0


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
