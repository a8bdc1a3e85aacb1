"""The Debian that hosts with systemd run: made once with debootstrap, then kept.

It lies in /var/cache/meshtui-lab/, and is the lower layer of every such host.
"""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
import shutil
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from meshtui.errors import MeshError
from meshtui.lab.locks import hold, try_lock
from meshtui.lab.paths import PLAIN_ENV, search_path

CACHE = Path("/var/cache/meshtui-lab")
_PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "procps"),
    *("iproute2", "iputils-ping", "nftables", "wireguard-tools", "wireguard-go"),
)
_BUILD_SECONDS = 900.0
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True, slots=True)
class Source:
    """Where this machine's own apt gets its packages."""

    mirror: str
    suite: str
    components: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Where the image made from it is kept; another recipe, another place."""
        recipe = " ".join((*_PACKAGES, *self.components, self.mirror))
        digest = hashlib.sha256(recipe.encode()).hexdigest()[:8]
        return CACHE / f"{self.suite}-{platform.machine()}-{digest}"


def source(targets: str, suite: str) -> Source:
    """Read apt's index targets, lines of `URI RELEASE COMPONENT`; MeshError without `suite`."""
    rows = [words for line in targets.splitlines() if len(words := line.split()) == 3]
    fitting = [words for words in rows if words[1] == suite]
    if not fitting:
        raise MeshError(
            f"apt knows no packages of {suite or 'this system'}, of which the hosts would be made",
            hint="a lab with systemd needs Debian or Ubuntu, and `apt-get update`",
        )
    mirror = fitting[0][0]
    return Source(mirror, suite, tuple(dict.fromkeys(w[2] for w in fitting if w[0] == mirror)))


def image(lock: int, log: Path) -> Path:
    """Return the image's root, made now if need be: about a minute and 280 MB.

    `lock` is handed to the children, so that `down` finds them; `log` takes what
    they say. MeshError with debootstrap's own words if it fails, or takes over 15 minutes.
    """
    made_from = source(_ask("apt-get", "indextargets", *_FORMAT), _codename())
    if made_from.path.exists():
        return made_from.path
    CACHE.mkdir(mode=0o755, parents=True, exist_ok=True)
    with closing(hold(CACHE / "lock", _BUILD_SECONDS)):
        if not made_from.path.exists():  # another lab may have made it while we waited
            _remove_unfinished()
            _build(made_from, lock, log)
    return made_from.path


def sweep() -> None:
    """Remove what a killed build left, unless one is under way."""
    if not CACHE.exists():
        return
    if (lock := try_lock(CACHE / "lock")) is not None:
        with closing(lock):
            _remove_unfinished()


def _remove_unfinished() -> None:
    for left in CACHE.glob(".building-*"):
        shutil.rmtree(left)


def _build(made_from: Source, lock: int, log: Path) -> None:
    place = CACHE / f".building-{secrets.token_hex(4)}"
    place.mkdir(mode=0o755)
    words = [
        # Its own mounts and processes end with it, and nobody sees them meanwhile.
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"),
        *("debootstrap", "--variant=minbase", f"--components={','.join(made_from.components)}"),
        *(f"--include={','.join(_PACKAGES)}", made_from.suite, str(place), made_from.mirror),
    ]
    try:
        with log.open("wb") as output:
            done = subprocess.run(
                words,
                env=PLAIN_ENV | _proxies(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(lock,),
                timeout=_BUILD_SECONDS,
                check=False,
            )
        if done.returncode != 0:
            last = " / ".join(log.read_text(errors="replace").strip().splitlines()[-2:])
            raise MeshError(
                f"debootstrap made no image: {last}",
                hint="look whether `apt-get update` works on this machine",
            )
        for package in (place / "var/cache/apt/archives").glob("*.deb"):
            package.unlink()
        place.rename(made_from.path)
    except BaseException:
        shutil.rmtree(place)
        raise


_FORMAT = ("--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages")


def _codename() -> str:
    return platform.freedesktop_os_release().get("VERSION_CODENAME", "")


def _proxies() -> dict[str, str]:
    """The caller's proxy, else apt's."""
    names = {name for proxy in _PROXIES for name in (proxy, proxy.upper())}
    found = {name: os.environ[name] for name in sorted(names) if name in os.environ}
    if not found and (proxy := _ask("apt-config", "shell", "P", "Acquire::http::Proxy")):
        found["http_proxy"] = proxy.partition("=")[2].strip().strip("'")
    return found


def _ask(*words: str) -> str:
    if shutil.which(words[0], path=search_path()) is None:
        return ""
    done = subprocess.run(
        words, env=PLAIN_ENV, capture_output=True, text=True, timeout=30, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""
