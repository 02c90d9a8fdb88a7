import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.answers import ApiAnswer, ThrottledError, body_of, is_add_user_refusal, unless_absent
from reconciler.core.model.masking import without_secrets
from reconciler.core.model.value import InexactNumber, Json
from reconciler.errors import ApiError, ApiRejectedError, ApiUnavailableError, RouteAbsentError

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = "sk-very-secret"
DATES = st.from_regex(
    r"(Mon, |Monday, )?[0-9]{1,3}[ -](Jan|Feb|Foo)[ -][0-9]{1,6} [0-9]{1,3}:[0-9]{2}(:[0-9]{1,3})? ?"
    r"(GMT|EST|[+-][0-9]{1,20}|)",
    fullmatch=True,
)


def answer(status: int, body: Json | bytes, retry_after: str | None = None) -> ApiAnswer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ApiAnswer(status, raw, retry_after, NOW)


def envelope(code: str, message: str) -> Json:
    return {"data": None, "errors": [{"error": code, "message": message}]}


def error_of(given: ApiAnswer) -> ApiError:
    with pytest.raises(ApiError) as caught:
        body_of(given, hide=KEY)
    return caught.value


def told(error: ApiError) -> str:
    """Give what an operator's terminal tells of an error."""
    joint = ": " if error.code else ", "
    return f"{error}{joint}{error.said}" if error.said else str(error)


@pytest.mark.parametrize("data", [None, {}, {"id": "mem-1"}, []])
def test_the_data_of_a_good_answer_is_given(data: Json) -> None:
    assert body_of(answer(200, {"data": data, "errors": None}), hide=KEY)["data"] == data
    assert body_of(answer(201, {"data": data}), hide=KEY)["data"] == data


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, envelope("BAD_REQUEST", "facts is required"), "BAD_REQUEST: facts is required"),
        (200, envelope("BAD_REQUEST", "facts is required"), "the API answered 200, BAD_REQUEST: facts is required"),
        (404, envelope("NOT_FOUND", "Contact memory not found"), "404, NOT_FOUND: Contact memory not found"),
        (401, envelope("AUTH_FAILURE", "Unauthorized"), "is the API key right?"),
        (200, envelope("UNAUTHORIZED", "Unauthorized"), "is the API key right?"),
        (403, envelope("FORBIDDEN", "no"), "admin, owner or operator"),
        (400, {"status": "error", "message": "Bad number"}, "Bad number"),
        (402, {"status": "error", "message": "Pay", "errors": ["balance too low"]}, "Pay (balance too low)"),
        (400, {"status": "error", "data": None, "errors": [{"error": "X", "message": "m"}]}, "400: m"),
        (404, b"<html>", "404 with 6 bytes that are not the documented JSON; is the URL of the API right?"),
        (200, {"status": "error", "message": "no code"}, "the API answered 200, no code"),
        (200, {"errors": "text"}, "the API answered 200, text"),
        (400, {"errors": [{"code": "BAD_REQUEST", "message": "m"}]}, "400, BAD_REQUEST: m"),
        (400, {"errors": [{"error": "BAD_REQUEST", "code": "NOT_FOUND"}], "message": "m"}, "400, BAD_REQUEST: m"),
        (400, {"error": {"code": "BAD_REQUEST"}, "message": "m"}, "400, BAD_REQUEST: m"),
        (400, {"error": "text"}, "the API answered 400, text"),
        (400, {"status": "error"}, "the API answered 400, no message"),
        (301, b"", "the API answered 301"),
    ],
)
def test_a_no_of_the_api_is_a_rejection(status: int, body: Json | bytes, said: str) -> None:
    error = error_of(answer(status, body))

    assert isinstance(error, ApiRejectedError)
    assert said in told(error)


