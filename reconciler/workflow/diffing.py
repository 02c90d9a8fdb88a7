"""What the specs declare differently from a git revision: no account, no key, and no secret is needed."""

import secrets

from msgspec import Struct

from reconciler.clock import SYSTEM_CLOCK, time_text
from reconciler.core.model.catalogue import sensitive_keys
from reconciler.core.model.desired import Desired, specs_digest
from reconciler.core.model.masking import Masker
from reconciler.core.model.selection import select, shards_of
from reconciler.core.model.text import visible
from reconciler.core.plan.earlier import changed_addresses, counterpart
from reconciler.core.plan.operations import Plan, PlanOrigin
from reconciler.core.plan.revision import compare_revisions
from reconciler.errors import InputError
from reconciler.project import Environment, Project
from reconciler.specs.spec_files import ReadFiles
from reconciler.workflow.account import own_digest_key
from reconciler.workflow.loading import choose_environment, choose_project, load_environment, note_warnings, unmatched
from reconciler.workflow.options import RunOptions
from reconciler.workflow.revisions import UnusableError, declared_at, declared_since
from reconciler.workflow.run import Surroundings

_NO_DIFFERENCE = {"near_duplicate", "not_read", "other_shard"}
_KEY_BYTES = 32


class SpecsDiff(Struct, frozen=True):
    """
    What is declared differently from `ref`; `sensitive` are the keys that either side calls so.

    With `has_live_values`, either side declares values that came from an account, as an undo file does.
    """

    project: Project
    ref: str
    plan: Plan
    key: bytes
    sensitive: frozenset[str]
    has_live_values: bool

    @property
    def differs(self) -> bool:
        """Return whether anything is declared differently, also what an apply would not write."""
        return bool(self.plan.operations) or any(one.type not in _NO_DIFFERENCE for one in self.plan.notices)

    def masker(self, *, reveal: bool) -> Masker:
        """Return the masker: values are the repository's own, so those of sensitive keys are hidden, and live ones."""
        shown = () if self.has_live_values else ("*",)
        return Masker(self.key, reveal, shown, self.sensitive, self.has_live_values)


def diff_since(options: RunOptions, around: Surroundings, ref: str) -> SpecsDiff:
    """Compare the specs of an environment with those at a revision; raises `InputError` and `SpecError`."""
    project = choose_project(options, around)
    environment = choose_environment(project, options)
    choice, shard, known, note = options.chosen, options.shard, ReadFiles(), around.reporter.note
    loaded = load_environment(project, environment, shard=shard, known=known)
    note_warnings(loaded, around.reporter)
    try:
        before = declared_at(project, environment, ref, known=known, shard=shard, note=note)
    except UnusableError as error:
        raise InputError(f"the specs at {visible(ref)} cannot be used: {error}") from error
    now = loaded.desired
    earlier = declared_since(project, environment, options, None, known, note=note)
    key = own_digest_key(around) or secrets.token_bytes(_KEY_BYTES)
    sensitive = sensitive_keys(before.catalogue) | sensitive_keys(now.catalogue)
    chosen = select(now, choice, shard, changed=None if earlier is None else changed_addresses(earlier, now))
    unmatched_before = select(before, choice, shard).unmatched if chosen.unmatched else ()
    if nothing := [option for option in chosen.unmatched if option in unmatched_before]:
        raise unmatched(nothing[0], now)
    plan = compare_revisions(
        counterpart(before, now, chosen, choice, shard=shard, since=earlier),
        chosen.desired,
        ref=ref,
        origin=_origin(environment, Masker(key, reveal=False), options, now),
        left_out=chosen.left_out,
        elsewhere=chosen.elsewhere,
        declared=now,
    )
    return SpecsDiff(project, ref, plan, key, sensitive, before.live_values or now.live_values)


def _origin(environment: Environment, masker: Masker, options: RunOptions, now: Desired) -> PlanOrigin:
    return PlanOrigin(
        environment.name,
        environment.api or environment.name,
        specs_digest(now, masker.digest),
        time_text(SYSTEM_CLOCK.now()),
        shards=shards_of(now, options.shard),
        chosen=options.chosen,
    )
