"""`apply --undo FILE`: the former values as a spec, written before the first write, and again once all is done."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from reconciler.core.plan import Plan
from reconciler.core.receipt import Outcome
from reconciler.core.references import escaped
from reconciler.core.undo import build_undo
from reconciler.core.value import Json
from reconciler.errors import InputError
from reconciler.reading import written
from reconciler.specs.acceptance import accepts
from reconciler.state import check_writable, write_file

_ABOUT = (
    "Written by `reconciler apply --undo`: what the account held before.",
    "To bring it back: `reconciler apply --specs FILE`, with this file.",
    "By `live_values`, its values are shown on your own terminal alone, and fact_keys do not refuse them.",
    "These values are about real people. Keep them no longer than you need them.",
)


class UndoFile(Struct, frozen=True):
    """The file, readable by its owner alone."""

    path: Path

    def check(self) -> None:
        """Raise `InputError` where a file is there already: it may hold what an earlier apply replaced."""
        if self.path.exists() or self.path.is_symlink():
            raise InputError(f"{self.path} is there already; name another file, so that no former value is lost")
        check_writable(self.path)

    def write(self, plan: Plan, outcomes: Sequence[Outcome] | None = None) -> None:
        """Write what undoes the plan, or, once the outcomes are known, what was done of it."""
        undo = build_undo(plan, accepts, outcomes)
        stays = ("What stays, since nothing can be deleted:", *undo.stays) if undo.stays else ()
        document: dict[str, Json] = {"live_values": True}
        document |= {section: escaped(entries) for section, entries in undo.document.items()}
        write_file(self.path, written(document, comments=(*_ABOUT, *stays)))
