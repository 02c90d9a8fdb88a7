"""The users of a memory: listed, else asked for one by one, else unknown."""

from collections.abc import Sequence
from http import HTTPStatus

from reconciler.core.desired import User
from reconciler.core.observed import LiveUser, LiveUsers
from reconciler.core.remote import Reader, Writer
from reconciler.errors import ApiError, ApiRejectedError, ApiUnavailableError, RouteAbsentError


class UserReader:
    """Reads users, and remembers which of the calls this account does not offer."""

    def __init__(self, remote: Reader | Writer) -> None:
        self._remote = remote
        self._can_list = True
        self._can_ask = True
        self._missing: set[str] = set()

    @property
    def can_list(self) -> bool:
        """Say whether the account offers to list users, as far as is known by now."""
        return self._can_list

    async def read(self, memory_id: str, users: Sequence[User]) -> LiveUsers:
        """Give what can be known of the users of a memory; raises `ApiError` where the account cannot be reached."""
        listed = await self.list_all(memory_id)
        known: dict[str, LiveUser | None] = {} if listed is None else dict(listed)
        doubtful = [user for user in users if listed is None or _is_doubtful(listed.get(user.phone_number), user)]
        for user in doubtful:
            known.update(await self._ask(memory_id, user))
        return LiveUsers(known, listed=listed is not None, memory_missing=memory_id in self._missing)

    async def list_all(self, memory_id: str) -> dict[str, LiveUser] | None:
        """Read all pages (`GET /v1/memory/{memory_id}`); None where the account does not list this memory's users."""
        if not self._can_list:
            return None
        users: dict[str, LiveUser] = {}
        try:
            while True:
                page = await self._remote.list_users(memory_id, len(users))
                is_new = page.users.keys() - users.keys()
                users.update(page.users)
                if not page.has_more:
                    return users
                if not is_new:  # the same page for ever: who is not on it is not known
                    return None
        except RouteAbsentError:
            self._can_list = False
        except ApiRejectedError as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                raise
            self._missing.add(memory_id)  # of a contact memory it may only say that it is no memory store
        return None

    async def _ask(self, memory_id: str, user: User) -> dict[str, LiveUser | None]:
        """Read one user (`POST /v1/memory/{memory_id}/user`); a refusal may mean an absent user, so it says nothing."""
        if not self._can_ask:
            return {}
        try:
            return {user.phone_number: await self._remote.read_user(memory_id, user)}
        except RouteAbsentError:
            self._can_ask = False
        except ApiError as error:
            if not _may_mean_absent(error):
                raise
        return {}


def _may_mean_absent(error: ApiError) -> bool:
    """Say whether a refusal can be how an absent user is answered, which is not documented."""
    if isinstance(error, ApiRejectedError):
        return error.status != HTTPStatus.UNAUTHORIZED
    return isinstance(error, ApiUnavailableError) and error.may_have_happened and bool(error.code)


def _is_doubtful(live: LiveUser | None, user: User) -> bool:
    """Say whether the listing shows a user's metadata in a form that cannot be compared, where they are declared."""
    return live is not None and not live.comparable and user.metadata is not None
