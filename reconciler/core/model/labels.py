"""Conditions on labels, as `--label` writes them: `KEY=VALUE`, `KEY` alone, and `KEY!=VALUE`."""

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from reconciler.core.model.desired import LABEL_KEY, Contact
from reconciler.core.model.nearest import Nearest, did_you_mean, is_typo

_WRITTEN = re.compile(rf"({LABEL_KEY})(?:(!?=)(.*))?", re.DOTALL)


class LabelCondition(Struct, frozen=True):
    """What must hold of a contact's labels; without a `value`, the key must be there. `negated` is `!=`."""

    key: str
    value: str | None = None
    negated: bool = False

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Return whether it holds; `!=` holds, too, where there is no such label."""
        if self.value is None:
            return self.key in labels
        return (labels.get(self.key) == self.value) is not self.negated


def parse_label(text: str) -> LabelCondition:
    """Read a condition; raises `ValueError` for anything else."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return LabelCondition(found[1], found[3], negated=found[2] == "!=")


def is_unmatched_label(text: str, contacts: Iterable[Contact]) -> bool:
    """
    Return whether a condition names a label that no contact has.

    With `!=` it holds for all of them then, which may well be meant. It counts only where the label looks misspelt.
    """
    condition, labels = parse_label(text), [contact.labels for contact in contacts]
    if any(condition.holds(each) is not condition.negated for each in labels):
        return False
    return not condition.negated or _is_misspelt(condition, _known(labels))


def unmatched_label(text: str, contacts: Iterable[Contact]) -> str:
    """Return the message for a condition that names a label that no contact has, with the nearest one."""
    condition, known = parse_label(text), _known(contact.labels for contact in contacts)
    wrong = f"--label {text} names a label that no contact has"
    if (nearest := _nearest(condition, known)) is not None:
        return f'{wrong}; did you mean "{nearest}"?'
    return f"{wrong}; {did_you_mean('', known.get(condition.key, known))}".rstrip("; ")


def _known(labels: Iterable[Mapping[str, str]]) -> Mapping[str, set[str]]:
    """Return the values of each key."""
    found: dict[str, set[str]] = {}
    for each in labels:
        for key, value in each.items():
            found.setdefault(key, set()).add(value)
    return found


def _is_misspelt(condition: LabelCondition, known: Mapping[str, set[str]]) -> bool:
    if condition.key in known:
        return any(is_typo(value, condition.value or "") for value in known[condition.key])
    return any(is_typo(key, condition.key) for key in known)


def _nearest(condition: LabelCondition, known: Mapping[str, set[str]]) -> str | None:
    """Return the condition with the nearest key, and the nearest of its values; None where none is near."""
    key = condition.key if condition.key in known else Nearest(known).nearest(condition.key)
    if key is None or condition.value is None:
        return key
    value = condition.value if condition.value in known[key] else Nearest(known[key]).nearest(condition.value)
    if value is None and key == condition.key:
        return None
    return f"{key}{'!=' if condition.negated else '='}{condition.value if value is None else value}"
