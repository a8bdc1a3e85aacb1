"""How a host's paths are led into its folder, and the folder taken out of what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshtui.demo.folder import Folder

FOLDER = Folder(Path("/tmp/demo-1/hosts/fra-1"), Path("/tmp/demo-1/uptime"))


@pytest.mark.parametrize(
    ("typed", "run"),
    [
        ("cat /etc/hosts", "cat @/etc/hosts"),
        ("file=/etc/wireguard/$1.conf", "file=@/etc/wireguard/$1.conf"),
        ('[ -e "/sys/class/net/$1" ]', '[ -e "@/sys/class/net/$1" ]'),
        ("PATH=/usr/sbin:/bin", "PATH=@/usr/sbin:@/bin"),
        ("</proc/uptime >/tmp", "<@/proc/uptime >@/tmp"),
        ("/bin/sh -c x", "/bin/sh -c x"),
        ("/bin/shred x", "@/bin/shred x"),
        ("/usr/bin/sh", "@/usr/bin/sh"),
        ("</proc/self/stat", "</proc/self/stat"),
        ("</proc/$$/stat", "</proc/$$/stat"),
        ("</proc/selfish", "<@/proc/selfish"),
        (">/dev/null", ">/dev/null"),
        ('"$dir/run" ${file%/*}/etc a/etc', '"$dir/run" ${file%/*}/etc a/etc'),
    ],
)
def test_paths_are_led_in(typed: str, run: str) -> None:
    assert FOLDER.lead_in(typed.encode()).decode() == run.replace("@", str(FOLDER.path))


def test_the_folder_is_told_nowhere_wherever_the_stream_is_cut() -> None:
    said = f"{FOLDER.path}/etc/hosts: {FOLDER.path}\n/tmp/demo-1/hosts/fra-2\n/tmp/de".encode()
    for at in range(len(said)):
        outward = FOLDER.out_of()
        told = outward.feed(said[:at]) + outward.feed(said[at:]) + outward.end()
        assert told == b"/etc/hosts: \n/tmp/demo-1/hosts/fra-2\n/tmp/de"


def test_a_line_is_not_held_back() -> None:
    assert FOLDER.out_of().feed(b"/tmp/demo-1\n") == b"/tmp/demo-1\n"


def test_a_path_that_a_shell_would_split_is_refused() -> None:
    with pytest.raises(ValueError, match="one word"):
        Folder(Path("/tmp/a folder"), Path("/tmp/uptime"))
