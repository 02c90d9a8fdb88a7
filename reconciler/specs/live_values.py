"""Files that say of themselves that their values came from an account: what is wrong in them is told without values."""

from reconciler.core.value import Json
from reconciler.reading import Reading, SpecFile
from reconciler.specs.findings import Findings

_MARKER = "live_values"


def says_live(document: Json) -> bool:
    """Say whether a document says that its values are live; any marker but `false` does."""
    return isinstance(document, dict) and document.get(_MARKER, False) is not False


def take_problems(reading: Reading, file: SpecFile, findings: Findings) -> None:
    """Take what is wrong with a file, and withhold its values from all that is found in it, now and later."""
    findings.take(reading.problems)
    if any(says_live(one.value) for one in reading.documents) or (reading.problems and _names_marker(file)):
        findings.withhold(file.name)


def _names_marker(file: SpecFile) -> bool:
    """Say whether a file that cannot be read as it was meant holds the marker's name anywhere."""
    try:
        return file.path.is_file() and _MARKER.encode() in file.path.read_bytes()  # a pipe would wait for ever
    except (OSError, ValueError):
        return False
