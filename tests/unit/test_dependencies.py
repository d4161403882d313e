"""What ``make lint`` says of the dependencies, with databases that the test makes up."""

import gzip
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ops import dependencies
from ops.dependencies import Bad, Unreachable, check_lock, check_node, check_python

NOWHERE = "http://127.0.0.1:9"
ADVISORY = {
    "id": "PYSEC-2030-1",
    "modified": "2030-01-01T00:00:00Z",
    "published": "2030-01-01T00:00:00Z",
    "summary": "It leaks",
    "affected": [
        {
            "package": {"name": "urllib3", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        }
    ],
}
NODE_ADVISORY = {
    "id": 1,
    "url": "https://github.com/advisories/GHSA-0000-0000-0000",
    "title": "It leaks",
    "severity": "high",
    "vulnerable_versions": ">=0",
    "cwe": [],
    "cvss": {"score": 7},
}


class Database:
    """OSV's API and npm's, which know of one advisory each, or of none.

    Args:
        bad: The packages with an advisory.
    """

    def __init__(self, bad: set[str]) -> None:
        def answer(path: str, asked: Any) -> Any:
            if path.endswith("/querybatch"):
                names = [query["package"]["name"] for query in asked["queries"]]
                return {"results": [{"vulns": [ADVISORY]} if n in bad else {} for n in names]}
            if path.endswith("/advisories/bulk"):
                return {name: [NODE_ADVISORY] for name in asked if name in bad}
            return ADVISORY if "/vulns/" in path else {"name": path[1:], "versions": {"1.0.0": {}}}

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                zipped = self.headers.get("Content-Encoding") == "gzip"
                self._send(json.loads(gzip.decompress(body) if zipped else body))

            def do_GET(self) -> None:
                self._send(None)

            def _send(self, asked: Any) -> None:
                text = json.dumps(answer(self.path, asked)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def bad() -> set[str]:
    """The packages that the database warns of."""
    return set()


@pytest.fixture
def database(bad: set[str]) -> Iterator[str]:
    database = Database(bad)
    thread = threading.Thread(target=database.server.serve_forever)
    thread.start()
    yield database.url
    database.server.shutdown()
    database.server.server_close()
    thread.join()


def test_packages_without_advisories_pass(database: str) -> None:
    check_python("--service-url", database)
    check_node("--registry", database)


@pytest.mark.parametrize("bad", [{"urllib3"}])
def test_a_python_package_with_an_advisory_is_bad(database: str) -> None:
    with pytest.raises(Bad, match=r"(?s)urllib3.*PYSEC-2030-1: It leaks"):
        check_python("--service-url", database)


@pytest.mark.parametrize("bad", [{"aws-cdk"}])
def test_a_node_package_with_an_advisory_is_bad(database: str) -> None:
    with pytest.raises(Bad, match=r"(?s)aws-cdk.*It leaks"):
        check_node("--registry", database)


def test_a_database_that_cannot_be_reached_is_told_apart_from_a_clean_one() -> None:
    with pytest.raises(Unreachable):
        check_python("--service-url", NOWHERE)
    with pytest.raises(Unreachable):
        check_node("--registry", NOWHERE)


def test_a_lock_that_lags_behind_is_bad(tmp_path: Path) -> None:
    check_lock()
    shutil.copy(dependencies.PROJECT / "uv.lock", tmp_path)
    wanted = (dependencies.PROJECT / "pyproject.toml").read_text()
    changed = wanted.replace('"fastjsonschema==2.22.3"', '"fastjsonschema==2.22.2"')
    assert changed != wanted
    (tmp_path / "pyproject.toml").write_text(changed)
    with pytest.raises(Bad, match="uv lock"):
        check_lock(tmp_path)


def test_every_node_package_is_pinned() -> None:
    wanted = json.loads((dependencies.PROJECT / "package.json").read_text())["devDependencies"]
    assert [version for version in wanted.values() if not version[0].isdigit()] == []
