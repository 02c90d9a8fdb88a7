"""Lists in pages: what is asked for, and what `pagination` says of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.sandbox.routes.call import whole_number
from reconciler.sandbox.settings import Listing
from reconciler.sandbox.values import JsonObject

_DEFAULT_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of a list is asked for."""

    limit: int
    offset: int

    def pagination(self, *, held: int, total: int) -> JsonObject:
        """Describe this page, which holds so many of the total (D contacts, L memory-memory-id)."""
        return {
            "total": total,
            "limit": self.limit,
            "offset": self.offset,
            "has_more": self.offset + held < total,
        }


def asked_page(query: Mapping[str, str], *, largest: int | None = None) -> Page:
    """Take a page from the query; a size that is none, or is zero, counts as not given."""
    limit = whole_number(query, "limit", default=_DEFAULT_PAGE) or _DEFAULT_PAGE
    return Page(
        limit=limit if largest is None else min(limit, largest), offset=whole_number(query, "offset", default=0)
    )


def misreported(pagination: JsonObject, quirks: Listing, *, total: int) -> JsonObject:
    """Let a `pagination` lie as the switches say."""
    told = {**pagination, "total": max(0, total + quirks.total_error)}
    return told if quirks.has_more == "honest" else {**told, "has_more": quirks.has_more == "always"}
