"""Look-alikes: texts without quotes that other readers of YAML take for something else."""

from collections.abc import Collection, Iterator

from reconciler.core.advice import Advice
from reconciler.core.text import quoted, shortened
from reconciler.formatting import taken_for
from reconciler.linting.saying import advice
from reconciler.reading import KeyPath, SpecFile, unquoted_texts
from reconciler.specs.addresses import FACTS, spec_address, split

_SHOWN = 40


def look_alike_advice(file: SpecFile, hidden: Collection[str]) -> Iterator[Advice]:
    """Give each look-alike of a sound file; texts below the `hidden` keys of facts are not quoted."""
    for path, text, node, is_key in unquoted_texts(file.path, name=file.name):
        if other := taken_for(text):
            told = (
                "this sensitive value" if not is_key and _is_hidden(path, hidden) else quoted(shortened(text, _SHOWN))
            )
            message = f"{told} is text here, without quotes, and {other} for other readers of YAML"
            source = node.key_source if is_key else node.source
            yield advice("look_alike", source, spec_address(path), message, "put it in quotes; `reconciler fmt` does")


def _is_hidden(path: KeyPath, hidden: Collection[str]) -> bool:
    _, rest = split(path)
    return len(rest) > 1 and rest[0] in FACTS and rest[1] in hidden
