"""
The account of an environment: the one door to it, opened only once it is the expected account.

Whoever reads or writes gets a client from `Account.reader` or `Account.writer`: nothing else imports the client.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler import RESERVE
from reconciler.api.answers import ApiAnswer
from reconciler.api.client import (
    Endpoint,
    base_url,
    keeping_connections,
    open_reader,
    open_writer,
)
from reconciler.api.pacer import Budget, Pacer, Waiting
from reconciler.concurrency import Stop
from reconciler.core.model.masking import SHORTEST_SECRET, Masker
from reconciler.core.model.settings import is_of_this_machine
from reconciler.core.model.value import Json
from reconciler.core.remote import Reader, Writer
from reconciler.errors import InputError, RefusedError, StateError
from reconciler.observe.observing import check_account
from reconciler.project import SANDBOX, Environment, KeyCommand, Project
from reconciler.storage.files import check_no_link, check_own_folder, make_private_file, prepare_folder
from reconciler.storage.memory_ids import MemoryIds
from reconciler.workflow.options import RunOptions
from reconciler.workflow.run import Reporter, Surroundings
from reconciler.workflow.state import State, settle_rate, share_rate, state_of

if TYPE_CHECKING:  # the sandbox in process is behind no proxy
    from reconciler.api.network import Proxy

_DEFAULT_API = "https://api.bland.ai"
_API_VARIABLE = "BLAND_BASE_URL"
_OPTION_VARIABLE = "RECONCILER_API_URL"
_DIGEST_KEY_VARIABLE = "RECONCILER_DIGEST_KEY"
_SHORTEST_DIGEST_KEY = 20
_SANDBOX_KEY = "sandbox"
_SANDBOX_URL = "http://sandbox.localhost"
TIMEOUT = 30.0


class Pace(Struct, frozen=True):
    """What paces and stops the requests of a run; `note` takes a line for each request."""

    pacer_of: Callable[[Environment], Pacer]
    stop: Stop
    note: Callable[[str], None]


class _AccountCheck(Struct):
    """Whether the account has proved to be the expected one, which it does once a run."""

    passed: bool = False


class Account(Struct, frozen=True):
    """
    An account, and how it is reached.

    `api` is the name by which it is known, and `memory_ids` what is remembered of it. Digests of values are keyed with
    `digest_key`. `stop` ends its waits.
    """

    environment: Environment
    api: str
    endpoint: Endpoint
    digest_key: bytes
    memory_ids: MemoryIds
    state: State
    stop: Stop
    check: _AccountCheck = field(default_factory=_AccountCheck)

    def __repr__(self) -> str:
        """Return it without the keys."""
        return f"Account({self.api!r})"

    @property
    def digest(self) -> str:
        """Return a digest of URL and key, which does not reveal the key."""
        return _digest_with(self.endpoint.key, f"account at {self.api}")

    @property
    def digest_of(self) -> Callable[[Json], str]:
        """Return what makes the digests in `memory_ids`: the same for all who have the API key."""
        return Masker(self.endpoint.key.encode(), reveal=False).digest

    @property
    def pacer(self) -> Pacer:
        """Return what all requests of the run go through."""
        return self.endpoint.pacer

    @property
    def concurrency(self) -> int:
        """Return how many requests may be under way at once."""
        return self.endpoint.concurrency

    def watched(self, on_answer: Callable[[ApiAnswer], None]) -> "Account":
        """Return the account with a function that gets every answer of the API."""
        return replace(self, endpoint=replace(self.endpoint, on_answer=on_answer))

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["Account"]:
        """Keep connections that all clients of this account share."""
        async with keeping_connections(self.endpoint) as endpoint:
            yield replace(self, endpoint=endpoint)

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        """Open a client that reads, once this is the expected account; raises `RefusedError` and `ApiError`."""
        _check_digest(self)
        async with open_reader(self.endpoint) as reader:
            if not self.check.passed and self.environment.expect_account:
                await check_account(reader, self.environment.expect_account)
            self.check.passed = True
            yield reader

    @asynccontextmanager
    async def writer(self) -> AsyncIterator[Writer]:
        """Open a client that writes, once this is the expected account; raises `RefusedError` and `ApiError`."""
        if not self.check.passed:
            async with self.reader():
                pass
        async with open_writer(self.endpoint) as writer:
            yield writer


@contextmanager
def open_account(  # noqa: PLR0913  one parameter a part of the run
    project: Project,
    environment: Environment,
    options: RunOptions,
    surroundings: Surroundings,
    *,
    offline: bool = False,
    pace: Pace | None = None,
) -> Iterator[Account]:
    """
    Find the account of an environment, and send nothing yet; raises `InputError` and `StateError`.

    To stay `offline`, the key for digests is enough.
    """
    api = api_of(environment, options, surroundings.environ)
    state = state_of(project, environment)
    pace = pace or _only_pace(options, surroundings.reporter)
    in_process = surroundings.open_sandbox(sandbox_file(project)) if api == SANDBOX else nullcontext()
    with in_process as app:
        key = _SANDBOX_KEY if app else _checked_key(project, environment, surroundings, offline=offline)
        _refuse_key_in(api, key)
        endpoint = Endpoint(
            base_url=_SANDBOX_URL if app else api,
            key=key,
            concurrency=options.concurrency or environment.concurrency,
            pacer=pace.pacer_of(environment),
            app=app,
            timeout=TIMEOUT,
            proxy=None if app or offline else _way_to(api, surroundings),
            on_request=pace.note if options.debug else None,
        )
        digest = _digest_with(key, "account")
        memory_ids = MemoryIds(state.store, environment.name, api, digest)
        digest_key = own_digest_key(surroundings) or key.encode()
        share_rate(state, endpoint.pacer, f"{api} {digest}")
        try:
            yield Account(environment, api, endpoint, digest_key, memory_ids, state, pace.stop)
        except MemoryError:
            RESERVE.clear()  # CPython 3.11 can loop forever on its way to what follows
            raise
        finally:
            settle_rate(endpoint.pacer)


def api_of(environment: Environment, options: RunOptions, environ: Mapping[str, str]) -> str:
    """
    Return `sandbox`, or the one spelling of the URL of an environment's API; raises `InputError` and `RefusedError`.

    `--api-url` fills in what reconciler.yaml leaves open, or leads to this machine for a rehearsal. Otherwise the two
    must agree: a change of the file comes with the specs, and must not decide alone where the key goes.
    """
    if options.api_url == "":
        raise InputError("--api-url is empty; give a URL, and check that its variable is set")
    api = options.api_url or environment.api or environ.get(_API_VARIABLE) or _DEFAULT_API
    _refuse_key_in(api, environ.get(environment.api_key_env, ""))
    api = _spelled(api, _source_of(environment, options, environ))
    declared = _spelled(environment.api) if environment.api else api
    if api != declared and not is_of_this_machine(api):
        raise RefusedError(
            f"refused: --api-url is {api}, but the api of {environment.name} in reconciler.yaml is {declared}; "
            "make them agree; nothing was read or written"
        )
    return api


def _refuse_key_in(api: str, key: str) -> None:
    if len(key) >= SHORTEST_SECRET and key in unquote(api):
        raise InputError("the URL of the API holds the API key, which would be shown with it: leave it out")


def remember_ids(account: Account, learned: Mapping[str, str], reporter: Reporter) -> None:
    """Remember the memory ids that were learned; a cache that cannot be kept is a warning."""
    try:
        account.memory_ids.remember(learned)
    except StateError as error:
        reporter.note(f"warning: memory ids are not remembered: {error}")


def _spelled(api: str, source: str = "") -> str:
    return SANDBOX if api == SANDBOX else base_url(api, source=source)


def _source_of(environment: Environment, options: RunOptions, environ: Mapping[str, str]) -> str:
    """Return where the URL of the API was written."""
    if options.api_url and environ.get(_OPTION_VARIABLE) == options.api_url:
        return f"the variable {_OPTION_VARIABLE}"
    if options.api_url:
        return "--api-url"
    return f"the api of {environment.name} in reconciler.yaml" if environment.api else f"the variable {_API_VARIABLE}"


def lacks_key(environment: Environment, options: RunOptions, environ: Mapping[str, str], *, offline: bool) -> bool:
    """Return whether an account needs a key that is not set."""
    needed = api_of(environment, options, environ) != SANDBOX and not (environment.api_key_command and not offline)
    return needed and not _found_key(environment, environ, offline=offline)


def sandbox_file(project: Project) -> Path:
    """Return the file in which the embedded sandbox keeps its state; raises `InputError` and `StateError`."""
    if project.state:
        check_own_folder(project.state)
    file = prepare_folder(project.state_folder) / "sandbox.sqlite3"
    make_private_file(file)
    for suffix in ("-wal", "-shm", "-journal"):  # files of SQLite's own, with the rights of the first
        check_no_link(file.with_name(file.name + suffix))
    return file


def pacer_of(environment: Environment, options: RunOptions, waiting: Waiting, *, before: Pacer | None = None) -> Pacer:
    """Make the pacer of a run; what the one `before` sent counts on under the same rate."""
    rate = environment.rate_limit
    return Pacer(
        concurrency=options.concurrency or environment.concurrency,
        rate=rate,
        budget=Budget(options.max_requests, options.max_minutes),
        waiting=waiting,
        window=before.window if before and before.rate == rate else None,
    )


def _only_pace(options: RunOptions, reporter: Reporter) -> Pace:
    """Return the pace of the only run of a program."""
    stop = Stop()
    waiting = Waiting(wait=reporter.waiting(stop), should_stop=lambda: stop.requested)
    return Pace(lambda environment: pacer_of(environment, options, waiting), stop, reporter.note)


def _checked_key(project: Project, environment: Environment, surroundings: Surroundings, *, offline: bool) -> str:
    """Read the API key, which must be able to stand in a header; it is never shown, not even in part."""
    if environment.api_key_command and not offline:
        return _key_of_command(environment.api_key_command, project.root, surroundings)
    name = environment.api_key_env
    key = _found_key(environment, surroundings.environ, offline=offline)
    if not key and environment.api_key_command:
        raise InputError(
            f"no key for digests: set the environment variable {_DIGEST_KEY_VARIABLE} (environment "
            f"{environment.name!r}); no command that stays offline runs api_key_command"
        )
    if not key:
        raise InputError(f"no API key: set the environment variable {name} (environment {environment.name!r})")
    surroundings.reporter.key(key, f"the environment variable {name}")
    if not offline and not (key.isascii() and key.isprintable() and " " not in key):
        raise InputError(f"the API key in {name} holds a space, a line break or a character that is not ASCII")
    return key


def _found_key(environment: Environment, environ: Mapping[str, str], *, offline: bool) -> str:
    """Return the key that a variable holds; with a command, none is the API's."""
    key = "" if environment.api_key_command else environ.get(environment.api_key_env, "")
    return key or (environ.get(_DIGEST_KEY_VARIABLE, "") if offline else "")


