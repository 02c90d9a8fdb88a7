"""How the CI of a new repository gets this tool: from where this installation came, if others can reach that."""

import json
from importlib.metadata import distributions

_NAME = "reconciler"


def installed_from() -> str:
    """Give what pip installs to get this installation again; nothing where that cannot be known."""
    records = (one.read_text("direct_url.json") for one in distributions(name=_NAME))
    return requirement(next(records, None) or "{}")


def requirement(record: str) -> str:
    """
    Read a requirement from pip's record of where it installed from (`direct_url.json`); nothing where none would do.

    A folder of this machine would not, and neither would the name alone: on PyPI it belongs to another project.
    """
    origin = json.loads(record)
    url = str(origin.get("url", ""))
    if not url.startswith("https://"):
        return ""
    if "vcs_info" in origin:
        source = origin["vcs_info"]
        return f"{_NAME} @ {source['vcs']}+{url}@{source['commit_id']}"
    return f"{_NAME} @ {url}"
