"""What the screens need of a demo's hosts, beside SSH. The command line brings it."""

from __future__ import annotations

from typing import Protocol


class DemoApi(Protocol):
    """Hosts that can be harmed on purpose."""

    @property
    def spares(self) -> tuple[str, ...]:
        """Hosts that run and that mesh.toml does not have yet; SSH knows them by these names."""
        ...

    def endpoint(self, host: str) -> str:
        """Where the others reach it, as mesh.toml is to say it: `203.0.113.9:51820`, `none`."""
        ...

    async def fault(self, kind: str, *hosts: str, on: bool = True) -> None:
        """Do that to a host, or between two, or end it. `kind`: one of `faults.KINDS`."""
        ...
