"""Export: read the account as a whole, and build the spec files that declare what it holds."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from reconciler.concurrency import for_each, run_in_loop
from reconciler.core.export import (
    NOTHING_DECLARED,
    ExistingSpecs,
    Export,
    Exporting,
    IdentifyBy,
    LiveAccount,
    ScopeLayer,
    Wanted,
    build_export,
    declared_in,
    select,
)
from reconciler.core.export.building import ExportedFile
from reconciler.core.export.table import TABLE_FILE, TableFile
from reconciler.core.matching import contacts_in_doubt
from reconciler.core.model.desired import ContactId
from reconciler.core.model.observed import LiveUser
from reconciler.core.remote import ContactRecord, Reader
from reconciler.errors import InputError, OtherRecordError, RouteAbsentError, TooMuchError
from reconciler.observe.contacts import Listing, list_on
from reconciler.project import Environment, Project
from reconciler.reading import find_files
from reconciler.reading.writing import TooLongError, written
from reconciler.schemas import SCHEMA_FOLDER, modeline
from reconciler.specs.scanning import secret_keys
from reconciler.specs.texts import accepts
from reconciler.storage.files import check_new_files, write_new_files
from reconciler.user_lookup import UserReader
from reconciler.workflow.account import Account, open_account, remember_ids
from reconciler.workflow.exported_table import about_rows, table_file, table_text
from reconciler.workflow.loading import choose_project, load_environment
from reconciler.workflow.options import RunOptions
from reconciler.workflow.run import Surroundings

_ABOUT = (
    "Written by `reconciler export`. Every value below is what the account held;",
    "facts are enforced from now on: apply puts back what changes. They are about real people.",
)

_MOST_KEPT = 40_000_000
"""Bytes of memory: what is exported takes eight times as much while it is written."""
_ABOUT_SHARED = (
    "Facts of a scope stand here once, since all of its memories have them. New contacts will get them, too.",
)


class Wish(Struct, frozen=True):
    """What is asked for: where to write, which contacts, and how to declare them."""

    out: Path
    csv: Path | None
    wanted: Wanted
    identify_by: IdentifyBy
    with_summaries: bool
    seeds: tuple[str, ...]


class Exported(Struct, frozen=True):
    """
    What the account held, what is made of it, and what specs declare already.

    `moves` is whether the files are outside of the specs, so that somebody has to move them there.
    """

    live: LiveAccount
    made: Export
    declared: ExistingSpecs
    moves: bool


def export_account(options: RunOptions, around: Surroundings, wish: Wish, tell: Callable[[Exported], None]) -> Exported:
    """
    Read the account and write the files; `tell` what was found before anything is written.

    Raises `InputError` where nothing can be exported or a file is in the way, `SpecError`, `StateError`, `ApiError`.
    """
    project = choose_project(options, around)
    environment = project.environment(options.environment)
    declared = _load_declared(project, environment)
    table = _table_for(wish.csv, wish.out, project, declared) if wish.csv else None
    with open_account(project, environment, options, around) as account:
        progress = around.reporter.progress("reading")
        live = run_in_loop(_read(account, AccountScope(wish.wanted, account.concurrency, progress, declared)))
        exporting = Exporting(wish.identify_by, wish.with_summaries, accepts, declared, wish.seeds, table)
        made = build_export(live, exporting)
        exported = Exported(live, made, declared, moves=not _is_among_specs(wish.out, project))
        tell(exported)
        if not made.contacts + len(made.declared):
            raise InputError(
                "nothing can be exported: no contact has an identifier that specs can use; nothing was written"
            )
        if made.contacts:
            _write_export(made, wish.out, project, wish.csv)
            remember_ids(account, made.memory_ids, around.reporter)
    return exported


class AccountScope(Struct, frozen=True):
    """
    How to read an account; `on_read(done, total)` counts the memories whose users are read.

    Of contacts that are `declared`, no users are read.
    """

    wanted: Wanted
    concurrency: int
    on_read: Callable[[int, int], None]
    declared: ExistingSpecs = NOTHING_DECLARED


async def _read(account: Account, scope: AccountScope) -> LiveAccount:
    async with account.reader() as reader:
        return await read_account(reader, scope)


async def read_account(reader: Reader, scope: AccountScope) -> LiveAccount:
    """Read the account; raises `InputError` where nothing is wanted or nothing can be listed, and `ApiError`."""
    listing = await _listing(reader, scope.concurrency)
    listed = await _with_memories(reader, listing.contacts, scope.concurrency)
    selected = select(listed, scope.wanted)
    if not selected:
        raise InputError(_nothing(listed))
    doubts = contacts_in_doubt((*listing.shown, *listed))
    if reason := next((doubts[contact.contact_id] for contact in selected if contact.contact_id in doubts), ""):
        raise OtherRecordError(f"{reason}; export the other contacts with --contact")
    users = UserReader(reader, first_alone=True)
    new = [contact for contact in selected if scope.declared.contact(contact) is None]
    found = await _users(users, new, scope)
    return LiveAccount(listed, selected, found, listing.is_complete, users.can_list)


def _load_declared(project: Project, environment: Environment) -> ExistingSpecs:
    """Return what specs declare already; files that are still to come declare nothing. Raises `SpecError`."""
    loaded = None if _is_still_empty(project, environment) else load_environment(project, environment)
    everywhere = [entry for one in project.environments for entry in _entries(one)]
    secrets = secret_keys([*everywhere, *_entries(environment)], root=project.root)
    if loaded is None:
        return replace(NOTHING_DECLARED, secret_keys=secrets)
    scope_layers = [ScopeLayer(scope.name, scope.key, scope.facts) for scope in loaded.scopes]
    return declared_in(loaded.desired, scope_layers, secrets)


def _texts_of(export: Export, out: Path, project: Project) -> Mapping[str, str]:
    """Return the text of each exported file, by its path below `out`, with comments that explain it."""
    folder = _folder_in_repository(out, project)

    def comments(file: ExportedFile) -> Iterator[str]:
        yield from _modeline(folder / file.path, project)
        yield from about_rows(export.table) if export.table and file.path == TABLE_FILE else _ABOUT
        yield from _ABOUT_SHARED if file.shared else ()
        yield from (item.comment for item in file.left_out)

    texts = {}
    for file in export.files:
        try:
            texts[file.path] = written(file.document, comments=tuple(comments(file)))
        except TooLongError as error:
            raise InputError(f"{file.path} cannot be written: {error}; choose others with --contact") from error
    return texts


def _table_for(csv: Path, out: Path, project: Project, declared: ExistingSpecs) -> TableFile:
    """Return how a new CSV file is named and filled; raises `InputError` where specs could not read it."""
    folder = Path(os.path.realpath(project.root)) / _folder_in_repository(out, project)
    moves_along = Path(os.path.realpath(csv)).is_relative_to(os.path.realpath(out))
    return table_file(csv, out.resolve() if moves_along else folder, project.root, declared.catalogue)


def _write_export(export: Export, out: Path, project: Project, csv: Path | None) -> None:
    """Write the files of an export, all or none; raises `InputError` where one is in the way, and `StateError`."""
    texts = _texts_of(export, out, project)
    if csv and export.table and export.table.rows:
        check_new_files(out, texts)
        write_new_files(csv.parent, {csv.name: table_text(export.table)})
    write_new_files(out, texts)


def _is_among_specs(out: Path, project: Project) -> bool:
    """Return whether a folder is in one that an environment reads its specs from."""
    root, place = Path(os.path.realpath(project.root)), Path(os.path.realpath(out))
    folders = [root / entry for environment in project.environments for entry in environment.specs]
    return any(place.is_relative_to(folder) for folder in folders)


async def _listing(reader: Reader, concurrency: int) -> Listing:
    try:
        return await list_on(reader, await reader.list_contacts(0), concurrency=concurrency, most_kept=_MOST_KEPT)
    except RouteAbsentError as error:
        raise InputError(
            f"this account cannot be exported, because it offers no listing of contacts ({error}); "
            "use a key that may list them, or write the specs by hand"
        ) from error


async def _with_memories(
    reader: Reader, contacts: Sequence[ContactRecord], concurrency: int
) -> tuple[ContactRecord, ...]:
    """Sort the contacts by id, and ask by itself for each one that the listing shows without its memories."""
    known = {contact.contact_id: contact for contact in contacts}

    async def read(contact: ContactRecord) -> None:
        alone = await reader.read_contact(ContactId(contact.contact_id))
        known[contact.contact_id] = contact if alone is None else alone

    await for_each([contact for contact in contacts if contact.memories is None], read, concurrency=concurrency)
    return tuple(known[contact_id] for contact_id in sorted(known))


async def _users(
    users: UserReader, contacts: Sequence[ContactRecord], scope: AccountScope
) -> Mapping[str, Mapping[str, LiveUser]]:
    memory_ids = sorted({memory.memory_id for contact in contacts for memory in contact.memories or ()})
    found: dict[str, Mapping[str, LiveUser]] = {}
    done: list[str] = []

    async def read(memory_id: str) -> None:
        listed = await users.list_all(memory_id)
        if listed is not None:
            found[memory_id] = listed
        done.append(memory_id)
        scope.on_read(len(done), len(memory_ids))

    try:
        await for_each(memory_ids, read, concurrency=scope.concurrency)
    except TooMuchError as error:
        raise TooMuchError(f"{error}; choose fewer with --contact, --scope or --name") from error
    return found


def _nothing(listed: Sequence[ContactRecord]) -> str:
    if not listed:
        return "there is nothing to export: this account lists no contacts"
    return "there is nothing to export: no contact matches all of --contact, --scope and --name; check their values"


def _is_still_empty(project: Project, environment: Environment) -> bool:
    """Return whether nothing is there yet; where anything is, what is missing may say what must not be written."""
    found = find_files(_entries(environment), root=project.root)
    return found.is_complete and not found.files


def _entries(environment: Environment) -> tuple[str, ...]:
    return (*environment.specs, *environment.overlays, *environment.fact_keys_of)


def _folder_in_repository(out: Path, project: Project) -> Path:
    """Return where exported files will stand, from the root: where they are written, or below specs/, once moved."""
    root, place = Path(os.path.realpath(project.root)), Path(os.path.realpath(out))
    if _is_among_specs(out, project):
        return place.relative_to(root) if place.is_relative_to(root) else place
    return Path("specs", out.name)


def _modeline(file: Path, project: Project) -> Iterator[str]:
    """Yield the comment that names the schema to an editor, where the repository keeps one."""
    if (project.root / SCHEMA_FOLDER / "specs.json").is_file() and not file.is_absolute():
        yield modeline("specs", of=file.as_posix()).removeprefix("# ")
