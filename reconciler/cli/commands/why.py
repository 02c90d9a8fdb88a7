"""`reconciler why`: which file, line, layer, overlay, variable and commit gave each value."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from reconciler.cli.completers import Address
from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import format_option, global_options
from reconciler.cli.usage import command

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.core.documents.explanation import CommitEntry, ExplainedEntry, GivenEntry
    from reconciler.errors import Source
    from reconciler.git import Commit
    from reconciler.specs.provenance import Explained, Given

_Commits = Mapping[tuple[str, int], "Commit"]


@command("why contacts.sarah-chen", "-e production why contacts.sarah-chen.scopes.support.facts.plan")
@global_options("project", "environment", "no_color")
@format_option("text", "json")
@click.argument("address", type=Address())
@pass_invocation
def why(invocation: Invocation, *, address: str, output_format: str) -> int:
    """Show what gave each value at ADDRESS: file, line, layer, overlay, variable and commit. Reads no secret."""
    from reconciler.cli.terminal import emit, is_operators_terminal, palette
    from reconciler.core.documents.explanation import ExplanationDocument
    from reconciler.core.documents.plan import FORMAT_VERSION
    from reconciler.project import load_project
    from reconciler.render.json import render_json
    from reconciler.render.tables import render_why_text
    from reconciler.specs.loading import Specs
    from reconciler.specs.provenance import explain
    from reconciler.workflow.session import choose_environment, references_of

    project = load_project(invocation.project)
    environment = choose_environment(project, invocation)
    specs = Specs(project.root, environment.specs, environment.overlays, references_of(environment))
    found = explain(specs, address)
    commits = _commits(project.root, found)
    hides = output_format != "text" or not is_operators_terminal(sys.stdout)
    values = tuple(
        _hidden(_value(one, commits)) if one.is_sensitive and hides else _value(one, commits) for one in found
    )
    document = ExplanationDocument(FORMAT_VERSION, "explanation", environment.name, values)
    colours = palette(sys.stdout, no_color=invocation.no_color)
    emit(render_json(document) if output_format == "json" else render_why_text(document, colours), output_format)
    return 0


def _commits(root: "Path", found: "Sequence[Explained]") -> _Commits:
    """Ask git who wrote the lines; without git or a repository, nobody is named."""
    from reconciler.cli.terminal import remark
    from reconciler.errors import InputError
    from reconciler.git import authors_of

    lines: dict[str, set[int]] = {}
    for one in found:
        for source in (place for given in one.given for place in (given.source, *(v.source for v in given.variables))):
            lines.setdefault(source.file, set()).add(source.line)
    try:
        return authors_of(root, lines)
    except InputError as error:
        remark(f"note: no commits are shown: {error}")
        return {}


def _value(one: "Explained", commits: _Commits) -> "ExplainedEntry":
    from reconciler.core.documents.explanation import ExplainedEntry
    from reconciler.core.model.references import as_written

    last = len(one.given) - 1
    entries = (_given(given, commits, counts=index == last) for index, given in enumerate(one.given))
    return ExplainedEntry(one.address, as_written(one.value), tuple(entries), one.memories)


def _hidden(entry: "ExplainedEntry") -> "ExplainedEntry":
    """Return an explanation without the value, wherever it stands."""
    from dataclasses import replace

    from reconciler.core.documents.comparison import HIDDEN

    given = (
        replace(one, written=HIDDEN, variables=tuple(replace(variable, value=HIDDEN) for variable in one.variables))
        for one in entry.given
    )
    return replace(entry, value=HIDDEN, given=tuple(given))


def _given(given: "Given", commits: _Commits, *, counts: bool) -> "GivenEntry":
    from reconciler.core.documents.explanation import GivenEntry, VariableEntry
    from reconciler.core.documents.plan import PlaceEntry

    def place(source: "Source") -> PlaceEntry:
        return PlaceEntry(source.file, source.line)

    return GivenEntry(
        written=given.written,
        key=given.key,
        layer=given.layer,
        overlay=given.is_overlay,
        counts=counts,
        source=place(given.source),
        variables=tuple(
            VariableEntry(one.name, one.value, place(one.source), _commit(commits, one.source))
            for one in given.variables
        ),
        commit=_commit(commits, given.source),
    )


def _commit(commits: _Commits, source: "Source") -> "CommitEntry | None":
    from reconciler.core.documents.explanation import CommitEntry

    commit = commits.get((source.file, source.line))
    return CommitEntry(commit.id, commit.date, commit.author) if commit else None
