"""Numbers, values and sentences as text, for several formats; the words in which a plan and a diff differ."""

import json
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from reconciler.core.model.address import is_name
from reconciler.core.model.masking import Masked, Mixed
from reconciler.core.model.selection import Chosen, Shards
from reconciler.core.model.text import duration, quoted, shortened, visible
from reconciler.core.model.value import InexactNumber
from reconciler.errors import WEAK_KEY, WRONG_KEY

if TYPE_CHECKING:  # a plan shows no receipt, and what only loads specs no plan
    from reconciler.core.documents.plan import CostEntry, PlanDocument
    from reconciler.core.documents.receipt import AlteredEntry, OutcomeEntry, ReceiptDocument
    from reconciler.core.plan.measures import SummaryEntry

_LONGEST_VALUE = 160
_LEAD = 24
_MOST_SHARDS = 20
_MOST_NAMES = 3
_MOST_OPTIONS = 10
NOT_CERTAIN = (
    "The account cannot show whether these are needed. Apply does them, and what is already as declared stays as it is."
)
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def counted(number: int, singular: str, plural: str = "") -> str:
    """Return `1 fact`, `2,988 facts`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def memories(number: int) -> str:
    """Return `1 memory`, `40 memories`."""
    return counted(number, "memory", "memories")


def pending(summary: "SummaryEntry", totals: Sequence[str]) -> list[str]:
    """Return the totals of a plan that are not 0 as text: `facts_to_add` as `2 facts to add`."""
    parts: list[str] = []
    for name in totals:
        number: int = getattr(summary, name)
        plural, _, verb = name.partition("_to_")
        singular = "memory" if plural == "memories" else plural.removesuffix("s")
        if number:
            parts.append(f"{counted(number, singular, plural)} to {verb}")
    return parts


def advice(receipt: "ReceiptDocument") -> list[str]:
    """Return what to do about an incomplete apply; empty where it is complete."""
    changed = sum(outcome.changed_since_plan for outcome in receipt.outcomes)
    totals = receipt.totals
    allowed, refused_by = (list(filter(is_name, names)) for names in (receipt.allowed, receipt.refused_by))
    sentences = [f"Broken, and allowed for this run: {listed(allowed)}."] if allowed else []
    if refused_by:
        names = listed(refused_by)
        sentences.append(
            f"Runs refused by {names} wrote nothing." if receipt.runs else f"Refused by {names}: nothing was written."
        )
    sentences += ["What changed since the plan needs a new plan: make one, and review it."] if changed else []
    altered = sum(bool(outcome.altered) for outcome in receipt.outcomes)
    if altered:
        sentences.append(
            "The account changes what it is sent: declare it as the account keeps it, since another run will not help."
        )
    if receipt.resolved:
        sentences.append(
            "Resolved: a later run looked at what this one left open; what it found in the account counts as done."
        )
    elif receipt.refused_by:
        sentences.append("Look at the plan; where it is right, raise what refuses it for one run.")
    elif totals.failed > altered or totals.unknown or totals.skipped > changed:
        sentences.append(f"{_cure_of_key(receipt)} to finish: what is done is not done twice.")
    return sentences


def _cure_of_key(receipt: "ReceiptDocument") -> str:
    """Return `Run apply again`, with the key to use where nothing failed but that the API refused it."""
    failed = [outcome.detail for outcome in receipt.outcomes if outcome.outcome == "failed"]
    if failed and all(WEAK_KEY in detail for detail in failed):
        return "Use a key whose organisation role is admin, owner or operator, and run apply again"
    if failed and all(WRONG_KEY in detail for detail in failed):
        return "Use a key that the API accepts, and run apply again"
    return "Run apply again"


def detail_of(outcome: "OutcomeEntry") -> str:
    """Return the reason for an outcome, with the values that came back otherwise than they were sent."""
    came_back = [f"{quoted(item.key)} {_came_back(item)}" for item in outcome.altered]
    return f"{outcome.detail}: {', '.join(came_back)}" if came_back else outcome.detail


def _came_back(item: "AlteredEntry") -> str:
    return "did not come back" if item.missing else f"came back as {shown(item.came_back)}"


def age(then: str, now: str) -> str:
    """Return ` (3 hours before)` for two ISO 8601 times; empty for any other text."""
    try:
        seconds = (datetime.fromisoformat(now) - datetime.fromisoformat(then)).total_seconds()
    except (TypeError, ValueError):
        return ""
    unit, length = next((unit for unit in _UNITS if seconds >= unit[1]), _UNITS[-1])
    return f" ({counted(max(0, int(seconds // length)), unit)} before)"


def cost(of: "CostEntry") -> str:
    """Return `2 requests to read, 3 to write, about 15 min at the rate limit`."""
    requests = f"{counted(of.requests_read, 'request')} to read, {of.requests_to_write:,} to write"
    return f"{requests}{waits(of)}"


def waits(of: "CostEntry") -> str:
    """Return `, about 15 min at the rate limit`; empty where nothing waits for it."""
    if not of.seconds_at_rate_limit:
        return ""
    takes = duration(of.seconds_at_rate_limit)
    if of.is_rate_shared:
        return f", at least {takes} at the rate limit, which other runs share"
    return f", about {takes} at the rate limit"


def commit_text(commit: str | None, *, dirty: bool | None, digits: int = 10) -> str:
    """Return the start of a commit's id, with `+` where the specs had changes that it lacks; `-` for None."""
    return f"{visible(commit[:digits])}{'+' if dirty else ''}" if commit else "-"


