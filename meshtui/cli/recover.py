"""What `meshtui recover` prints, and what every change prints that has to recover first."""

from __future__ import annotations

import sys
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from meshtui.fleet.events import ApplyResult, Progress
from meshtui.fleet.fleet import Fleet
from meshtui.fleet.recover import recover
from meshtui.inert import inert

_LIMIT = 300
_DID = {"confirm": "confirmed", "revert": "taken back"}


@dataclass(frozen=True, slots=True)
class Recovered:
    """How it ended."""

    result: ApplyResult

    @property
    def ok(self) -> bool:
        """Whether all hosts agree."""
        return not self.result.failed and all(one.ok for one in self.result.directions)

    def as_json(self) -> dict[str, Any]:
        """What `meshtui recover --json` prints."""
        how = "confirmed" if self.result.reverted is None else "reverted"
        return {"how": how, "failed": self.result.failed}


async def recover_now(fleet: Fleet, break_id: str | None) -> Recovered:
    """End what was broken off, and say so on stderr. MeshError: there is nothing."""
    result: ApplyResult | None = None
    async with aclosing(recover(fleet, break_id)) as events:
        async for event in events:
            if isinstance(event, ApplyResult):
                result = event
            elif isinstance(event, Progress) and event.state == "done":
                _say(f"{event.host}: {_DID.get(event.phase, event.phase)}")
    assert result
    for host, why in result.failed.items():
        _say(f"× {host}: {why}")
    if result.failed:
        _say("DIVERGED, or not known: meshtui recover again once these hosts answer")
    else:
        _say("every host has the change" if result.reverted is None else result.reverted)
    return Recovered(result)


def _say(text: str) -> None:
    print(f"meshtui: {inert(text, _LIMIT)}", file=sys.stderr)
