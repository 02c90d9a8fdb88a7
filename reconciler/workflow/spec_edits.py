"""What a pull makes of the specs: edits that are loaded again and compared before any file is replaced."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.documents.comparison import DeclaredValue, compare, declared_values
from reconciler.core.model.catalogue import FactKey
from reconciler.core.model.desired import Desired
from reconciler.core.plan.drift import with_live_values
from reconciler.errors import InputError, Source, SpecError
from reconciler.reading.places import Edit
from reconciler.workflow.loading import load_environment
from reconciler.workflow.pulling import Choice, Drifted, DriftedPlace
from reconciler.workflow.session import Session


class UnfaithfulEditError(Exception):
    """An edit would change more or less than what was chosen: a defect. Nothing is written."""


class Pulled(Struct, frozen=True):
    """The new texts of files, and the other environments whose declarations change with them."""

    drafts: Mapping[str, bytes]
    also: tuple[str, ...]


def edit_specs(session: Session, drifted: Drifted, chosen: Sequence[tuple[DriftedPlace, Choice]]) -> Pulled:
    """
    Return the files with what was chosen, once they load and declare exactly that; writes nothing.

    Raises `InputError` where they would be wrong in this or another environment, and `UnfaithfulEditError`.
    """
    edits: dict[str, list[Edit]] = {}
    for place in (place for place, choice in chosen if choice == "take"):
        assert place.at is not None  # noqa: S101  only what may be changed is chosen
        for change in place.drifts[0].changes:
            edits.setdefault(place.at.file, []).extend(
                drifted.texts.value_edits(place.at, change.path[1:], change.before)
            )
    seeds = [place.at for place, choice in chosen if choice == "seed" and place.at]
    drafts = drifted.texts.drafts(edits, seeds)
    _check(session, drifted.declared, chosen, drafts)
    return Pulled(drafts, tuple(_also_changed(session, drifted, drafts)))


def _check(
    session: Session,
    before: Desired,
    chosen: Sequence[tuple[DriftedPlace, Choice]],
    drafts: Mapping[str, bytes],
) -> None:
    """
    Raise `UnfaithfulEditError` unless the drafts declare what was chosen, and all else as before.

    Raises `InputError` where live values are more than specs may hold.
    """
    expected = dict(declared_values(before))
    for place, choice in chosen:
        for drift in place.drifts:
            was = expected[drift.address]
            seeded = replace(was, policy="seed")
            taken = replace(was, value=with_live_values(was.value, drift.changes))
            expected[drift.address] = seeded if choice == "seed" else taken if choice == "take" else was
    try:
        after = load_environment(session.project, session.account.environment, drafts=drafts).desired
    except SpecError as error:
        raise _wrong("with these values, the specs", error) from error
    if _rules(after) != _rules(before) or compare(expected, declared_values(after), _unseen):
        raise UnfaithfulEditError


def _rules(desired: Desired) -> list[FactKey]:
    """Return the catalogue without its places, which an edit above them moves."""
    return [replace(key, source=Source("")) for key in desired.catalogue.values()]


def _unseen(_address: str, _value: DeclaredValue) -> str:
    return ""


def _also_changed(session: Session, drifted: Drifted, drafts: Mapping[str, bytes]) -> list[str]:
    """Return the other environments that declare something else with the drafts; raises `InputError`."""
    project, found = session.project, list[str]()
    names = {name for file in drafts for name in drifted.texts.others_reading(file)}
    for environment in (one for one in project.environments if one.name in names):
        try:
            before = load_environment(project, environment).desired
        except SpecError:
            session.reporter.note(f"warning: the specs of {environment.name} have mistakes, so it was not compared")
            continue
        try:
            theirs = drifted.texts.drafts_in(environment.name, drafts)
            after = load_environment(project, environment, drafts=theirs).desired
        except SpecError as error:
            raise _wrong(f"{environment.name} reads these files, too, and", error) from error
        if compare(declared_values(before), declared_values(after), _unseen):
            found.append(environment.name)
    return found


def _wrong(what: str, error: SpecError) -> InputError:
    first = error.problems[0]  # its message may quote the live value
    place = f"{first.source} {first.address}".strip()
    return InputError(f"nothing was written: {what} would be wrong at {place}; name other facts, or edit them by hand")
