"""Where the notices of a plan stand in the report: at the row, the memory or the contact that they are about."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from reconciler.core.documents.plan import NoticeEntry, PlanDocument
from reconciler.core.model.address import unit_of
from reconciler.render.changes import Line
from reconciler.render.html.rows import named
from reconciler.render.notices import keys_of, notice_groups

Notices = tuple[NoticeEntry, ...]


def at_rows(lines: Iterable[Line], notices: Iterable[NoticeEntry]) -> list[Notices]:
    """Return for each line the notices about it; of several lines about one thing, the first one has them."""
    waiting: dict[tuple[str, str], list[NoticeEntry]] = defaultdict(list)
    for notice in notices:
        waiting[notice.address, _key_of(notice)].append(notice)
    return [tuple(waiting.pop((line.address, line.path[0] if line.path else ""), ())) for line in lines]


def _key_of(notice: NoticeEntry) -> str:
    """Return the key of the declared fact that a notice is about; empty where it is about the whole address."""
    key = notice.keys[0] if notice.type == "near_duplicate" and notice.keys else ""
    return key if isinstance(key, str) else ""


def row_notes(notices: Notices) -> tuple[str, ...]:
    """Return the texts of notices at a row."""
    return tuple(filter(None, (_text(notice) for notice in notices)))


def _text(notice: NoticeEntry) -> str:
    (group,) = notice_groups([notice], None)
    keys = keys_of(notice, digests=True)
    return f"{group.heading} ({named(group.kind)})" + (f": {named(keys)}" if keys else "")


class Margins:
    """What a memory shows besides its rows: how many are left out, and the notices that no row has."""

    def __init__(self, plan: PlanDocument, left: Iterable[Line], at_rows: Iterable[Notices]) -> None:
        self.hidden = Counter(line.memory for line in left)
        placed = Counter(notice for notices in at_rows for notice in notices)
        self._waiting: dict[str, list[NoticeEntry]] = defaultdict(list)
        for notice in plan.notices:
            if placed[notice]:
                placed[notice] -= 1
            else:
                self._waiting[notice.address].append(notice)

    def take(self, address: str) -> Sequence[NoticeEntry]:
        """Take the notices about a memory; with the first one of a contact, those about the contact, too."""
        names = (unit_of(address), address)
        return [notice for name in names for notice in self._waiting.pop(name, ())]

    @property
    def rest(self) -> Sequence[NoticeEntry]:
        """Return the notices that were not taken."""
        return [notice for notices in self._waiting.values() for notice in notices]
