"""A lab's hosts are servers of their own, and the machine does not notice them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from meshtui.errors import MeshError, UsageError
from meshtui.lab import Lab, names

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def two(lab: Callable[..., Lab]) -> Lab:
    return lab(2)


def out(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("target", ["server-a", "root@203.0.113.1", "root@2001:db8:113::1"])
def test_ssh_just_works(two: Lab, target: str) -> None:
    assert out(two.run(["ssh", "-o", "BatchMode=yes", target, "hostname; id -u"])) == "server-a\n0"


def test_admin_may_sudo_without_a_password(two: Lab) -> None:
    assert out(two.run(["ssh", "admin@server-b", "id -un; sudo -n id -un"])) == "admin\nroot"


def test_a_wrong_host_key_is_noticed(two: Lab) -> None:
    other = f"-oUserKnownHostsFile={two.path}/hosts.txt"
    done = two.run(["ssh", "-oBatchMode=yes", "-oStrictHostKeyChecking=yes", other, "server-a"])
    assert done.returncode == 255
    assert "Host key verification failed" in done.stderr


def test_hosts_reach_each_other_and_nobody_else(two: Lab) -> None:
    for address in ("203.0.113.2", "2001:db8:113::2"):
        out(two.on("server-a", ["ping", "-c1", "-W2", address]))
    assert two.on("server-a", ["ping", "-c1", "-W1", "192.0.2.1"]).returncode != 0


def test_a_host_writes_to_its_own_disk(two: Lab) -> None:
    for place in ("/etc", "/root", "/var/lib", "/usr/bin", "/tmp", "/run", "/home", "/opt"):
        file = f"{place}/{two.name}.probe"
        out(two.on("server-a", ["sh", "-c", f"echo mine >{file} && cat {file}"]))
        assert not Path(file).exists()
        assert two.on("server-b", ["test", "-e", file]).returncode == 1


def test_a_host_starts_clean(two: Lab) -> None:
    assert out(two.on("server-b", ["stat", "-c%a", "/etc/wireguard"])) == "700"
    assert out(two.on("server-b", ["ls", "-A", "/etc/wireguard"])) == ""
    for absent in ("/var/lib/meshtui", "/run/systemd/system", "/etc/ssh/ssh_host_rsa_key"):
        assert two.on("server-b", ["test", "-e", absent]).returncode == 1
    assert out(two.on("server-b", ["ls", "-A", "/root"])) == ".ssh"


def test_a_host_has_its_own_processes_and_name(two: Lab) -> None:
    assert "lab-init" in out(two.on("server-a", ["cat", "/proc/1/cmdline"]))
    assert len(out(two.on("server-a", ["sh", "-c", "echo /proc/[0-9]*"])).split()) < 10
    assert out(two.on("server-b", ["hostname"])) == "server-b"


def test_a_host_may_not_set_the_machines_clock_or_kernel(two: Lab) -> None:
    assert two.on("server-a", ["sh", "-c", "echo 1 >/proc/sys/kernel/panic"]).returncode != 0
    out(two.on("server-a", ["sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"]))
    done = two.run(["ssh", "server-a", "date -s 2001-01-01"])
    assert "Operation not permitted" in done.stderr


def test_wireguard_works_between_hosts(two: Lab) -> None:
    """What wg-quick does on a server, it does here."""
    public = {}
    for host in two.hosts:
        made = "umask 077; wg genkey >/etc/wireguard/key; wg pubkey </etc/wireguard/key"
        public[host.name] = out(two.on(host.name, ["sh", "-c", made]))
    for host, other in (two.hosts, two.hosts[::-1]):
        number = host.v4.rpartition(".")[2]
        text = (
            f"[Interface]\nAddress = 10.9.0.{number}/24\nListenPort = 51820\n"
            "PostUp = wg set %i private-key /etc/wireguard/key\n"
            f"[Peer]\nPublicKey = {public[other.name]}\n"
            f"AllowedIPs = 10.9.0.{other.v4.rpartition('.')[2]}/32\nEndpoint = {other.v4}:51820\n"
        )
        write = "umask 077; cat >/etc/wireguard/wg9.conf; wg-quick up wg9"
        out(two.on(host.name, ["sh", "-c", write], input=text))
    out(two.on("server-a", ["ping", "-c1", "-W5", "10.9.0.2"]))
    shown = out(two.on("server-b", ["wg", "show", "wg9", "latest-handshakes"]))
    assert int(shown.split()[1]) > 0
    for host in two.hosts:
        out(two.on(host.name, ["wg-quick", "down", "wg9"]))


def test_the_operator_is_on_the_machine(
    two: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/nowhere")
    monkeypatch.setenv("KEPT", "yes")
    assert out(two.run(["sh", "-c", "echo $KEPT-$SSH_AUTH_SOCK"])) == "yes-"
    out(two.run(["sh", "-c", f"echo here >{tmp_path}/file"]))
    assert (tmp_path / "file").read_text() == "here\n"
    assert out(two.run(["pwd"])) == str(two.path)
    assert out(two.run(["pwd"], cwd=tmp_path)) == str(tmp_path)
    assert out(two.run(["sh", "-c", "echo $$ && exec sleep 0"])).isdigit()
    assert out(two.run(["sh", "-c", "readlink /proc/self/ns/pid"])) == str(
        Path("/proc/self/ns/pid").readlink()
    )


def test_power_cut_and_boot_keep_the_disk(lab: Callable[..., Lab]) -> None:
    one = lab(2)
    out(one.on("server-a", ["sh", "-c", "echo kept >/etc/wireguard/note; touch /run/gone"]))
    before = one.host("server-a")
    assert before.pid
    talk = subprocess.Popen(one.command(["ssh", "server-a", "echo on; sleep 60"]), stdout=-1)
    assert talk.stdout
    assert talk.stdout.readline() == b"on\n"
    one.kill("server-a")
    assert one.host("server-a").pid is None
    assert not Path("/proc", str(before.pid), "root/etc").exists()
    with pytest.raises(MeshError, match="powered off"):
        one.on("server-a", ["true"])
    silent = one.run(["ssh", "-oConnectTimeout=1", "root@203.0.113.1", "true"])
    assert "timed out" in silent.stderr  # as a server that is off, not refused
    assert talk.poll() is None  # nobody told it, no FIN and no RST
    talk.kill()
    talk.wait()
    talk.stdout.close()
    one.boot("server-a")
    assert one.host("server-a").v4 == before.v4
    done = one.run(["ssh", "server-a", "cat /etc/wireguard/note; test ! -e /run/gone"])
    assert out(done) == "kept"
    out(one.on("server-b", ["ping", "-c1", "-W2", "2001:db8:113::1"]))
    with pytest.raises(MeshError, match="on already"):
        one.boot("server-a")


def test_attach_finds_it_and_up_refuses_a_second(two: Lab) -> None:
    again = Lab.attach(two.name)
    assert again.hosts == two.hosts
    with pytest.raises(MeshError, match="is up, or being made"):
        Lab.up(1, name=two.name)
    out(two.run(["ssh", "server-a", "true"]))


def test_down_takes_visitors_along(lab_name: str) -> None:
    one = Lab.up(1, name=lab_name)
    visitor = subprocess.Popen(one.command(["sleep", "1000"]))
    one.run(["true"])
    one.down()
    assert visitor.wait(5) != 0
    one.down()
    with pytest.raises(MeshError, match="no lab"):
        Lab.attach(lab_name)
    with pytest.raises(MeshError, match="is down"):
        one.run(["true"])


def test_down_from_inside_is_refused(two: Lab) -> None:
    code = f"from meshtui.lab import down; down({two.name!r})"
    path = f"PYTHONPATH={Path(names.__file__).parents[2]}"
    done = two.run(["env", path, sys.executable, "-c", code])
    assert "would end itself" in done.stderr
    assert two.hosts[0].pid


def test_a_failing_host_is_named_and_nothing_stays(
    lab_name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A disk that does not mount stands for whatever may fail below."""
    from meshtui.lab import disk

    monkeypatch.setattr(disk, "_devices", lambda dev: dev.rmdir())
    with pytest.raises(MeshError, match=r"it does not boot: .*dev"):
        Lab.up(2, name=lab_name)
    assert not Path("/run/meshtui-lab", lab_name).exists()


