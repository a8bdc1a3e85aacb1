"""Where a lab keeps what it needs: everything is below `/run/meshtui-lab/NAME/`."""

from __future__ import annotations

import os
from pathlib import Path

from meshtui.lab.names import check_name

BASE = Path("/run/meshtui-lab")
SCRIPTS = Path(__file__).parent
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where the lab's own commands are looked for: sudo and cron hand on less."""

PLAIN_ENV = {"PATH": SEARCH_PATH, "LC_ALL": "C.UTF-8"}


def lab_path(name: str) -> Path:
    """The directory of the lab called `name`; UsageError if none can be called that."""
    return BASE / check_name(name)


def marker(name: str) -> str:
    """What stands in /proc/PID/mountinfo of every process inside the lab `name`.

    Each of the lab's mount namespaces has a mount that comes from its directory:
    the hosts' disks, or the operator's ssh_config.
    """
    return f"/{BASE.name}/{check_name(name)}/"


def search_path() -> str:
    """The caller's PATH with the system's directories behind it."""
    return f"{os.environ.get('PATH', '')}:{SEARCH_PATH}"
