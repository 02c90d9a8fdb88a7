"""`reconciler export`: writes specs from the live account, the way in for a team that has one."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import connection_options
from reconciler.cli.usage import command
from reconciler.core.model.desired import IDENTIFIER_KINDS

if TYPE_CHECKING:
    from reconciler.core.export import ExistingSpecs, Export, IdentifyBy, LiveAccount, Wanted
    from reconciler.workflow.account import Account
    from reconciler.workflow.exporting import AccountScope

_MOST_FILES = 3


@command(
    "-e production export --seed 'language,last_*'",
    "-e production export --identify-by email --csv data/contacts.csv",
)
@connection_options
@click.option("--out", type=click.Path(path_type=Path), default="exported", show_default=True, help="A new folder.")
@click.option("--contact", "contacts", multiple=True, metavar="VALUE", help="An id or any identifier. Repeatable.")
@click.option("--scope", "scopes", multiple=True, metavar="VALUE", help="A persona id or agent number. Repeatable.")
@click.option("--name", "names", multiple=True, metavar="PATTERN", help="A contact's name; * is any text. Repeatable.")
@click.option(
    "--identify-by",
    type=click.Choice(("contact_id", *IDENTIFIER_KINDS)),
    default="contact_id",
    show_default=True,
    help="What contacts are known by, where they have just one.",
)
@click.option("--seed", metavar="KEYS", multiple=True, help="Facts to seed, as KEY,KEY; * is any text.")
@click.option("--csv", type=click.Path(path_type=Path), metavar="FILE", help="A new table, for contacts that fit one.")
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
    seed: tuple[str, ...],
    csv: Path | None,
    with_summaries: bool,
) -> int:
    """
    Write specs from the live account.

    Writes scopes.yaml and a file for each contact, and never overwrites one. A plan right after it is empty. Only
    reads from the account. What all memories of a scope share stands at the scope.

    With --csv, contacts are rows of one table, and contacts.yaml says how to read it. Those that do not fit keep a
    file each.

    Contacts that the specs of the environment declare already are left out, and so are facts whose keys they call
    sensitive, or read from the process's environment.

    Summaries of users are left out unless --with-summaries asks for them: they grow with each call, and a declared
    summary would be written back over the grown one.
    """
    from reconciler.cli.invocation import pasteable
    from reconciler.cli.terminal import emit
    from reconciler.core.export import Wanted
    from reconciler.core.model.text import visible
    from reconciler.storage.files import check_folder

    check_folder(out)
    wanted = _Wish(out, csv, Wanted(contacts, scopes, names), identify_by, with_summaries, _patterns(seed))
    made, result = _exported(invocation, wanted)
    effect = f"the specs are in {visible(str(out))}" if made.contacts else "nothing was to be written"
    emit(pasteable(result), effect=effect)
    return 0


class _Wish(NamedTuple):
    """What the options ask for: where to write, which contacts, and how to declare them."""

    out: Path
    csv: Path | None
    wanted: "Wanted"
    identify_by: "IdentifyBy"
    with_summaries: bool
    seeds: tuple[str, ...]


def _exported(invocation: Invocation, wish: _Wish) -> tuple["Export", str]:
    """Read the account and write the files; return what was made, and what to print of it."""
    from reconciler.cli.surroundings import surroundings_of
    from reconciler.concurrency import run_in_loop
    from reconciler.core.export import Exporting, build_export
    from reconciler.errors import InputError
    from reconciler.specs.texts import accepts
    from reconciler.workflow.account import open_account, remember_ids
    from reconciler.workflow.exporting import AccountScope, is_among_specs, load_declared, table_for, write_export
    from reconciler.workflow.loading import choose_project

    out, csv, around = wish.out, wish.csv, surroundings_of(invocation)
    project = choose_project(invocation, around)
    environment = project.environment(invocation.environment)
    declared = load_declared(project, environment)
    table = table_for(csv, out, project, declared) if csv else None
    with open_account(project, environment, invocation, around) as account:
        progress = around.reporter.progress("reading")
        live = run_in_loop(_read(account, AccountScope(wish.wanted, account.concurrency, progress, declared)))
        exporting = Exporting(wish.identify_by, wish.with_summaries, accepts, declared, wish.seeds, table)
        made = build_export(live, exporting)
        _note_missing(live, made, wish.identify_by, out)
        _note_declared(made, declared)
        if not made.contacts + len(made.declared):
            raise InputError(
                "nothing can be exported: no contact has an identifier that specs can use; nothing was written"
            )
        if made.contacts:
            write_export(made, out, project, csv)
            remember_ids(account, made.memory_ids, around.reporter)
    moves = not is_among_specs(out, project)
    return made, _result(made, out, csv, moves=moves, is_alone=not declared.contacts)


def _patterns(seed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the patterns of keys that options give, several in one with commas between."""
    return tuple(dict.fromkeys(part.strip() for text in seed for part in text.split(",") if part.strip()))


