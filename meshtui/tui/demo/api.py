"""What the screens need of a demo's hosts, beside SSH. The command line brings it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class DemoApi(Protocol):
    """Hosts that can be harmed on purpose."""

    @property
    def spares(self) -> Mapping[str, str]:
        """Hosts that run and that mesh.toml does not have yet, and the endpoint of each.

        SSH knows them by these names.
        """
        ...

    async def fault(self, kind: str, *hosts: str, on: bool = True) -> None:
        """Do that to a host, or between two, or end it. `kind`: one of `faults.KINDS`."""
        ...
