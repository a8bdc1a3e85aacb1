"""What the tools of a demo's host say, as the real ones said it to the same words.

Taken from wireguard-tools 1.0.20210914, iproute2 and iputils of Debian, with wireguard-go.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from meshtui.demo.calls import Answer
from tests.demo.machines import Hosts, hosts

PRIVATE = "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIGA="
PUBLIC = "BkU/zZzvWh9TrMT5QhBMDI6eJ9XHs39VB83NFigQWWM="
A, B = (
    "ISEhISEhISEhISEhISEhISEhISEhISEhISEhISEhISE=",
    "IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=",
)
PSK = "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE="
FILE = f"""[Interface]
PrivateKey = {PRIVATE}
ListenPort = 51999
FwMark = 51820

[Peer]
PublicKey = {A}
PresharedKey = {PSK}
AllowedIPs = 10.9.0.5, 10.9.5.7/24, fd00::5/128
Endpoint = 203.0.113.5:51820

[Peer]
PublicKey = {B}
AllowedIPs = 10.9.0.6/32
PersistentKeepalive = 25
"""
OWN = f"{PRIVATE}\t{PUBLIC}\t51999\t0xca6c\n"
ROW_A = f"{A}\t{PSK}\t203.0.113.5:51820\t10.9.0.5/32,10.9.5.0/24,fd00::5/128\t0\t0\t0\toff\n"
ROW_B = f"{B}\t(none)\t(none)\t10.9.0.6/32\t0\t0\t0\t25\n"


class Host:
    """One, with wg0 up as FILE says."""

    def __init__(self, lab: Hosts) -> None:
        self._lab = lab

    async def run(self, line: str, stdin: str = "") -> Answer:
        return await self._lab.run("fra-1", line, stdin.encode())

    async def out(self, line: str, stdin: str = "") -> str:
        return await self._lab.out("fra-1", line, stdin.encode())


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with hosts(tmp_path, "fra-1") as lab:
        machine = lab.machines["fra-1"]
        link = machine.add_wireguard("wg0")
        await lab.out("fra-1", "wg setconf wg0 /dev/stdin", FILE.encode())
        await machine.up(link)
        yield Host(lab)


async def test_wg_shows_what_it_was_told(host: Host) -> None:
    assert await host.out("wg show wg0 dump") == OWN + ROW_A + ROW_B
    assert await host.out("wg show all fwmark") == "wg0\t0xca6c\n"
    assert await host.out("wg show wg0 allowed-ips") == (
        f"{A}\t10.9.0.5/32 10.9.5.0/24 fd00::5/128\n{B}\t10.9.0.6/32\n"
    )
    assert await host.out("wg showconf wg0") == (
        FILE.replace("PrivateKey", "#")
        .replace(f"# = {PRIVATE}\n", "")
        .replace("FwMark = 51820", f"FwMark = 0xca6c\nPrivateKey = {PRIVATE}")
        .replace("10.9.0.5, 10.9.5.7/24,", "10.9.0.5/32, 10.9.5.0/24,")
    )
    assert (
        await host.out("wg show wg0")
        == f"""interface: wg0
  public key: {PUBLIC}
  private key: (hidden)
  listening port: 51999
  fwmark: 0xca6c

peer: {A}
  preshared key: (hidden)
  endpoint: 203.0.113.5:51820
  allowed ips: 10.9.0.5/32, 10.9.5.0/24, fd00::5/128

peer: {B}
  allowed ips: 10.9.0.6/32
  persistent keepalive: every 25 seconds
