"""Answers as they go over the wire: a status, headers and bytes."""

from dataclasses import dataclass, replace

from reconciler.sandbox.settings import Revision
from reconciler.sandbox.values import to_json


@dataclass(frozen=True, slots=True)
class Failure:
    """One error of the envelope, with the HTTP status it travels under (mostly not stated, U14)."""

    status: int
    code: str
    message: str


class RefusedError(Exception):
    """A request is answered with a failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.code}: {failure.message}")
        self.failure = failure


UNAUTHORIZED = Failure(401, "AUTH_FAILURE", "Unauthorized")
FORBIDDEN = Failure(403, "FORBIDDEN", "Forbidden")
TOO_MANY_REQUESTS = Failure(429, "TOO_MANY_REQUESTS", "Rate limit exceeded")
INTERNAL_ERROR = Failure(500, "INTERNAL_ERROR", "An unexpected error occurred")

SCOPE_REQUIRED = Failure(400, "BAD_REQUEST", "persona_id or agent_number is required")
FACTS_REQUIRED = Failure(400, "BAD_REQUEST", "facts is required")
IDENTIFIER_REQUIRED = Failure(
    400, "BAD_REQUEST", "At least one identifier (phone_number, email, or external_id) is required"
)
MEMORY_ABSENT = Failure(404, "NOT_FOUND", "Contact memory not found")
CONTACT_ABSENT = Failure(404, "NOT_FOUND", "Contact not found")

STORE_NAME_REQUIRED = Failure(400, "INVALID_REQUEST", "Memory name is required.")
PHONE_REQUIRED = Failure(400, "INVALID_REQUEST", "Phone number is required.")
PHONE_REQUIRED_IN_BODY = Failure(400, "INVALID_REQUEST", "Phone number is required in request body.")
STORE_ABSENT = Failure(404, "MEMORY_NOT_FOUND", "Memory not found.")
STORE_ABSENT_OR_FOREIGN = Failure(404, "MEMORY_NOT_FOUND", "Memory not found or you don't have access to it.")
USER_UNREADABLE = Failure(404, "MEMORY_ERROR", "Failed to retrieve memory data.")
USER_NOT_ADDED = Failure(400, "MEMORY_ADD_USER_ERROR", "Failed to add user to memory.")
USER_NOT_UPDATED = Failure(404, "MEMORY_UPDATE_USER_ERROR", "Failed to update user memory data.")

# L folds the codes of the legacy stores into three general ones; those that begin with MEMORY_ become the third, which
# travels under 500: in L an error of the server is no proof of a passing one.
_RENAMED_IN_L = {"INVALID_REQUEST": "BAD_REQUEST", "MEMORY_NOT_FOUND": "NOT_FOUND"}


def bad_request(message: str) -> Failure:
    """Input that the documentation has no message for."""
    return Failure(400, "BAD_REQUEST", message)


def in_revision(failure: Failure, revision: Revision) -> Failure:
    """Return the failure as that revision of the documentation names it."""
    if revision == "D":
        return failure
    if failure.code in _RENAMED_IN_L:
        return replace(failure, code=_RENAMED_IN_L[failure.code])
    if failure.code.startswith("MEMORY_"):
        return INTERNAL_ERROR
    return failure


JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()


def json_answer(content: object, *, status: int = 200) -> Answer:
    """Any JSON value, without the envelope."""
    return Answer(status=status, body=to_json(content).encode())


def success(data: object, *, status: int = 200) -> Answer:
    """Wrap a result in the envelope (S0, S1, S3, S4)."""
    return json_answer({"data": data, "errors": None}, status=status)


def refusal(failure: Failure) -> Answer:
    """Wrap an error in the envelope."""
    errors = [{"error": failure.code, "message": failure.message}]
    return json_answer({"data": None, "errors": errors}, status=failure.status)


def unknown_route(*, method: str, path: str) -> Answer:
    """Return what Express says, which the API appears to be built with, where nothing is mounted."""
    shown = path.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n'
        f"<body>\n<pre>Cannot {method} {shown}</pre>\n</body>\n</html>\n"
    )
    return Answer(status=404, body=page.encode(), content_type=HTML_TYPE)
