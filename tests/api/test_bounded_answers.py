"""Answers of any size and pace: none is read further than it may be, and each is told as what it is."""

import gzip
import socket
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import repeat
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.api import requests
from reconciler.api.client import body, connection
from reconciler.api.pacer import Budget, Pacer, Waiting
from reconciler.errors import ApiUnavailableError, EndlessAnswerError, NotSentError
from tests.api.support import CHUNKED, HEAD, World, call, chunks, greeting, whole

pytestmark = pytest.mark.usefixtures("transport")

MEMORY = b'{"data": {"id": "m", "contact_id": "c", "facts": {"a": "%s"}}, "errors": null}'
PACKED = gzip.compress(MEMORY % b"x", mtime=0)


@contextmanager
def answering(parts: Callable[[], Iterator[bytes]]) -> Iterator[tuple[str, list[int]]]:
    """
    Answer each request with these parts, on a port; yields the URL, and how many bytes each answer took.

    After an empty part, it waits until the client gives up.
    """
    sent: list[int] = []

    def answer(client: socket.socket) -> None:
        sent.append(0)
        client.recv(65536)
        for part in parts():
            client.sendall(part) if part else client.recv(1)
            sent[-1] += len(part)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass

    with greeting(answer) as port:
        yield f"http://127.0.0.1:{port}", sent


def error_from(
    parts: Callable[[], Iterator[bytes]],
    work: Callable[[Any], Awaitable[object]] = lambda remote: remote.read_memory("m"),
) -> tuple[ApiUnavailableError, list[int]]:
    with answering(parts) as (url, sent):
        endpoint = World().endpoint(url, in_process=False, timeout=10.0, answer_timeout=20.0)
        with pytest.raises(ApiUnavailableError) as caught:
            call(endpoint, work)
    return caught.value, sent


MEBI = 2**20
LARGE = {
    "as long as it says": lambda: whole(MEMORY % (b"x" * 17 * MEBI)),
    "in chunks without end": lambda: chunks(repeat(b"x" * MEBI)),
    "packed": lambda: whole(gzip.compress(b" " * 17 * MEBI), b"Content-Encoding: gzip\r\n"),
}


@pytest.mark.parametrize("how", LARGE)
def test_an_answer_that_is_too_large_is_not_read_further_nor_asked_for_again(how: str) -> None:
    error, sent = error_from(LARGE[how])

    assert str(error) == "the answer is larger than 16 MiB, so it was not read"
    assert error.may_have_happened
    assert len(sent) == 1
    assert sent[0] < 64 * MEBI  # what the system holds on the way counts as well


def test_an_answer_may_be_as_large_as_its_bound() -> None:
    size = 16 * MEBI
    with answering(lambda: whole(MEMORY % (b"x" * (size - len(MEMORY) + 2)))) as (url, _):
        record = call(World().endpoint(url, in_process=False), lambda remote: remote.read_memory("m"))

    assert record is not None
    assert len(str(record.facts["a"])) == size - len(MEMORY) + 2


@pytest.mark.parametrize("damaged", [PACKED[:-8], PACKED + PACKED], ids=["cut off", "twice"])
def test_a_packed_answer_that_is_damaged_is_asked_for_again(damaged: bytes) -> None:
    packed = b"Content-Encoding: gzip\r\n"
    answers = iter((damaged, PACKED))
    with answering(lambda: whole(next(answers), packed)) as (url, sent):
        record = call(World().endpoint(url, in_process=False), lambda remote: remote.read_memory("m"))

    assert record is not None
    assert record.facts == {"a": "x"}
    assert len(sent) == 2


def test_an_empty_answer_that_says_it_is_packed_is_empty_and_not_damaged() -> None:
    error, _ = error_from(lambda: whole(b"", b"Content-Encoding: gzip\r\n"))

    assert str(error) == "the API answered 200 with 0 bytes that are not the documented JSON"


def test_the_bodies_of_failed_attempts_at_a_write_are_let_go() -> None:
    tracemalloc.start()
    try:
        error, sent = error_from(lambda: whole(b"x" * 2 * MEBI), lambda remote: remote.write_facts("m", []))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert str(error) == "the API answered 200 with 2,097,152 bytes that are not the documented JSON"
    assert len(sent) == 6
    assert peak < 10 * MEBI  # one is sent, joined and read at a time


DRIPPING = {
    "a body": lambda: iter((CHUNKED, b"2\r\n{}\r\n", b"")),
    "a head": lambda: iter((HEAD, b"")),
    "the announcement of an answer": lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("what", DRIPPING)
def test_an_answer_that_does_not_end_is_given_up_after_its_time_and_not_asked_for_again(what: str) -> None:
    with answering(DRIPPING[what]) as (url, _):
        endpoint = World().endpoint(url, in_process=False, timeout=10.0, answer_timeout=0.05)
        with pytest.raises(EndlessAnswerError, match=r"did not end within 0\.05 seconds$") as caught:
            call(endpoint, lambda remote: remote.read_memory("m"))

    assert caught.value.may_have_happened
    assert endpoint.pacer.requests_sent == 1


@pytest.mark.parametrize(("minutes", "seconds"), [(None, 60.0), (2.0, 60.0), (0.5, 30.0), (0.1, 10.0)])
def test_towards_the_end_of_a_run_less_time_is_left_for_an_answer(minutes: float | None, seconds: float) -> None:
    assert World(budget=Budget(minutes=minutes)).endpoint().seconds_for_an_answer == pytest.approx(seconds, abs=0.5)


def test_a_listing_may_be_larger_than_a_record() -> None:
    assert requests.contacts(0).most_bytes == requests.users("m", 0).most_bytes == 64 * MEBI
    assert requests.memory("m").most_bytes == 16 * MEBI


def test_once_a_run_is_to_stop_an_answer_under_way_gets_only_a_little_more_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "_LOOK", 0.01)
    monkeypatch.setattr(connection, "SHORTEST_ANSWER", 0.1)
    with answering(DRIPPING["a body"]) as (url, sent):
        endpoint = World().endpoint(url, in_process=False, timeout=100.0, answer_timeout=100.0)
        pacer = Pacer(concurrency=1, waiting=Waiting(should_stop=lambda: bool(sent)))
        with pytest.raises(NotSentError, match="stopped"):
            call(replace(endpoint, pacer=pacer), lambda remote: remote.read_memory("m"))

    assert len(sent) == 1


def test_an_answer_that_takes_many_times_its_size_of_memory_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "_LIGHT", 1000)
    monkeypatch.setattr(body, "_MOST_WEIGHT", 400_000)
    heavy = b'{"data": {"id": "m", "facts": {"a": [%s]}}}' % b",".join([b"[]"] * 1200)
    error, sent = error_from(lambda: whole(heavy))

    assert str(error) == "the answer would take more than 0 MB of memory, so it was not read"
    assert len(sent) == 1
