"""What to log in with: the target's identity files and the agent's keys, in `ssh`'s order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import asyncssh

from meshtui.ssh.target import Target


class Identities:
    """Loads each identity file once and keeps one connection to each agent."""

    def __init__(self) -> None:
        self._keys: dict[Path, asyncssh.SSHKey | None] = {}
        self._agents: dict[str, asyncssh.SSHAgentClient] = {}
        self.unusable: dict[Path, str] = {}
        """Files that could not be loaded, and why: most often a passphrase."""

    async def for_target(self, target: Target) -> list[asyncssh.SSHKeyPair]:
        """Key pairs to offer: agent keys that the config names, other agent keys, then files.

        Servers count tries ("Too many authentication failures"), so the named
        ones come first; with IdentitiesOnly there are no others. The pairs are new
        each time: asyncssh notes in them what one server accepts.
        """
        named = {data for path in target.identity_files if (data := _public_data(path))}
        agent = list(await self._agent_keys(target.agent)) if target.agent else []
        first = [key for key in agent if key.public_data in named]
        others = [key for key in agent if key.public_data not in named]
        held = {key.public_data for key in first}
        certificates = [str(path) for path in target.certificate_files if path.is_file()]
        keys = [key for path in target.identity_files if (key := self._load(path))]
        files = [
            pair
            for pair in asyncssh.load_keypairs(keys, certlist=certificates)
            if pair.public_data not in held
        ]
        return first + ([] if target.identities_only else others) + files

    def close(self) -> None:
        """Let go of the agents."""
        for client in self._agents.values():
            client.close()
        self._agents.clear()

    async def _agent_keys(self, path: str) -> Sequence[asyncssh.SSHKeyPair]:
        try:
            if path not in self._agents:
                self._agents[path] = await asyncssh.connect_agent(path)
            return await self._agents[path].get_keys()
        except (OSError, asyncssh.Error, ValueError) as error:
            # As with `ssh`, a socket that nobody serves any more is as good as none.
            self.unusable[Path(path)] = f"agent does not answer: {error}"
            return []

    def _load(self, path: Path) -> asyncssh.SSHKey | None:
        if path not in self._keys:
            self._keys[path] = None
            try:
                self._keys[path] = asyncssh.read_private_key(path)
            except FileNotFoundError:
                pass  # `ssh -G` lists the default names, present or not.
            except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
                self.unusable[path] = f"has a passphrase: `ssh-add {path}` first"
            except OSError as error:
                self.unusable[path] = error.strerror or "cannot be read"
        return self._keys[path]


def _public_data(path: Path) -> bytes | None:
    """The public half of an identity, from the .pub beside it."""
    try:
        return asyncssh.read_public_key(path.with_name(path.name + ".pub")).public_data
    except (OSError, asyncssh.KeyImportError):
        return None
