"""One deadline for all parts of an attempt: resolver, connection, TLS, request and answer.

A timeout of a socket limits each wait for the next bytes. An answer that arrives drop by drop never
reaches it, and would outlast Lambda's timeout. These sockets wait no longer than the attempt may
take.
"""

import math
import random
import socket
import ssl
import threading
import time
from queue import Empty, SimpleQueue
from typing import Any

from urllib3.util import connection


class _Attempt(threading.local):
    ends = math.inf
    """The deadline of this thread's attempt, by the monotonic clock."""


_attempt = _Attempt()


def begin(seconds: float) -> None:
    """Have this thread's sockets raise TimeoutError later than ``seconds`` from now."""
    _attempt.ends = time.monotonic() + seconds


def end() -> None:
    """Remove the deadline of this thread."""
    _attempt.ends = math.inf


def _remaining() -> float:
    remaining = _attempt.ends - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("the attempt has taken too long")
    return remaining


def _limit(waiting: socket.socket) -> None:
    """Shorten the timeout of a socket to the time that remains."""
    remaining, timeout = _remaining(), waiting.gettimeout()
    if remaining < (math.inf if timeout is None else timeout):
        waiting.settimeout(remaining)


class _Socket(socket.socket):
    """A connection without TLS. urllib3 sends and reads by these methods."""

    def sendall(self, *arguments: Any) -> None:
        _limit(self)
        super().sendall(*arguments)

    def recv_into(self, *arguments: Any) -> int:
        _limit(self)
        return super().recv_into(*arguments)


class TlsSocket(ssl.SSLSocket):
    """A connection with TLS, for the ``sslsocket_class`` of a context."""

    def do_handshake(self, block: bool = False) -> None:
        _limit(self)
        super().do_handshake(block)

    def send(self, *arguments: Any) -> int:
        _limit(self)
        return super().send(*arguments)

    def recv_into(self, *arguments: Any) -> int:
        _limit(self)
        return super().recv_into(*arguments)


_create_connection = connection.create_connection


def _connect_to_one_address(
    address: tuple[str, int], timeout: float | None, *arguments: Any, **options: Any
) -> socket.socket:
    """Connect to one of a host's addresses; a retry is likely to choose another.

    urllib3 tries them in turn, and spends the connect timeout on each: with the eight addresses of
    S3, an attempt would take eight times as long as :mod:`common.aws.timeouts` says.
    """
    host, port = address
    chosen = random.choice(_resolve(host.strip("[]"), port))  # noqa: S311
    remaining = _remaining()
    if remaining < math.inf:
        timeout = remaining if timeout is None else min(timeout, remaining)
    plain = _create_connection((chosen, port), timeout, *arguments, **options)
    seconds = plain.gettimeout()
    connected = _Socket(plain.family, plain.type, plain.proto, plain.detach())
    connected.settimeout(seconds)
    return connected


connection.create_connection = _connect_to_one_address  # type: ignore[assignment]


def _resolve(host: str, port: int) -> list[str]:
    # The resolver of the C library cannot be interrupted, and waits for ten seconds or longer.
    answers: SimpleQueue[Any] = SimpleQueue()

    def resolve() -> None:
        family = connection.allowed_gai_family()
        try:
            answers.put(socket.getaddrinfo(host, port, family, socket.SOCK_STREAM))
        except OSError as error:
            answers.put(error)

    threading.Thread(target=resolve, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=min(_remaining(), threading.TIMEOUT_MAX))
    except Empty:
        raise TimeoutError("the resolver does not answer") from None
    if isinstance(answer, OSError):
        raise answer
    return [str(sockaddr[0]) for *_, sockaddr in answer]