def test_a_machine_with_var_on_a_disk_of_its_own(lab_name: str) -> None:
    """An overlay of / has no /var then: it needs one of its own."""
    code = f"from meshtui.lab import Lab; Lab.up(1, name={lab_name!r})"
    mounted = 'mount --bind /var /var && mount --bind /etc /etc && exec "$@"'
    subprocess.run(
        ["unshare", "--mount", "sh", "-c", mounted, "sh", sys.executable, "-c", code],
        env={"PATH": "/usr/bin:/usr/sbin", "PYTHONPATH": str(Path(names.__file__).parents[2])},
        check=True,
        timeout=30,
    )
    one = Lab.attach(lab_name)
    assert "/var " in out(one.on("server-a", ["cat", "/proc/mounts"]))
    out(one.run(["ssh", "server-a", "ls /var/lib/dpkg; sudo -n true; wg-quick down none; true"]))
    out(one.on("server-a", ["sh", "-c", f"touch /var/{lab_name} /etc/{lab_name}"]))
    assert not Path("/var", lab_name).exists()
    assert not Path("/etc", lab_name).exists()
    one.kill("server-a")
    one.boot("server-a")
    assert out(one.run(["ssh", "admin@server-a", f"ls /var/{lab_name}"]))


def test_bad_questions_are_refused() -> None:
    for wrong in ("", "Lab", "a/b", "..", "much-too-long-a-name"):
        with pytest.raises(UsageError):
            Lab.up(1, name=wrong)
    with pytest.raises(UsageError, match="room for 249"):
        Lab.up(250, name="never")
    with pytest.raises(UsageError):
        Lab.up(0, name="never")
    with pytest.raises(UsageError, match="no room"):
        Lab.up(9, name="never", networks=["10.0.0.0/29"])


def test_names_count_on() -> None:
    many = names.host_names(249)
    assert many[0] == "server-a"
    assert many[25:28] == ("server-z", "server-aa", "server-ab")
    assert len(set(many)) == 249
    assert names.addresses(249) == ("203.0.113.249", "2001:db8:113::f9")
