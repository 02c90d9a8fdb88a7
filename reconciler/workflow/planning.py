"""Making a plan: against the account, offline from a snapshot, or again for a plan that was saved."""

from http import HTTPStatus
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from reconciler.clock import time_text
from reconciler.core.documents.plan import PlanDocument
from reconciler.core.model.address import memory_of
from reconciler.core.model.desired import Contact, Desired, specs_digest
from reconciler.core.model.observed import (
    FoundContact,
    Observed,
    ObservedContact,
    UnreadableContact,
    same_contact_problems,
    same_memory_problems,
)
from reconciler.core.model.selection import ALL, Chosen, Shards, restrict, shards_of
from reconciler.core.model.text import visible
from reconciler.core.plan.base import base_of
from reconciler.core.plan.measures import foresee
from reconciler.core.plan.notices import in_order, undeclared_notices
from reconciler.core.plan.operations import Plan, PlanOrigin
from reconciler.core.plan.planner import build_plan
from reconciler.core.remote import Reader
from reconciler.errors import BY_CONTACT_ID, NO_CONTACTS_CALLS, Problem, RefusedError, RouteAbsentError, SpecError
from reconciler.observe import observe
from reconciler.render.words import memories
from reconciler.workflow.loading import choose
from reconciler.workflow.run import Run
from reconciler.workflow.session import Session


class Revision(Struct, frozen=True):
    """What was declared at a revision, as git names it."""

    ref: str
    desired: Desired


async def plan_live(session: Session, *, base: str | None = None) -> Plan:
    """Plan against the account; with a git revision as `base`, changes have causes. Raises `ApiError`."""
    async with session.account.reader() as reader:
        revision = _revision(session, base)
        run = session.reading(is_applying=False)
        made = await make_plan(session.desired, reader, run, since=session.since, chosen=session.chosen, base=revision)
        return session.checked(made, lambda: session.selected().desired)


async def plan_offline(session: Session, file: Path, *, base: str | None = None) -> Plan:
    """Plan against a snapshot; raises `InputError` for one of another account or made with another key."""
    from reconciler.workflow.snapshots import open_snapshot  # noqa: PLC0415  what plans live needs no snapshot

    revision = _revision(session, base)
    snapshot, reader = open_snapshot(file, session, [revision.desired] if revision else [])
    run = replace(session.run("reading"), known_ids={}, snapshot_taken_at=snapshot.taken_at, on_cost=_ignore)
    made = await make_plan(session.desired, reader, run, since=session.since, chosen=session.chosen, base=revision)
    if snapshot.contacts is not None and not snapshot.is_complete:
        session.reporter.note(
            "warning: the list of contacts changed while the snapshot was taken; contacts that it lacks may exist"
        )
    if reader.lacking:
        lacking = memories(len(reader.lacking))
        session.reporter.note(f"warning: the snapshot lacks {lacking}, planned as if they held nothing")
    return session.checked(made, lambda: session.selected().desired)


async def make_plan(  # noqa: PLR0913  one parameter a part of what is planned
    desired: Desired,
    reader: Reader,
    run: Run,
    *,
    chosen: Chosen = ALL,
    since: Desired | None = None,
    base: Revision | None = None,
) -> Plan:
    """
    Read what is declared from the account and decide; raises `InputError` for an option that names nothing.

    `since` is what was declared at the revision that `chosen` names. With what was declared at a `base` revision,
    changes are planned with their causes.
    """
    selection = choose(desired, chosen, run.shard, since)

    def of_earlier(earlier: Desired) -> Desired:
        from reconciler.core.plan.earlier import counterpart  # noqa: PLC0415  most plans compare no revisions

        return counterpart(earlier, declared=desired, selection=selection, chosen=chosen, shard=run.shard, since=since)

    before = base_of(of_earlier(base.desired), base.ref) if base else None
    for earlier in (since, base.desired if base else None):
        if run.users and earlier:
            run.users.read_changed_since(selection.desired, earlier)
    observed = await observe_distinct(selection.desired, reader, run, declared=desired)
    origin = _origin_of(desired, run, shards_of(desired, run.shard), chosen)
    plan = build_plan(
        selection.desired,
        observed,
        origin=origin,
        left_out=selection.left_out,
        elsewhere=selection.elsewhere,
        base=before,
        declared=desired,
    )
    if since and not base:  # with a base, what is live of these is `retained`
        gone = undeclared_notices(of_earlier(since), desired)
        plan = replace(plan, notices=in_order((*plan.notices, *gone)))
    return _with_cost(plan, run)


