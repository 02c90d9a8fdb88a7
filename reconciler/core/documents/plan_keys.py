"""What the plan of a shard says of keys, so that merged plans know which are new."""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.model.masking import Text


@dataclass(frozen=True, slots=True)
class SimilarKeyEntry:
    """A key that is new to the memory at an address, and those one typo away from it that this memory holds."""

    address: str
    key: str
    similar: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class KeysEntry:
    """
    What the plan of a shard knows of keys, by which merging tells those that are new, or doubtful, in the whole.

    `declared` says how many facts all shards together declare under each key that is one typo away from another,
    `live` which declared keys are live in the memories that were read.
    """

    declared: Mapping[str, int]
    live: tuple[str, ...]
    similar_here: tuple[SimilarKeyEntry, ...]


NO_KEYS_TOLD = KeysEntry({}, (), ())
