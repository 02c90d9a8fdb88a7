"""`reconciler export`: writes specs from the live account, the way in for a team that has one."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import connection_options
from reconciler.cli.usage import command
from reconciler.core.model.desired import IDENTITY_KEYS

if TYPE_CHECKING:
    from reconciler.core.export import IdentifyBy
    from reconciler.workflow.exporting import Exported, Wish

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
    type=click.Choice(IDENTITY_KEYS),
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

    Contacts that the specs of the environment declare already are left out. So are facts whose keys they call
    sensitive, or read from the process's environment.

    Summaries of users are left out unless --with-summaries asks for them: they grow with each call, and a declared
    summary would be written back over the grown one.
    """
    from reconciler.cli.invocation import pasteable
    from reconciler.cli.surroundings import surroundings_of
    from reconciler.cli.terminal import emit
    from reconciler.core.export import Wanted
    from reconciler.core.model.text import visible
    from reconciler.storage.files import check_folder
    from reconciler.workflow.exporting import Wish, export_account

    check_folder(out)
    wish = Wish(out, csv, Wanted(contacts, scopes, names), identify_by, with_summaries, _patterns(seed))
    exported = export_account(invocation, surroundings_of(invocation), wish, lambda found: _note(found, wish))
    effect = f"the specs are in {visible(str(out))}" if exported.made.contacts else "nothing was to be written"
    emit(pasteable(_result(exported, wish)), effect=effect)
    return 0


def _patterns(seed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the patterns of keys that options give, several in one with commas between."""
    return tuple(dict.fromkeys(part.strip() for text in seed for part in text.split(",") if part.strip()))


def _note(found: "Exported", wish: "Wish") -> None:
    _note_missing(found, wish)
    _note_declared(found)


def _note_missing(found: "Exported", wish: "Wish") -> None:
    """Report on standard error what may be missing, in numbers and never in values."""
    from reconciler.cli.terminal import remark
    from reconciler.core.export import words_of
    from reconciler.core.model.text import visible
    from reconciler.render.words import counted

    live, made = found.live, found.made
    if not live.is_complete:
        remark("warning: the list of contacts changed while it was read, and some may be missing; export again")
    if not live.lists_users:
        remark("note: this account does not list the users of its memories, so none are exported")
    if made.fell_back:
        fell_back = counted(made.fell_back, "contact is", "contacts are")
        remark(f"note: {fell_back} identified by contact_id, since no single {wish.identify_by} is theirs alone")
    for pattern in made.unmatched:
        remark(f"note: no exported fact matches --seed {visible(pattern)}")
    if made.table and (others := len(made.table.others)):
        fits = counted(others, "contact fits", "contacts fit")
        remark(f"note: {fits} no row of the table: see {visible(str(wish.out))}/contacts/")
    for reason, number in made.left_out.items():
        remark(f"left out: {counted(number, *words_of(reason))}")


def _note_declared(found: "Exported") -> None:
    from reconciler.cli.here import file_here
    from reconciler.cli.terminal import remark
    from reconciler.core.model.text import visible
    from reconciler.render.words import counted, listed, memories

    made, declared = found.made, found.declared
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


def _result(exported: "Exported", wish: "Wish") -> str:
    from reconciler.core.model.text import visible
    from reconciler.render.words import counted, listed, memories

    made, csv = exported.made, wish.csv
    what = [
        counted(made.contacts, "contact"),
        memories(made.memories),
        counted(made.facts, "fact"),
        counted(made.users, "user"),
    ]
    folder = visible(str(wish.out))
    if not made.contacts:
        return f"Nothing to export: the specs declare {counted(len(made.declared), 'contact')} already.\n"
    outcome = "which changes nothing of it" if exported.declared.contacts else "which is empty"
    files = f"{folder}/ ({counted(len(made.files), 'file')})"
    if csv and made.table and made.table.rows:
        files += f" and {visible(str(csv))} ({counted(len(made.table.rows), 'row')})"
    moved = f"move {folder}/ under specs/, then " if exported.moves else ""
    return (
        f"Exported {listed(what)} to {files}.\nNext: {moved}`reconciler validate` and `reconciler plan`, {outcome}.\n"
    )
