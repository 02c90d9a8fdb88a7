"""Answers as they go over the wire: a status, headers and bytes."""

from dataclasses import dataclass

from reconciler.sandbox.failures import Failure
from reconciler.sandbox.values import to_json

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
    """Say what Express says, which the API appears to be built with, where nothing is mounted."""
    shown = path.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n'
        f"<body>\n<pre>Cannot {method} {shown}</pre>\n</body>\n</html>\n"
    )
    return Answer(status=404, body=page.encode(), content_type=HTML_TYPE)