def _key_of_command(command: KeyCommand, folder: Path, surroundings: Surroundings) -> str:
    """Return what a command gives as key, which this process asks it for once; raises `SpecError`."""
    from reconciler.workflow.key_command import key_from  # noqa: PLC0415  only such an environment needs it

    known = surroundings.command_keys
    key = known[command.words] = known.get(command.words) or key_from(command, folder, surroundings.environ)
    surroundings.reporter.key(key, f"api_key_command ({command.place.source})")
    return key


def own_digest_key(surroundings: Surroundings) -> bytes:
    """Return what digests are keyed with by runs with different API keys; nothing where that is not set."""
    own = surroundings.environ.get(_DIGEST_KEY_VARIABLE, "")
    if own and len(own) < _SHORTEST_DIGEST_KEY:
        raise InputError(
            f"{_DIGEST_KEY_VARIABLE} has {len(own)} characters, and whoever guesses it can guess the masked values; "
            f"give it {_SHORTEST_DIGEST_KEY} random ones or more"
        )
    if own:
        surroundings.reporter.key(own)
    return own.encode()


def _way_to(api: str, surroundings: Surroundings) -> "Proxy | None":
    """Return the proxy that the environment names for this URL, and keep its secrets; raises `InputError`."""
    from reconciler.api.network import check_certificates, proxy_for  # noqa: PLC0415  see above

    check_certificates(api, surroundings.environ)
    proxy = proxy_for(api, surroundings.environ)
    for secret in proxy.secrets if proxy else ():
        surroundings.reporter.key(secret)
    return proxy


def _digest_with(key: str, text: str) -> str:
    return Masker(key.encode(), reveal=False).digest(text)


def _check_digest(account: Account) -> None:
    """Raise `RefusedError` where URL and key together are not those that are expected."""
    expected = account.environment.expect_account
    found = account.digest
    if expected is not None and expected.digest not in {None, found}:
        raise RefusedError(
            f"expect_account.digest of {account.environment.name} is not the one of this URL and key, which is {found};"
            " check both, and write that digest only when they are right; nothing was read or written"
        )