NO = envelope("BAD_REQUEST", "no")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, NO, ApiRejectedError),
        (300, {"data": {}}, ApiRejectedError),
        (300, b"", ApiRejectedError),
        (299, b"", ApiUnavailableError),
        (499, NO, ApiRejectedError),
        (500, NO, ApiUnavailableError),
        (407, NO, ApiRejectedError),
        (408, NO, ApiUnavailableError),
        (409, NO, ApiRejectedError),
        (403, NO, RouteAbsentError),
        (405, NO, RouteAbsentError),
        (404, b"", RouteAbsentError),
        (404, NO, ApiRejectedError),
        (404, {"errors": ["no"]}, RouteAbsentError),
        (402, b"", ApiRejectedError),
        (428, b"", ApiRejectedError),
        (429, b"", ThrottledError),
        (502, b"", ApiUnavailableError),
    ],
)
def test_what_an_answer_means_is_decided_at_these_statuses(status: int, body: Json | bytes, kind: type) -> None:
    error = error_of(answer(status, body))

    assert type(error) is kind
    assert getattr(error, "status", status) == status


@pytest.mark.parametrize(
    ("status", "body", "is_empty"),
    [(204, b"", True), (299, b" \r\n", True), (300, b"", False), (200, b"{}", False), (200, b"0", False)],
)
def test_a_success_without_a_body_is_known(status: int, body: bytes, *, is_empty: bool) -> None:
    assert answer(status, body).is_empty_success is is_empty
    assert status != 299 or body_of(answer(status, {"data": 1}), hide=KEY) == {"data": 1}


def test_nothing_was_found_where_the_api_itself_says_so() -> None:
    for status, code in ((404, "NOT_FOUND"), (200, "NOT_FOUND"), (404, "MEMORY_ERROR")):
        assert unless_absent(ApiRejectedError("a", status=status, code=code), 5) == 5
    for status, code in ((404, ""), (400, "BAD_REQUEST"), (400, "")):
        with pytest.raises(ApiRejectedError):
            unless_absent(ApiRejectedError("a", status=status, code=code), 5)


@pytest.mark.parametrize("digits", [640, 641, 5_000])
def test_a_number_of_any_length_is_read(digits: int) -> None:
    number = body_of(answer(200, b'{"data": %s, "a": %s}' % (b"7" * digits, b"7" * 5_000)), hide=KEY)["data"]

    assert isinstance(number, InexactNumber) is (digits > 640)
    assert getattr(number, "text", str(number)) == "7" * digits


@pytest.mark.parametrize("more", [b"", b', "b": ' + b"7" * 5_000])
@pytest.mark.parametrize(
    ("text", "is_kept"), [("1.5", True), ("1e2", True), ("1e400", False), ("0.1000000000000000000000001", False)]
)
def test_a_number_that_a_double_does_not_keep_stays_as_it_was_written(text: str, more: bytes, *, is_kept: bool) -> None:
    data = body_of(answer(200, b'{"data": %s%s}' % (text.encode(), more)), hide=KEY)["data"]

    assert type(data) is (float if is_kept else InexactNumber)
    assert data == float(text)
    assert getattr(data, "text", text) == text


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b'\xef\xbb\xbf{"data": 1}', 1),
        ('{"data": "\u00e9"}'.encode("utf-16"), "\u00e9"),
        (b'{"data": "\xed\xa0\x80"}', "\ud800"),
        (rb'{"data": "\ud800"}', "\ud800"),
    ],
)
def test_a_body_in_any_form_of_unicode_is_read_and_half_a_character_stays_one(body: bytes, data: str) -> None:
    assert body_of(answer(200, body), hide=KEY) == {"data": data}


@pytest.mark.parametrize(
    ("code", "is_shown"),
    [
        ("NOT_FOUND", True),
        ("CONTACT_NOT_FOUND", True),
        ("TOO_MANY_REQUESTS", True),
        ("S3cr3tCODE", False),
        ("PREMIUM", False),
        ("NOT_FOUND_ANN", False),
        ("_", False),
        ("NOT_FOUND\n", False),
    ],
)
def test_only_a_code_in_the_words_of_the_api_is_shown(code: str, *, is_shown: bool) -> None:
    assert (code.strip() in str(error_of(answer(400, envelope(code, "no"))))) == is_shown


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, envelope("INTERNAL_ERROR", "An unexpected error occurred")),
        (200, envelope("INTERNAL_ERROR", "An unexpected error occurred")),
        (500, envelope("MEMORY_ERROR", "Failed to retrieve memory data.")),
        (502, b"<html>Bad gateway</html>"),
        (503, b""),
        (408, b""),
        (200, b""),
        (200, b"<html>Log in</html>"),
        (200, b'{"data": {"id": "mem'),
        (200, b"[1]"),
        (200, b"{}"),
        (200, b"[" * 100_000),
        (200, b'{"data": NaN}'),
        (200, b'{"data": "\xff"}'),
        (200, b'{"data": 1} {}'),
        pytest.param(200, b'{"data":[' + b"9" * 5000 + b"," + b"[" * 100_000, id="a long number and deep nesting"),
    ],
)
def test_no_usable_answer_may_hide_a_write_that_happened(status: int, body: Json | bytes) -> None:
    error = error_of(answer(status, body))

    assert isinstance(error, ApiUnavailableError)
    assert error.may_have_happened