def who_ran(receipt: "ReceiptDocument", mark: Callable[[str], str] = visible, *, with_host: bool) -> str:
    """
    Return `Run by octocat at 3f2a9c1d0b`, `3 runs by octocat`; empty where nothing is known. `mark` writes names.

    The name of a machine is for those who have the receipt, and not for the readers of a pull request.
    """
    runs = receipt.every_run
    commits = (commit_text(run.commit, dirty=run.dirty) for run in runs if run.commit)
    parts = [
        *_among("by", (run.actor for run in runs), mark),
        *_among("on", (run.host for run in runs if with_host and not run.ci_url), mark),
        *_among("at", commits, mark),
    ]
    what = "Run" if len(runs) == 1 else f"{len(runs):,} runs"
    return " ".join([what, *parts]) if parts else ""


def _among(word: str, names: Iterable[str | None], mark: Callable[[str], str]) -> Iterator[str]:
    """Yield the different names behind a word, if there are any."""
    found = list(dict.fromkeys(filter(None, names)))
    if found:
        yield f"{word} {listed([*map(mark, found[:_MOST_NAMES]), *rest_of(found, _MOST_NAMES)])}"


def shards_sentence(shards: Shards) -> str:
    """Return a sentence about the shards that a document covers, and those that are missing."""

    def names(indexes: Sequence[int]) -> str:
        return listed([f"{index}/{shards.count}" for index in indexes[:_MOST_SHARDS]] + rest_of(indexes, _MOST_SHARDS))

    if len(shards.present) == 1:
        return f"This is shard {names(shards.present)} alone."
    return f"This is of the shards {names(shards.present)}; {names(shards.missing)} missing."


def chosen_sentence(chosen: Chosen, mark: Callable[[str], str]) -> str:
    """Return a sentence about the options that left out a part; `mark` writes each of them."""
    options = [mark(f"{option} {shlex.quote(text)}") for option, text in chosen.options]
    return f"Only a part was chosen: {listed([*options[:_MOST_OPTIONS], *rest_of(options, _MOST_OPTIONS)])}."


def rest_of(items: Sequence[object], most: int) -> list[str]:
    """Return `3 more`, the end of a list that shows at most so many items; empty where it shows all."""
    return [f"{len(items) - most:,} more"] if len(items) > most else []


