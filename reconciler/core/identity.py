"""Declarations that turn out to be one live contact, which only the account can tell."""

from reconciler.core.desired import Contact, Desired
from reconciler.core.observed import Observed, contact_id_of
from reconciler.errors import Problem


def same_contact_problems(desired: Desired, observed: Observed) -> tuple[Problem, ...]:
    """Give a problem for each declared contact that is, in the account, one that was declared before."""
    first: dict[str, Contact] = {}
    problems: list[Problem] = []
    for contact in desired.contacts:
        contact_id = contact_id_of(observed.contacts[contact.address])
        if contact_id is not None and first.setdefault(contact_id, contact) is not contact:
            problems.append(_problem(contact, first[contact_id]))
    return tuple(problems)


def _problem(contact: Contact, known: Contact) -> Problem:
    return Problem(
        contact.source.file,
        contact.source.line,
        contact.source.column,
        contact.address,
        f"in this account this is the same contact as {known.address} at {known.source}",
        "declare the contact once",
    )
