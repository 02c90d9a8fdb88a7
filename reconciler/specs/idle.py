"""Facts that go nowhere: those of contacts that are in no scope."""

from collections.abc import Sequence

from reconciler.core.model.address import contact_address
from reconciler.errors import Problem
from reconciler.specs.declared import Declarations

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
    return (Problem(source.file, source.line, source.column, address, f"{NO_SCOPE}{elsewhere}", ADD_SCOPES),)
