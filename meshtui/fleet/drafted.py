"""mesh.toml as a change edits it: written before the hosts are, and put back with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from meshtui.errors import MeshError
from meshtui.fleet.who import who
from meshtui.store.document import read_text
from meshtui.store.edit import Draft
from meshtui.store.journal import Journal


def about(path: Path, draft: Draft | None, journal: Journal) -> dict[str, str]:
    """What the journal is told of a change: by whom, and which mesh.toml before and after."""
    told = {"by": who(), "file": journal.kept.keep(draft.after if draft else read_text(path))}
    if draft:
        told["was"] = journal.kept.keep(draft.before)
    return told


@contextmanager
def written(
    path: Path, draft: Draft | None, journal: Journal, kept: Callable[[], bool]
) -> Iterator[None]:
    """`draft` is what `path` says meanwhile, and afterwards if `kept()`."""
    if draft is None:
        yield
        return
    try:
        draft.write(path)
    except MeshError as error:
        journal.note("done", failed={path.name: str(error)})
        raise
    try:
        yield
    finally:
        if not kept():
            draft.take_back(path)