def listed(parts: list[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def shown(value: Mixed, limit: int = _LONGEST_VALUE, *, digests: bool = False) -> str:
    """Return a value as one line of JSON in which every character prints, with masked values in words."""
    return shortened(whole(_start(value, limit), digests=digests), limit)


def _start(value: Mixed, most: int) -> Mixed:
    """Return a shorter value with the same first characters; making all of them visible takes long."""
    match value:
        case str():
            return value[:most]
        case Masked() | None | int() | float():
            return value
        case Mapping():
            return {key: _start(item, most) for key, item in value.items()}
        case _:
            return [_start(item, most) for item in value[:most]]


def shown_change(before: Mixed, after: Mixed) -> tuple[str, str]:
    """Return two values as `shown` does; long ones begin shortly before the place where they differ."""
    if isinstance(before, Masked):
        return shown(before), shown(after)
    texts = whole(before), whole(after)
    common = next((at for at, (left, right) in enumerate(zip(*texts, strict=False)) if left != right), 0)
    start = common - _LEAD if common > _LONGEST_VALUE - 2 * _LEAD else 0
    left, right = (shortened(f"…{text[start:]}" if start else text, _LONGEST_VALUE) for text in texts)
    return left, right


def masked_text(value: Masked, *, digests: bool = False) -> str:
    """Return the text for a masked value, with its digest where that is wanted: `(live text, 9-32 characters)`."""
    digest = visible(value.masked) if digests else ""
    return f"({', '.join(filter(None, [f'{value.origin} {value.kind}', _length(value), digest]))})"


def _length(value: Masked) -> str:
    unit = "characters" if value.kind == "text" else "entries"
    match value.length:
        case None | "empty":
            return value.length or ""
        case length:
            return f"{length} {unit}"


def whole(value: Mixed, *, digests: bool = False) -> str:
    """Return a value as JSON, with masked values in words."""
    match value:
        case Masked():
            return masked_text(value, digests=digests)
        case InexactNumber():
            return value.text
        case None | str() | int() | float():
            return visible(json.dumps(value, ensure_ascii=False))
        case Mapping():
            entries = (f"{quoted(key)}: {whole(value[key], digests=digests)}" for key in sorted(value))
            return "{" + ", ".join(entries) + "}"
        case _:
            return "[" + ", ".join(whole(item, digests=digests) for item in value) + "]"


def columns_of(text: str) -> int:
    """Return how many columns a line takes on a terminal, where a wide character takes two and a combining one none."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth  # noqa: PLC0415  it takes as long as all else, and most plans are ASCII

    width = wcswidth(text)
    return len(text) if width < 0 else width


def fitting(text: str, width: int) -> str:
    """Return the text, cut to a width in columns with an ellipsis as its end."""
    while columns_of(text) > width:
        text = f"{text.removesuffix('…')[:-1]}…"
    return text


def padded(text: str, width: int) -> str:
    """Return the text with spaces behind it, as many as it lacks to a width in columns."""
    return text + " " * (width - columns_of(text))


class PlanWords(Struct, frozen=True):
    """
    What a document is called, and what its parts mean.

    `title` and `nothing` begin the headline. `uncertain` explains operations that are not certain, `doubt` marks each
    of them, and `base` is the sentence about the revision. `case` says what a test case with changes comes to.
    """

    title: str
    nothing: str
    uncertain: str
    doubt: str
    base: str
    cost: str
    case: str
    command: str
    is_diff: bool = False


def words_of(plan: "PlanDocument", mark: Callable[[str], str] = visible) -> PlanWords:
    """Return the words for a plan or a diff; `mark` writes names."""
    return _of_diff(plan, mark) if plan.kind == "diff" else _of_plan(plan, mark)


def _of_plan(plan: "PlanDocument", mark: Callable[[str], str]) -> PlanWords:
    name = mark(plan.environment)
    account = name if plan.environment == plan.api else f"{name} ({mark(plan.api)})"
    return PlanWords(
        title=f"Plan for {account}",
        nothing=f"No changes for {account}",
        uncertain=NOT_CERTAIN,
        doubt="not certain",
        base=f"Causes are seen from the specs at {mark(plan.base or '')}.",
        cost=f"Cost: {cost(plan.cost)}.",
        case="pending",
        command="plan",
    )


def _of_diff(plan: "PlanDocument", mark: Callable[[str], str]) -> PlanWords:
    name, ref = mark(plan.environment), mark(plan.base or "")
    return PlanWords(
        title=f"Diff of {name} since {ref}",
        nothing=f"{'Nothing to add or update' if plan.notices else 'No differences'} in {name} since {ref}",
        uncertain="Other values of seeded facts are written only where the account lacks them.",
        doubt="only where missing",
        base="This compares the specs alone: no account was read.",
        cost="",
        case="declared differently",
        command="diff",
        is_diff=True,
    )
