"""`ping`, as of iputils."""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
from ipaddress import ip_address
from statistics import fmean, pstdev
from typing import TYPE_CHECKING

from meshtui.demo.calls import Answer

if TYPE_CHECKING:
    from meshtui.demo.machine import Machine

#: Options with a value, and those without one.
_VALUES, _FLAGS = "cwWisM", "nq46"
_NUMBER, _WHOLE = re.compile(r"[0-9]+(\.[0-9]+)?"), re.compile(r"[0-9]+")


async def ping(machine: Machine, argv: list[str], _: bytes) -> Answer:
    """Echo requests, until as many were answered as were asked for."""
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
    try:
        headers = {4: 28, 6: 48}[ip_address(to).version]
    except ValueError:
        return Answer(2, err=f"ping: {to}: Name or service not known\n".encode())
    most = _mtu(machine, to)
    if most is None:
        return Answer(2, err=b"ping: connect: Network is unreachable\n")
    # All is said at the end: one without an end would say nothing, and outlive who asked.
    few = "0" if "w" in options else "4"
    size, count = int(options.get("s", "56")), int(options.get("c", few))
    if "c" in options and not count:
        return Answer(1, err=b"ping: invalid argument: '0'\n")
    pause, patience = float(options.get("i", "1")), float(options.get("W", "10"))
    too_large = options.get("M") == "do" and size + headers > most
    what = f"({to}) {size} data" if ":" in to else f" ({to}) {size}({size + headers})"
    out = [f"PING {to}{what} bytes{'' if ':' in to else ' of data.'}"]
    err, times, sent = [], list[float](), 0
    enough = asyncio.Event()

    async def one(sequence: int) -> None:
        if too_large:
            err.append(f"ping: local error: message too long, mtu={most}")
            return
        got = await machine.ping(to, size, sequence)
        if isinstance(got, str):
            err.append(f"ping: {got}")
        elif got is not None:
            times.append(got * 1000)
            time = milliseconds(got * 1000)
            out.append(f"{size + 8} bytes from {to}: icmp_seq={sequence} ttl=64 time={time} ms")
            if len(times) == count:
                enough.set()

    loop = asyncio.get_running_loop()
    began = loop.time()
    end = began + float(options["w"]) if "w" in options else math.inf
    # An answer may come after the next request has gone out.
    async with asyncio.TaskGroup() as group:
        tasks = list[asyncio.Task[None]]()
        # With a deadline, `count` answers are waited for; without one, as many requests are sent.
        while (end < math.inf or not count or sent < count) and loop.time() < end:
            sent += 1
            tasks.append(group.create_task(one(sent)))
            last = end == math.inf and sent == count and not too_large
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(
                    min(loop.time() + (patience if last else pause), end)
                ):
                    await enough.wait()
            if enough.is_set():
                break
        for task in tasks:
            task.cancel()
    took = round((loop.time() - began) * 1000)
    lost = 100 - 100 * len(times) // max(1, sent)
    errors = f", +{sent} errors" if too_large else ""
    out += ["", f"--- {to} ping statistics ---"]
    out.append(
        f"{sent} packets transmitted, {len(times)} received{errors}, {lost}% packet loss,"
        f" time {took}ms"
    )
    if times:
        spread = min(times), fmean(times), max(times), pstdev(times)
        out.append(f"rtt min/avg/max/mdev = {'/'.join(f'{ms:.3f}' for ms in spread)} ms")
    else:
        out.append("")
    well = enough.is_set() if count and end < math.inf else bool(times)
    return Answer(0 if well else 1, _text(out), _text(err))


def milliseconds(ms: float) -> str:
    """As ping has them: three digits, or more if there are more before the point."""
    return f"{ms:.{sum(ms < more for more in (1, 10, 100))}f}"


def _mtu(machine: Machine, to: str) -> int | None:
    """The largest packet that leaves for there, in bytes; None: there is no way."""
    own = machine.kernel.owner(to)
    route = machine.kernel.route(to)
    name = "lo" if own else route.device if route else None
    return machine.kernel.links[name].mtu if name else None


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
