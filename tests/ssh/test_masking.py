"""observe.sh hides every key of a file, and stage.sh puts each back where it was.

The scripts' own functions, in the shells and awks that hosts have; only the paths differ.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
import time
from importlib import resources
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from meshtui.plan.render import show_marks
from meshtui.plan.seen import parse_seen

#: What runs the scripts: a shell, and the awk that it finds.
_HOSTS = {
    "dash mawk": (["dash"], ["mawk"]),
    "dash original-awk": (["dash"], ["original-awk"]),
    "bash gawk": (["bash", "--posix"], ["gawk"]),
    "bash busybox": (["bash", "--posix"], ["busybox", "awk"]),
    "busybox": (["busybox", "sh"], ["busybox", "awk"]),
    "busybox mawk": (["busybox", "sh"], ["mawk"]),
}
HOSTS = [
    pytest.param(*host, id=name)
    for name, host in _HOSTS.items()
    if all(shutil.which(program[0]) for program in host)
]
_SLOW = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def key(seed: str) -> str:
    return base64.b64encode(hashlib.sha256(seed.encode()).digest()).decode()


def public(private: str) -> str:
    """What the stand-in for `wg pubkey` makes of it."""
    digest = hashlib.sha256(private.encode()).hexdigest()[:42]
    return digest.translate(str.maketrans("0123456789abcdef", "ABCDEFGHIJKLMNOP")) + "A="


SECRETS = [key(f"secret {n}") for n in range(4)]
PUBLIC = [key(f"public {n}") for n in range(4)]
LIVE, MADE, PSK, OTHER = key("live"), key("made"), key("psk"), key("another interface's")


class Host:
    """A folder that the scripts take for a host."""

    def __init__(self, root: Path, shell: list[str], awk: list[str]) -> None:
        self.etc, self.state, bin_ = root / "etc", root / "state", root / "bin"
        for folder in (self.etc, self.state / "wg0", bin_):
            folder.mkdir(parents=True)
        self.file = self.etc / "wg0.conf"
        self._shell = shell
        folder = resources.files("meshtui.ssh") / "scripts"
        parts = (
            "serve.sh",
            "obey.sh",
            "look.sh",
            "observe.sh",
            "stage.sh",
            "names.sh",
            "change.sh",
            "arm.sh",
            "revert.sh",
        )
        program = "".join((folder / name).read_text(encoding="utf-8") for name in parts)
        program = program.replace("/etc/wireguard", str(self.etc))
        program = program.replace("/etc/hosts", str(self.etc / "hosts"))
        self._program = program.replace("/var/lib/meshtui", str(self.state))
        _executable(bin_ / "awk", f'exec {" ".join(awk)} "$@"')
        _executable(
            bin_ / "wg",
            f"""case "$*" in
                pubkey) read -r key
                    echo "$(printf '%s' "$key" | sha256sum | cut -c 1-42 | tr '0-9a-f' 'A-P')A=" ;;
                'show wg0 dump') printf '{LIVE}\\t{PUBLIC[3]}\\t51820\\toff\\n'
                    printf '{PUBLIC[0]}\\t{PSK}\\t(none)\\t10.0.0.2/32\\t0\\t0\\t0\\toff\\n' ;;
                'show all dump') printf 'up\\t(none)\\t(none)\\t0\\toff\\n'
                    wg show wg0 dump | sed 's/^/wg0\t/'
                    printf 'wg01\\t{OTHER}\\t{PUBLIC[2]}\\t40001\\toff\\n'
                    printf 'wg01\\t{PUBLIC[1]}\\t{OTHER}\\t(none)\\t(none)\\t0\\t0\\t0\\toff\\n' ;;
            esac""",
        )
        _executable(
            bin_ / "ip",
            """[ "$*" = '-4 route show' ] || exit 1
                echo 'default via 192.0.2.1 dev eth0'
                echo '10.0.0.0/24 dev wg0 proto kernel scope link src 10.0.0.1'
                echo '10.9.0.0/16 dev eth1 scope link'""",
        )
        for tool in ("wg-quick", "ping", "modprobe", "systemctl"):
            _executable(bin_ / tool, "exit 1")
        self._env = {"PATH": f"{bin_}:{os.environ['PATH']}", "LC_ALL": "C"}

    def armed(self, base: str) -> str:
        """Arguments for a change that may be made here; `base`: what the file is by its sum."""
        change = self.state / "wg0" / "change.t"
        change.mkdir()
        for name, text in {"pending.0": "", "busy": "0", "base": base, "was": "running"}.items():
            (change / name).write_text(f"{text}\n")
        return "wg0 t 0"

    def run(self, call: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*self._shell, "-c", self._program + "\n" + call],
            input=data,
            env=self._env,
            capture_output=True,
            check=False,
            timeout=30,
        )


def _executable(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


# -- files: lines as bytes, with secrets wherever people leave them -------------------------

_SPACE = st.sampled_from([b"", b" ", b"\t", b" \t "])
_SECRET = st.sampled_from(SECRETS).map(str.encode)
_PUBLIC = st.sampled_from(PUBLIC).map(str.encode)
_CASE = st.sampled_from([bytes, bytes.lower, bytes.upper])
_JUNK = st.one_of(
    st.binary(max_size=8).map(lambda raw: re.sub(rb"[\n\0]", b"", raw)),
    st.sampled_from(
        [
            *(b"# note", b"@live@", b"@secret:1@", b"@made@", b"@operator@", b"@psk:a@", b"a@b@c"),
            *(b"@public:a@", b"\xc5sa", b"\xe2\x82\xac", b"\\1&\\\\", b"%s%n", b"$(id)", b"'\"`"),
        ]
    ),
)


@st.composite
def _named(draw: st.DrawFn, names: tuple[bytes, ...], value: st.SearchStrategy[bytes]) -> bytes:
    comment = draw(st.sampled_from([b"", b"", b"#", b"# ", b";"]))
    if names == (b"PublicKey",):
        comment = b""
    name = draw(_CASE)(draw(st.sampled_from(names)))
    return b"".join((draw(_SPACE), comment, name, draw(_SPACE), b"=", draw(_SPACE), draw(value)))


_LINES = st.one_of(
    _named((b"PrivateKey", b"PresharedKey"), _SECRET | _JUNK),
    _named((b"PublicKey",), _PUBLIC),
    _named(
        (b"PostUp", b"Private Key", b"DNS"), st.lists(_SECRET | _JUNK, max_size=4).map(b" ".join)
    ),
    st.lists(_SECRET | _JUNK, max_size=3).map(lambda some: b"# " + b" ".join(some)),
    st.lists(_SECRET | _JUNK, max_size=3).map(b"".join),
    st.sampled_from([b"[Interface]", b"[Peer]", b"", b"AllowedIPs = 10.0.0.2/32", b"[peer]"]),
)
_TAILS = st.one_of(st.just(b""), _SECRET.map(lambda text: b" # was " + text), st.just(b"\r"))
FILES = st.lists(st.tuples(_LINES, _TAILS).map(b"".join), max_size=12).map(
    lambda lines: b"".join(line + b"\n" for line in lines)
)
PLAIN = f"""\
[Interface]
PrivateKey = {SECRETS[0]} # mine
# PrivateKey = {SECRETS[1]}
PostUp = wg set %i peer {SECRETS[2]} private-key <(echo {SECRETS[3]})

