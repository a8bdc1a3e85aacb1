"""A moment of the past as a person types it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_AGO = re.compile(r"-?\s*(\d{1,6})\s*(s|min|m|h|d)")


def parse_when(text: str, now: float) -> float:
    """Epoch seconds; `now` likewise.

    `10m`, `2h`, `3d` (ago), `14:30` or `14:30:15` (the last time that it was so late),
    or `2026-11-20 14:30`. ValueError: none of these, or not in the past.
    """
    text = text.strip()
    if ago := _AGO.fullmatch(text):
        return now - int(ago[1]) * _UNITS[ago[2]]
    today = datetime.fromtimestamp(now).astimezone()
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text):
            clock = datetime.strptime(text, "%H:%M:%S" if text.count(":") == 2 else "%H:%M")
            at = today.replace(
                hour=clock.hour, minute=clock.minute, second=clock.second, microsecond=0
            )
            if at > today:
                at -= timedelta(days=1)
        else:
            at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time: 10m, 14:30 or 2026-11-20 14:30") from None
    if at.timestamp() > now:
        raise ValueError(f"{text!r} is yet to come")
    return at.timestamp()


def written(at: float, now: float) -> str:
    """How a moment reads: `14:03:20`, with its day where that is not today."""
    moment, today = datetime.fromtimestamp(at), datetime.fromtimestamp(now)
    same = moment.date() == today.date()
    return moment.strftime("%H:%M:%S" if same else "%Y-%m-%d %H:%M:%S")
