"""A demo host as meshtui sees it: the real program, real SSH, and a kernel that is none."""

from __future__ import annotations

import asyncio
import time
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest
from asyncssh.auth import MSG_USERAUTH_PK_OK
from asyncssh.connection import SSHConnection
from asyncssh.constants import MSG_CHANNEL_DATA, MSG_IGNORE, MSG_USERAUTH_REQUEST
from asyncssh.encryption import get_default_encryption_algs

from meshtui.demo.calls import Answer
from meshtui.errors import CommandFailed, Unreachable
from meshtui.ssh.target import ssh_argv
from tests.demo.hosts import fleet, running_in, shell, stub, until


async def test_the_real_program_answers_facts_observe_and_look(tmp_path: Path) -> None:
    async with fleet(tmp_path) as made, shell(made) as asked:
        facts = (await asked.ask("facts", "wg0", deadline=10)).decode()
        assert '|"meshtui demo"' in facts
        assert "|wireguard-tools v1.0" in facts
        seen = (await asked.ask("observe", "wg0", deadline=10)).decode()
        assert "@backend\n|kernel\n" in seen
        assert "@addresses\n|1: lo    inet 127.0.0.1/8 " in seen
        stub(made.hosts["fra-1"]).says["wg show wg0 dump"] = Answer(0, b"priv\tpub\t51820\toff\n")
        clock, dump = (await asked.ask("look", "wg0", deadline=10)).decode().split("\n")[:2]
        assert clock.isdigit() and dump == "-\tpub\t51820\toff"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The kinds of all packets that either end of SSH sends."""
    sent: list[int] = []
    send = SSHConnection.send_packet

    def send_packet(one: SSHConnection, kind: int, *args: bytes, **more: Any) -> None:
        sent.append(kind)
        send(one, kind, *args, **more)

    monkeypatch.setattr(SSHConnection, "send_packet", send_packet)
    return sent


async def test_no_end_sends_packets_that_say_nothing(tmp_path: Path, sent: list[int]) -> None:
    async with fleet(tmp_path) as made, shell(made) as asked:
        await asked.ask("nothing", deadline=10)
    assert {MSG_USERAUTH_REQUEST, MSG_CHANNEL_DATA} <= set(sent)
    assert MSG_IGNORE not in sent
    # What they are for is not offered by anybody here.
    assert not any(b"cbc" in one for one in get_default_encryption_algs())


async def test_nobody_asks_whether_the_only_key_would_do(tmp_path: Path, sent: list[int]) -> None:
    async with fleet(tmp_path) as made, shell(made):
        pass
    # The first tells what methods there are.
    assert sent.count(MSG_USERAUTH_REQUEST) == 2
    assert MSG_USERAUTH_PK_OK not in sent


async def test_what_ends_a_key_exchange_goes_out_in_one_piece(
    tmp_path: Path, sent: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces: list[int] = []
    send = SSHConnection._send

    def send_piece(one: SSHConnection, data: bytes) -> None:
        pieces.append(len(data))
        send(one, data)

    monkeypatch.setattr(SSHConnection, "_send", send_piece)
    async with fleet(tmp_path) as made, shell(made) as asked:
        await asked.ask("nothing", deadline=10)
        # Each end says its version first. The answer, the new keys and what comes with them are
        # one piece; so are the client's new keys and all that follows them.
        assert len(pieces) == 2 + len(sent) - 2 - 2


async def test_no_end_logs_what_it_sends(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "asyncssh")
    async with fleet(tmp_path) as made, shell(made) as asked:
        caplog.clear()
        await asked.ask("nothing", deadline=10)
    told = [record.getMessage() for record in caplog.records if record.name == "asyncssh"]
    # Listeners tell of themselves; connections do not.
    assert not [text for text in told if "conn=" in text]


async def test_nothing_of_the_folder_is_told(tmp_path: Path) -> None:
    async with fleet(tmp_path) as made, shell(made) as asked:
        said = await asked.ask("run_command", "5", "9999", data=b"mktemp; pwd", deadline=10)
        assert said.startswith(b"/tmp/tmp.") and b"\n/root\n" in said
        typed = b"cat /etc/hostname; ls /var/lib /proc/uptime; echo $PATH; cat /etc/nothing"
        said = await asked.ask("run_command", "5", "9999", data=typed, deadline=10)
        assert said.startswith(b"fra-1\n/proc/uptime\n")
        assert bytes(tmp_path) + b"/demo/hosts" not in said


async def test_a_disk_that_is_full_and_has_room_again(tmp_path: Path) -> None:
    async with fleet(tmp_path) as made, shell(made) as running:
        host = made.hosts["fra-1"]
        host.full(True)
        async with shell(made) as new:
            for one in (running, new):
                with pytest.raises(CommandFailed, match="No space left on device"):
                    await one.ask("make_key", "wg0", deadline=10)
            host.full(False)
            for one in (running, new):
                assert await one.ask("make_key", "wg0", deadline=10) == b"a-public-key=\n"


async def test_a_clock_that_is_a_day_off(tmp_path: Path) -> None:
    async with fleet(tmp_path) as made, shell(made) as asked:
        host = made.hosts["fra-1"]
        for off in (0, 86_400, 0):
            host.wrong_clock(off > 0)
            for verb in ("look", "observe"):
                said = (await asked.ask(verb, "wg0", deadline=10)).decode()
                clock = said.partition("@clock\n|")[2] or said
                assert abs(int(clock.split()[0]) - time.time() - off) < 3
            assert abs(host.clock() - time.time() - off) < 1


async def test_a_step_comes_to_its_end_when_nobody_listens_any_more(tmp_path: Path) -> None:
    async with fleet(tmp_path) as made:
        host = made.hosts["fra-1"]
        stub(host).stuck = "wg"
        async with shell(made) as asked:
            step = asyncio.create_task(asked.ask("make_key", "wg0", deadline=60))
            await until(lambda: bool(stub(host).asked))
            step.cancel()
        await asyncio.sleep(0.2)
        stub(host).goes_on.set()
        await until((host.folder.path / "var/lib/meshtui/wg0/private.key").exists)
        await until(lambda: not running_in(host))


async def test_one_that_is_ended_by_meshtui(tmp_path: Path) -> None:
    async with fleet(tmp_path) as made, shell(made) as asked:
        typed = asked.ask("run_command", "60", "9999", data=b"sleep 60 & sleep 60", deadline=1)
        with pytest.raises(Unreachable):
            await typed
        await until(lambda: not running_in(made.hosts["fra-1"]))


async def test_one_that_is_called_off_as_it_starts(tmp_path: Path) -> None:
    async with fleet(tmp_path) as made:
        host = made.hosts["fra-1"]
        for moments in range(8):
            # With pipes, as what comes by SSH has them: Python 3.11 loses those alone.
            step = asyncio.create_task(host._sshd._start(PIPE, "sleep 60"))
            for _ in range(moments):
                await asyncio.sleep(0)
            step.cancel()
            assert (await asyncio.wait({step}, timeout=5))[0], "nobody hears of its end"
            assert step.cancelled()
        await host.ended()
        await until(lambda: not running_in(host))


async def test_power_off_and_on(tmp_path: Path) -> None:
    async with fleet(tmp_path) as made:
        host = made.hosts["fra-1"]
        boot = host.folder.path / "proc/sys/kernel/random/boot_id"
        async with shell(made) as asked:
            before = boot.read_text()
            stub(host).stuck = "ping"
            waits = asyncio.create_task(
                asked.ask("ping_all", "60", data=b"10.0.0.1\n", deadline=60)
            )
            await until(lambda: any(tool == "ping" for tool, *_ in stub(host).asked))
            host.kill()
            with pytest.raises(Unreachable):
                await waits
        with pytest.raises(Unreachable):
            async with shell(made):
                pass
        assert stub(host).up == 0
        stub(host).goes_on.set()
        await host.revive()
        assert stub(host).up == 1 and boot.read_text() != before
        async with shell(made) as asked:
            await asked.ask("nothing", deadline=10)
        await until(lambda: not running_in(host))


async def test_a_person_at_a_terminal(tmp_path: Path) -> None:
    async with fleet(tmp_path) as made:
        argv = ssh_argv("fra-1", made.ssh_config, "-tt")
        process = await asyncio.create_subprocess_exec(*argv, stdin=PIPE, stdout=PIPE, stderr=PIPE)
        assert process.stdin and process.stdout
        out = b""
        for typed, shows in (
            (b"", b"root@fra-1:~# "),
            (b"cat /etc/hostname\n", b"\r\nfra-1\r\nroot@fra-1:~# "),
            # In a job of its own, which has the terminal before it says a word.
            (b"(echo $((6 * 7)); sleep 60)\n", b"\r\n42\r\n"),
            (b"\x03", b"root@fra-1:~# "),
            (b"cd /var/lib\n", b"root@fra-1:~# "),
            (b"pwd\n", b"\r\n/var/lib\r\nroot@fra-1:~# "),
            (b"if\n", b"root@fra-1:~# "),
            (b"exit\n", b"exit\r\n"),
        ):
            process.stdin.write(typed)
            said = b""
            async with asyncio.timeout(10):
                while shows not in said:
                    more = await process.stdout.read(4096)
                    assert more, (typed, said)
                    said += more
            out += said
        await asyncio.wait_for(process.wait(), 10)
        assert bytes(tmp_path) not in out
