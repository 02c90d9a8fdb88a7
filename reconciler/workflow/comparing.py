"""Two environments side by side: what they declare, or what their accounts hold of it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

from msgspec import structs

from reconciler.concurrency import run_in_loop
from reconciler.core.documents.comparison import (
    HIDDEN,
    ComparisonDocument,
    DeclaredValue,
    Difference,
    DifferenceCause,
    LiveValue,
    compare,
    declared_values,
    hidden_addresses,
    live_values,
)
from reconciler.core.documents.plan import FORMAT_VERSION
from reconciler.core.model.address import unit_of
from reconciler.core.model.desired import Desired
from reconciler.core.model.masking import Mixed
from reconciler.core.model.observed import Observed
from reconciler.core.model.references import as_written
from reconciler.observe import observe
from reconciler.project import load_project
from reconciler.specs.loading import Recorder
from reconciler.specs.provenance import Deciding, Given, deciding
from reconciler.specs.references import References
from reconciler.workflow.loading import check_place, load_environment, of_each_environment, references_of
from reconciler.workflow.options import RunOptions
from reconciler.workflow.run import Surroundings
from reconciler.workflow.session import Session, open_session


def compare_environments(  # noqa: PLR0913  one parameter a part of the question
    options: RunOptions, around: Surroundings, left: str, right: str, *, live: bool, reveal: bool
) -> ComparisonDocument:
    """
    Return what two environments declare differently, or what their accounts hold differently of it.

    Raises `InputError` and `SpecError`, and where accounts are read (`live`), `ApiError`.
    """
    if live:
        found = _compare_live(options, around, left, right, reveal=reveal)
    else:
        found = _compare_declared(options, left, right, reveal=reveal)
    return ComparisonDocument(FORMAT_VERSION, "comparison", left, right, live, found)


def _compare_declared(options: RunOptions, left: str, right: str, *, reveal: bool) -> tuple[Difference, ...]:
    """Return what two environments declare differently, without any secret; raises `InputError` and `SpecError`."""
    project = load_project(options.project)
    check_place(project)
    recorders = {name: Recorder() for name in (left, right)}
    declared = of_each_environment(
        (left, right),
        lambda name: load_environment(project, project.environment(name), recorder=recorders[name]).desired,
    )
    hidden = _hidden(declared, reveal=reveal)

    def show(address: str, one: DeclaredValue) -> Mixed:
        return HIDDEN if address in hidden else as_written(one.value)

    found = compare(declared_values(declared[0]), declared_values(declared[1]), show)
    records = [(recorders[name], references_of(project.environment(name))) for name in (left, right)]
    return _with_causes(found, *records)


def _compare_live(
    options: RunOptions, around: Surroundings, left: str, right: str, *, reveal: bool
) -> tuple[Difference, ...]:
    """
    Read both accounts, and return what they hold differently of what is declared; raises `ApiError`.

    Where a spec declares a secret, what is live counts as one.
    """
    with ExitStack() as stack:
        sessions = of_each_environment(
            (left, right), lambda name: stack.enter_context(open_session(replace(options, environment=name), around))
        )
        declared = [declared_values(session.desired) for session in sessions]
        named = {address for side in declared for address in side}
        sides = [live_values(session.desired, run_in_loop(_observed(session)), named=named) for session in sessions]
        masker = sessions[0].masker(reveal=reveal).without_sensitive_keys
        hidden = _hidden((session.desired for session in sessions), reveal=reveal)

    def show(address: str, one: LiveValue) -> Mixed:
        if one.path is None:
            return one.value
        if address in hidden:
            return masker.mask(one.value, "sensitive")
        specs = [side[address].value for side in declared if address in side]
        return masker.former(one.value, specs, one.path)

    return compare(sides[0], sides[1], show)


def _hidden(declared: Iterable[Desired], *, reveal: bool) -> frozenset[str]:
    return frozenset() if reveal else frozenset[str]().union(*map(hidden_addresses, declared))


async def _observed(session: Session) -> Observed:
    async with session.account.reader() as reader:
        return await observe(reader, session.desired, session.run("reading").observing)


def _with_causes(
    differences: Sequence[Difference], left: tuple[Recorder, References], right: tuple[Recorder, References]
) -> tuple[Difference, ...]:
    """Return differences with their causes, which the records of both environments show."""
    units = list(dict.fromkeys(unit_of(one.address) for one in differences))
    sides = [deciding(recorder, references, units) for recorder, references in (left, right)]
    return tuple(structs.replace(one, causes=tuple(_causes(one.address, sides))) for one in differences)


def _causes(address: str, sides: Sequence[Deciding]) -> Iterator[DifferenceCause]:
    given = _declared_once(address, sides) or [side.values[address] for side in sides if address in side.values]
    if len(given) == len(sides) and (names := _variables(*given)):
        yield from (DifferenceCause("variable", name) for name in names)
        return
    overlays = [one for one in given if one.is_overlay]
    for file in dict.fromkeys(one.source.file for one in overlays or given):
        yield DifferenceCause("overlay" if overlays else "file", file)


def _declared_once(address: str, sides: Sequence[Deciding]) -> list[Given]:
    """Return the place that declares a contact, or a memory, that only one side has; empty where both have it."""
    memory = ".".join(address.split(".")[:4]).partition("[")[0]
    for owner in (unit_of(address), memory):
        given = [side.first[owner] for side in sides if owner in side.first]
        if len(given) == 1:
            return given
    return []


def _variables(left: Given, right: Given) -> list[str]:
    """Return the variables that both texts refer to and that have other values; none where the texts differ."""
    if left.written != right.written:
        return []
    values = {one.name: one.value for one in left.variables}
    return [one.name for one in right.variables if values.get(one.name) != one.value]
