"""Why two environments declare something differently: a variable, an overlay, or a file that one of them reads."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.core.documents.comparison import Difference, DifferenceCause
from reconciler.core.model.address import unit_of
from reconciler.specs.loading import Recorder
from reconciler.specs.provenance import Deciding, Given, deciding
from reconciler.specs.references import References


def with_causes(
    differences: Sequence[Difference], left: tuple[Recorder, References], right: tuple[Recorder, References]
) -> tuple[Difference, ...]:
    """Return differences with their causes, which the records of both environments show."""
    units = list(dict.fromkeys(unit_of(one.address) for one in differences))
    sides = [deciding(recorder, references, units) for recorder, references in (left, right)]
    return tuple(replace(one, causes=tuple(_causes(one.address, sides))) for one in differences)


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
