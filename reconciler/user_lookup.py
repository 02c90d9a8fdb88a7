"""Read the users of a memory: listed, else one by one, else unknown."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import TypeAlias, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.core.matching import Asked, check_listed_once
from reconciler.core.model.desired import User, number_key
from reconciler.core.model.observed import LiveUser, LiveUsers
from reconciler.core.plan.diff import is_as_declared
from reconciler.core.remote import Reader, Writer
from reconciler.errors import ApiError, ApiRejectedError, ApiUnavailableError, RouteAbsentError

_Done = TypeVar("_Done")
Recalled: TypeAlias = Mapping[str, tuple[LiveUser, str]]
"""Users that need not be read, by phone number, each with the time when it was seen like this."""
_NOBODY: Recalled = {}
_MOST_PAGES = 1_000
"""A listing with more pages than this is taken for one without an end."""


class _Offered(Struct):
    """Which calls the account offers, as far as known, and memories whose users it refused to list."""

    can_list: bool = True
    can_ask: bool = True
    missing: set[str] = field(default_factory=set)


class UserReader:
    """
    Reads users, and remembers which of the calls this account does not offer.

    With `first_alone`, all other reads wait for the first, which finds out what is offered.
    """

    def __init__(self, remote: Reader | Writer, *, first_alone: bool = False, offered: _Offered | None = None) -> None:
        self._remote = remote
        self._offered = offered or _Offered()
        self._first: asyncio.Lock | None = asyncio.Lock() if first_alone else None

    def through(self, remote: Writer) -> "UserReader":
        """Return a reader that uses another client and shares what is known of the account."""
        return UserReader(remote, offered=self._offered)

    @property
    def can_list(self) -> bool:
        """Return whether the account lists users, as far as known."""
        return self._offered.can_list

    async def read(self, memory_id: str, users: Sequence[User], recalled: Recalled = _NOBODY) -> LiveUsers:
        """
        Return the users of a memory as far as they can be read; raises `ApiError`.

        Those who are `recalled` are not read one by one; a listing, which shows all at once, counts more.
        """
        return await self._first_alone(lambda: self._read(memory_id, users, recalled))

    async def list_all(self, memory_id: str) -> dict[str, LiveUser] | None:
        """Read all pages (`GET /v1/memory/{memory_id}`); None where the account does not list this memory's users."""
        return await self._first_alone(lambda: self._list_all(memory_id))

    async def _first_alone(self, work: Callable[[], Awaitable[_Done]]) -> _Done:
        first = self._first
        if first is not None:
            async with first:
                if self._first is not None:
                    done = await work()
                    self._first = None
                    return done
        return await work()

    async def _read(self, memory_id: str, users: Sequence[User], recalled: Recalled) -> LiveUsers:
        listed = await self._list_all(memory_id)
        known: dict[str, LiveUser | None] = {} if listed is None else dict(listed)
        ambiguous = _name_as_declared(known, users)
        incomplete = [user for user in users if listed is None or _is_incomplete(known.get(user.phone_number), user)]
        remembered: dict[str, str] = {}
        for user in incomplete:
            number, shown = user.phone_number, known.get(user.phone_number)
            if number in recalled and (listed is None or (shown and is_as_declared(user, shown))):
                known[number], remembered[number] = recalled[number]
            else:
                known.update(await self._ask(memory_id, user, shown))
        is_missing = memory_id in self._offered.missing
        readable = self._offered.can_list or self._offered.can_ask
        return LiveUsers(known, listed is not None, is_missing, ambiguous, remembered, readable)

    async def _list_all(self, memory_id: str) -> dict[str, LiveUser] | None:
        if not self._offered.can_list:
            return None
        users: dict[str, LiveUser] = {}
        pages = 0
        try:
            while True:
                page = await self._remote.list_users(memory_id, len(users))
                is_new = page.users.keys() - users.keys()
                for number in page.users.keys() & users.keys():
                    check_listed_once(Asked(memory_id=memory_id), users[number], page.users[number])
                users.update(page.users)
                if not page.has_more:
                    return users
                pages += 1
                if not is_new or pages == _MOST_PAGES:  # the same page again, or no end: the others are unknown
                    return None
        except RouteAbsentError:
            self._offered.can_list = False
        except ApiRejectedError as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                raise
            self._offered.missing.add(memory_id)  # a contact memory may be refused as not being a memory store
        return None

    async def _ask(self, memory_id: str, user: User, listed: LiveUser | None) -> dict[str, LiveUser | None]:
        """
        Read one user (`POST /v1/memory/{memory_id}/user`); nothing for a refusal, which may mean an absent user.

        Raises `ApiError`, also for a failure of the server about a user who is listed, and so is not absent.
        """
        if not self._offered.can_ask:
            return {}
        shown_as = listed.shown_as if listed else None
        try:
            found = await self._remote.read_user(memory_id, in_form(user, shown_as))
            return {user.phone_number: found and replace(found, shown_as=shown_as)}
        except RouteAbsentError:
            self._offered.can_ask = False
        except ApiError as error:
            if not _may_mean_absent(error) or (listed and not isinstance(error, ApiRejectedError)):
                raise
        return {}


def in_form(user: User, shown_as: str | None) -> User:
    """Return a user with the phone number in the form that the account shows and looks up."""
    return replace(user, phone_number=shown_as) if shown_as else user


def _name_as_declared(known: dict[str, LiveUser | None], users: Sequence[User]) -> Mapping[str, int]:
    """
    Rename the keys of `known` to declared numbers, where exactly one live number has the same digits.

    Where several live numbers do, none is renamed; return their count by declared number.
    """
    forms: dict[str, list[str]] = {}
    for number in known:
        forms.setdefault(number_key(number), []).append(number)
    ambiguous: dict[str, int] = {}
    for user in users:
        alike = [] if user.phone_number in known else forms.get(number_key(user.phone_number), [])
        if len(alike) == 1 and (live := known.pop(alike[0], None)):
            known[user.phone_number] = replace(live, shown_as=alike[0])
        elif alike:
            ambiguous[user.phone_number] = len(alike)
    return ambiguous


def _may_mean_absent(error: ApiError) -> bool:
    """Return whether an error may be the answer for an absent user, which is not documented."""
    if isinstance(error, ApiRejectedError):
        return error.status != HTTPStatus.UNAUTHORIZED
    return isinstance(error, ApiUnavailableError) and error.is_final


def _is_incomplete(live: LiveUser | None, user: User) -> bool:
    """Return whether the listing shows declared metadata of a user in a form that cannot be compared."""
    return live is not None and not live.comparable and user.metadata is not None
