"""Keys of facts: deprecated, unused, due for a review, or one slip away from another."""

from collections.abc import Iterator, Sequence
from datetime import date

from reconciler.core.documents.explanation import Advice
from reconciler.core.model.address import keyed_address
from reconciler.core.model.catalogue import Catalogue, FactKey
from reconciler.core.model.nearest import looks, near_keys, told_apart, twins
from reconciler.linting.mentions import Mention, Mentions
from reconciler.linting.saying import advice


def fact_key_advice(catalogue: Catalogue, mentions: Mentions, today: date) -> Iterator[Advice]:
    """Compare the catalogue with the facts that there are, and with the calendar."""
    for key in catalogue.values():
        found = mentions.facts.get(key.name, ())
        address = keyed_address("fact_keys", key.name)
        if key.deprecated:
            yield from _deprecated(key, found)
        elif not found:
            message, cure = "no fact has this key", "remove it, or leave it for facts to come"
            yield advice("unused_fact_key", key.source, address, message, cure)
        if found and key.review_by is not None and today > date.fromisoformat(key.review_by):
            places = "one place" if len(found) == 1 else f"{len(found):,} places"
            message = f"its facts, in {places}, were to be reviewed by {key.review_by}"
            yield advice("review_due", key.source, address, message, "look at them again, and write the next day")


def near_duplicate_advice(mentions: Mentions) -> Iterator[Advice]:
    """Doubt the rarer one of two keys of which one looks like a slip."""
    counts = {key: len(found) for key, found in mentions.facts.items()}
    for key, others in near_keys(counts, counts).items():
        better = [other for other in others if (-counts[other], other) < (-counts[key], key)]
        for mention in mentions.facts[key] if better else ():
            told, *names = told_apart([key, *sorted(better)])
            is_twin = all(looks(key) == looks(other) for other in better)
            doubt = f"this key, {told}, looks the same as" if is_twin else "this key is one slip away from"
            message = f"{doubt} {' and '.join(names)}"
            cure = "write one of them everywhere, or declare both under fact_keys"
            yield advice("near_duplicate", mention.source, mention.address, message, cure)


def twin_advice(catalogue: Catalogue) -> Iterator[Advice]:
    """Doubt the later one of two declared keys that look the same."""
    alike = twins(catalogue, catalogue)
    for name in sorted(alike):
        told, *others = told_apart([name, *sorted(alike[name])])
        if name > min(alike[name]):
            address = keyed_address("fact_keys", name)
            message = f"this key, {told}, looks the same as {' and '.join(others)}"
            yield advice("near_duplicate", catalogue[name].source, address, message, "keep one of them")


def _deprecated(key: FactKey, found: Sequence[Mention]) -> Iterator[Advice]:
    for mention in found:
        yield advice("deprecated_key", mention.source, mention.address, "this key is deprecated", key.deprecated)
