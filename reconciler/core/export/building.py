"""Build the files of an export: what each declares, and what is left out."""

from collections import Counter
from collections.abc import Callable, Mapping

from msgspec import Struct

from reconciler.core.export.declared import NOTHING_DECLARED, ExistingSpecs
from reconciler.core.export.left_out import Accepts, LeftOut, Reason, flaw_of, flaw_of_key
from reconciler.core.export.naming import Identified, IdentifyBy, Identifying, contact_names, scope_names
from reconciler.core.export.selecting import LiveAccount
from reconciler.core.model.address import contact_address, fact_address, user_address
from reconciler.core.model.desired import Contact, Persona, ScopeKey, memory_key
from reconciler.core.model.observed import LiveUser
from reconciler.core.model.references import escaped
from reconciler.core.model.text import quoted
from reconciler.core.model.value import Json, is_list
from reconciler.core.remote import ContactRecord, Record


class MemoryBuilder:
    """Builds one memory after the other, and counts their facts and users."""

    def __init__(
        self, account: LiveAccount, accepts: Accepts, declared: ExistingSpecs, *, with_summaries: bool
    ) -> None:
        self._account = account
        self._accepts = accepts
        self._declared = declared
        self._with_summaries = with_summaries
        self.facts = 0
        self.users = 0

    def build(self, memory: Record, address: str, left_out: list[LeftOut]) -> Json:
        """Return the declaration of a memory."""
        facts = self._facts_of(memory, address, left_out)
        users = self._users_of(memory.memory_id, address, left_out)
        self.facts += len(facts)
        self.users += len(users)
        return {**({"facts": facts} if facts else {}), **({"users": users} if users else {})}

    def _facts_of(self, memory: Record, address: str, left_out: list[LeftOut]) -> dict[str, Json]:
        refused: dict[str, Reason] = {
            key: refusal
            for key, value in memory.facts.items()
            if not flaw_of_key(key, self._accepts) and (refusal := self._declared.refusal(key, value))
        }
        left_out += [LeftOut(fact_address(address, key), refused[key]) for key in sorted(refused)]
        others = {key: value for key, value in memory.facts.items() if key not in refused}
        return kept_values(others, self._accepts, left_out, place=lambda key: fact_address(address, key))

    def _users_of(self, memory_id: str, address: str, left_out: list[LeftOut]) -> list[Json]:
        users = self._account.users.get(memory_id)
        if users is None:
            if self._account.lists_users:
                left_out.append(LeftOut(address, "unlisted_users"))
            return []
        left_out += [LeftOut(user_address(address, number), "user_number") for number in self._refused(users)]
        accepted = sorted(users.keys() - set(self._refused(users)))
        return [self._user(number, users[number], user_address(address, number), left_out) for number in accepted]

    def _refused(self, users: Mapping[str, LiveUser]) -> list[str]:
        return [number for number in sorted(users) if not self._accepts("phone_number", number)]

    def _user(self, phone_number: str, user: LiveUser, address: str, left_out: list[LeftOut]) -> Json:
        if not user.comparable:
            left_out.append(LeftOut(f"{address}.metadata", "user_metadata"))
        notes = {"metadata": user.metadata, "summary": user.summary if self._with_summaries else None}
        live = {key: text for key, text in notes.items() if text is not None}
        kept = kept_values(live, self._accepts, left_out, place=lambda key: f"{address}.{key}")
        return {"phone_number": phone_number, **kept}


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


class Exporting(Struct, frozen=True):
    """Options of an export: the identity of contacts, whether summaries are declared, what specs accept and declare."""

    identify_by: IdentifyBy
    with_summaries: bool
    accepts: Accepts
    declared: ExistingSpecs = NOTHING_DECLARED


class ExportedFile(Struct, frozen=True):
    """A file to write, with its path relative to the folder; `left_out` is listed in its comments."""

    path: str
    document: Mapping[str, Json]
    left_out: tuple[LeftOut, ...]


class Export(Struct, frozen=True):
    """
    All files to write, and what they hold.

    `fell_back` counts the contacts that are identified by their id although something else was asked for. `memory_ids`
    maps `memory_key` to the ids of the exported memories. `declared` are contacts that specs declare already: nothing
    is written of them, nor of their memories that are not declared, counted in `undeclared_memories`.
    """

    files: tuple[ExportedFile, ...]
    contacts: int
    memories: int
    facts: int
    users: int
    fell_back: int
    memory_ids: Mapping[str, str]
    declared: tuple[Contact, ...]
    undeclared_memories: int

    @property
    def left_out(self) -> Mapping[Reason, int]:
        """Count what is left out, by reason."""
        found = Counter(item.reason for file in self.files for item in file.left_out)
        return {reason: found[reason] for reason in sorted(found)}


def build_export(account: LiveAccount, exporting: Exporting) -> Export:
    """Return the files for the selected contacts."""
    builder = _FileBuilder(account, exporting)
    declared = exporting.declared
    known = {contact.contact_id: found for contact in account.selected if (found := declared.contact(contact))}
    contacts = [builder.contact_file(contact) for contact in account.selected if contact.contact_id not in known]
    files = [file for file in contacts if file is not None]
    return Export(
        files=tuple(sorted([*builder.scopes_file(), *files], key=lambda file: file.path)),
        contacts=len(files),
        memories=len(builder.memory_ids),
        facts=builder.memories.facts,
        users=builder.memories.users,
        fell_back=builder.fell_back,
        memory_ids=builder.memory_ids,
        declared=tuple(known.values()),
        undeclared_memories=sum(
            len(declared.undeclared_memories(contact)) for contact in account.selected if contact.contact_id in known
        ),
    )


