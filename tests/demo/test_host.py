"""A demo host as meshtui sees it: the real program, real SSH, and a kernel that is none."""

from __future__ import annotations

from pathlib import Path

from tests.demo.hosts import Said, fleet, shell, stub


async def test_the_real_program_answers_facts_observe_and_look(tmp_path: Path) -> None:
    async with fleet(tmp_path) as made, shell(made) as asked:
        facts = (await asked.ask("facts", "wg0", deadline=10)).decode()
        assert '|"meshtui demo"' in facts
        assert "|wireguard-tools v1.0" in facts
        seen = (await asked.ask("observe", "wg0", deadline=10)).decode()
        assert "@backend\n|kernel\n" in seen
        assert "@own\n|127.0.0.1/8\n" in seen
        stub(made.hosts["fra-1"]).says["wg show wg0 dump"] = Said(0, b"priv\tpub\t51820\toff\n")
        clock, dump = (await asked.ask("look", "wg0", deadline=10)).decode().split("\n")[:2]
        assert clock.isdigit() and dump == "-\tpub\t51820\toff"
