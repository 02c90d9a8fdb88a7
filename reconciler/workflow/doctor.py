"""What a plan needs, checked one after the other: versions, project, state, specs, key, account, limit and clock."""

import os
import platform
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler import __version__
from reconciler.api.answers import ApiAnswer
from reconciler.api.webhook import URL_EXPECTED, host_of
from reconciler.core.model.masking import worded_error
from reconciler.core.model.settings import Notify
from reconciler.core.model.text import duration, visible
from reconciler.core.remote import Reader
from reconciler.errors import (
    ApiRejectedError,
    BudgetSpentError,
    InputError,
    ReconcilerError,
    RefusedError,
    RouteAbsentError,
    SpecError,
    StateError,
)
from reconciler.project import SANDBOX, Environment, Project
from reconciler.render.words import counted, memories
from reconciler.storage.files import check_writable
from reconciler.storage.store import check_store
from reconciler.workflow.account import Account, open_account
from reconciler.workflow.loading import choose_environment, choose_project
from reconciler.workflow.options import RunOptions
from reconciler.workflow.run import Surroundings
from reconciler.workflow.session import load_chosen
from reconciler.workflow.state import state_of

Status: TypeAlias = Literal["ok", "note", "fail"]
"""`fail` would stop a plan; a `note` would not, and is worth reading."""

_NO_SUCH_MEMORY = "00000000-0000-4000-8000-000000000000"
_MOST_MINUTES = 0.5
_MOST_SKEW = 60.0
_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY = 401, 403, 429


class DoctorCheck(Struct, frozen=True):
    """One thing that was checked, in words, and what to do where it is not in order."""

    name: str
    status: Status
    text: str
    cure: str = ""


async def diagnose(options: RunOptions, around: Surroundings) -> AsyncIterator[DoctorCheck]:
    """
    Check what a plan needs, and send a few reads to the account.

    Nothing is written, and no API key appears in a check. Checks that need an earlier one, which failed, are left out.
    """
    yield DoctorCheck(
        "version", "ok", f"reconciler {__version__}, Python {platform.python_version()} on {platform.system()}"
    )
    try:
        project = choose_project(options, around)
        environment = choose_environment(project, options)
    except InputError as error:
        several = isinstance(error, SpecError) and len(error.problems) > 1
        yield _failed("project", error, "run `reconciler validate`, which names every problem" if several else "")
        return
    yield DoctorCheck("project", "ok", _place(project))
    yield _state(project, environment)
    yield _specs(project, environment, options, around)
    if environment.notify:
        yield _notify(environment.notify, around)
    async for check in _account_checks(project, environment, options, around):
        yield check


def _place(project: Project) -> str:
    root = visible(str(project.root.absolute()))
    return f"{project.file} in {root}" if project.file else f"no reconciler.yaml in {root}; the defaults hold"


def _state(project: Project, environment: Environment) -> DoctorCheck:
    """Check that journals and ids can be kept; a folder that is not there yet is not made."""
    try:
        state = state_of(project, environment)
        if state.store.folder is None:
            check_store(state.store)
            return DoctorCheck("state", "ok", f"{state.place} can be written, and honours conditional writes")
    except (InputError, StateError) as error:
        return _failed("state", error, "mend that, or name another place with --state")
    folder = state.folder
    place = next(part for part in (folder, *folder.absolute().parents) if os.path.lexists(part))
    try:
        check_writable(place / "doctor")
    except StateError as error:
        return _failed("state", error, "make the folder writable, or name another one with --state")
    return DoctorCheck("state", "ok", f"{visible(str(folder))} can be written")


def _specs(project: Project, environment: Environment, options: RunOptions, around: Surroundings) -> DoctorCheck:
    try:
        desired = load_chosen(project, environment, options, around).loaded.desired
    except SpecError as error:
        problems = len(error.problems)
        first = worded_error(error, reveal=False).partition("\n")[0]
        text = f"{counted(problems, 'problem')}, the first: {visible(first)}"
        return DoctorCheck("specs", "fail", text, "run `reconciler plan`, which names all of them")
    contacts = counted(len(desired.contacts), "contact")
    return DoctorCheck(
        "specs", "ok", f"{contacts} and {memories(len(desired.memories))} are declared for {environment.name}"
    )


def _notify(notify: Notify, around: Surroundings) -> DoctorCheck:
    """Check that there is somebody to tell, without telling them."""
    if not (url := around.environ.get(notify.url_env, "")):
        text = f"{notify.url_env} is not set, so nobody is told"
        return DoctorCheck("notify", "note", text, "set it to the URL, where people should be told of runs from here")
    if not host_of(url):
        text = f"{notify.url_env} holds no usable URL, so nobody is told"
        return DoctorCheck("notify", "note", text, f"put the URL of the webhook there: {URL_EXPECTED}")
    return DoctorCheck("notify", "ok", f"{notify.url_env} holds a URL, for {', '.join(sorted(notify.on))}")


async def _account_checks(
    project: Project, environment: Environment, options: RunOptions, around: Surroundings
) -> AsyncIterator[DoctorCheck]:
    limited = replace(options, max_minutes=min(options.max_minutes or _MOST_MINUTES, _MOST_MINUTES))
    try:
        with open_account(project, environment, limited, around) as account:
            yield _key(account)
            answers: list[ApiAnswer] = []
            reached = await _reached(account.watched(answers.append), answers)
            yield reached
            if reached.status == "ok":
                yield _expected(account)
                yield _role(account)
            yield _limit(environment, is_shared=account.state.is_shared)
            for check in _clock(answers):
                yield check
    except (InputError, RefusedError, StateError) as error:
        yield _failed("key", error, "")


