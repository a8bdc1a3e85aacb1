"""One host of three is broken: it is named with the reason, nothing on it is half-written,
and the two others become a mesh."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from meshtui_on import apply, conf, directions, edit, meshtui, on, plan, status

from meshtui.lab import Lab, faults

pytestmark = pytest.mark.lab
MakeLab = Callable[..., Lab]
BAD = "server-b"


def powered_off(lab: Lab) -> None:
    config = lab.path / "ssh_config"
    config.write_text("ConnectTimeout 3\n" + config.read_text())
    lab.kill(BAD)


def no_sshd(lab: Lab) -> None:
    elsewhere = "echo Port 2222 >>/etc/ssh/sshd_config; kill -HUP $(cat /run/sshd.pid)"
    on(lab, BAD, "sh", "-c", elsewhere)
    closed = ["sh", "-c", "! ss -ltn | grep -q ':22 '"]
    end = time.monotonic() + 10
    while lab.on(BAD, closed).returncode:
        assert time.monotonic() < end, "port 22 is still open"


def wrong_key(lab: Lab) -> None:
    on(lab, BAD, "rm", "/root/.ssh/authorized_keys")


def changed_host_key(lab: Lab) -> None:
    faults.new_host_key(lab, BAD)


def unknown_host_key(lab: Lab) -> None:
    known = lab.path / "known_hosts"
    lines = [line for line in known.read_text().splitlines() if lab.host(BAD).v4 not in line]
    known.write_text("\n".join(lines) + "\n")


def without_wg(lab: Lab) -> None:
    faults.remove_wg(lab, BAD)


def without_sudo(lab: Lab) -> None:
    faults.add_user(lab, BAD, "nobodys", sudo="none")
    edit(lab, f"root@{lab.host(BAD).v4}", f"nobodys@{lab.host(BAD).v4}")


def sudo_asks(lab: Lab) -> None:
    faults.add_user(lab, BAD, "asked", sudo="password")
    edit(lab, f"root@{lab.host(BAD).v4}", f"asked@{lab.host(BAD).v4}")


def disk_full(lab: Lab) -> None:
    faults.fill_disk(lab, BAD)


def read_only(lab: Lab) -> None:
    faults.read_only_etc(lab, BAD)


def port_taken(lab: Lab) -> None:
    taken = "import socket,time\ns=socket.socket(2,2)\ns.bind(('',51820))\nprint(flush=True)\n"
    on(
        lab,
        BAD,
        "sh",
        "-c",
        f'python3 -c "{taken}time.sleep(300)" </dev/null >/run/taken 2>&1 &'
        " while ! [ -s /run/taken ]; do sleep 0.05; done",
    )


@pytest.mark.parametrize(
    ("fault", "state", "says"),
    [
        (powered_off, "unreachable", "did not answer|No route|unreachable|Host is down"),
        (no_sshd, "unreachable", "refuses connections"),
        (wrong_key, "refused", "refuses the login as root"),
        (changed_host_key, "refused", "THE HOST KEY CHANGED"),
        (unknown_host_key, "refused", "--accept-new-host-keys"),
        (without_wg, "not-installed", "wireguard-tools"),
        (without_sudo, "refused", "sudo"),
        (sudo_asks, "refused", "password"),
        (disk_full, None, "No space left"),
        (read_only, None, "Read-only file system"),
        (port_taken, None, "in use"),
    ],
)
def test_the_others_go_on(
    lab: MakeLab, fault: Callable[[Lab], None], state: str | None, says: str
) -> None:
    one = lab(3)
    fault(one)
    result = apply(one, code=1)
    assert list(result["failed"]) == [BAD]
    assert any(part in result["failed"][BAD] for part in says.split("|")), result["failed"]
    assert directions(result) == (2, 2)
    if state:
        seen = status(one, code=1)["hosts"]
        assert seen[BAD]["state"] == state
        assert any(part in seen[BAD]["error"] for part in says.split("|"))
        assert seen["server-a"]["state"] == "up"
        assert BAD in plan(one, code=None)["problems"]
    if fault is not powered_off:
        there = one.on(BAD, ["ls", "-A", "/etc/wireguard"]).stdout.split()
        assert [name for name in there if "wg0" in name] == []
        assert one.on(BAD, ["ip", "link", "show", "wg0"]).returncode != 0


def keepalives(lab: Lab) -> list[str]:
    return sorted(on(lab, BAD, "wg", "show", "wg0", "persistent-keepalive").splitlines())


@pytest.mark.parametrize(
    ("break_it", "mend_it", "says"),
    [
        (faults.fill_disk, faults.free_disk, "No space left"),
        (faults.read_only_etc, faults.writable_etc, "Read-only"),
    ],
)
def test_a_disk_that_cannot_be_written_leaves_a_running_host_as_it_was(
    lab: MakeLab,
    break_it: Callable[[Lab, str], None],
    mend_it: Callable[[Lab, str], None],
    says: str,
) -> None:
    one = lab(3)
    apply(one)
    before = conf(one, BAD), keepalives(one)
    edit(one, "[mesh]\n", "[mesh]\npersistent_keepalive = 25\n")
    break_it(one, BAD)
    result = apply(one, code=1)
    assert list(result["failed"]) == [BAD] and says in result["failed"][BAD]
    mend_it(one, BAD)
    assert (conf(one, BAD), keepalives(one)) == before
    assert directions(apply(one)) == (6, 6)


def test_a_hub_to_be_that_cannot_be_changed_cuts_nobody_off(lab: MakeLab) -> None:
    one = lab(3)
    apply(one)
    broken = "echo '[Peer' >>/etc/wireguard/wg0.conf"
    on(one, BAD, "sh", "-c", broken)
    edit(one, 'topology = "full"', 'topology = "hub"')
    edit(one, f"[hosts.{BAD}]\n", f"[hosts.{BAD}]\nhub = true\n")
    cut = "server-a reaches server-c now, and would not until server-b is changed"
    said = meshtui(one, "plan", code=1).stdout
    assert f"! {cut}: it will not be applied so" in said
    done = meshtui(one, "apply", "--yes", code=1)
    assert f"{cut}: nothing was changed" in done.stderr
    assert on(one, "server-a", "ping", "-c", "1", "-W", "2", "10.0.0.3")
    on(one, BAD, "sed", "-i", "$d", "/etc/wireguard/wg0.conf")
    apply(one)
    assert on(one, "server-a", "ping", "-c", "1", "-W", "2", "10.0.0.3")


@pytest.mark.long
def test_what_is_owed_is_done_when_the_host_returns(lab: MakeLab) -> None:
    one = lab(3)
    one.kill(BAD)
    apply(one, code=1)
    one.boot(BAD)
    assert directions(apply(one)) == (6, 6)
    plan(one, code=0)


@pytest.mark.parametrize("shell", ["/usr/bin/fish", "/bin/tcsh", "/bin/dash", "/bin/busybox-sh"])
def test_any_login_shell_will_do(lab: MakeLab, shell: str) -> None:
    one = lab(2)
    if shell == "/bin/busybox-sh":
        on(
            one,
            BAD,
            "sh",
            "-c",
            "printf '#!/bin/sh\\nexec busybox sh \"$@\"\\n' >/bin/busybox-sh;"
            " chmod +x /bin/busybox-sh; echo /bin/busybox-sh >>/etc/shells",
        )
    elif one.on(BAD, ["test", "-x", shell]).returncode:
        pytest.skip(f"{shell} is not installed")
    faults.set_shell(one, BAD, "root", shell)
    assert directions(apply(one)) == (2, 2)


def test_a_noisy_login_is_heard_out(lab: MakeLab) -> None:
    one = lab(2)
    noise = "echo; seq 5000; seq 5000 >&2; printf '\\033[2J\\033]0;owned\\007@file\\n|x\\n'\n"
    on(one, BAD, "sh", "-c", f"cat >/root/.bashrc <<'E'\n{noise}E\ncp /root/.bashrc /root/.profile")
    faults.set_shell(one, BAD, "root", "/bin/bash")
    assert directions(apply(one)) == (2, 2)


def test_an_unknown_host_key_is_accepted_when_told(lab: MakeLab) -> None:
    one = lab(2)
    unknown_host_key(one)
    meshtui(one, "--accept-new-host-keys", "apply", "--yes")
    assert directions(apply(one)) == (0, 0)
    assert (
        one.run(["ssh", "-o", "BatchMode=yes", f"root@{one.host(BAD).v4}", "true"]).returncode == 0
    )


def test_cloned_hosts_are_told_apart(lab: MakeLab) -> None:
    one = lab(3)
    apply(one)
    text = conf(one, "server-a")
    one.on(
        "server-c",
        ["sh", "-c", "wg-quick down wg0; cat >/etc/wireguard/wg0.conf; wg-quick up wg0"],
        input=text,
        check=True,
    )
    shown = plan(one, code=None)
    assert set(shown["problems"]) == {"server-a", "server-c"}
    assert "same key as server-c" in shown["problems"]["server-a"]


@pytest.mark.long
def test_a_direction_that_does_not_work_is_said(lab: MakeLab) -> None:
    one = lab(3)
    faults.block_udp(one, "server-a", "server-b")
    faults.block_udp(one, "server-b", "server-a")
    result = apply(one, code=1)
    bad = {(d["from"], d["to"]) for d in result["directions"] if not d["ok"]}
    assert bad == {("server-a", "server-b"), ("server-b", "server-a")}
    assert all("handshake" in d["detail"] for d in result["directions"] if not d["ok"])
