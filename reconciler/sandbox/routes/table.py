"""Every route there is, in the order in which they are tried, and whether it may write."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reconciler.sandbox.answers import Answer
from reconciler.sandbox.request import Call
from reconciler.sandbox.routes import account, contacts, memories, stores

READS, WRITES = False, True
SEED, LATER = True, False


@dataclass(frozen=True, slots=True)
class Route:
    """A call of the API: whether it may write, and whether it is one of the five of the seeds."""

    method: str
    pattern: str
    mutates: bool
    in_seeds: bool
    answer: Callable[[Call], Answer]


# Literal paths come before `/v1/memory/{memory_id}`. No call that removes anything may be added.
ROUTES = (
    Route("POST", "/v1/memory/contact", WRITES, SEED, memories.create),
    Route("GET", "/v1/memory/contact/{memory_id}", READS, SEED, memories.get),
    Route("PATCH", "/v1/memory/contact/{memory_id}/facts", WRITES, SEED, memories.patch_facts),
    Route("PATCH", "/v1/memory/contact/{memory_id}/summary", WRITES, LATER, memories.patch_summary),
    Route("GET", "/v1/memory/contact/{memory_id}/messages", READS, LATER, memories.get_messages),
    Route("GET", "/v1/memory/context", READS, SEED, memories.get_context),
    Route("GET", "/v1/memory/changes", READS, LATER, memories.get_changes),
    Route("POST", "/v1/memory/create", WRITES, LATER, stores.create),
    Route("GET", "/v1/memory", READS, LATER, stores.listing),
    Route("GET", "/v1/memory/{memory_id}", READS, LATER, stores.get),
    Route("POST", "/v1/memory/{memory_id}/update", WRITES, LATER, stores.rename),
    Route("POST", "/v1/memory/{memory_id}/add-user", WRITES, SEED, stores.add_user),
    Route("POST", "/v1/memory/{memory_id}/user", READS, LATER, stores.get_user),
    Route("POST", "/v1/memory/{memory_id}/user/search", READS, LATER, stores.search_calls),
    Route("POST", "/v1/memory/{memory_id}/user/update", WRITES, LATER, stores.update_user),
    Route("GET", "/v1/contacts", READS, LATER, contacts.listing),
    Route("POST", "/v1/contacts/find", READS, LATER, contacts.find),
    Route("POST", "/v1/contacts/resolve", WRITES, LATER, contacts.resolve),
    Route("GET", "/v1/contacts/{contact_id}", READS, LATER, contacts.get),
    Route("PATCH", "/v1/contacts/{contact_id}", WRITES, LATER, contacts.update),
    Route("GET", "/v1/me", READS, LATER, account.me),
    Route("GET", "/v1/personas", READS, LATER, account.personas),
    Route("GET", "/v1/personas/{persona_id}", READS, LATER, account.persona),
)


@dataclass(frozen=True, slots=True)
class Matched:
    """The route of a request, and the ids in its path."""

    answer: Callable[[Call], Answer]
    mutates: bool
    ids: Mapping[str, str]


class Router:
    """Finds the route of a request."""

    def __init__(self, *, seeds_only: bool) -> None:
        self._routes: dict[tuple[str, int], list[tuple[Route, tuple[str, ...]]]] = {}
        for route in ROUTES:
            if route.in_seeds or not seeds_only:
                parts = tuple(route.pattern.strip("/").split("/"))
                self._routes.setdefault((route.method, len(parts)), []).append((route, parts))

    def match(self, method: str, segments: tuple[str, ...]) -> Matched | None:
        """Return the first route whose method and pattern fit; None where there is none."""
        for route, parts in self._routes.get((method, len(segments)), []):
            ids = _fitted(parts, segments)
            if ids is not None:
                return Matched(route.answer, route.mutates, ids)
        return None


def _fitted(parts: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    ids = {}
    for part, segment in zip(parts, segments, strict=True):
        if part.startswith("{") and segment:
            ids[part[1:-1]] = segment
        elif part != segment:
            return None
    return ids
