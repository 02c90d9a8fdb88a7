"""What is worth a note about a plan, in words: the one home of these sentences, for all formats."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import assert_never

from reconciler.core.documents.plan import NoticeEntry, PlanDocument
from reconciler.core.model.masking import Masked, Text
from reconciler.core.model.nearest import twins
from reconciler.core.model.text import quoted, shortened, visible
from reconciler.core.plan.guards import ExceededGuard
from reconciler.render.words import age, counted, listed, masked_text, shards_sentence

_LONGEST_KEY = 80
_MOST_KEYS = 20
_SENTENCES: Mapping[str, tuple[str, str, str]] = {
    "unmanaged": ("live fact", "", "no spec names {what}{place}: left alone"),
    "retained": ("key or user", "keys or users", "the specs no longer name {what}{place}: they stay live"),
    "unverifiable": ("contact or user", "contacts or users", "{what}{place} cannot be looked up"),
    "unknown_contact": (
        "memory",
        "memories",
        "the account does not show the contact of {what}{place}; the API decides",
    ),
    "ambiguous_contact": (
        "contact",
        "",
        "the account holds {what} alike, of which one is declared{place}: none is taken for it, and none is added",
    ),
    "ambiguous_user": (
        "user",
        "",
        "the account holds {what} alike, of which one is declared{place}: none is taken for it, and none is added",
    ),
    "ambiguous_memory": (
        "memory",
        "memories",
        "the account holds {what} for one contact and scope{place}: nothing is planned for them",
    ),
    "near_duplicate": (
        "new key",
        "",
        "check {what}{place}: one typo away from a known one, and a key once written stays",
    ),
    "unconfirmed_key": (
        "user",
        "",
        "the account does not show the declared external_memory_key of {what}{place}: only adding a user sets it",
    ),
    "not_read": ("memory", "memories", "{what} not read, because of --target"),
    "other_shard": ("memory", "memories", "{what} in other shards not read, because of --shard"),
}
"""What is counted, one and many, and what is said of it."""
_OTHER = ("notice", "", "{what} of this kind{place}")
_WITHOUT_A_NUMBER: Mapping[str, str] = {
    "unknown_contact": "the account does not show the contact{place}; the API decides",
}
"""What is said where there is nothing to count: a contact without a memory can be unknown, too."""


def by_kind(notices: Sequence[NoticeEntry]) -> dict[str, list[NoticeEntry]]:
    """Put notices of a kind together, in the order in which the kinds come first."""
    found: dict[str, list[NoticeEntry]] = defaultdict(list)
    for notice in notices:
        found[notice.type].append(notice)
    return dict(found)


def notice_sentence(kind: str, count: int, where: str = "") -> str:
    """Return what a notice means, without a full stop; `where` names the place or the number of places."""
    singular, plural, sentence = _SENTENCES.get(kind, _OTHER)
    if not count:
        sentence = _WITHOUT_A_NUMBER.get(kind, sentence)
    return sentence.format(what=counted(count, singular, plural), place=f" in {where}" if where else "")


def keys_of(notice: NoticeEntry) -> str:
    """Name the keys of a notice, the first of them where there are many; empty without any."""
    if notice.type == "near_duplicate" and len(notice.keys) > 1:
        new, *others = map(_key, _told_apart(notice.keys[:_MOST_KEYS]))
        return f"{new} beside {listed(others)}"
    names = [_key(key) for key in notice.keys[:_MOST_KEYS]]
    if rest := len(notice.keys) - _MOST_KEYS:
        names += [f"{rest:,} more"] if rest > 0 else []
    return listed(names) if names else ""


def view_sentences(plan: PlanDocument, mark: Callable[[str], str] = visible) -> list[str]:
    """Return which guards refuse the plan, and what it was made from besides the account; `mark` writes text."""
    sentences = [f"Apply refuses this: {guard_sentence(guard, mark)}." for guard in plan.guards]
    if plan.snapshot_taken_at is not None:
        when = age(plan.snapshot_taken_at, plan.created_at)
        sentences.append(f"Read from a snapshot of {mark(plan.snapshot_taken_at)}{when}, not from the account.")
    if plan.base is not None:
        sentences.append(f"Causes are seen from the specs at {mark(plan.base)}.")
    if plan.shards is not None:
        sentences.append(shards_sentence(plan.shards))
    return sentences


def guard_sentence(guard: ExceededGuard, mark: Callable[[str], str] = visible) -> str:
    """Return how a guard is exceeded, without a full stop."""
    match guard.name:
        case "max_changes":
            return f"{counted(int(guard.value), 'change')}, and {guard.name} is {guard.limit:,.0f}"
        case "max_update_share":
            share = f"{100 * guard.value:.4g} % of the live enforced facts would be overwritten"
            return f"{share}, and {guard.name} is {guard.limit:.4g}"
        case "max_new_keys":
            keys = [mark(_key(key)) for key in guard.keys[:_MOST_KEYS]]
            keys += [f"{rest:,} more"] if (rest := len(guard.keys) - _MOST_KEYS) > 0 else []
            number = counted(int(guard.value), "key that no memory has", "keys that no memory has")
            return f"{number}{f' ({listed(keys)})' if keys else ''}, and {guard.name} is {guard.limit:,.0f}"
        case _:
            assert_never(guard.name)


def _told_apart(keys: Sequence[Text]) -> list[Text]:
    """Return keys with those that look like another one of them as ASCII escapes."""
    texts = [key for key in keys if isinstance(key, str)]
    alike = twins(texts, texts)
    return [json.dumps(key)[1:-1] if key in alike else key for key in keys]


def _key(key: Text) -> str:
    if isinstance(key, Masked):
        return masked_text(key)
    is_plain = key.isprintable() and key and not set(key) & set(" ,")
    return shortened(key if is_plain else quoted(key), _LONGEST_KEY)
