"""The notices of a plan in words: all formats take these sentences from here."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import assert_never

from msgspec import Struct

from reconciler.core.documents.plan import NoticeEntry, PlanDocument, RuleEntry, RulePlaceEntry
from reconciler.core.model.masking import Masked, Text
from reconciler.core.model.nearest import twins
from reconciler.core.model.settings import ExceededGuard
from reconciler.core.model.text import quoted, shortened, visible
from reconciler.render.words import (
    age,
    chosen_sentence,
    counted,
    listed,
    masked_text,
    rest_of,
    shards_sentence,
    words_of,
)

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
    "undeclared": (
        "contact or memory",
        "contacts or memories",
        "the specs no longer declare {what}{place}: nothing is deleted",
    ),
    "now_enforced": (
        "fact",
        "",
        "{what}{place} changed from seeded to enforced: other live values will be overwritten",
    ),
    "now_seeded": ("fact", "", "{what}{place} changed from enforced to seeded: live values will stay"),
    "key_changed": (
        "user",
        "",
        "another external_memory_key is declared for {what}{place}: only adding a user sets it",
    ),
    "remembered": (
        "user",
        "",
        "{what} not read again: the account showed them as declared{since}; --refresh reads them",
    ),
    "not_read": ("memory", "memories", "{what} not chosen, so not read"),
    "other_shard": (
        "memory",
        "memories",
        "{what} in other shards neither read nor checked, because of --shard; `reconciler validate` checks all specs",
    ),
}
"""By type of notice: what is counted, one and many, and the sentence about it."""
_RULES: Mapping[str, str] = {
    "rule": "the rule {rule} warns{place}: {message}",
    "rule_not_judged": "the rule {rule} is not judged{place}: it reads a secret, or a value that only its digest shows",
}
_OTHER = ("notice", "", "{what} of this kind{place}")
_WITHOUT_A_NUMBER: Mapping[str, str] = {
    "unknown_contact": "the account does not show the contact{place}; the API decides",
}
"""The sentence where there is nothing to count: a contact without a memory can be unknown, too."""


class NoticeGroup(Struct, frozen=True):
    """All notices of one kind; `sentence` is about all of them, without a full stop."""

    kind: str
    sentence: str
    notices: tuple[NoticeEntry, ...]

    @property
    def heading(self) -> str:
        """Return the sentence with a capital letter."""
        return f"{self.sentence[:1].upper()}{self.sentence[1:]}"

    @property
    def with_keys(self) -> list[NoticeEntry]:
        """Return the notices that name keys."""
        return [notice for notice in self.notices if notice.keys]


def notice_groups(notices: Iterable[NoticeEntry], mark: Callable[[str], str] | None = visible) -> list[NoticeGroup]:
    """Group notices by kind, in the order in which kinds come first; without `mark`, sentences name no place."""
    found: dict[tuple[str, str, str], list[NoticeEntry]] = defaultdict(list)
    for notice in notices:
        found[notice.type, notice.rule, notice.message].append(notice)
    groups = []
    for (kind, rule, _), alike in found.items():
        places = sum(notice.count for notice in alike) if rule else len(alike)
        place = "" if mark is None else mark(alike[0].address) if places == 1 else counted(places, "place")
        sentence = notice_sentence(alike[0], sum(notice.count for notice in alike), place, mark or visible)
        groups.append(NoticeGroup(kind, sentence, tuple(alike)))
    return groups


def notice_sentence(notice: NoticeEntry, count: int, where: str = "", mark: Callable[[str], str] = visible) -> str:
    """Return what notices like one mean, without a full stop; `where` is the place, or the number of places."""
    kind = notice.type
    if kind in _RULES:
        place = f" in {where}" if where else ""
        return _RULES[kind].format(rule=mark(notice.rule), message=mark(notice.message), place=place)
    singular, plural, sentence = _SENTENCES.get(kind, _OTHER)
    if not count:
        sentence = _WITHOUT_A_NUMBER.get(kind, sentence)
    return sentence.format(
        what=counted(count, singular, plural),
        place=f" in {where}" if where else "",
        since=f" on {visible(notice.since.partition('T')[0])} or later" if notice.since else "",
    )


def keys_of(notice: NoticeEntry, *, digests: bool = False) -> str:
    """Return the keys of a notice as text, only the first ones of many; empty without any."""
    keys = notice.keys[:_MOST_KEYS]
    if notice.type == "near_duplicate" and len(keys) > 1:
        new, *others = (_key(key, digests=digests) for key in _distinguished(keys))
        return f"{new} beside {listed(others)}"
    names = [_key(key, digests=digests) for key in keys] + rest_of(notice.keys, _MOST_KEYS)
    return listed(names) if names else ""


def refusal_sentences(plan: PlanDocument, mark: Callable[[str], str] = visible) -> list[str]:
    """Return a sentence for each guard and each rule that refuses the plan; `mark` writes names."""
    refusing = [rule_sentence(rule, mark) for rule in plan.rules if not rule.allowed]
    return [f"Apply refuses this: {one}." for one in (*(guard_sentence(one, mark) for one in plan.guards), *refusing)]


def warning_sentences(plan: PlanDocument) -> list[str]:
    """Return a sentence for each rule that warns, for formats that show no other notices."""
    return [f"{group.heading}." for group in notice_groups(plan.notices) if group.kind == "rule"]


def view_sentences(plan: PlanDocument, mark: Callable[[str], str] = visible) -> list[str]:
    """Return sentences about what the whole plan was made from; `mark` writes names."""
    sentences: list[str] = []
    if plan.snapshot_taken_at is not None:
        when = age(plan.snapshot_taken_at, plan.created_at)
        sentences.append(f"Read from a snapshot of {mark(plan.snapshot_taken_at)}{when}, not from the account.")
    if plan.base is not None:
        sentences.append(words_of(plan, mark).base)
    if plan.shards is not None:
        sentences.append(shards_sentence(plan.shards))
    if plan.chosen is not None:
        sentences.append(chosen_sentence(plan.chosen, mark))
    sentences += [f"Allowed for this run: {rule_sentence(rule, mark)}." for rule in plan.rules if rule.allowed]
    return sentences


_MOST_RULE_PLACES = 3
_SUBJECTS = {"contact": ("contact", ""), "memory": ("memory", "memories"), "change": ("change", "")}


def rule_sentence(rule: RuleEntry, mark: Callable[[str], str] = visible) -> str:
    """Return what breaks a rule, and where, without a full stop; `mark` writes names."""
    by = counted(rule.count, *_SUBJECTS[rule.kind]) if rule.places else "the totals of this plan"
    shown = [_place_of(place, mark) for place in rule.places[:_MOST_RULE_PLACES]]
    rest = rule.count - len(shown)
    places = f"; {listed([*shown, *([f'{rest:,} more'] if rest else [])])}" if shown else ""
    at = mark(f"{rule.source.file}:{rule.source.line}")
    return f"the rule {mark(rule.name)} ({at}) is broken by {by}: {mark(rule.message)}{places}"


def _place_of(place: RulePlaceEntry, mark: Callable[[str], str]) -> str:
    at = f" at {mark(f'{place.source.file}:{place.source.line}')}" if place.source else ""
    return f"{mark(place.address)}{at}{f' ({mark(place.detail)})' if place.detail else ''}"


def guard_sentence(guard: ExceededGuard, mark: Callable[[str], str] = visible) -> str:
    """Return how a guard is exceeded, without a full stop."""
    match guard.name:
        case "max_changes":
            return f"{counted(int(guard.value), 'change')}, and {guard.name} is {guard.limit:,.0f}"
        case "max_update_share":
            share = f"{100 * guard.value:.4g} % of the live enforced facts would be overwritten"
            return f"{share}, and {guard.name} is {guard.limit:.4g}"
        case "max_new_keys":
            keys = [mark(_declared_key(key)) for key in guard.keys[:_MOST_KEYS]] + rest_of(guard.keys, _MOST_KEYS)
            number = counted(int(guard.value), "key that no memory has", "keys that no memory has")
            return f"{number}{f' ({listed(keys)})' if keys else ''}, and {guard.name} is {guard.limit:,.0f}"
        case _:
            assert_never(guard.name)


def _distinguished(keys: Sequence[Text]) -> list[Text]:
    """Return the keys; one that looks like another is written with ASCII escapes."""
    texts = [key for key in keys if isinstance(key, str)]
    alike = twins(texts, texts)
    return [json.dumps(key)[1:-1] if key in alike else key for key in keys]


def _key(key: Text, *, digests: bool) -> str:
    return masked_text(key, digests=digests) if isinstance(key, Masked) else _declared_key(key)


def _declared_key(key: str) -> str:
    is_plain = key.isprintable() and key and not set(key) & set(" ,")
    return shortened(key if is_plain else quoted(key), _LONGEST_KEY)