async def _read(account: "Account", scope: "AccountScope") -> "LiveAccount":
    from reconciler.workflow.exporting import read_account

    async with account.reader() as reader:
        return await read_account(reader, scope)


def _note_missing(live: "LiveAccount", made: "Export", identify_by: "IdentifyBy", out: Path) -> None:
    """Report on standard error what may be missing, in numbers and never in values."""
    from reconciler.cli.terminal import remark
    from reconciler.core.export import words_of
    from reconciler.core.model.text import visible
    from reconciler.render.words import counted

    if not live.is_complete:
        remark("warning: the list of contacts changed while it was read, and some may be missing; export again")
    if not live.lists_users:
        remark("note: this account does not list the users of its memories, so none are exported")
    if made.fell_back:
        fell_back = counted(made.fell_back, "contact is", "contacts are")
        remark(f"note: {fell_back} identified by contact_id, since no single {identify_by} is theirs alone")
    for pattern in made.unmatched:
        remark(f"note: no exported fact matches --seed {visible(pattern)}")
    if made.table and (others := len(made.table.others)):
        fits = counted(others, "contact fits", "contacts fit")
        remark(f"note: {fits} no row of the table: see {visible(str(out))}/contacts/")
    for reason, number in made.left_out.items():
        remark(f"left out: {counted(number, *words_of(reason))}")


def _note_declared(made: "Export", declared: "ExistingSpecs") -> None:
    from reconciler.cli.here import file_here
    from reconciler.cli.terminal import remark
    from reconciler.core.model.text import visible
    from reconciler.render.words import counted, listed, memories

    if made.declared:
        files = sorted({file_here(contact.source.file) for contact in made.declared})
        more = [f"{len(files) - _MOST_FILES} more files"] if len(files) > _MOST_FILES else []
        where = visible(listed([*files[:_MOST_FILES], *more]))
        remark(f"note: {counted(len(made.declared), 'contact is', 'contacts are')} left out: declared in {where}")
    if made.undeclared_memories:
        remark(f"note: these contacts have {memories(made.undeclared_memories)} that no spec names: add them there")
    if declared.hidden:
        hidden = counted(declared.hidden, "declared contact is", "declared contacts are")
        remark(f"note: {hidden} identified by a secret, which is not compared; look for duplicates of them")


def _result(made: "Export", out: Path, csv: Path | None, *, moves: bool, is_alone: bool) -> str:
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
    files = f"{folder}/ ({counted(len(made.files), 'file')})"
    if csv and made.table and made.table.rows:
        files += f" and {visible(str(csv))} ({counted(len(made.table.rows), 'row')})"
    moved = f"move {folder}/ under specs/, then " if moves else ""
    return (
        f"Exported {listed(what)} to {files}.\nNext: {moved}`reconciler validate` and `reconciler plan`, {outcome}.\n"
    )
