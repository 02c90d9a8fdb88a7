"""Check that an account is the expected one, before anything else is read."""

from reconciler.core.model.desired import ContactId
from reconciler.core.model.settings import ExpectedAccount
from reconciler.core.remote import ContactRecord, Reader
from reconciler.errors import OtherRecordError, RefusedError, RouteAbsentError

_NOTHING_ELSE = "nothing else was read, and nothing was written"


async def check_account(reader: Reader, expected: ExpectedAccount) -> None:
    """
    Look for the expected contact and organisation.

    Raises `RefusedError` for another account, and where that cannot be seen; and `ApiError`.
    """
    if expected.contact_id is None and expected.organization is None:
        return
    try:
        contacts = await _contacts(reader, expected)
    except RouteAbsentError as error:
        raise RefusedError(
            f"whether this is the account of expect_account cannot be seen: it offers no contacts calls ({error}); "
            f"expect a digest instead, which needs no call; {_NOTHING_ELSE}"
        ) from error
    if expected.organization is not None:
        _check_organization(contacts, expected.organization)


async def _contacts(reader: Reader, expected: ExpectedAccount) -> tuple[ContactRecord, ...]:
    """Return the contact that is expected, or else those of the first page."""
    if expected.contact_id is None:
        return (await reader.list_contacts(0)).contacts
    try:
        contact = await reader.read_contact(ContactId(expected.contact_id))
    except OtherRecordError:
        contact = None
    if contact is None:
        raise RefusedError(
            f"this is another account than expect_account says: it has no contact {expected.contact_id}; "
            f"check the key and the URL; {_NOTHING_ELSE}"
        )
    return (contact,)


def _check_organization(contacts: tuple[ContactRecord, ...], organization: str) -> None:
    shown = {contact.organization for contact in contacts} - {None}
    if not shown:
        raise RefusedError(
            "whether this is the account of expect_account cannot be seen: it shows no contact with an organisation; "
            f"expect a digest instead; {_NOTHING_ELSE}"
        )
    if shown != {organization}:
        raise RefusedError(
            "this is another account than expect_account says: its contacts are of another organisation than "
            f"{organization}; check the key and the URL; {_NOTHING_ELSE}"
        )
