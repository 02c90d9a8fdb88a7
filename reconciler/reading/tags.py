"""Tags: the only one that is accepted is `!!str`, since all other values speak for themselves."""

from reconciler.core.model.masking import Said, says
from reconciler.reading.paths import quoted
from reconciler.reading.scalars import Refusal

_NONE_MEANT = "!"
_CORE = "tag:yaml.org,2002:"
_TEXT = f"{_CORE}str"
_SHOWN = 60


def scalar_tag_refusal(tag: str) -> Refusal | None:
    """Say why the tag of a scalar is refused, if it is."""
    return None if tag == _TEXT else collection_tag_refusal(tag)


def collection_tag_refusal(tag: str) -> Refusal | None:
    """Say why the tag of a mapping or list is refused, if it is."""
    shown = Said("…", shown=quoted(tag.replace(_CORE, "!!", 1)[:_SHOWN])[1:-1])
    cure = "remove it; quotes make text, and all other values need no tag"
    return None if tag == _NONE_MEANT else Refusal(says("the tag {} is not accepted", shown), cure)