def _key(account: Account) -> DoctorCheck:
    if account.api == SANDBOX:
        return DoctorCheck("key", "ok", "the embedded sandbox needs none")
    return DoctorCheck("key", "ok", f"read from {account.environment.key_source}")


async def _reached(account: Account, answers: Sequence[ApiAnswer]) -> DoctorCheck:
    """Read something small; an account without contacts calls is asked for a memory that nobody has."""
    where = account.api
    try:
        async with account.reader() as reader:
            lists = await _read_something(reader)
    except RefusedError as error:
        return _failed("account", error, "use the key and the URL of the expected account")
    except BudgetSpentError:
        return _out_of_time(account, answers)
    except ApiRejectedError as error:
        return _failed("account", error, _cure_of(error, account))
    except ReconcilerError as error:
        return _failed("account", error, f"check the URL ({where}), the network and the proxy")
    extent = "its contacts can be listed" if lists else "it offers no contacts calls, so nothing can be exported"
    return DoctorCheck("account", "ok", f"{where} answers, and {extent}")


def _out_of_time(account: Account, answers: Sequence[ApiAnswer]) -> DoctorCheck:
    """Name what the read waited for; the time that doctor takes is its own, and no option."""
    where, within = account.api, f"within {duration(_MOST_MINUTES * 60)}"
    if answers and answers[-1].status == _TOO_MANY:
        text = f"{where} answers, but its rate limit let no request through {within} ({_TOO_MANY})"
        cure = "run `reconciler doctor` again once the limit allows requests; others with this key may use it up"
        return DoctorCheck("account", "fail", text, cure)
    if answers:
        text = f"{where} answers only that it cannot answer now ({answers[-1].status}), {within}"
        return DoctorCheck("account", "fail", text, "run `reconciler doctor` again later")
    cure = f"check the URL ({where}), the network and the proxy"
    return DoctorCheck("account", "fail", f"no answer from {where} {within}", cure)


async def _read_something(reader: Reader) -> bool:
    """Send one read, or two; return whether contacts can be listed."""
    try:
        await reader.list_contacts(0)
    except RouteAbsentError:
        await reader.read_memory(_NO_SUCH_MEMORY)
        return False
    return True


def _cure_of(error: ApiRejectedError, account: Account) -> str:
    environment = account.environment
    if error.status == _UNAUTHORIZED and environment.api_key_command:
        return "the key that api_key_command gives is not accepted: store a valid one where the command reads it"
    if error.status == _UNAUTHORIZED:
        return f"the key in {environment.api_key_env} is not accepted: put a valid one there"
    if error.status == _FORBIDDEN:
        return f"the key of {environment.key_source} may not read: its role needs to be admin, owner or operator"
    return "the API refuses a plain read: check the URL and the key"


def _expected(account: Account) -> DoctorCheck:
    """Report whether the account proved to be the expected one, which opening the reader checks."""
    if account.environment.expect_account:
        return DoctorCheck("expected", "ok", "this is the account that expect_account names")
    if account.api == SANDBOX:
        return DoctorCheck("expected", "ok", "the embedded sandbox is nobody else's account")
    cure = f"write `expect_account: {{digest: {account.digest}}}` into reconciler.yaml, so that no other key is taken"
    return DoctorCheck("expected", "note", "any account is accepted that the key opens", cure)


def _role(account: Account) -> DoctorCheck:
    if account.api == SANDBOX:
        return DoctorCheck("role", "ok", "the embedded sandbox takes writes")
    text = "the API does not show whether this key may write"
    return DoctorCheck(
        "role", "note", text, "writing needs the role admin, owner or operator in the key's organisation"
    )


def _limit(environment: Environment, *, is_shared: bool) -> DoctorCheck:
    if environment.rate_limit is not None:
        where = "for all who share this state" if is_shared else "here"
        return DoctorCheck("limit", "ok", f"{environment.rate_limit} requests to /v1/memory are counted {where}")
    if environment.api == SANDBOX:
        return DoctorCheck("limit", "ok", "none")
    cure = "write `rate_limit: 100/15m`, the documented one, so that plans foresee the waits"
    return DoctorCheck("limit", "note", "no rate_limit is declared; a refusal of the API is waited for", cure)


def _clock(answers: list[ApiAnswer]) -> Iterator[DoctorCheck]:
    """Compare this machine's clock with the dates of the answers, where they have any."""
    for answer in answers:
        with suppress(ValueError):
            skew = _skew(answer.received_at, parsedate_to_datetime(answer.date or ""))
            if skew <= _MOST_SKEW:
                yield DoctorCheck("clock", "ok", "agrees with the API's")
            else:
                cure = "set the clock: leases and waits go by it"
                yield DoctorCheck("clock", "note", f"differs from the API's by {duration(skew)}", cure)
            return


def _skew(here: datetime, there: datetime) -> float:
    return abs((here - there).total_seconds())


def _failed(name: str, error: ReconcilerError, cure: str) -> DoctorCheck:
    return DoctorCheck(name, "fail", visible(worded_error(error, reveal=False).partition("\n")[0]), cure)