"""
    )


async def test_a_prefix_that_another_peer_has_moves(host: Host) -> None:
    await host.out(f"wg set wg0 peer {A} allowed-ips 10.9.0.6/32,10.9.0.7/32 peer {B} remove")
    row = ROW_A.replace("10.9.0.5/32,10.9.5.0/24,fd00::5/128", "10.9.0.6/32,10.9.0.7/32")
    assert await host.out("wg show wg0 dump") == OWN + row


async def test_syncconf_sets_what_the_file_is_silent_about(host: Host) -> None:
    """But for a preshared key and a keepalive, which tools of this version leave."""
    await host.out("wg syncconf wg0 /dev/stdin", f"[Peer]\nPublicKey = {A}\n")
    own, row = (await host.out("wg show wg0 dump")).splitlines(keepends=True)
    private, public, port, mark = own.strip().split("\t")
    assert (private, public, mark) == ("(none)", "(none)", "off")
    assert port != "51999"
    assert row == ROW_A.replace("10.9.0.5/32,10.9.5.0/24,fd00::5/128", "(none)")


async def test_addconf_adds(host: Host) -> None:
    await host.out("wg addconf wg0 /dev/stdin", f"[Peer]\nPublicKey={B}\nAllowedIPs=10.9.0.9/32\n")
    assert await host.out("wg show wg0 dump") == OWN + ROW_A + ROW_B.replace(".6/32", ".9/32")


@pytest.mark.parametrize(
    ("line", "stdin", "said"),
    [
        ("set wg0 peer AAAA remove", "", "Key is not the correct length or format: `AAAA'"),
        (
            f"set wg0 peer {A} allowed-ips 10.9.300.1/32",
            "",
            "Unable to parse IP address: `10.9.300.1'",
        ),
        (
            f"set wg0 peer {A} allowed-ips 10.9.0.1/33",
            "",
            "AllowedIP is not in the correct format: `10.9.0.1/33'",
        ),
        (
            f"set wg0 peer {A} endpoint 203.0.113.5",
            "",
            "Unable to find port of endpoint: `203.0.113.5'",
        ),
        (
            f"set wg0 listen-port 1 peer {A} persistent-keepalive 70000",
            "",
            "Persistent keepalive interval is neither 0/off nor 1-65535: `70000'",
        ),
        (f"set wg0 peer {A} preshared-key /dev/stdin", "x\n", "Invalid length key in key file"),
        (f"set wg0 peer {A} remove listen-port 77", "", "Invalid argument: listen-port"),
        ("set wg0 listen-port", "", "Invalid argument: listen-port"),
        ("set wg0 fwmark zz", "", "Fwmark is neither 0/off nor 0-0xffffffff: `zz'"),
        ("set wg0 private-key /nowhere", "", "fopen: No such file or directory"),
        ("set wg9 listen-port 1", "", "Unable to modify interface: No such device"),
        ("show wg9 dump", "", "Unable to access interface: No such device"),
        ("pubkey", "x\n", "wg: Key is not the correct length or format"),
        (
            "setconf wg0 /dev/stdin",
            f"[Interface]\nListenPort = 1\n[Peer]\nPublicKey = {A}\nFoo = bar baz # c\n",
            "Line unrecognized: `Foo=barbaz'\nConfiguration parsing error",
        ),
        (
            "syncconf wg0 /dev/stdin",
            f"[Interface]\n[Peer]\nPublicKey = {A}\nEndpoint = nonsense\n",
            "Unable to find port of endpoint: `nonsense'\nConfiguration parsing error",
        ),
        (
            "addconf wg0 /dev/stdin",
            "[Peer]\nAllowedIPs = 10.9.0.6/32\n",
            "A peer is missing a public key\nInvalid configuration",
        ),
    ],
)
async def test_what_is_wrong_changes_nothing(host: Host, line: str, stdin: str, said: str) -> None:
    answer = await host.run(f"wg {line}", stdin)
    assert (answer.status, answer.out, answer.err.decode()) == (1, b"", f"{said}\n")
    assert await host.out("wg show wg0 dump") == OWN + ROW_A + ROW_B


async def test_ip_address(host: Host) -> None:
    forever = "       valid_lft forever preferred_lft forever\n"
    for address in ("10.9.0.1/24", "10.9.0.2/24", "fd00:9::1/64"):
        await host.out(f"ip address add {address} dev wg0")
    await host.out("ip address replace 10.9.0.2/24 dev wg0")
    assert await host.out("ip -o address show dev wg0") == (
        f"3: wg0    inet 10.9.0.1/24 scope global wg0\\{forever}"
        f"3: wg0    inet 10.9.0.2/24 scope global secondary wg0\\{forever}"
        f"3: wg0    inet6 fd00:9::1/64 scope global \\{forever}"
    )
    head = "3: wg0: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1420 qdisc noqueue state UNKNOWN"
    assert await host.out("ip link show wg0") == (
        f"{head} mode DEFAULT group default qlen 1000\n    link/none \n"
    )
    assert await host.out("ip -4 a s wg0") == (
        f"{head} group default qlen 1000\n    inet 10.9.0.1/24 scope global wg0\n{forever}"
        f"    inet 10.9.0.2/24 scope global secondary wg0\n{forever}"
    )
    # With the first of a subnet the others go, and with the last all routes.
    await host.out("ip route add 10.77.0.0/16 dev wg0")
    await host.out("ip address del 10.9.0.1/24 dev wg0")
    assert await host.out("ip -4 address show dev wg0") == ""
    assert await host.out("ip -4 route show dev wg0") == ""


async def test_ip_route(host: Host) -> None:
    for address in ("10.9.0.1/24", "fd00:9::1/64"):
        await host.out(f"ip address add {address} dev wg0")
    await host.out("ip route add 10.77.0.0/16 dev wg0")
    again = await host.run("ip route add 10.77.0.0/16 dev wg0")
    assert (again.status, again.err) == (2, b"RTNETLINK answers: File exists\n")
    await host.out("ip route replace 10.77.0.0/16 dev wg0")
    await host.out("ip -6 route add fd77:0::/64 dev wg0")
    assert await host.out("ip -4 route show dev wg0") == (
        "10.9.0.0/24 proto kernel scope link src 10.9.0.1 \n10.77.0.0/16 scope link \n"
    )
    assert await host.out("ip -6 route show dev wg0") == (
        "fd00:9::/64 proto kernel metric 256 pref medium\nfd77::/64 metric 1024 pref medium\n"
    )
    for to, said in {
        "10.9.0.77": "10.9.0.77 dev wg0 src 10.9.0.1 uid 0 \\    cache \n",
        "192.0.2.9": "192.0.2.9 via 203.0.113.254 dev eth0 src 203.0.113.11 uid 0 \\    cache \n",
        "10.9.0.1": "local 10.9.0.1 dev lo src 10.9.0.1 uid 0 \\    cache <local> \n",
        "fd00:9::5": "fd00:9::5 from :: dev wg0 proto kernel src fd00:9::1"
        " metric 256 pref medium\n",
    }.items():
        assert await host.out(f"ip -o route get {to}") == said
    for line, said in {
        "ip route add 10.1.1.1/24 dev wg0": "Error: Invalid prefix for given prefix length.",
        "ip route del 10.78.0.0/16 dev wg0": "RTNETLINK answers: No such process",
        "ip -6 route show table 51820": "Error: ipv6: FIB table does not exist.\nDump terminated",
    }.items():
        answer = await host.run(line)
        assert (answer.status, answer.err.decode()) == (2, f"{said}\n")


async def test_ip_answers_in_no_other_form_than_it_was_asked_for(host: Host) -> None:
    assert (await host.run("ip -j address show")).status == 255
    default = await host.out("ip -4 route show default")
    assert (await host.run("ip -4 route replace default dev wg0 table 51820")).status == 2
    assert await host.out("ip -4 route show default") == default


async def test_ping_says_what_is_wrong(host: Host) -> None:
    for line, status, said in (
        ("ping -c x 127.0.0.1", 1, "ping: invalid argument: 'x'"),
        ("ping -c 1.5 127.0.0.1", 1, "ping: invalid argument: '1.5'"),
        ("ping -c 1 -M bogus 127.0.0.1", 2, "ping: invalid -M argument: bogus"),
        ("ping", 1, "ping: usage error: Destination address required"),
        ("ping -c 1 2001:db8::1", 2, "ping: connect: Network is unreachable"),
    ):
        answer = await host.run(line)
        assert (answer.status, answer.out, answer.err.decode()) == (status, b"", f"{said}\n")
    await host.out("ip address add 10.9.0.1/24 dev wg0")
    answer = await host.run("ping -n -c 1 -W 1 -M do -s 1400 10.9.0.5")
    assert (answer.status, answer.err) == (
        1,
        b"ping: local error: message too long, mtu=1420\n",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("MTU = x", 'Error: argument "x" is wrong: Invalid "mtu" value'),
        ("ListenPort = 51999", "RTNETLINK answers: Address already in use"),
        ("Foo = 1", "Line unrecognized: `Foo=1'"),
    ],
)
async def test_an_interface_that_cannot_come_up_leaves_nothing(
    host: Host, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "fra-1/etc/wireguard/wg1.conf"
    file.parent.mkdir()
    file.write_text(f"[Interface]\nPrivateKey = {PRIVATE}\nAddress = 10.8.0.1/24\n{text}\n")
    answer = await host.run("wg-quick up wg1")
    assert answer.status == 1
    assert said in answer.err.decode().splitlines()
    assert answer.err.endswith(b"[#] ip link delete dev wg1\n")
    assert await host.out("wg show interfaces") == "wg0\n"
