"""The deadline of an attempt."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from urllib3.util import connection

from common.aws import deadline


@pytest.fixture
def attempt() -> Iterator[float]:
    """An attempt of this thread that may last some tenths of a second."""
    seconds = 0.3
    deadline.begin(seconds)
    yield seconds
    deadline.end()


def test_a_resolver_that_does_not_answer_ends_with_the_attempt(
    attempt: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: answered.wait(60))
    began = time.monotonic()

    with pytest.raises(TimeoutError):
        connection.create_connection(("slow.example", 443), timeout=60)

    assert attempt / 2 < time.monotonic() - began < 30
    # The resolver was not waited for.
    assert not answered.is_set()
    answered.set()


def test_a_host_that_does_not_exist_is_the_resolvers_error(attempt: float) -> None:
    del attempt
    with pytest.raises(OSError, match=r"."):
        connection.create_connection(("no.such.host.invalid", 443), timeout=60)


def test_without_an_attempt_a_connection_has_the_timeout_that_it_is_given() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        for timeout in (None, 7.0):
            with connection.create_connection(server.getsockname(), timeout=timeout) as connected:
                assert connected.gettimeout() == timeout
