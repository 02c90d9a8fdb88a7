"""Text in comments, issues and the log: what comes from elsewhere shows as itself and does nothing."""

from urllib.parse import quote

LONGEST_ERRORS = 8_000
_ADD_MASK = "::add-mask::"
_ENTITIES = {ord(character): f"&#{ord(character)};" for character in "&<>@#`$"}


def escaped(text: str) -> str:
    """Give text as HTML."""
    return text.translate(_ENTITIES)


def marker_name(environment: str) -> str:
    """Give an environment as it stands in the hidden markers that the tool writes."""
    return quote(environment, safe="").replace("--", "-%2D")


def is_for_runner(line: str) -> bool:
    """Say whether a runner takes a line for a command to itself, which nobody else is to see."""
    return line.lstrip().startswith("::")


def secret_in(line: str) -> str:
    """Give the secret that a line asks the runner to mask; empty for all other lines."""
    command = line.strip()
    if not command.startswith(_ADD_MASK):
        return ""
    return command.removeprefix(_ADD_MASK).replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def scrubbed(text: str, secrets: set[str]) -> str:
    """Give text with `***` in the place of every secret, the longest first: one may be part of another."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def errors_html(errors: str) -> str:
    """Give what the tool said on standard error, cut where it is long."""
    shown = errors[:LONGEST_ERRORS]
    more = f"\n({len(errors) - len(shown):,} more characters in the log)" if len(shown) < len(errors) else ""
    return f"<pre>{escaped(shown.strip())}{more}</pre>\n"


def announce_error(text: str) -> None:
    """Show an error at the top of the run."""
    data = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::error title=reconciler::{data}", flush=True)
