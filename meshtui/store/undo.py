"""Back to the mesh.toml from before the last change."""

from __future__ import annotations

from pathlib import Path

from meshtui.errors import MeshError
from meshtui.store.changes import changes, to_undo
from meshtui.store.document import read_text
from meshtui.store.edit import Draft
from meshtui.store.journal import Journal
from meshtui.store.kept import sha256_of
from meshtui.store.meshfile import parse


def undo(path: Path) -> Draft:
    """What `path` said when the change before the last one had been applied.

    MeshError: there is no such change, or going back would lose an edit.
    """
    text = read_text(path)
    mesh = parse(text, path)
    journal = Journal(mesh.name)
    before, last = to_undo(changes(journal.read()))
    if sha256_of(text) != last.file:
        raise MeshError(
            f"{path} was edited since change {last.number}: to undo that would lose the edit",
            hint="take the edit back, or apply it: then it is the change that undo takes back",
        )
    after = journal.kept.text(before.file)
    said = parse(after, path)
    stay = {host.ssh for host in said.hosts.values()}
    stay |= {host.public_key for host in said.hosts.values() if host.public_key}
    # A host that was renamed is no other host.
    gone = [
        host
        for name, host in mesh.hosts.items()
        if name not in said.hosts and stay.isdisjoint((host.ssh, host.public_key))
    ]
    if len(gone) > 1:
        raise MeshError(
            f"{len(gone)} hosts came with change {last.number}: undo takes out one at most",
            hint="meshtui remove takes them out one by one, and takes down what they have",
        )
    return Draft(text, after, gone[0] if gone else None)