@pytest.mark.parametrize(
    "body",
    [
        b"Too many requests, please try again later.",
        b"",
        {"status": "error", "message": "Rate limit exceeded"},
        {"error": "Rate limit exceeded"},
        envelope("TOO_MANY_REQUESTS", "slow down"),
    ],
)
def test_a_limit_did_nothing_whatever_its_body(body: Json | bytes) -> None:
    error = error_of(answer(429, body))

    assert isinstance(error, ThrottledError)
    assert not error.may_have_happened


LIMITS = ["Rate Limit Exceeded", "RATE_LIMIT_EXCEEDED", "too_many_requests"]


@pytest.mark.parametrize("code", LIMITS)
def test_a_limit_told_by_its_code_alone_is_a_limit(code: str) -> None:
    error = error_of(answer(200, envelope(code, "")))

    assert isinstance(error, ThrottledError)
    assert error.code == code


@pytest.mark.parametrize("message", LIMITS)
def test_a_limit_told_by_its_message_is_one_where_no_code_says_otherwise(message: str) -> None:
    assert isinstance(error_of(answer(200, {"status": "error", "message": message})), ThrottledError)
    assert isinstance(error_of(answer(200, envelope("", message))), ThrottledError)
    assert not isinstance(error_of(answer(200, envelope("BAD_REQUEST", message))), ThrottledError)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("Fri, 02 Jan 2026 03:04:35 GMT", 31.0),
        ("Fri, 02 Jan 2026 03:00:00 GMT", 0.0),
        ("Fri, 02 Jan 2026 04:04:35 +0100", 31.0),
        ("Fri Jan  2 03:04:35 2026", 31.0),
        ("Friday, 02-Jan-26 03:04:35 GMT", 31.0),
        ("Mon, 01 Jan 2024 00:00:00 +9999999999999", None),
        ("Fri, 31 Dec 9999 23:00:00 -1200", None),
        ("Fri, 99 Jan 2026 99:99:99 GMT", None),
        ("1.5", 1.5),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    error = error_of(answer(429, b"", header))

    assert isinstance(error, ThrottledError)
    assert error.retry_after == seconds


@pytest.mark.parametrize("hours", [-1, 0, 1, 24 * 365])
@pytest.mark.parametrize("status", [429, 503])
def test_a_date_is_read_against_the_clock_that_wrote_it(status: int, hours: int) -> None:
    theirs = NOW + timedelta(hours=hours)
    until = format_datetime(theirs + timedelta(seconds=2), usegmt=True)

    error = error_of(ApiAnswer(status, b"", until, received_at=NOW, date=format_datetime(theirs, usegmt=True)))

    assert isinstance(error, ThrottledError)
    assert error.retry_after == 3.0


@given(st.one_of(st.none(), st.text(), DATES), st.one_of(st.none(), st.text(), DATES))
def test_no_header_is_a_defect_whatever_it_says(retry_after: str | None, date: str | None) -> None:
    error = error_of(ApiAnswer(429, b"", retry_after, received_at=NOW, date=date))

    assert isinstance(error, ThrottledError)
    assert error.retry_after is None or error.retry_after >= 0


def test_a_busy_server_that_says_when_to_ask_again_asks_to_wait_and_may_have_done_it() -> None:
    told = error_of(answer(503, b"", "20"))
    untold = [error_of(answer(503, b"", header)) for header in (None, "", "soon")]

    assert isinstance(told, ThrottledError)
    assert (str(told), told.retry_after) == ("the API asks to wait (503)", 20.0)
    assert told.may_have_happened
    assert [type(error) for error in untold] == [ApiUnavailableError] * 3


