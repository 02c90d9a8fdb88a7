"""Text in comments, issues and the log: what comes from elsewhere shows as itself and does nothing."""

from urllib.parse import quote

LONGEST_ERRORS = 8_000
_ENTITIES = {ord(character): f"&#{ord(character)};" for character in "&<>@#`$"}


def escaped(text: str) -> str:
    """Give text as HTML."""
    return text.translate(_ENTITIES)


def marker_name(environment: str) -> str:
    """Give an environment as it stands in the hidden markers that the tool writes."""
    return quote(environment, safe="").replace("--", "-%2D")


def errors_html(errors: str) -> str:
    """Give what the tool said on standard error, cut where it is long."""
    shown = errors[:LONGEST_ERRORS]
    more = f"\n({len(errors) - len(shown):,} more characters in the log)" if len(shown) < len(errors) else ""
    return f"<pre>{escaped(shown.strip())}{more}</pre>\n"


def announce_error(text: str) -> None:
    """Show an error at the top of the run."""
    data = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::error title=reconciler::{data}", flush=True)
