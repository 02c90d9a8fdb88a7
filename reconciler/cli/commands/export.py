"""`reconciler export`: writes specs from the live account, the way in for a team that has one."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Invocation, connection_options, pass_invocation

if TYPE_CHECKING:
    from reconciler.core.export import Declared, Export, IdentifyBy, LiveAccount, Wanted
    from reconciler.core.export.building import SpecFile
    from reconciler.project import Environment, Project
    from reconciler.storage.memory_ids import MemoryIds
    from reconciler.workflow.account import Account

_MOST_FILES = 3
_ABOUT = (
    "Written by `reconciler export`. Every value below is what the account held;",
    "facts are enforced from now on: apply puts back what changes. They are about real people.",
)


@click.command()
@connection_options
@click.option("--out", type=click.Path(path_type=Path), default="exported", show_default=True, help="A new folder.")
@click.option("--contact", "contacts", multiple=True, metavar="VALUE", help="An id or any identifier. Repeatable.")
@click.option("--scope", "scopes", multiple=True, metavar="VALUE", help="A persona id or agent number. Repeatable.")
@click.option("--name", "names", multiple=True, metavar="PATTERN", help="A contact's name; * is any text. Repeatable.")
@click.option(
    "--identify-by",
    type=click.Choice(["contact_id", "external_id", "phone_number", "email"]),
    default="contact_id",
    show_default=True,
    help="What contacts are known by, where they have just one.",
)
@click.option("--with-summaries", is_flag=True, help="Declare users' summaries, too.")
@pass_invocation
def export(  # noqa: PLR0913  one parameter an option
    invocation: Invocation,
    *,
    out: Path,
    contacts: tuple[str, ...],
    scopes: tuple[str, ...],
    names: tuple[str, ...],
    identify_by: "IdentifyBy",
    with_summaries: bool,
) -> int:
    """
    Write specs from the live account.

    Writes scopes.yaml and a file for each contact, and never overwrites one. A plan right after it is empty. Only
    reads from the account.

    Contacts that the specs of the environment declare already are left out, and so are facts whose keys they call
    sensitive, or read from the process's environment.

    Summaries of users are left out unless --with-summaries asks for them: they grow with each call, and a declared
    summary would be written back over the grown one.
    """
    from reconciler.cli.account import surroundings_of
    from reconciler.cli.choosing import chosen_project
    from reconciler.cli.terminal import emit
    from reconciler.core.export import Exporting, Wanted, build_export
    from reconciler.errors import InputError
    from reconciler.specs.texts import accepts
    from reconciler.storage.new_files import check_folder, write_new_files
    from reconciler.workflow.account import open_account

    check_folder(out)
    project = chosen_project(invocation)
    environment = project.environment(invocation.environment)
    declared = _declared(project, environment)
    with open_account(project, environment, invocation, surroundings_of(environment, invocation)) as account:
        live = _read(account, Wanted(contacts, scopes, names), declared)
        made = build_export(live, Exporting(identify_by, with_summaries, accepts, declared))
        _tell(live, made, identify_by)
        _tell_declared(made, declared)
        if not made.contacts + len(made.declared):
            raise InputError("there is nothing to export: specs can name none of the contacts; nothing was written")
        if made.contacts:
            write_new_files(out, _texts(made, out, project))
            _remember(account.memory_ids, made.memory_ids)
    emit(_result(made, out, moves=not _is_among_specs(out, project), is_alone=not declared.contacts))
    return 0


def _declared(project: "Project", environment: "Environment") -> "Declared":
    """Return what specs declare already; files that are still to come declare nothing. Raises `SpecError`."""
    from msgspec.structs import replace

    from reconciler.cli.loading import check_environment
    from reconciler.core.export import NOTHING_DECLARED, declared_in
    from reconciler.specs.scanning import secret_keys

    loaded = None if _is_still_empty(project, environment) else check_environment(project, environment)
    everywhere = [entry for one in project.environments for entry in _entries(one)]
    secrets = secret_keys([*everywhere, *_entries(environment)], root=project.root)
    if loaded is None:
        return replace(NOTHING_DECLARED, secret_keys=secrets)
    scope_layers = [(scope.name, scope.key, bool(scope.facts)) for scope in loaded.scopes]
    return declared_in(loaded.desired, scope_layers, secrets)


def _is_still_empty(project: "Project", environment: "Environment") -> bool:
    """Return whether nothing is there yet; where anything is, what is missing may say what must not be written."""
    from reconciler.reading import find_files

    found = find_files(_entries(environment), root=project.root)
    return found.is_complete and not found.files


def _entries(environment: "Environment") -> tuple[str, ...]:
    return (*environment.specs, *environment.overlays, *environment.fact_keys_of)


def _read(account: "Account", wanted: "Wanted", declared: "Declared") -> "LiveAccount":
    import asyncio

    from reconciler.cli.terminal import Progress
    from reconciler.observe.account import AccountReading, read_account

    async def read() -> "LiveAccount":
        async with account.reader() as reader:
            return await read_account(
                reader, AccountReading(wanted, account.concurrency, Progress("reading"), declared)
            )

    return asyncio.run(read())


def _texts(made: "Export", out: Path, project: "Project") -> Mapping[str, str]:
    from reconciler.reading import written

    folder = _folder_in_repository(out, project)

    def comments(file: "SpecFile") -> Iterator[str]:
        yield from _modeline(folder / file.path, project)
        yield from _ABOUT
        yield from (item.comment for item in file.left_out)

    return {file.path: written(file.document, comments=tuple(comments(file))) for file in made.files}


def _folder_in_repository(out: Path, project: "Project") -> Path:
    """Return where exported files will stand, from the root: where they are written, or below specs/, once moved."""
    root, place = Path(os.path.realpath(project.root)), Path(os.path.realpath(out))
    if _is_among_specs(out, project):
        return place.relative_to(root) if place.is_relative_to(root) else place
    return Path("specs", out.name)


def _is_among_specs(out: Path, project: "Project") -> bool:
    root, place = Path(os.path.realpath(project.root)), Path(os.path.realpath(out))
    folders = [root / entry for environment in project.environments for entry in environment.specs]
    return any(place.is_relative_to(folder) for folder in folders)


def _modeline(file: Path, project: "Project") -> Iterator[str]:
    """Return the comment that tells an editor the schema, where the repository keeps one."""
    from reconciler.schemas import SCHEMA_FOLDER, modeline

    if (project.root / SCHEMA_FOLDER / "specs.json").is_file() and not file.is_absolute():
        yield modeline("specs", of=file.as_posix()).removeprefix("# ")


def _tell(live: "LiveAccount", made: "Export", identify_by: "IdentifyBy") -> None:
    """Report on standard error what may be missing, in numbers and never in values."""
    from reconciler.cli.terminal import remark
    from reconciler.core.export import words_of
    from reconciler.render.words import counted

    if not live.is_complete:
        remark("warning: the listing of contacts moved while it was read; some may be missing, so export again")
    if not live.lists_users:
        remark("note: users cannot be listed here; none are exported")
    if made.fell_back:
        fell_back = counted(made.fell_back, "contact is", "contacts are")
        remark(f"note: {fell_back} known by contact_id: without just one {identify_by} that is theirs alone")
    for reason, number in made.left_out.items():
        remark(f"left out: {counted(number, *words_of(reason))}")


def _tell_declared(made: "Export", declared: "Declared") -> None:
    from reconciler.cli.terminal import remark
    from reconciler.core.model.text import visible
    from reconciler.render.words import counted, listed, memories

    if made.declared:
        files = sorted({contact.source.file for contact in made.declared})
        more = [f"{len(files) - _MOST_FILES} more files"] if len(files) > _MOST_FILES else []
        where = visible(listed([*files[:_MOST_FILES], *more]))
        remark(f"note: {counted(len(made.declared), 'contact is', 'contacts are')} left out: declared in {where}")
    if made.undeclared_memories:
        remark(f"note: these contacts have {memories(made.undeclared_memories)} that no spec names: add them there")
    if declared.hidden:
        hidden = counted(declared.hidden, "declared contact is", "declared contacts are")
        remark(f"note: {hidden} known by a secret, and may have been exported again: look for them")


def _remember(memory_ids: "MemoryIds", learned: Mapping[str, str]) -> None:
    """Remember memory ids, as an apply does; a cache that cannot be kept is no failure."""
    from reconciler.cli.terminal import remark
    from reconciler.errors import StateError
    from reconciler.storage.files import prepare_folder

    try:
        prepare_folder(memory_ids.folder)
        memory_ids.remember(learned)
    except StateError as error:
        remark(f"warning: memory ids are not remembered: {error}")


def _result(made: "Export", out: Path, *, moves: bool, is_alone: bool) -> str:
    from reconciler.core.model.text import visible
    from reconciler.render.words import counted, listed, memories

    what = [
        counted(made.contacts, "contact"),
        memories(made.memories),
        counted(made.facts, "fact"),
        counted(made.users, "user"),
    ]
    folder = visible(str(out))
    if not made.contacts:
        return f"Nothing to export: the specs declare {counted(len(made.declared), 'contact')} already.\n"
    outcome = "which is empty" if is_alone else "which changes nothing of it"
    moved = f"move {folder}/ under specs/, then " if moves else ""
    return (
        f"Exported {listed(what)} to {folder}/ ({counted(len(made.files), 'file')}).\n"
        f"Next: {moved}`reconciler validate` and `reconciler plan`, {outcome}.\n"
    )
