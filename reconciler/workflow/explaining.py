"""What the specs alone show, offline: where each value comes from (`why`), and what is unwise (`lint`)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from msgspec.structs import replace

from reconciler import clock
from reconciler.core.documents.comparison import HIDDEN
from reconciler.core.documents.explanation import (
    Advice,
    CommitEntry,
    ExplainedEntry,
    ExplanationDocument,
    GivenEntry,
    LintDocument,
    VariableEntry,
)
from reconciler.core.documents.plan import FORMAT_VERSION, PlaceEntry
from reconciler.core.model.references import as_written
from reconciler.errors import InputError, Source
from reconciler.git import Commit, authors_of
from reconciler.linting import lint, used_variables
from reconciler.project import Environment, Project, load_project
from reconciler.specs.loading import Specs
from reconciler.specs.provenance import Explained, Given, explain
from reconciler.workflow.loading import choose_environment, of_each_environment, references_of
from reconciler.workflow.options import RunOptions

_Commits: TypeAlias = Mapping[tuple[str, int], Commit]

_MOST_FILES = 100
"""The most files whose commits are looked up: git is called for each."""


def explain_address(
    options: RunOptions, address: str, *, note: Callable[[str], None], hides: bool
) -> ExplanationDocument:
    """
    Return what gave each value at an address, with the commits of their lines; reads no secret.

    `hides` leaves out the values of sensitive keys. Raises `InputError` and `SpecError`.
    """
    project = load_project(options.project)
    environment = choose_environment(project, options)
    found = explain(_specs(project, environment), address)
    commits = _commits(project.root, found, note)
    values = tuple(
        _hidden(_value(one, commits)) if one.is_sensitive and hides else _value(one, commits) for one in found
    )
    return ExplanationDocument(FORMAT_VERSION, "explanation", environment.name, values)


def lint_specs(options: RunOptions, *, all_environments: bool) -> LintDocument:
    """Return the advice on the specs of one environment or of all; raises `InputError` and `SpecError`."""
    project, today = load_project(options.project), clock.utc_now().date()
    chosen = project.environments if all_environments else (choose_environment(project, options),)
    specs = {one.name: _specs(project, one) for one in (*project.environments, *chosen)}
    names = [one.name for one in chosen]
    advice = {one for found in of_each_environment(names, _linting(specs, today)) for one in found}
    return LintDocument(FORMAT_VERSION, "lint", ", ".join(names), today.isoformat(), tuple(sorted(advice)))


def _linting(specs: Mapping[str, Specs], today: date) -> Callable[[str], tuple[Advice, ...]]:
    used = cache(lambda name: used_variables(specs[name]))
    return lambda name: lint(specs[name], today, map(used, dict.fromkeys((name, *specs))))


def _specs(project: Project, environment: Environment) -> Specs:
    references = references_of(environment)
    return Specs(project.root, environment.specs, environment.overlays, references, environment.fact_keys_of)


def _commits(root: Path, found: Sequence[Explained], note: Callable[[str], None]) -> _Commits:
    """Ask git who wrote the lines; without git or a repository, nobody is named."""
    lines: dict[str, set[int]] = {}
    for one in found:
        for source in (place for given in one.given for place in (given.source, *(v.source for v in given.variables))):
            lines.setdefault(source.file, set()).add(source.line)
    if len(lines) > _MOST_FILES:
        note(f"note: commits are shown for the first {_MOST_FILES} of {len(lines):,} files")
    try:
        return authors_of(root, dict(islice(lines.items(), _MOST_FILES)))
    except InputError as error:
        note(f"note: no commits are shown: {error}")
        return {}


def _value(one: Explained, commits: _Commits) -> ExplainedEntry:
    last = len(one.given) - 1
    entries = (_given(given, commits, counts=index == last) for index, given in enumerate(one.given))
    return ExplainedEntry(one.address, as_written(one.value), tuple(entries), one.memories)


def _hidden(entry: ExplainedEntry) -> ExplainedEntry:
    """Return an explanation without the value, wherever it stands."""
    given = (
        replace(one, written=HIDDEN, variables=tuple(replace(variable, value=HIDDEN) for variable in one.variables))
        for one in entry.given
    )
    return replace(entry, value=HIDDEN, given=tuple(given))


def _given(given: Given, commits: _Commits, *, counts: bool) -> GivenEntry:
    return GivenEntry(
        written=given.written,
        key=given.key,
        layer=given.layer,
        overlay=given.is_overlay,
        counts=counts,
        source=_place(given.source),
        variables=tuple(
            VariableEntry(one.name, one.value, _place(one.source), _commit(commits, one.source))
            for one in given.variables
        ),
        commit=_commit(commits, given.source),
    )


def _place(source: Source) -> PlaceEntry:
    return PlaceEntry(source.file, source.line)


def _commit(commits: _Commits, source: Source) -> CommitEntry | None:
    commit = commits.get((source.file, source.line))
    return CommitEntry(commit.id, commit.date, commit.author) if commit else None
