"""What stands between a run and an account: is it the right one, and is it not too much at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace

from reconciler.api.client import open_reader
from reconciler.cli.account import Account
from reconciler.cli.options import Invocation
from reconciler.cli.screen import remark
from reconciler.core.guards import ExceededGuard, Guards
from reconciler.core.plan import Plan
from reconciler.core.redaction import Masker
from reconciler.core.remote import Reader
from reconciler.errors import RefusedError
from reconciler.observe.expected import check_account
from reconciler.project import Environment
from reconciler.render.notices import guard_sentence


def guards_of(environment: Environment, invocation: Invocation) -> Guards:
    """Give the guards of an environment as this run changes them, and say so where one is changed."""
    told = {name: getattr(invocation, name) for name in asdict(environment.guards)}
    changed = {name: value for name, value in told.items() if value is not None}
    for name, value in changed.items():
        usual = getattr(environment.guards, name)
        if usual is not None and usual != value:
            verb = "raised" if value > usual else "lowered"
            flag = f"--{name.replace('_', '-')}"
            remark(
                f"guard: {name} of {environment.name} is {verb} from {usual:.15g} to {value:.15g} for this run ({flag})"
            )
    return replace(environment.guards, **changed)


@asynccontextmanager
async def open_expected_reader(account: Account) -> AsyncIterator[Reader]:
    """Open a client that reads, once it is sure that this is the expected account; raises `RefusedError`."""
    expected = account.environment.expect_account
    if expected is not None and expected.digest is not None:
        _check_digest(account, expected.digest)
    async with open_reader(account.endpoint) as reader:
        if expected is not None:
            await check_account(reader, expected)
        yield reader


def _check_digest(account: Account, expected: str) -> None:
    found = Masker(account.endpoint.key.encode(), reveal=False).digest(f"account at {account.api.rstrip('/')}")
    if found != expected:
        raise RefusedError(
            f"expect_account.digest of {account.environment.name} is not the one of this URL and key, which is {found};"
            " check both, and write that digest only when they are right; nothing was read or written"
        )


def refuse_exceeded(plan: Plan, *, command: str = "") -> None:
    """
    Raise `RefusedError` where a guard refuses the plan; all that do are told.

    `command` is the one that has the flags to raise a guard, where it is not the one that was called.
    """
    if plan.exceeded:
        told = (f"refused: {guard_sentence(guard)}; {_cure(guard, command)}" for guard in plan.exceeded)
        raise RefusedError("\n".join(told))


def _cure(guard: ExceededGuard, command: str) -> str:
    flag = f"{command} --{guard.name.replace('_', '-')} {guard.value:.15g}".lstrip()
    return f"look at the plan, and where it is right, raise it for one run with {flag}"
