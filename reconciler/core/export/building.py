"""Build the files of an export: what each declares, and what is left out."""

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct

from reconciler.core.export.bodies import ContactBody, Layers, MemoryBody
from reconciler.core.export.declared import NOTHING_DECLARED, ExistingSpecs
from reconciler.core.export.left_out import Accepts, LeftOut, Reason
from reconciler.core.export.memories import MemoryBuilder, kept_values
from reconciler.core.export.naming import IdentifyBy, Identifying, contact_names, scope_names
from reconciler.core.export.selecting import LiveAccount
from reconciler.core.export.shared import layers_of, shared_layers, usable_scopes
from reconciler.core.export.table import TABLE_FILE, Table, TableFile, build_table
from reconciler.core.model.address import contact_address
from reconciler.core.model.desired import Contact, Persona, ScopeKey, memory_key
from reconciler.core.model.references import escaped
from reconciler.core.model.text import quoted
from reconciler.core.model.value import Json
from reconciler.core.remote import ContactRecord, Record


class Exporting(Struct, frozen=True):
    """
    Options of an export: the identity of contacts, whether summaries are declared, what specs accept and declare.

    Facts with keys that match a pattern of `seed` are seeded. `table` is where alike contacts stand as rows, if at all.
    """

    identify_by: IdentifyBy
    with_summaries: bool
    accepts: Accepts
    declared: ExistingSpecs = NOTHING_DECLARED
    seed: tuple[str, ...] = ()
    table: TableFile | None = None


class ExportedFile(Struct, frozen=True):
    """
    A file to write, with its path relative to the folder; `left_out` is listed in its comments.

    `shared` counts the facts of scopes that stand there once.
    """

    path: str
    document: Mapping[str, Json]
    left_out: tuple[LeftOut, ...] = ()
    shared: int = 0


