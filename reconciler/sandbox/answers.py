"""Answers of the API, with their errors: a status, headers and bytes."""

from dataclasses import dataclass, replace

from reconciler.sandbox.settings import ApiRevision
from reconciler.sandbox.values import to_json


@dataclass(frozen=True, slots=True)
class Failure:
    """One error of the envelope, with its HTTP status (mostly not stated, U14)."""

    status: int
    code: str
    message: str


class RequestRefusedError(Exception):
    """The request is answered with a failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.code}: {failure.message}")
        self.failure = failure


UNAUTHORIZED = Failure(401, "AUTH_FAILURE", "Unauthorized")
FORBIDDEN = Failure(403, "FORBIDDEN", "Forbidden")
TOO_MANY_REQUESTS = Failure(429, "TOO_MANY_REQUESTS", "Rate limit exceeded")
INTERNAL_ERROR = Failure(500, "INTERNAL_ERROR", "An unexpected error occurred")

SCOPE_REQUIRED = Failure(400, "BAD_REQUEST", "persona_id or agent_number is required")
FACTS_REQUIRED = Failure(400, "BAD_REQUEST", "facts is required")
SUMMARY_REQUIRED = Failure(400, "BAD_REQUEST", "summary is required")
INTERACTION_REQUIRED = Failure(400, "BAD_REQUEST", "call_id or conversation_id is required")
IDENTIFIER_REQUIRED = Failure(
    400, "BAD_REQUEST", "At least one identifier (phone_number, email, or external_id) is required"
)
MEMORY_ABSENT = Failure(404, "NOT_FOUND", "Contact memory not found")
CONTACT_ABSENT = Failure(404, "NOT_FOUND", "Contact not found")
INTERACTION_ABSENT = Failure(404, "NOT_FOUND", "Call or conversation not found, or no memory data available")
PERSONA_ABSENT = Failure(404, "PERSONA_NOT_FOUND", "Persona not found or access denied")

STORE_NAME_REQUIRED = Failure(400, "INVALID_REQUEST", "Memory name is required.")
STORE_UPDATE_REQUIRED = Failure(400, "INVALID_REQUEST", "No update data provided.")
PHONE_REQUIRED = Failure(400, "INVALID_REQUEST", "Phone number is required.")
PHONE_REQUIRED_IN_BODY = Failure(400, "INVALID_REQUEST", "Phone number is required in request body.")
STORE_ABSENT = Failure(404, "MEMORY_NOT_FOUND", "Memory not found.")
STORE_ABSENT_OR_FOREIGN = Failure(404, "MEMORY_NOT_FOUND", "Memory not found or you don't have access to it.")
STORE_NOT_UPDATED = Failure(404, "MEMORY_UPDATE_ERROR", "Failed to update memory.")
USER_UNREADABLE = Failure(404, "MEMORY_ERROR", "Failed to retrieve memory data.")
USER_NOT_ADDED = Failure(400, "MEMORY_ADD_USER_ERROR", "Failed to add user to memory.")
USER_NOT_UPDATED = Failure(404, "MEMORY_UPDATE_USER_ERROR", "Failed to update user memory data.")

# L has three general codes for the legacy stores. The third, for the other codes that begin with MEMORY_, has the
# status 500: so a 500 is no proof that the server failed.
_RENAMED_IN_L = {"INVALID_REQUEST": "BAD_REQUEST", "MEMORY_NOT_FOUND": "NOT_FOUND"}


def bad_request(message: str) -> Failure:
    """Return the failure for input that the documentation has no message for."""
    return Failure(400, "BAD_REQUEST", message)


def in_revision(failure: Failure, revision: ApiRevision) -> Failure:
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
    """Return an answer with a JSON value, without the envelope."""
    return Answer(status=status, body=to_json(content).encode())


def success(data: object, *, status: int = 200) -> Answer:
    """Return an answer with a result in the envelope (S0, S1, S3, S4)."""
    return json_answer({"data": data, "errors": None}, status=status)


def refusal(failure: Failure) -> Answer:
    """Return an answer with an error in the envelope."""
    errors = [{"error": failure.code, "message": failure.message}]
    return json_answer({"data": None, "errors": errors}, status=failure.status)


def unknown_route(*, method: str, path: str) -> Answer:
    """Return the 404 page of Express, which the API appears to be built with."""
    shown = path.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n'
        f"<body>\n<pre>Cannot {method} {shown}</pre>\n</body>\n</html>\n"
    )
    return Answer(status=404, body=page.encode(), content_type=HTML_TYPE)