[Peer]
publickey={PUBLIC[0]} # its PSK: {SECRETS[1]}
PRESHAREDKEY\t=\t{PSK}
AllowedIPs = 10.0.0.2/32 # @live@ is no mark of ours, nor is @secret:2@
""".encode()


@pytest.mark.parametrize(("shell", "awk"), HOSTS)
@given(text=FILES)
@example(text=PLAIN)
@example(text=PLAIN.replace(b"\n", b"\r\n"))
@_SLOW
def test_hidden_and_put_back_to_the_byte(shell: list[str], awk: list[str], text: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        one = Host(Path(folder), shell, awk)
        one.file.write_bytes(text)
        done = one.run(
            f'read_file <"{one.file}" | sed "s/^|//" >"{folder}/masked";'
            f'put_secrets wg0 <"{folder}/masked"'
        )
        masked = (Path(folder) / "masked").read_bytes()
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout == text
        for secret in (*SECRETS, PSK, LIVE):
            assert secret.encode() not in masked
        for public in PUBLIC:
            assert masked.count(public.encode()) == text.count(public.encode())
        assert masked.count(b"\n") == text.count(b"\n")
        numbers = [int(n) for n in re.findall(rb"@secret:([0-9]+)@", masked)]
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(("shell", "awk"), HOSTS)
def test_what_observe_says_is_read(shell: list[str], awk: list[str], tmp_path: Path) -> None:
    one = Host(tmp_path, shell, awk)
    one.file.write_bytes(PLAIN + b"# \xc5sa")  # Latin-1, and no newline at the end
    one.file.chmod(0o640)
    block = ("# meshtui wg0 begin", "10.0.0.2 server-b", "# meshtui wg0 end")
    (one.etc / "hosts").write_text("127.0.0.1 localhost\n" + "\n".join(block) + "\n::1 ip6\n")
    done = one.run("observe wg0")
    assert done.returncode == 0, done.stderr
    for secret in (*SECRETS, PSK, LIVE, OTHER):
        assert secret.encode() not in done.stdout
    seen = parse_seen("wg0", done.stdout)
    assert seen.live and seen.live.public_key == PUBLIC[3]
    assert [(peer.public_key, peer.preshared) for peer in seen.live.peers.values()] == [
        (PUBLIC[0], True)
    ]
    assert seen.preshared.keys() == {PUBLIC[0]}
    assert seen.other_ports == {40001: "wg01"}
    assert seen.routes == {ip_network("10.0.0.0/24")}
    assert seen.other_routes == ((ip_network("10.9.0.0/16"), "eth1"),)
    assert seen.names == block
    assert seen.mode == 0o640
    assert seen.file is not None and seen.file.endswith("# \udcc5sa\n")
    # The file's preshared key is the one that runs, and compares so.
    (mark,) = re.findall(r"PRESHAREDKEY\t=\t(@secret:[0-9]+@)\n", seen.file)
    assert seen.file_preshared == {mark: seen.preshared[PUBLIC[0]]}
    assert seen.sha256 == hashlib.sha256(PLAIN + b"# \xc5sa").hexdigest()
    assert "(hidden)" in show_marks(seen.file)
    assert seen.file_key == public(SECRETS[0])


@pytest.mark.parametrize(("shell", "awk"), HOSTS)
def test_the_key_of_a_file_that_runs(shell: list[str], awk: list[str], tmp_path: Path) -> None:
    one = Host(tmp_path, shell, awk)
    one.file.write_text(f"[Interface]\nPrivateKey = {LIVE}\n")
    (one.etc / "hosts").write_text("# meshtui wg0 begin\n10.0.0.2 server-b\n")
    seen = parse_seen("wg0", one.run("observe wg0").stdout)
    assert seen.file_key == PUBLIC[3]  # by what runs: `wg pubkey` would say another
    assert seen.names == ("# meshtui wg0 begin",)


@pytest.mark.parametrize(("shell", "awk"), HOSTS)
def test_a_host_without_interface_or_file(shell: list[str], awk: list[str], tmp_path: Path) -> None:
    one = Host(tmp_path, shell, awk)
    seen = parse_seen("wg7", one.run("observe wg7").stdout)
    assert (seen.live, seen.file, seen.file_key, seen.names) == (None, None, None, ())
    assert seen.other_ports == {51820: "wg0", 40001: "wg01"}
    assert not seen.preshared
    assert abs(seen.clock - time.time()) < 60


@pytest.mark.parametrize(("shell", "awk"), HOSTS)
def test_the_marks_of_a_template(shell: list[str], awk: list[str], tmp_path: Path) -> None:
    one = Host(tmp_path, shell, awk)
    one.file.write_bytes(PLAIN)
    (one.state / "wg0" / "private.key").write_text(MADE + "\n")
    template = f"a @made@\nb @live@ @secret:1@\nc @live-psk:{PUBLIC[0]}@\n\nd\r\n"
    base = hashlib.sha256(PLAIN).hexdigest()
    expected = f"a {MADE}\nb {LIVE} {SECRETS[0]} # mine\nc {PSK}\n\nd\r\n"
    staged = hashlib.sha256(expected.encode()).hexdigest()
    change = one.armed(base)
    done = one.run(f"stage {change} && ready {change} && place {change}", template.encode())
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (one.state / "wg0" / "change.t" / "staged").read_text() == f"{staged}\n"
    assert one.file.read_bytes() == expected.encode()
    assert stat.S_IMODE(one.file.stat().st_mode) == 0o600


@pytest.mark.parametrize(("shell", "awk"), HOSTS)
@pytest.mark.parametrize("mark", ["@secret:99@", "@made@", f"@live-psk:{PUBLIC[1]}@"])
def test_a_mark_without_a_value_writes_nothing(
    shell: list[str], awk: list[str], mark: str, tmp_path: Path
) -> None:
    one = Host(tmp_path, shell, awk)
    one.file.write_bytes(PLAIN)
    change = one.armed(hashlib.sha256(PLAIN).hexdigest())
    done = one.run(f"stage {change}", f"[Interface]\nX = {mark}\n".encode())
    assert done.returncode != 0
    assert mark.encode() in done.stderr
    assert [path.name for path in one.etc.iterdir()] == ["wg0.conf"]
    assert one.file.read_bytes() == PLAIN


@pytest.mark.parametrize(("shell", "awk"), HOSTS)
def test_a_file_that_changed_meanwhile_stays(
    shell: list[str], awk: list[str], tmp_path: Path
) -> None:
    one = Host(tmp_path, shell, awk)
    one.file.write_bytes(PLAIN)
    change = one.armed("none")
    done = one.run(f"stage {change} && ready {change}", b"[Interface]\n")
    assert done.returncode == 9 and b"plan again" in done.stderr
    assert one.file.read_bytes() == PLAIN


@pytest.mark.parametrize(("shell", "awk"), HOSTS)
@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("privatekey={0}\r\n", 0),
        ("PrivateKey = {0} # mine\n", 0),
        ("PrivateKey = {0}\nPRIVATEKEY\t= {1}\n", 1),
        ("# PrivateKey = {0}\n", None),
        ("[Interface]\n", None),
    ],
)
def test_the_files_own_key(
    shell: list[str], awk: list[str], text: str, last: int | None, tmp_path: Path
) -> None:
    one = Host(tmp_path, shell, awk)
    one.file.write_text(text.format(*SECRETS), newline="")
    seen = parse_seen("wg0", one.run("observe wg0").stdout)
    assert seen.file_key == (None if last is None else public(SECRETS[last]))
