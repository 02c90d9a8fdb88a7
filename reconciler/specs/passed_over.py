"""Files in folders of specs that are not read, although they hold what specs hold: JSON, which nobody declares with."""

import re
from collections.abc import Iterable, Iterator

from reconciler.errors import Problem
from reconciler.reading import SpecFile

_MOST_BYTES = 65_536
_LIKE_SPECS = re.compile(rb'"(?:contacts|contacts_from|fact_keys|memories|scopes)"\s*:\s*[{\[]')
_OURS = b'"format_version"'
"""What the documents of this tool hold, such as a saved plan."""


def passed_over(files: Iterable[SpecFile]) -> Iterator[Problem]:
    """Yield a warning for each of the files that looks like specs; one that cannot be read does not."""
    for file in files:
        if _looks_like_specs(file):
            cure = "give it the ending .yaml, since YAML takes JSON as it is, or move it out of the folder"
            yield Problem(file.name, 0, 0, "", "this file looks like specs and is not read: its ending is .json", cure)


def _looks_like_specs(file: SpecFile) -> bool:
    try:
        with file.path.open("rb") as stream:
            start = stream.read(_MOST_BYTES)
    except OSError:
        return False
    return _OURS not in start and _LIKE_SPECS.search(start) is not None
