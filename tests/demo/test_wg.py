"""`wg` on a demo's host, against what wireguard-tools 1.0.20210914 print for the same calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.demo.kernels import boxes, pair

K, K2 = "A" * 42 + "E=", "B" * 42 + "E="
PSK = "C" * 42 + "E="


async def test_peers_are_set(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        await a.up("ListenPort = 51820")
        # A keepalive begins at once, with a handshake of 148 bytes.
        own = f"{a.private}\t{a.public}\t51820\toff\n"
        await a.says(
            f"wg set wg0 peer {K} preshared-key /dev/stdin endpoint 192.0.2.1:1"
            " persistent-keepalive 25 allowed-ips 10.0.0.1/32,fd00::1/128,10.1.0.9/24"
            f" peer {K2} allowed-ips 10.0.0.2",
            f"{PSK}\n",
        )
        assert await a.says("wg show wg0 dump") == (
            f"{own}{K}\t{PSK}\t192.0.2.1:1\t10.0.0.1/32,fd00::1/128,10.1.0.0/24\t0\t0\t148\t25\n"
            f"{K2}\t(none)\t(none)\t10.0.0.2/32\t0\t0\t0\toff\n"
        )
        # A prefix is one peer's: who gets it takes it from who had it.
        await a.says(f"wg set wg0 peer {K2} allowed-ips 10.0.0.1/32,10.0.0.2/32")
        assert await a.says("wg show wg0 allowed-ips") == (
            f"{K}\tfd00::1/128 10.1.0.0/24\n{K2}\t10.0.0.1/32 10.0.0.2/32\n"
        )
        await a.says(f"wg set wg0 peer {K} allowed-ips ''")
        await a.says(f"wg set wg0 peer {K} preshared-key /dev/null persistent-keepalive off")
        peers = f"{K}\t(none)\t192.0.2.1:1\t(none)\t0\t0\t148\toff\n"
        assert (await a.says("wg show wg0 dump")).splitlines(True)[1] == peers
        await a.says(f"wg set wg0 peer {K} remove peer {K2} remove")
        await a.says(f"wg set wg0 peer {K} remove")
        assert await a.says("wg show wg0 dump") == own


async def test_all_its_words(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        assert await a.says("wg show interfaces") == "\n"
        await a.up("ListenPort = 51820", f"PublicKey = {K}\nAllowedIPs = 10.0.0.1/32")
        for word, said in {
            "private-key": f"{a.private}\n",
            "public-key": f"{a.public}\n",
            "listen-port": "51820\n",
            "fwmark": "off\n",
            "peers": f"{K}\n",
            "preshared-keys": f"{K}\t(none)\n",
            "endpoints": f"{K}\t(none)\n",
            "allowed-ips": f"{K}\t10.0.0.1/32\n",
            "latest-handshakes": f"{K}\t0\n",
            "transfer": f"{K}\t0\t0\n",
            "persistent-keepalive": f"{K}\toff\n",
        }.items():
            assert await a.says(f"wg show wg0 {word}") == said
            assert await a.says(f"wg show all {word}") == f"wg0\t{said}"
        assert await a.says("wg show interfaces") == "wg0\n"
        dump = await a.says("wg show wg0 dump")
        marked = "".join(f"wg0\t{line}" for line in dump.splitlines(True))
        assert await a.says("wg show all dump") == marked
        told = await a.says("wg show")
        assert told == (
            f"interface: wg0\n  public key: {a.public}\n  private key: (hidden)\n"
            f"  listening port: 51820\n\npeer: {K}\n  allowed ips: 10.0.0.1/32\n"
        )
        assert await a.says("wg show wg0") == told
        assert await a.says("wg showconf wg0") == (
            f"[Interface]\nListenPort = 51820\nPrivateKey = {a.private}\n\n"
            f"[Peer]\nPublicKey = {K}\nAllowedIPs = 10.0.0.1/32\n"
        )


async def test_files(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        await a.up("ListenPort = 51820", f"PublicKey = {K}\nAllowedIPs = 10.0.0.1/32")
        more = f"[Peer]\nPublicKey = {K2}\nAllowedIPs = 10.0.0.1/32, 10.0.0.2/32\n"
        await a.says("wg addconf wg0 /dev/stdin", more)
        assert await a.says("wg show wg0 allowed-ips") == (
            f"{K}\t(none)\n{K2}\t10.0.0.1/32 10.0.0.2/32\n"
        )
        saved = await a.says("wg showconf wg0")
        await a.says(f"wg set wg0 listen-port 51821 peer {K} remove peer {K2} allowed-ips ''")
        await a.says("wg syncconf wg0 /dev/stdin", saved)
        # A peer that was gone is the last now.
        back = (await a.says("wg showconf wg0")).strip().split("\n\n")
        assert sorted(back) == sorted(saved.strip().split("\n\n"))
        # What a file does not name is not: it is the interface as it should be.
        for how in ("setconf", "syncconf"):
            await a.says(f"wg {how} wg0 /dev/stdin", f"[Interface]\n[Peer]\nPublicKey = {K}\n")
            own, only = (await a.says("wg show wg0 dump")).splitlines()
            assert own.startswith("(none)\t(none)\t") and "\t51820\t" not in own
            assert only == f"{K}\t(none)\t(none)\t(none)\t0\t0\t0\toff"
            await a.says("wg syncconf wg0 /dev/stdin", saved)


async def test_sessions_of_peers_that_stay(tmp_path: Path) -> None:
    async with pair(tmp_path) as (a, b):
        await a.says("ping -n -c 1 -w 3 10.0.0.2")
        shaken = await a.says("wg show wg0 latest-handshakes")
        assert not shaken.endswith("\t0\n")
        saved = await a.says("wg showconf wg0")
        await a.says(f"wg set wg0 peer {K} allowed-ips 10.0.0.9/32")
        await a.says("wg syncconf wg0 /dev/stdin", saved)
        assert await a.says("wg show wg0 latest-handshakes") == shaken
        await a.says("wg setconf wg0 /dev/stdin", saved)
        assert await a.says("wg show wg0 latest-handshakes") == f"{b.public}\t0\n"


async def test_a_port_is_had_once(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        await a.up("ListenPort = 51820")
        a.file("[Interface]\nListenPort = 51821\n", "wg1")
        await a.says("wg-quick up wg1")
        said = await a.fails("wg set wg1 listen-port 51820")
        assert said == (1, "Unable to modify interface: Address already in use\n")
        assert await a.says("wg show all listen-port") == "wg0\t51820\nwg1\t51821\n"


async def test_a_key_that_only_one_end_changes(tmp_path: Path) -> None:
    async with pair(tmp_path) as (a, b):
        new = await a.says("wg genkey")
        await a.says("wg set wg0 private-key /dev/stdin", new)
        said = await a.call("ping -n -c 1 -w 1 10.0.0.2")
        assert said.status == 1
        public = (await a.says("wg pubkey", new)).strip()
        assert await a.says("wg show wg0 public-key") == f"{public}\n"
        await b.says(f"wg set wg0 peer {public} allowed-ips 10.0.0.1/32")
        # The next handshake is due 5 s after the first.
        await a.says("ping -n -c 1 -w 8 10.0.0.2")


NO_KEY = "Key is not the correct length or format: `abc'\n"
BAD_FILE = "Configuration parsing error\n"


@pytest.mark.parametrize(
    ("line", "stdin", "said"),
    [
        ("showconf wg9", "", "Unable to access interface: No such device\n"),
        ("set wg0 more", "", "Invalid argument: more\n"),
        ("set wg0 peer", "", "Invalid argument: peer\n"),
        ("set wg0 peer abc", "", NO_KEY),
        (f"set wg0 peer {K} more", "", "Invalid argument: more\n"),
        (f"set wg0 peer {K} persistent-keepalive", "", "Invalid argument: persistent-keepalive\n"),
        ("set wg0 listen-port abc", "", "Servname not supported for ai_socktype: `abc'\n"),
        ("setconf wg0 /dev/stdin", "more\n", f"Line unrecognized: `more'\n{BAD_FILE}"),
        (
            "setconf wg0 /dev/stdin",
            "[Interface]\nAddress = 10.0.0.1/32\n",
            f"Line unrecognized: `Address=10.0.0.1/32'\n{BAD_FILE}",
        ),
        ("setconf wg0 /dev/stdin", "[Interface]\nPrivateKey = abc\n", f"{NO_KEY}{BAD_FILE}"),
        ("pubkey", "", "wg: Key is not the correct length or format\n"),
    ],
)
async def test_what_cannot_be_done(tmp_path: Path, line: str, stdin: str, said: str) -> None:
    async with boxes(tmp_path, "a") as (a,):
        await a.up("ListenPort = 51820", f"PublicKey = {K2}\nAllowedIPs = 10.0.0.1/32")
        before = await a.says("wg show wg0 dump")
        assert await a.fails(f"wg {line}", stdin) == (1, said)
        assert await a.says("wg show wg0 dump") == before


@pytest.mark.parametrize("line", ["show wg0 more", "show all more", "show wg0 peers more", "more"])
async def test_what_it_does_not_know(tmp_path: Path, line: str) -> None:
    async with boxes(tmp_path, "a") as (a,):
        await a.up("ListenPort = 51820")
        assert (await a.fails(f"wg {line}"))[0] == 1
