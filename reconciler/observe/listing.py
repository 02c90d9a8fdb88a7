"""
Read the listing of contacts page by page.

Offsets can skip and repeat contacts while the account changes (`GET /v1/contacts` states no order), so a listing knows
whether it is complete. `has_more` and empty pages end it, whatever `total` is.
"""

from collections.abc import Iterable, Iterator
from itertools import takewhile
from math import ceil

from msgspec import Struct

from reconciler.core.model.desired import id_key
from reconciler.core.remote import CONTACTS_A_PAGE, ContactPage, ContactRecord, Reader
from reconciler.workers import for_each


class Listing(Struct, frozen=True):
    """
    All contacts that were listed, each once; `is_complete` where none can have been missed.

    `shown` are all entries in their order, with contradictory ones.
    """

    contacts: tuple[ContactRecord, ...]
    is_complete: bool
    shown: tuple[ContactRecord, ...]


async def list_on(reader: Reader, first: ContactPage, *, concurrency: int) -> Listing:
    """Read the pages after the first, several at once as far as `total` announces them."""
    pages = [first]
    step = len(first.contacts) if first.has_more else CONTACTS_A_PAGE
    seen = _ids([first])
    while _goes_on(pages[-1]):
        ahead = _pages_ahead(pages[-1], done=len(pages) * step, step=step, most=concurrency)
        following = await _read_pages(reader, [(len(pages) + number) * step for number in range(ahead)], concurrency)
        pages += _until_the_end(following)
        if _ids(following) <= seen:  # the same page again: the offset is ignored
            break
        seen |= _ids(following)
    shown = tuple(contact for page in pages for contact in page.contacts)
    contacts = {id_key(contact.contact_id): contact for contact in shown}
    return Listing(tuple(contacts.values()), _is_complete(pages, len(contacts)), shown)


async def _read_pages(reader: Reader, offsets: list[int], concurrency: int) -> list[ContactPage]:
    pages: dict[int, ContactPage] = {}

    async def read(offset: int) -> None:
        pages[offset] = await reader.list_contacts(offset)

    await for_each(offsets, read, concurrency=concurrency)
    return [pages[offset] for offset in offsets]


def _goes_on(page: ContactPage) -> bool:
    if not page.contacts:
        return False
    return len(page.contacts) >= CONTACTS_A_PAGE if page.has_more is None else page.has_more


def _pages_ahead(page: ContactPage, *, done: int, step: int, most: int) -> int:
    return max(1, min(most, ceil(((page.total or 0) - done) / step)))


def _until_the_end(pages: Iterable[ContactPage]) -> Iterator[ContactPage]:
    """Yield the pages up to the last one of the listing."""
    pages = list(pages)
    going_on = list(takewhile(_goes_on, pages))
    yield from pages[: len(going_on) + 1]


def _ids(pages: Iterable[ContactPage]) -> set[str]:
    return {contact.contact_id for page in pages for contact in page.contacts}


def _is_complete(pages: list[ContactPage], distinct: int) -> bool:
    """
    Return whether every contact was seen, with its identifiers.

    A contact that the reader missed since offsets shifted is missing from the count.
    """
    totals = {page.total for page in pages}
    if any(contact.identifiers is None for page in pages for contact in page.contacts):
        return False
    return totals == {distinct} and sum(len(page.contacts) for page in pages) == distinct