@pytest.mark.parametrize("header", ["0", "20", "Wed, 21 Oct 2015 07:28:00 GMT"])
@pytest.mark.parametrize("status", [408, 500, 502, 504])
def test_a_fault_that_says_when_to_ask_again_is_a_fault(status: int, header: str) -> None:
    error = error_of(answer(status, envelope("MEMORY_ERROR", "no"), header))

    assert type(error) is ApiUnavailableError
    assert error.may_have_happened


@pytest.mark.parametrize("status", [200, 301, 400, 401, 404])
def test_a_no_that_says_when_to_ask_again_is_a_no(status: int) -> None:
    assert isinstance(error_of(answer(status, envelope("BAD_REQUEST", "no"), "20")), ApiRejectedError)


def test_a_refused_user_is_no_busy_server() -> None:
    error = error_of(answer(503, envelope("MEMORY_ADD_USER_ERROR", "no"), "20"))

    assert is_add_user_refusal(error)


@pytest.mark.parametrize(("length", "shown"), [(199, "x" * 199), (200, "x" * 200), (201, "x" * 199 + "…")])
def test_what_the_api_says_is_cut_short_and_cannot_move_the_cursor(length: int, shown: str) -> None:
    assert error_of(answer(400, envelope("BAD_REQUEST", "x" * length))).said == shown
    assert error_of(answer(400, envelope("BAD_REQUEST", "\x1b[2J"))).said == r"\x1b[2J"


def test_the_key_is_not_passed_on_when_the_api_repeats_it() -> None:
    assert KEY not in str(error_of(answer(401, envelope("AUTH_FAILURE", f"Invalid key {KEY}"))))
    assert KEY not in str(error_of(answer(401, envelope(f"Invalid key {KEY}", "no"))))
    assert KEY not in error_of(answer(401, envelope(KEY, "no"))).code


@pytest.mark.parametrize(("key", "is_hidden"), [("sevenxx", False), ("eightxxx", True), ("a-key-of-nine", True)])
def test_a_key_shorter_than_eight_characters_could_be_part_of_any_word(key: str, *, is_hidden: bool) -> None:
    with pytest.raises(ApiError) as caught:
        body_of(answer(400, envelope("BAD_REQUEST", f"of {key}")), hide=key)

    assert caught.value.said == ("of ***" if is_hidden else f"of {key}")
    assert without_secrets(f"of {key}", {key}) == caught.value.said


@pytest.mark.parametrize("status", [200, 404, 502])
@pytest.mark.parametrize(
    "body", [b'{"data": {"summary": "is ill", "contactFa', b"<html>is ill</html>", b'{"is": "ill"}']
)
def test_a_body_that_is_not_documented_is_not_repeated(status: int, body: bytes) -> None:
    error = error_of(answer(status, body))

    assert "ill" not in str(error)
    assert f"{len(body)} bytes" in str(error)


@pytest.mark.parametrize(("status", "body"), [(404, b"<pre>Cannot GET /v1/contacts</pre>"), (403, b""), (405, b"")])
def test_a_call_that_is_not_offered_is_told_from_a_no(status: int, body: bytes) -> None:
    assert isinstance(error_of(answer(status, body)), RouteAbsentError)


def test_the_api_s_own_not_found_is_a_no() -> None:
    assert not isinstance(error_of(answer(404, envelope("NOT_FOUND", "Contact not found"))), RouteAbsentError)


def test_the_apis_own_words_are_no_part_of_what_others_may_see() -> None:
    error = error_of(answer(400, envelope("VALIDATION_ERROR", "value 'Jane Doe 555-1234' is too long")))
    odd = error_of(answer(400, envelope("Jane Doe 555-1234", "m")))

    assert str(error) == "the API answered 400, VALIDATION_ERROR"
    assert error.said == "value 'Jane Doe 555-1234' is too long"
    assert str(odd) == "the API answered 400"


@pytest.mark.parametrize("code", ["AUTH_FAILURE", "UNAUTHORIZED"])
def test_a_code_that_refuses_the_key_counts_more_than_the_status(code: str) -> None:
    error = error_of(answer(400, envelope(code, "no")))

    assert isinstance(error, ApiRejectedError)
    assert error.status == 401
