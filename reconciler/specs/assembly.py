"""Assembly: put the declarations of all files together as Desired, and report contradictions between them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import TypeVar

from reconciler.core.model.address import contact_address
from reconciler.core.model.catalogue import Catalogue, FactKey
from reconciler.core.model.desired import Contact, ContactMemory, Desired, ExistingMemory, id_key
from reconciler.core.model.masking import compose, quote
from reconciler.errors import Problem, Source
from reconciler.reading import Nearest, Words
from reconciler.reading.anchors import Amount, amount_of, excess
from reconciler.reading.files import FORMATS
from reconciler.specs.declarations import Declarations, DeclaredContact, DeclaredMemory, DeclaredScope, ScopeReference
from reconciler.specs.layers import Facts, merge
from reconciler.specs.problems import Problems

NO_SCOPE = "this contact has facts and is in no scope, so no memory gets them"
ADD_SCOPES = "name its scopes under scopes"


def idle_facts(declared: Sequence[Declarations]) -> tuple[Problem, ...]:
    """Warn, in one line, of contacts whose facts no memory gets, at the first of them."""
    idle = [one.contact for part in declared for one in part.contacts if one.facts and not one.memories]
    if not idle:
        return ()
    first, more = idle[0], len(idle) - 1
    elsewhere = f" (and so {'has one other contact' if more == 1 else f'have {more:,} other contacts'})" if more else ""
    source = first.source
    address = contact_address(first.name)
    return (source.problem(address, f"{NO_SCOPE}{elsewhere}", ADD_SCOPES),)


T = TypeVar("T")

_TABLES = tuple(ending for ending, kind in FORMATS.items() if kind != "yaml")
_SAME_ROWS = "remove one of the two, or name the rows by more columns in named_by"
_KINDS = {"fact_keys": "fact key", "scopes": "scope", "contacts": "contact", "memories": "memory", "rules": "rule"}


def assemble(declared: Iterable[Declarations], problems: Problems, *, is_complete: bool) -> Desired:
    """
    Put together what all documents declare.

    Unless the reading `is_complete`, a scope may be declared in what could not be read. Then none is called undeclared.
    """
    all_declared = tuple(declared)
    names = _names(all_declared, problems)
    scopes = {scope.name: scope for one in all_declared for scope in one.scopes}
    contacts = _first_by_name((one.contact.name, one) for document in all_declared for one in document.contacts)
    existing = _first_by_name((one.name, one) for document in all_declared for one in document.memories)
    if is_complete:
        invalid = (one for document in all_declared for one in document.invalid.references)
        _report_undeclared(chain(_references(contacts), invalid), names, problems)
    memories = tuple(_memories(contacts, scopes, problems))
    _report_same_contact((one.contact for one in contacts), problems)
    _report_reached_twice(memories, problems)
    _report_same_id(existing, problems)
    catalogue = catalogue_of(all_declared)
    live = any(one.live_values for one in all_declared)
    rules = _first_by_name((one.rule.name, one.rule) for document in all_declared for one in document.rules)
    declared_contacts = tuple(one.contact for one in contacts)
    return Desired(tuple(sorted(scopes)), declared_contacts, memories, existing, catalogue, live, rules)


def _names(declared: Iterable[Declarations], problems: Problems) -> Mapping[tuple[str, str], Source]:
    first: dict[tuple[str, str], Source] = {}
    rows: dict[Source, str] = {}
    for one in (name for document in declared for name in document.names):
        known = first.setdefault((one.section, one.name), one.source)
        if known is not one.source and _is_one_row(known, one.source):
            rows.setdefault(one.source, contact_address(one.name))
        elif known is not one.source:
            what = compose("the {} {} is declared twice, first at {}", _KINDS[one.section], quote(one.name), known)
            cure = _SAME_ROWS if _is_of_table(one.source) else "rename one, or declare it in one place"
            problems.add(one.source, (one.section, one.name), message=what, cure=cure)
    _report_rows_read_twice(rows, problems)
    return first


def _is_of_table(source: Source) -> bool:
    return source.file.lower().endswith(_TABLES)


def _is_one_row(one: Source, other: Source) -> bool:
    """Return whether two declarations are made of one row, by two mappings."""
    return one == other or (_is_of_table(one) and (one.file, one.line) == (other.file, other.line))


def _report_rows_read_twice(rows: Mapping[Source, str], problems: Problems) -> None:
    """Report the first row of each file of which two mappings make one contact, and count the others."""
    times = Counter(source.file for source in rows)
    for source, address in rows.items():
        more = times.pop(source.file, 0) - 1
        if more < 0:
            continue
        others = f", and of {more:,} more" if more else ""
        message = f"two entries of contacts_from make this contact of one row{others}"
        problems.add(source, address, message=message, cure="keep one of the entries, or let each make other contacts")


def _first_by_name(named: Iterable[tuple[str, T]]) -> tuple[T, ...]:
    first: dict[str, T] = {}
    for name, one in named:
        first.setdefault(name, one)
    return tuple(first[name] for name in sorted(first))


def catalogue_of(declared: Iterable[Declarations]) -> Catalogue:
    """Return the keys that all documents declare; where two declare one, the first counts."""
    first: dict[str, FactKey] = {}
    for key in (key for document in declared for key in document.fact_keys):
        first.setdefault(key.name, key)
    return first


def _references(contacts: Iterable[DeclaredContact]) -> Iterator[ScopeReference]:
    for declared in contacts:
        for memory in declared.memories:
            yield ScopeReference(declared.contact.name, memory.scope, memory.source)


def _report_undeclared(
    references: Iterable[ScopeReference], names: Mapping[tuple[str, str], Source], problems: Problems
) -> None:
    known = Nearest(name for section, name in names if section == "scopes")
    for reference in references:
        if ("scopes", reference.scope) not in names:
            words = undeclared_scope(reference.scope, known)
            path = ("contacts", reference.contact, "scopes", reference.scope)
            problems.add(reference.source, path, message=words.message, cure=words.cure)


def undeclared_scope(name: str, known: Nearest) -> Words:
    """Return the words for a scope that is named and that nobody declares."""
    cure = known.did_you_mean(name) or "declare it under scopes, in any spec file"
    return Words(compose("the scope {} is not declared", quote(name)), cure)


_FREE_VALUES, _FREE_LETTERS = 64, 16 << 10
"""What each memory may take over from its scope and its contact without being counted."""


def _memories(
    contacts: Iterable[DeclaredContact], scopes: Mapping[str, DeclaredScope], problems: Problems
) -> Iterator[ContactMemory]:
    """Yield the memories of all contacts, as long as what they take over from scopes and contacts is within bounds."""
    of_scopes = {name: _amount(scope.facts) for name, scope in scopes.items()}
    all_values = all_letters = 0
    for declared in contacts:
        own_values, own_letters = _amount(declared.facts) if len(declared.memories) > 1 else (0, 0)
        for memory in sorted(declared.memories, key=attrgetter("scope")):
            if memory.scope in scopes:
                values, letters = of_scopes[memory.scope]
                all_values += max(values + own_values - _FREE_VALUES, 0)
                all_letters += max(letters + own_letters - _FREE_LETTERS, 0)
                if limit := excess((all_values, all_letters)):
                    _report_excess(declared, memory, limit, problems)
                    return
                yield _memory(declared, memory, scopes[memory.scope])


def _amount(facts: Facts) -> Amount:
    amounts = [amount_of(fact.value) for fact in facts]
    letters = sum(len(fact.key) for fact in facts)
    return sum(values for values, _ in amounts), letters + sum(more for _, more in amounts)


def _report_excess(declared: DeclaredContact, memory: DeclaredMemory, limit: str, problems: Problems) -> None:
    message = f"up to this memory, what memories take over from scopes and contacts is more than {limit}"
    cure = f"declare fewer facts for all: {_FREE_VALUES} in each memory are not counted"
    problems.add(memory.source, ("contacts", declared.contact.name, "scopes", memory.scope), message=message, cure=cure)


_NOTHING: frozenset[str] = frozenset()


def _memory(declared: DeclaredContact, memory: DeclaredMemory, scope: DeclaredScope) -> ContactMemory:
    return ContactMemory(
        contact=declared.contact,
        scope=memory.scope,
        scope_key=scope.key,
        facts=merge(scope.facts, declared.facts, memory.facts),
        left_out=_NOTHING,
        users=memory.users,
        source=memory.source,
    )


def _report_same_contact(contacts: Iterable[Contact], problems: Problems) -> None:
    first: dict[tuple[str, str], Contact] = {}
    rows: dict[Source, str] = {}
    for contact in contacts:
        known = first.setdefault(contact.identity.key, contact)
        if known is not contact and _is_one_row(known.source, contact.source):
            rows.setdefault(contact.source, contact.address)
        elif known is not contact:
            problems.add(
                contact.source,
                contact.address,
                message=f"this is the same contact as {known.address} at {known.source}",
                cure=f"declare the contact once: {contact.identity.kind} is the same",
            )
    _report_rows_read_twice(rows, problems)


def _report_reached_twice(memories: Iterable[ContactMemory], problems: Problems) -> None:
    first: dict[tuple[tuple[str, str], tuple[str, str]], ContactMemory] = {}
    for memory in memories:
        known = first.setdefault((memory.contact.identity.key, memory.scope_key.key), memory)
        is_told = known.contact is not memory.contact and _is_one_row(known.source, memory.source)
        if known is not memory and not is_told:
            problems.add(
                memory.source,
                memory.address,
                message=f"this is the same contact and scope as {known.address} at {known.source}",
                cure="declare the memory once: the contact and persona_id or agent_number are the same",
            )


def _report_same_id(memories: Iterable[ExistingMemory], problems: Problems) -> None:
    first: dict[str, ExistingMemory] = {}
    for memory in memories:
        known = first.setdefault(id_key(memory.memory_id), memory)
        if known is not memory:
            problems.add(
                memory.source,
                memory.address,
                message=f"this has the same memory_id as {known.address} at {known.source}",
                cure="declare the memory once, with all its users",
            )
