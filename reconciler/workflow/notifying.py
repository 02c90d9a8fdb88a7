"""
Tells the people of an environment what came of a run, by the URL that `notify` names.

A notification that does not arrive is one warning. It raises nothing, and changes no exit code.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from reconciler.clock import time_text, utc_now
from reconciler.concurrency import run_in_loop
from reconciler.core.documents.notification import NotificationDocument
from reconciler.core.documents.plan import FORMAT_VERSION
from reconciler.core.model.masking import SHORTEST_SECRET, worded_error
from reconciler.core.model.settings import Notify, NotifyEvent
from reconciler.core.model.text import visible
from reconciler.core.plan.measures import PENDING, SummaryEntry, summary_of
from reconciler.core.plan.operations import Plan
from reconciler.core.plan.receipt import Receipt
from reconciler.errors import ReconcilerError, RefusedError, cause_of, lack_of
from reconciler.project import Environment
from reconciler.render.notification import (
    body_for,
    first_of,
    outcome_counts,
    ran_by,
    sentence_of,
    shortened_errors,
    with_details,
)
from reconciler.render.words import pending
from reconciler.workflow.loading import choose_environment, choose_project
from reconciler.workflow.options import RunOptions
from reconciler.workflow.run import Surroundings
from reconciler.workflow.run_record import caller_of, commit_at

_ERROR, _CHANGES_PENDING, _INCOMPLETE, _DEFECT, _INTERRUPTED = 1, 2, 3, 70, 130


Place: TypeAlias = tuple[Environment, Path]
"""An environment, and the root of its project."""


class News(Struct, frozen=True):
    """Something to tell of a run; `is_over` where it is the end of what was told before."""

    event: NotifyEvent
    is_over: bool = False
    exit_code: int | None = None
    planned: SummaryEntry | None = None
    outcomes: Mapping[str, int] | None = None
    errors: Sequence[str] = ()
    commit: str | None = None


class Ended(Struct):
    """What a command found and did until its end; without a `place`, it did not come so far."""

    place: Place | None = None
    plan: Plan | None = None
    receipt: Receipt | None = None


@contextmanager
def notifying(
    command: str, options: RunOptions | None, around: Surroundings, *, of_errors: bool = True
) -> Iterator[Ended]:
    """
    Notify of what the block came to, with errors where that is wanted.

    The `options` name the environment of a block that ends before it knows its place; without them, nobody hears of it.
    """
    ended = Ended()
    try:
        yield ended
    except Exception as error:
        if of_errors:
            _tell_of(ended, command, options, around, error)
        raise
    _tell_of(ended, command, options, around)


def is_look_for_drift(environ: Mapping[str, str]) -> bool:
    """Return whether a plan is made for its own sake: CI makes those of a push or a request to merge for a review."""
    event = environ.get("GITHUB_EVENT_NAME", "")
    is_review = event == "push" or event.startswith("pull_request")
    return not is_review and environ.get("CI_PIPELINE_SOURCE") not in {"push", "merge_request_event"}


async def tell(news: News, place: Place, command: str, around: Surroundings) -> bool:
    """Notify of one thing where `notify` asks for it; return whether nothing is left to tell."""
    environment, root = place
    notify = environment.notify
    if notify is None or news.event not in notify.on:
        return True
    try:
        news = replace(news, commit=news.commit or commit_at(root))
        failure = await _sent(news, notify, environment.name, command, around)
    except Exception as error:  # noqa: BLE001  a run is what it is, whether somebody hears of it or not
        failure = cause_of(error)
    if failure:
        around.reporter.note(f"warning: nobody was notified ({news.event}): {failure}")
    return not failure


def _tell_of(
    ended: Ended, command: str, options: RunOptions | None, around: Surroundings, error: Exception | None = None
) -> None:
    place = ended.place or (_place_of(options, around) if options else None)
    if place is None or place[0].notify is None:
        return
    for news in _news_of(ended, error):
        try:
            run_in_loop(tell(news, place, command, around))
        except KeyboardInterrupt:
            around.reporter.note(f"warning: nobody was notified ({news.event}): it was interrupted")
            return


def _place_of(options: RunOptions, around: Surroundings) -> Place | None:
    """Return the environment that the options name, and where it is; the run itself told what is wrong with it."""
    with suppress(Exception):
        project = choose_project(options, around)
        return choose_environment(project, options), project.root
    return None


def _news_of(ended: Ended, error: Exception | None) -> Iterator[News]:
    """Yield the one event that a command came to, if it is worth telling; of a plan, with its counts."""
    planned = summary_of(ended.plan) if ended.plan else None
    if error is not None:
        yield replace(_news_of_error(error), planned=planned)
    elif ended.plan and ended.plan.has_changes:
        yield News("drift", exit_code=_CHANGES_PENDING, planned=planned)
    elif ended.receipt and ended.receipt.outcomes:
        receipt = ended.receipt
        code = 0 if receipt.is_complete else _INTERRUPTED if receipt.interrupted else _INCOMPLETE
        commit = receipt.run.commit if receipt.run else None
        yield News("failed" if code else "applied", exit_code=code, outcomes=receipt.totals, commit=commit)


def _news_of_error(error: Exception) -> News:
    """Return what to tell of an error; of one that is no error of ours, its text might hold values."""
    if isinstance(error, ReconcilerError):
        event: NotifyEvent = "refused" if isinstance(error, RefusedError) else "failed"
        errors = worded_error(error, reveal=False).splitlines()
        return News(event, exit_code=error.exit_code, errors=errors)
    if told := lack_of(error) or (error.strerror if isinstance(error, OSError) else ""):
        return News("failed", exit_code=_ERROR, errors=[told])
    return News("failed", exit_code=_DEFECT, errors=[cause_of(error)])


async def _sent(news: News, notify: Notify, environment: str, command: str, around: Surroundings) -> str:
    """Send one notification; return why it did not arrive, without the URL, and empty where it did."""
    from reconciler.api.webhook import URL_EXPECTED, host_of, post  # noqa: PLC0415  most runs tell nobody

    url = around.environ.get(notify.url_env, "")
    if not url:
        return f"the environment variable {notify.url_env} is not set"
    if len(url.strip().partition("://")[2]) >= SHORTEST_SECRET or "://" not in url:  # a scheme alone is no secret
        around.reporter.key(url)
    if not (host := host_of(url)):
        return f"{notify.url_env} holds no usable URL; write {URL_EXPECTED}"
    document = _document(news, environment, command, around)
    failure = await post(url, body_for(host, document), around.environ)
    return f"{notify.url_env} holds a URL, but {failure}" if failure else ""


def _document(news: News, environment: str, command: str, around: Surroundings) -> NotificationDocument:
    every = [around.reporter.leaving(visible(error)) for error in news.errors]
    errors = shortened_errors(every)
    planned = news.planned.pending if news.planned else None
    counts = pending(news.planned, PENDING) if news.planned else outcome_counts(news.outcomes or {})
    details = first_of(errors, len(every)) or ", ".join(counts)
    actor, ci_url = caller_of(around.environ)
    said: dict[str, Any] = {"is_over": news.is_over, "command": command, "environment": environment}
    return NotificationDocument(
        format_version=FORMAT_VERSION,
        kind="notification",
        event=news.event,
        **said,
        at=time_text(utc_now()),
        exit_code=news.exit_code,
        planned=planned,
        outcomes=news.outcomes,
        errors=errors,
        errors_in_all=len(every),
        actor=actor,
        commit=news.commit,
        ci_url=ci_url,
        text=with_details(sentence_of(news.event, **said), details, ran_by(actor, news.commit, ci_url)),
    )