async def plan_again(desired: Desired, saved: PlanDocument, reader: Reader, run: Run) -> Plan:
    """
    Read again what a saved plan touches, and nothing else, and plan that.

    Raises `RefusedError` where the plan is not for these specs, this account or this key.
    """
    from reconciler.core.documents.review import refusals  # noqa: PLC0415  only saved plans are reviewed

    here = _origin_of(desired, run, saved.shards, saved.chosen or ALL)
    reasons = refusals(saved, here, run.masker)
    if reasons:
        cure = "make a new one with `reconciler plan --out FILE`"
        raise RefusedError(f"this plan cannot be applied: {'; '.join(reasons)}; {cure}")
    if run.users:
        run.users.read_planned(saved)
    touched = restrict(desired, {memory_of(entry.address) for entry in saved.operations})
    observed = await observe_distinct(touched, reader, run, declared=desired)
    return _with_cost(build_plan(touched, observed, origin=here, left_out=0, declared=desired), run)


async def observe_distinct(desired: Desired, reader: Reader, run: Run, *, declared: Desired | None = None) -> Observed:
    """
    Read what is desired; raises `ApiError`, and `SpecError`.

    Declarations are wrong where two are one contact or one memory, or where the account lacks the calls they take.

    `declared` is all that is declared, where `desired` is a part of it.
    """
    try:
        observed = await observe(reader, desired, run.observing)
    finally:
        if run.users:  # those that were read before an error need not be read again
            run.users.keep()
    whole = declared or desired
    problems = (*same_contact_problems(whole, observed), *same_memory_problems(whole, observed))
    if not problems and run.observing.choice != "context":
        problems = await _without_calls(desired, observed, reader)
    if problems:
        error = SpecError(problems)
        error.is_of_account = True
        raise error
    return observed


async def _without_calls(desired: Desired, observed: Observed, reader: Reader) -> tuple[Problem, ...]:
    """
    Return the contacts that take the contacts calls, where the account has none of them.

    It is sure once there is neither a listing nor a look-up. A key that may not do these may still create.
    """
    needing = [one for one in desired.contacts if _takes_calls(one, observed.contacts[one.address])]
    if not needing or not desired.memories:  # else nothing has shown that the URL is right
        return ()
    before = reader.requests_sent
    try:
        await reader.read_contact(needing[0].identity)
    except RouteAbsentError as error:
        if error.status != HTTPStatus.FORBIDDEN and reader.requests_sent > before:  # a snapshot sends none
            return tuple(one.source.problem(one.address, NO_CONTACTS_CALLS, BY_CONTACT_ID) for one in needing)
    return ()


def _takes_calls(contact: Contact, seen: ObservedContact) -> bool:
    """Return whether nothing of a contact could be seen that its declaration is about."""
    match seen:
        case UnreadableContact():
            return True
        case FoundContact(profile=None):
            return bool(contact.profile)
        case _:
            return False


def _ignore(_memories: int, _requests: int) -> None:
    """Note nothing of what reading a snapshot takes: no request is sent."""


def _revision(session: Session, base: str | None) -> Revision | None:
    """Load the specs of the base; where they cannot be used, warn and plan without causes."""
    if base is None:
        return None
    from reconciler.git import UntrustedError  # noqa: PLC0415  only `--base` needs git
    from reconciler.workflow.revisions import UnusableError, declared_at  # noqa: PLC0415

    project, environment, note = session.project, session.account.environment, session.reporter.note
    try:
        asked = f"--base {base}"
        desired = declared_at(project, environment, base, session.environ, shard=session.shard, asked=asked)
        return Revision(base, desired)
    except UntrustedError as error:
        note(f"warning: no causes are shown: {visible(str(error))}")
    except UnusableError as error:
        note(f"warning: the specs at {base} cannot be used, so no causes are shown: {error}")
    return None


def _origin_of(desired: Desired, run: Run, shards: Shards | None, chosen: Chosen) -> PlanOrigin:
    """Return what a plan of these declarations is for, and when it is made."""
    digest = specs_digest(desired, run.masker.digest)
    when = time_text(run.clock.now())
    return PlanOrigin(run.environment, run.api, digest, when, run.snapshot_taken_at, shards, chosen)


def _with_cost(plan: Plan, run: Run) -> Plan:
    """Return a plan with the time that its apply has to wait."""
    met = run.allowance()
    foreseen = foresee(plan, met)
    return replace(
        plan,
        seconds_at_rate_limit=foreseen.seconds,
        is_rate_shared=met.is_shared,
        looks=foreseen.looks,
        contact_looks=foreseen.contact_looks,
    )