class _FileBuilder:
    """Builds one file after the other, and counts what is in them."""

    def __init__(self, account: LiveAccount, exporting: Exporting) -> None:
        self._exporting = exporting
        self._identifying = Identifying(account.listed, exporting.identify_by, exporting.accepts)
        self._declared = declared = exporting.declared
        unknown = [contact for contact in account.listed if declared.contact(contact) is None]
        self._contact_names = contact_names(unknown, declared.contact_names)
        self._scope_names = {**self._new_scope_names(account), **declared.scopes}
        self._used_scopes: set[ScopeKey] = set()
        self._nameless: list[LeftOut] = []
        self.memories = MemoryBuilder(account, exporting.accepts, declared, with_summaries=exporting.with_summaries)
        self.memory_ids: dict[str, str] = {}
        self.fell_back = 0

    def _new_scope_names(self, account: LiveAccount) -> Mapping[ScopeKey, str]:
        live = {memory.scope_key for contact in account.listed for memory in contact.memories or ()}
        usable = (key for key in live if key is not None and _refusal(key, self._exporting.accepts) is None)
        return scope_names((key for key in usable if key not in self._declared.scopes), self._declared.scope_names)

    def contact_file(self, contact: ContactRecord) -> ExportedFile | None:
        """Build the file of a contact; None where no spec can name it."""
        identified = self._identifying.of(contact)
        if identified is None:
            self._nameless.append(LeftOut(f"the contact {quoted(contact.contact_id)}", "contact_id"))
            return None
        self.fell_back += identified.fell_back
        name = self._contact_names[contact.contact_id]
        left_out: list[LeftOut] = []
        body = self._contact(contact, identified, left_out)
        return ExportedFile(f"contacts/{name}.yaml", {"contacts": {name: escaped(body)}}, tuple(left_out))

    def scopes_file(self) -> list[ExportedFile]:
        """Build the file of the new scopes that exported memories use; none where it would be empty."""
        scopes: dict[str, Json] = {
            self._scope_names[key]: key.fields for key in self._used_scopes - self._declared.scopes.keys()
        }
        document: Mapping[str, Json] = {"scopes": escaped(ordered(scopes))}
        return [ExportedFile("scopes.yaml", document, tuple(self._nameless))] if scopes or self._nameless else []

    def _contact(self, contact: ContactRecord, identified: Identified, left_out: list[LeftOut]) -> Json:
        address = contact_address(self._contact_names[contact.contact_id])
        accepts, metadata = self._exporting.accepts, contact.profile.get("metadata")
        live = {key: value for key, value in contact.profile.items() if key == "name"}
        profile = kept_values(live, accepts, left_out, place=lambda key: f"{address}.{key}")
        if isinstance(metadata, dict):
            place = f"{address}.metadata"
            kept = kept_values(metadata, accepts, left_out, place=lambda key: f"{place}[{quoted(key)}]")
            profile |= {"metadata": kept} if kept else {}
        scopes = self._scopes(contact, address, left_out)
        return {identified.kind: identified.value, **profile, **({"scopes": scopes} if scopes else {})}

    def _scopes(self, contact: ContactRecord, address: str, left_out: list[LeftOut]) -> dict[str, Json]:
        if contact.memories is None:
            left_out.append(LeftOut(address, "hidden_memories"))
        scopes: dict[str, Json] = {}
        for scope_key, memory in self._sound_memories(contact, address, left_out):
            scope = self._scope_names[scope_key]
            self._used_scopes.add(scope_key)
            self.memory_ids[memory_key(contact.contact_id, scope_key)] = memory.memory_id
            scopes[scope] = self.memories.build(memory, f"{address}.scopes.{scope}", left_out)
        return {scope: scopes[scope] for scope in sorted(scopes)}

    def _sound_memories(
        self, contact: ContactRecord, address: str, left_out: list[LeftOut]
    ) -> list[tuple[ScopeKey, Record]]:
        """Return the memories that a spec can declare, one for each scope; record the others in `left_out`."""
        by_scope: dict[ScopeKey | None, dict[str, Record]] = {}
        for memory in contact.memories or ():
            by_scope.setdefault(memory.scope_key, {})[memory.memory_id] = memory
        sound: list[tuple[ScopeKey, Record]] = []
        for scope_key in sorted(by_scope, key=_order):
            refusal = self._refusal_of(scope_key, by_scope[scope_key])
            if scope_key is None or refusal:
                left_out.append(LeftOut(f"{address}, {_shown(scope_key)}", refusal or "no_scope"))
            else:
                sound += [(scope_key, memory) for memory in by_scope[scope_key].values()]
        return sound

    def _refusal_of(self, scope_key: ScopeKey | None, memories: Mapping[str, Record]) -> Reason | None:
        if scope_key is None:
            return "no_scope"
        if self._declared.memory_ids & memories.keys():
            return "declared_memory"
        refusal = _refusal(scope_key, self._exporting.accepts)
        return refusal or ("ambiguous" if len(memories) > 1 else None)


def _refusal(scope_key: ScopeKey, accepts: Accepts) -> Reason | None:
    """Return why specs refuse a scope, if they do."""
    if isinstance(scope_key, Persona):
        return None if accepts("persona_id", scope_key.persona_id) else "persona_id"
    return None if accepts("agent_number", scope_key.agent_number) else "agent_number"


def _order(scope_key: ScopeKey | None) -> list[tuple[str, str]]:
    return sorted(scope_key.fields.items()) if scope_key is not None else []


def _shown(scope_key: ScopeKey | None) -> str:
    return " ".join(f"{kind} {quoted(value)}" for kind, value in _order(scope_key)) or "no scope"
