"""What is added to a trace, and that nothing is done for a request that is not sampled."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from infra.spec.paths import PROJECT

ROOT, PARENT = "1-6b032c2f-fd00f12da3729d9cfaf636c1", "8b4ba92af5fc7eff"

# Tracing is set up when a function starts, and only inside Lambda: so in a process of its own.
FUNCTION = """
import os, sys
from moto import mock_aws
from tests.unit.conftest import Api, jobs_table
from common.aws.clients import client
import aws_xray_sdk.core.models.entity as entity
import aws_xray_sdk.core.models.dummy_entities as dummy

made = []
for owner in (entity.Entity, dummy.DummySubsegment):
    def __init__(self, *args, _init=owner.__init__, **kwargs):
        made.append(type(self).__name__)
        _init(self, *args, **kwargs)
    owner.__init__ = __init__
with mock_aws():
    jobs_table.create(client("dynamodb"), "jobs")
    client("s3").create_bucket(Bucket="archive")
    os.environ["_X_AMZN_TRACE_ID"] = sys.argv[1]
    made.clear()
    created = Api()("POST", "/jobs", {"pipeline": "p", "input_uri": "s3://in/1"}, request_id="r-1")
    assert created.status == 201
    worker = Api(subject="worker")
    assert worker("PATCH", f"/jobs/{created.body['job_id']}", {"progress": 1}).status == 409
print(f"made {len(made)}")
"""


Document = dict[str, Any]


def run(sampled: str) -> tuple[list[Document], int]:
    """What X-Ray's daemon gets to see, and how many subsegments were made for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        host, port = daemon.getsockname()
        done = subprocess.run(
            [sys.executable, "-c", FUNCTION, f"Root={ROOT};Parent={PARENT};Sampled={sampled}"],
            cwd=PROJECT,
            env={
                **os.environ,
                "PYTHONPATH": f"{PROJECT}:{PROJECT}/layers/common/python",
                "LAMBDA_TASK_ROOT": str(PROJECT),
                "AWS_XRAY_DAEMON_ADDRESS": f"{host}:{port}",
            },
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        made = int(done.stdout.splitlines()[-1].removeprefix("made "))
        return list(_received(daemon)), made


def _received(daemon: socket.socket) -> Iterator[Document]:
    daemon.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            header, _, document = daemon.recv(65_535).partition(b"\n")
            assert json.loads(header) == {"format": "json", "version": 1}
            yield json.loads(document)


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    """What is sent of two sampled requests: a job is registered, and a change of it refused."""
    return run("1")[0]


def test_a_sampled_request_adds_its_calls_and_says_what_it_is_about(
    documents: list[Document],
) -> None:
    assert {document["trace_id"] for document in documents} == {ROOT}
    created, refused = [d["annotations"] for d in documents if "annotations" in d]
    assert created["request_id"] == "r-1"
    assert created["pipeline"] == "p"
    assert (created["outcome"], created["status"]) == ("succeeded", "201")
    assert (refused["outcome"], refused["status"]) == ("refused", "409")
    assert created["job_id"] == refused["job_id"]
    assert (created["caller"], refused["caller"]) == ("key-1", "worker")
    calls = [d for d in documents if d.get("namespace") == "aws"]
    operations = [(d["name"], d["aws"]["operation"]) for d in calls]
    assert operations == [
        ("dynamodb", "PutItem"),
        ("s3", "PutObject"),
        ("dynamodb", "UpdateItem"),
        ("s3", "PutObject"),
    ]
    assert len(documents) == 6


def test_a_refused_write_is_an_error_and_no_fault_of_dynamodb(documents: list[Document]) -> None:
    (refused,) = [d for d in documents if d.get("aws", {}).get("operation") == "UpdateItem"]
    assert refused["error"] is True
    assert not refused.get("fault")


def test_a_trace_holds_nothing_of_what_the_caller_has_sent(documents: list[Document]) -> None:
    assert "s3://in/1" not in json.dumps(documents)


def test_of_a_request_that_is_not_sampled_nothing_is_sent_or_even_made() -> None:
    assert run("0") == ([], 0)
