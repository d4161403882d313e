"""The clients of AWS."""

import socket
import time
from typing import Any

import pytest
from urllib3.util import connection

from tests.support import dead_host


def test_an_attempt_spends_its_connect_timeout_on_one_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", socket.getaddrinfo)
    dead_host.resolve_dead_host()
    addresses = []
    connect = socket.socket.connect

    def count(self: socket.socket, address: Any) -> None:
        addresses.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", count)
    with dead_host.dead_port() as port:
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            connection.create_connection((dead_host.HOST, port), timeout=0.2)

    assert time.monotonic() - started >= 0.2
    assert len(addresses) == 1
