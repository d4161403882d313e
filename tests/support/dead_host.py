"""A host that does not answer: it has eight addresses, and drops every connection attempt."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HOST = "dead.example"
ADDRESSES = 8

RESOLVER = """
from tests.support.dead_host import resolve_dead_host
resolve_dead_host()
"""
"""A ``sitecustomize`` module for a process of this project's environment."""


@contextmanager
def dead_port() -> Iterator[int]:
    """Listen on a port whose queue is full, so that the kernel drops further connections."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        try:
            yield listener.getsockname()[1]
        finally:
            for client in waiting:
                client.close()


def resolve_dead_host() -> None:
    """Have this process resolve HOST to eight addresses of this machine."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        if host != HOST:
            return resolve(host, *arguments, **options)
        return resolve("127.0.0.1", *arguments, **options)[:1] * ADDRESSES

    socket.getaddrinfo = getaddrinfo


def write_resolver(folder: Path) -> Path:
    """Write RESOLVER to a folder for PYTHONPATH."""
    (folder / "sitecustomize.py").write_text(RESOLVER)
    return folder
