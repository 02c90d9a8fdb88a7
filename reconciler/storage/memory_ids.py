"""
What earlier runs learned of the memories of an account, kept in `ids.json`: their ids, and their users.

It is a cache: without it, plans know less and ask more, but are never wrong. Of a user, only keyed digests are kept.
The latest entry about a user counts, so that copies of the file can be merged.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct

from reconciler.core.model.desired import id_key
from reconciler.core.model.observed import Confirmation, KeptUsers
from reconciler.storage.files import prepare_folder
from reconciler.storage.store import Store, changed

_FORMAT_VERSION = "1.0"
_NAME = "ids.json"
_NO_DIGEST = "-"
_BEGUN = "begun "
_ENDED = "ended "

_Users: TypeAlias = dict[str, dict[str, Confirmation]]


class MemoryIds(Struct, frozen=True):
    """
    The ids known for one environment, and the users of its account; another API or account has its own.

    `account` is a digest that differs between accounts and does not reveal the key. What one environment writes to a
    user counts for the others of the account.
    """

    store: Store
    environment: str
    api: str
    account: str

    def load(self) -> dict[str, str]:
        """Return the ids by `ContactMemory.identity`; none where the file is missing or damaged."""
        return self._read().ids.get(self._name, {})

    def load_users(self) -> KeptUsers:
        """Return what is kept of users; nothing where the file is missing or damaged."""
        kept = self._read()
        writes = kept.writes.get(self.api, "")
        return KeptUsers(kept.users.get(self._owner, {}), writes, is_writing=writes.startswith(_BEGUN))

    def remember(self, learned: Mapping[str, str]) -> None:
        """Add ids to the file; the users of an id that another one replaces are forgotten. Raises `StateError`."""
        if learned.items() <= self.load().items():
            return

        def add(kept: "_Kept") -> None:
            known = kept.ids.setdefault(self._name, {})
            for key, memory_id in learned.items():
                if known.get(key, memory_id) != memory_id:
                    kept.users.get(self._owner, {}).pop(id_key(known[key]), None)
            known.update(learned)

        self._change(add)

    def remember_users(self, learned: KeptUsers, *, is_applying: bool) -> None:
        """
        Add what was learned of users, each where nothing later is known; raises `StateError`.

        What a plan saw as declared is left out where an apply wrote, or may have written, since the plan began. One who
        `is_applying` keeps all, since nobody else writes then, and notes that nobody does any more.
        """

        def add(kept: "_Kept") -> None:
            writes = kept.writes.get(self.api, "")
            is_sure = is_applying or (writes == learned.writes and not learned.is_writing)
            if is_applying and writes:
                kept.writes[self.api] = writes.replace(_BEGUN, _ENDED)
            known = kept.users.setdefault(self._owner, {})
            for memory_id, users in learned.memories.items():
                held = known.setdefault(memory_id, {})
                later = {user: item for user, item in users.items() if user not in held or held[user][1] <= item[1]}
                held.update({user: item for user, item in later.items() if is_sure or item[0] is None})

        self._change(add)

    def begin_writing(self, at: str, memory_ids: Collection[str]) -> None:
        """
        Note that an apply begins to write users of these memories; raises `StateError`.

        Another key may be one of the same account, so what was seen with it of these memories is forgotten.
        """

        def begin(kept: "_Kept") -> None:
            kept.writes[self.api] = f"{_BEGUN}{at}"
            for owner, memories in kept.users.items():
                if owner != self._owner and owner.startswith(f"{self.api} "):
                    for memory_id in map(id_key, memory_ids):
                        memories.pop(memory_id, None)

        self._change(begin)

    @property
    def _name(self) -> str:
        return f"{self.environment} {self._owner}"

    @property
    def _owner(self) -> str:
        return f"{self.api} {self.account}"

    def _change(self, change: Callable[["_Kept"], None]) -> None:
        """Change what is there now, whatever others write meanwhile; raises `StateError`."""

        def rewritten(data: bytes | None) -> bytes:
            kept = _read(data)
            change(kept)
            return kept.text.encode()

        if self.store.folder:
            prepare_folder(self.store.folder)
        changed(self.store, _NAME, rewritten)

    def _read(self) -> "_Kept":
        return _read(self.store.read(_NAME).data)


class _Kept(Struct, frozen=True):
    """The content of the file: ids by environment, users by account, and the last apply that wrote users by API."""

    ids: dict[str, dict[str, str]]
    users: dict[str, _Users]
    writes: dict[str, str]

    @property
    def text(self) -> str:
        document: dict[str, object] = {"format_version": _FORMAT_VERSION, "environments": self.ids}
        if self.users or self.writes:
            users = {name: {key: _written(of) for key, of in kept.items()} for name, kept in self.users.items()}
            document |= {"users": users, "writes": self.writes}
        return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _read(data: bytes | None) -> _Kept:
    """Read what is kept; nothing where that is missing or damaged."""
    try:
        document = json.loads(data or b"")
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("format_version") != _FORMAT_VERSION:
        return _Kept({}, {}, {})
    return _Kept(
        {name: _texts(ids) for name, ids in _mappings(document.get("environments"))},
        {name: _users(memories) for name, memories in _mappings(document.get("users"))},
        _texts(document.get("writes")),
    )


def _mappings(value: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield those entries of a mapping that are mappings; nothing for anything else."""
    entries = value.items() if isinstance(value, dict) else ()
    yield from ((key, item) for key, item in entries if isinstance(item, dict))


def _texts(ids: object) -> dict[str, str]:
    return {key: item for key, item in ids.items() if isinstance(item, str)} if isinstance(ids, dict) else {}


def _written(users: Mapping[str, Confirmation]) -> dict[str, str]:
    """Return the entries of users as texts: the time, then the digest or a hyphen."""
    return {user: f"{at} {digest or _NO_DIGEST}" for user, (digest, at) in users.items()}


def _users(memories: Mapping[str, object]) -> _Users:
    return {memory_id: _read_users(users) for memory_id, users in _mappings(memories)}


def _read_users(users: object) -> dict[str, Confirmation]:
    parts = {user: text.partition(" ") for user, text in _texts(users).items()}
    return {user: (None if digest == _NO_DIGEST else digest, at) for user, (at, _, digest) in parts.items() if digest}
