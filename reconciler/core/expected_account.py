"""What an environment's account must be, so that one environment's specs never reach another's account."""

from msgspec import Struct


class ExpectedAccount(Struct, frozen=True):
    """
    What must be so of the account before anything else is read; None is not asked.

    A contact that it has, the organisation that its contacts belong to (`org_id`), and `digest`: what this tool makes
    of URL and key together.
    """

    contact_id: str | None = None
    organization: str | None = None
    digest: str | None = None
