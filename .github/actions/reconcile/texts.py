"""Text in comments, issues and the log: what comes from elsewhere shows as itself and does nothing."""

import re
from urllib.parse import quote

LONGEST_ERRORS = 8_000
LONGEST_SAID = 1_000
_TOKEN = re.compile(r"\b(?:gh[a-z]_|github_pat_)[A-Za-z0-9_]{10,}|(?<=://)[^/@\s]+(?=@)")
"""What GitHub's tokens look like, and what stands before the host of a URL."""

_ADD_MASK = "::add-mask::"
_ENTITIES = {ord(character): f"&#{ord(character)};" for character in "&<>@#`$[]"}


def escaped(text: str) -> str:
    """Return text as HTML."""
    return text.translate(_ENTITIES)


def marker_name(environment: str) -> str:
    """Return an environment as it stands in the hidden markers that the tool writes."""
    return quote(environment, safe="").replace("--", "-%2D")


def is_for_runner(line: str) -> bool:
    """Return whether a runner takes a line for a command to itself, which nobody else is to see."""
    return line.lstrip().startswith("::") or "##[" in line


def secret_in(line: str) -> str:
    """Return the secret that a line asks the runner to mask; empty for all other lines."""
    command = line.strip()
    if not command.startswith(_ADD_MASK):
        return ""
    return command.removeprefix(_ADD_MASK).replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def scrubbed(text: str, secrets: set[str]) -> str:
    """Return text with `***` in the place of every secret, the longest first: one may be part of another."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def fit_for_others(text: str, secrets: set[str]) -> str:
    """Return what another program said as one short line: without secrets, and every character prints."""
    shown = _TOKEN.sub("***", scrubbed(text, secrets))
    printing = (letter if letter.isprintable() else " " for letter in shown[:LONGEST_SAID])
    return " ".join("".join(printing).split())


def errors_html(errors: str) -> str:
    """Return what the tool said on standard error, cut where it is long."""
    shown = errors[:LONGEST_ERRORS]
    more = f"\n({len(errors) - len(shown):,} more characters in the log)" if len(shown) < len(errors) else ""
    return f"<pre>{escaped(shown.strip())}{more}</pre>\n"


def failure_html(what: str, environment: str, errors: str) -> str:
    """Return what went wrong for an environment, and what the tool said of it."""
    return f"<p>{what} for <code>{escaped(environment)}</code>.</p>\n{errors_html(errors)}"


def announce_error(text: str) -> None:
    """Show an error at the top of the run."""
    data = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::error title=reconciler::{data}")
