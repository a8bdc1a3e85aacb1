"""mesh.toml as a change edits it: written before the hosts are, and put back with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from meshtui.errors import MeshError
from meshtui.fleet.events import ApplyResult
from meshtui.fleet.made import Made
from meshtui.fleet.who import who
from meshtui.mesh.model import Mesh
from meshtui.plan.model import Plan, PlanInputs
from meshtui.store.document import read_text
from meshtui.store.edit import Draft
from meshtui.store.journal import Journal
from meshtui.store.meshfile import parse
from meshtui.store.write import Found


def about(path: Path, draft: Draft | None, journal: Journal) -> dict[str, str]:
    """What the journal is told of a change: by whom, and which mesh.toml before and after."""
    told = {"by": who(), "file": journal.kept.keep(draft.after if draft else read_text(path))}
    if draft:
        told["was"] = journal.kept.keep(draft.before)
    if draft and draft.gone:
        told["leaving"] = draft.gone.name
    return told


def refuse_stale(path: Path, says: Mesh, read: Mesh, plan: Plan | None = None) -> None:
    """MeshError where the file says something else by now: an old plan would undo it."""
    if says != read:
        raise MeshError(
            f"{path} was changed since it was read: nothing was changed", hint="plan again"
        )
    if plan and plan.inputs and plan.inputs.written != read:
        raise MeshError(
            f"{path} was changed since this was planned: nothing was changed", hint="plan again"
        )


def write(path: Path, draft: Draft, journal: Journal) -> None:
    """Put `draft` in the file's place. MeshError: nothing was changed, and why."""
    try:
        draft.write(path)
    except MeshError as error:
        journal.note("done", failed={path.name: str(error)}, reverted=str(error))
        raise


def drafted(inputs: PlanInputs, draft: Draft | None, path: Path, made: Made | None) -> PlanInputs:
    """`inputs` with what only the draft says: whose keys go, and what was made for it."""
    if draft is None:
        return inputs
    gone = {draft.gone.public_key: draft.gone.name} if draft.gone and draft.gone.public_key else {}
    before, now = parse(draft.before, path).hosts, inputs.written.hosts
    return replace(
        inputs,
        left=gone | dict(draft.left),
        mtu_left=frozenset(n for n in before if before[n].mtu and n in now and not now[n].mtu),
        paired=made.members if made else frozenset(),
    )


def found_out(mesh: Mesh, plan: Plan) -> dict[str, Found]:
    """The addresses and keys of all members, for mesh.toml."""
    return {
        name: Found(member.addresses, plan.public_keys.get(name))
        for name, member in mesh.members.items()
    }


def put_back(path: Path, draft: Draft | None, result: ApplyResult) -> ApplyResult:
    """The file as it was before; the result says so where that cannot be."""
    if draft is None:
        return result
    try:
        draft.take_back(path)
    except MeshError as error:
        why = f"the hosts were taken back, and it was not: {error.what}"
        return replace(result, failed={**result.failed, path.name: why})
    return result
