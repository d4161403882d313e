"""The traces of sampled requests; the others cost nothing."""

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

# Tracing is set up once per process, and only inside Lambda, so it takes another process.
FUNCTION = """
import os, sys
from moto import mock_aws
from common.aws.clients import client
from local.lambda_runtime import buckets
from local.lambda_runtime import tables
from tests.support.specimen import SPECIMEN
from tests.unit.conftest import Api
import aws_xray_sdk.core.models.entity as entity
import aws_xray_sdk.core.models.dummy_entities as dummy

subsegments = []
for owner in (entity.Entity, dummy.DummySubsegment):
    def __init__(self, *args, _init=owner.__init__, **kwargs):
        subsegments.append(type(self).__name__)
        _init(self, *args, **kwargs)
    owner.__init__ = __init__
with mock_aws():
    tables.create_table(client("dynamodb"), SPECIMEN, SPECIMEN.collection)
    buckets.create_bucket(client("s3"), "archive")
    os.environ["_X_AMZN_TRACE_ID"] = sys.argv[1]
    subsegments.clear()
    body = {"site": "p", "name": "the name"}
    response = Api(entity=SPECIMEN)("POST", SPECIMEN.path, body, request_id="r" * 2_000)
    assert response.status == 201
    path = f"{SPECIMEN.path}/{response.body[SPECIMEN.id_field]}"
    worker = Api(entity=SPECIMEN, subject="worker")
    assert worker("PATCH", path, {"name": "x"}).status == 409
print(f"subsegments {len(subsegments)}")
"""


Document = dict[str, Any]


def _run(sampled: str) -> tuple[list[Document], int]:
    """Run FUNCTION in another process.

    Returns:
        The documents that X-Ray's daemon received, and the number of subsegments created.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        host, port = daemon.getsockname()
        process = subprocess.run(
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
        assert process.returncode == 0, process.stderr
        count = int(process.stdout.splitlines()[-1].removeprefix("subsegments "))
        return list(_received(daemon)), count


def _received(daemon: socket.socket) -> Iterator[Document]:
    daemon.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            header, _, document = daemon.recv(65_535).partition(b"\n")
            assert json.loads(header) == {"format": "json", "version": 1}
            yield json.loads(document)


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    """The documents of two sampled requests: an item is created, and a change of it refused."""
    return _run("1")[0]


def test_a_sampled_request_records_its_aws_calls_and_annotations(
    documents: list[Document],
) -> None:
    assert {document["trace_id"] for document in documents} == {ROOT}
    creation, refusal = [d["annotations"] for d in documents if "annotations" in d]
    # X-Ray takes no more.
    assert creation["request_id"] == "r" * 1_000
    assert creation["site"] == "p"
    assert (creation["outcome"], creation["status"]) == ("succeeded", "201")
    assert (refusal["outcome"], refusal["status"]) == ("refused", "409")
    assert creation["rock_sample_id"] == refusal["rock_sample_id"]
    assert (creation["caller"], refusal["caller"]) == ("key-1", "worker")
    calls = [d for d in documents if d.get("namespace") == "aws"]
    operations = [(d["name"], d["aws"]["operation"]) for d in calls]
    assert operations == [
        ("dynamodb", "PutItem"),
        ("s3", "PutObject"),
        ("dynamodb", "UpdateItem"),
        ("s3", "PutObject"),
    ]
    assert len(documents) == 6


def test_a_refused_write_is_an_error_but_not_a_fault(documents: list[Document]) -> None:
    (subsegment,) = [d for d in documents if d.get("aws", {}).get("operation") == "UpdateItem"]
    assert subsegment["error"] is True
    assert not subsegment.get("fault")
    (recorded,) = subsegment["cause"]["exceptions"]
    assert recorded["type"] == recorded["message"] == "ConditionalCheckFailedException"


def test_a_trace_holds_no_data_from_the_body(documents: list[Document]) -> None:
    assert "the name" not in json.dumps(documents)


def test_a_request_that_is_not_sampled_creates_no_subsegments() -> None:
    assert _run("0") == ([], 0)