class Export(Struct, frozen=True):
    """
    All files to write, and what they hold; `table` holds the contacts that are rows.

    `fell_back` counts the contacts that are identified by their id although something else was asked for. `memory_ids`
    maps `memory_key` to the ids of the exported memories. `declared` are contacts that specs declare already: nothing
    is written of them, nor of their memories that are not declared, counted in `undeclared_memories`. `keys` are those
    of all exported facts, `unmatched` the patterns of seeds that match none of them.
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
    keys: frozenset[str] = frozenset()
    unmatched: tuple[str, ...] = ()
    table: Table | None = None

    @property
    def left_out(self) -> Mapping[Reason, int]:
        """Count what is left out, by reason."""
        found = Counter(item.reason for file in self.files for item in file.left_out)
        return {reason: found[reason] for reason in sorted(found)}


def build_export(account: LiveAccount, exporting: Exporting) -> Export:
    """Return the files for the selected contacts."""
    builder = _BodyBuilder(account, exporting)
    declared = exporting.declared
    known = {contact.contact_id: found for contact in account.selected if (found := declared.contact(contact))}
    built = (builder.contact(contact) for contact in account.selected if contact.contact_id not in known)
    bodies = [body for body in built if body is not None]
    shared = shared_layers(bodies, builder.new_scopes, account.listed)
    own = [body.without({**shared, **builder.inherited}) for body in bodies]
    table = build_table(own, exporting.table) if exporting.table else None
    files = [*builder.scopes_file(shared), *(_file(body) for body in (table.others if table else own))]
    if table and table.rows:
        files.append(ExportedFile(TABLE_FILE, table.document, table.left_out))
    return Export(
        files=tuple(sorted(files, key=lambda file: file.path)),
        contacts=len(bodies),
        memories=len(builder.memory_ids),
        facts=builder.memories.facts,
        users=builder.memories.users,
        fell_back=builder.fell_back,
        memory_ids=builder.memory_ids,
        declared=tuple(known.values()),
        undeclared_memories=sum(
            len(declared.undeclared_memories(contact)) for contact in account.selected if contact.contact_id in known
        ),
        keys=builder.memories.keys,
        unmatched=builder.memories.unmatched,
        table=table,
    )


def _file(body: ContactBody) -> ExportedFile:
    document = {"contacts": {body.name: escaped(body.document)}}
    return ExportedFile(f"contacts/{body.name}.yaml", document, body.left_out)


class _BodyBuilder:
    """Builds one declaration after the other, and counts what is in them."""

    def __init__(self, account: LiveAccount, exporting: Exporting) -> None:
        self._exporting = exporting
        self._declared = declared = exporting.declared
        self.memories = MemoryBuilder(
            account,
            exporting.accepts,
            declared,
            with_summaries=exporting.with_summaries,
            seed=exporting.seed,
        )
        identifying = Identifying(account.listed, exporting.identify_by, exporting.accepts)
        unknown = [contact for contact in account.listed if declared.contact(contact) is None]
        found = {contact.contact_id: identifying.of(contact) for contact in unknown}
        self._identities = {contact_id: one for contact_id, one in found.items() if one is not None}
        self._contact_names = contact_names(unknown, self._identities, declared.contact_names)
        self._usable = usable_scopes(declared.scopes, account.selected, self.memories.declares)
        self._scope_names = {**self._new_scope_names(account), **{key: one.name for key, one in self._usable.items()}}
        self._used_scopes: set[ScopeKey] = set()
        self._nameless: list[LeftOut] = []
        self.memory_ids: dict[str, str] = {}
        self.fell_back = 0

    @property
    def new_scopes(self) -> Mapping[str, ScopeKey]:
        """Return the scopes of exported memories that no spec declares in a way that fits, by their names."""
        return {self._scope_names[key]: key for key in self._used_scopes - self._usable.keys()}

    @property
    def inherited(self) -> Mapping[str, Layers]:
        """Return the facts that scopes of the specs give."""
        return {one.name: layers_of(one.facts) for one in self._usable.values()}

    def _new_scope_names(self, account: LiveAccount) -> Mapping[ScopeKey, str]:
        live = {memory.scope_key for contact in account.listed for memory in contact.memories or ()}
        usable = (key for key in live if key is not None and _refusal(key, self._exporting.accepts) is None)
        return scope_names((key for key in usable if key not in self._usable), self._declared.scope_names)

    def contact(self, contact: ContactRecord) -> ContactBody | None:
        """Build the declaration of a contact; None where no spec can name it."""
        identified = self._identities.get(contact.contact_id)
        if identified is None:
            self._nameless.append(LeftOut(f"the contact {quoted(contact.contact_id)}", "contact_id"))
            return None
        self.fell_back += identified.fell_back
        name = self._contact_names[contact.contact_id]
        left_out: list[LeftOut] = []
        profile = self._profile(contact, contact_address(name), left_out)
        memories = self._memories(contact, contact_address(name), left_out)
        return ContactBody(name, {identified.kind: identified.value}, profile, memories, tuple(left_out))

    def scopes_file(self, shared: Mapping[str, Layers]) -> list[ExportedFile]:
        """Build the file of the new scopes that exported memories use; none where it would be empty."""
        nothing = Layers()
        scopes: dict[str, Json] = {
            name: {**key.fields, **shared.get(name, nothing).document} for name, key in sorted(self.new_scopes.items())
        }
        number = sum(len(layers.facts) + len(layers.seed_facts) for layers in shared.values())
        document: Mapping[str, Json] = {"scopes": escaped(scopes)}
        found = ExportedFile("scopes.yaml", document, tuple(self._nameless), number)
        return [found] if scopes or self._nameless else []

    def _profile(self, contact: ContactRecord, address: str, left_out: list[LeftOut]) -> dict[str, Json]:
        accepts, metadata = self._exporting.accepts, contact.profile.get("metadata")
        live = {key: value for key, value in contact.profile.items() if key == "name"}
        profile = kept_values(live, accepts, left_out, place=lambda key: f"{address}.{key}")
        if isinstance(metadata, dict):
            place = f"{address}.metadata"
            kept = kept_values(metadata, accepts, left_out, place=lambda key: f"{place}[{quoted(key)}]")
            profile |= {"metadata": kept} if kept else {}
        return profile

    def _memories(self, contact: ContactRecord, address: str, left_out: list[LeftOut]) -> dict[str, MemoryBody]:
        if contact.memories is None:
            left_out.append(LeftOut(address, "hidden_memories"))
        found: dict[str, MemoryBody] = {}
        for scope_key, memory in self._sound_memories(contact, address, left_out):
            scope = self._scope_names[scope_key]
            self._used_scopes.add(scope_key)
            self.memory_ids[memory_key(contact.contact_id, scope_key)] = memory.memory_id
            found[scope] = self.memories.build(memory, f"{address}.scopes.{scope}", left_out)
        return {scope: found[scope] for scope in sorted(found)}

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
        if any(map(self._declared.declares_memory, memories)):
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
