"""Export one memory: all facts that a spec can hold, and its users."""

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase

from reconciler.core.export.bodies import Layers, MemoryBody
from reconciler.core.export.declared import ExistingSpecs
from reconciler.core.export.left_out import Accepts, LeftOut, Reason, flaw_of, flaw_of_key
from reconciler.core.export.selecting import LiveAccount
from reconciler.core.model.address import fact_address, user_address
from reconciler.core.model.calling_codes import is_e164
from reconciler.core.model.observed import LiveUser
from reconciler.core.model.phone_numbers import read_phone_number
from reconciler.core.model.value import Json, is_list
from reconciler.core.remote import Record


class MemoryBuilder:
    """
    Builds one memory after the other, and counts their facts and users.

    Facts with keys that match a pattern of `seed` are seeded, all others enforced.
    """

    def __init__(
        self,
        account: LiveAccount,
        accepts: Accepts,
        declared: ExistingSpecs,
        *,
        with_summaries: bool,
        seed: tuple[str, ...] = (),
    ) -> None:
        self._account = account
        self._accepts = accepts
        self._declared = declared
        self._with_summaries = with_summaries
        self._seed = seed
        self._keys: dict[str, bool] = {}
        self.facts = 0
        self.users = 0

    @property
    def unmatched(self) -> tuple[str, ...]:
        """Return the patterns of `seed` that none of the facts so far matches."""
        return tuple(one for one in self._seed if not any(fnmatchcase(key, one) for key in self._keys))

    @property
    def keys(self) -> frozenset[str]:
        """Return the keys of the facts so far."""
        return frozenset(self._keys)

    def build(self, memory: Record, address: str, left_out: list[LeftOut]) -> MemoryBody:
        """Return the declaration of a memory."""
        facts = self._facts_of(memory, address, left_out)
        users = self._users_of(memory.memory_id, address, left_out)
        self.facts += len(facts)
        self.users += len(users)
        enforced = {key: value for key, value in facts.items() if not self._is_seed(key)}
        seeded = {key: value for key, value in facts.items() if self._is_seed(key)}
        return MemoryBody(Layers(enforced, seeded), users)

    def declares(self, key: str, value: Json) -> bool:
        """Return whether a live fact is declared and not left out."""
        flaw = flaw_of_key(key, self._accepts) or flaw_of(value, self._accepts)
        return flaw is None and self._declared.refusal(key, value) is None

    def _is_seed(self, key: str) -> bool:
        if key not in self._keys:
            self._keys[key] = any(fnmatchcase(key, one) for one in self._seed)
        return self._keys[key]

    def _facts_of(self, memory: Record, address: str, left_out: list[LeftOut]) -> dict[str, Json]:
        refused: dict[str, Reason] = {
            key: refusal
            for key, value in memory.facts.items()
            if not flaw_of_key(key, self._accepts) and (refusal := self._declared.refusal(key, value))
        }
        left_out += [LeftOut(fact_address(address, key), refused[key]) for key in sorted(refused)]
        others = {key: value for key, value in memory.facts.items() if key not in refused}
        return kept_values(others, self._accepts, left_out, place=lambda key: fact_address(address, key))

    def _users_of(self, memory_id: str, address: str, left_out: list[LeftOut]) -> list[Mapping[str, Json]]:
        users = self._account.users.get(memory_id)
        if users is None:
            if self._account.lists_users:
                left_out.append(LeftOut(address, "unlisted_users"))
            return []
        numbers = _in_e164(users)
        refused = sorted(users.keys() - set(numbers.values()))
        left_out += [LeftOut(user_address(address, shown), "user_number") for shown in refused]
        accepted = ((number, users[numbers[number]], user_address(address, number)) for number in sorted(numbers))
        return [self._user(number, user, at, left_out) for number, user, at in accepted]

    def _user(self, phone_number: str, user: LiveUser, address: str, left_out: list[LeftOut]) -> Mapping[str, Json]:
        if not user.comparable:
            left_out.append(LeftOut(f"{address}.metadata", "user_metadata"))
        notes = {"metadata": user.metadata, "summary": user.summary if self._with_summaries else None}
        live = {key: text for key, text in notes.items() if text is not None}
        kept = kept_values(live, self._accepts, left_out, place=lambda key: f"{address}.{key}")
        return {"phone_number": phone_number, **kept}


def _in_e164(shown: Iterable[str]) -> Mapping[str, str]:
    """Return the numbers that can be read, in E.164, each with the plainest form that the account shows."""
    numbers: dict[str, str] = {}
    for form in sorted(shown, key=lambda one: (not is_e164(one), one)):
        number = read_phone_number(form)
        if isinstance(number, str):
            numbers.setdefault(number, form)
    return numbers


def kept_values(
    values: Mapping[str, Json], accepts: Accepts, left_out: list[LeftOut], *, place: Callable[[str], str]
) -> dict[str, Json]:
    """Return the values that a spec can hold, sorted, and record the others; `place` returns the address of a key."""
    kept: dict[str, Json] = {}
    for key in sorted(values):
        flaw = flaw_of_key(key, accepts) or flaw_of(values[key], accepts)
        if flaw:
            left_out.append(LeftOut(place(key), flaw))
        else:
            kept[key] = ordered(values[key])
    return kept


def ordered(value: Json) -> Json:
    """Return a value with the keys of its mappings sorted, since the account's order has no meaning."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    return [ordered(item) for item in value] if is_list(value) else value
