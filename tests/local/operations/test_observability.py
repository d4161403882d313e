"""What a session of known requests leaves behind: metrics, the service map, and one trail."""

import json
import time
import uuid
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from infra.spec.routes import FUNCTIONS
from infra.spec.stages import STAGES
from local.deploy import STAGE
from ops import deployment
from ops.__main__ import app
from ops.commands.find import RequestRecords, find_records
from ops.deployment import Deployment
from ops.service_graph import ServiceGraph, fetch_service_graph
from ops.service_map_svg import draw_service_map
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse

SETTINGS = STAGES[STAGE]
PATIENCE = 10.0

JOBS = 5
FAILING = 2
WAITS = 0.05
"""Seconds that a job is at least in the queue, and running."""


@dataclass
class Session:
    """Requests, and what they must have led to.

    Attributes:
        answers: The answers, by function.
        events: How often what has happened to jobs, by metric.
        calls: How often DynamoDB was called, by function.
        metrics_before: The sums of all metrics before the session, by metric and function.
        map_before: The service map before the session.
    """

    answers: dict[str, list[HttpResponse]] = field(
        default_factory=lambda: {f: [] for f in FUNCTIONS}
    )
    events: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    metrics_before: Mapping[tuple[str, str], float] = field(default_factory=dict)
    map_before: Mapping[tuple[str, str], int] = field(default_factory=dict)


@pytest.fixture(scope="module")
def session(service: Service, call: Caller) -> Session:
    """Creates, failures, retries, lists, refusals and a deletion."""
    session = Session(metrics_before=sums(service), map_before=requests(shown(service)))
    pipeline = f"test-{uuid.uuid4().hex}"

    def send(
        function: str,
        method: str,
        path: str,
        body: object = None,
        *events: str,
        calls: int = 1,
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        answer = call(method, path, body, headers=headers)
        session.answers[function].append(answer)
        session.events.update(events)
        session.calls[function] += calls
        return answer

    new = {"pipeline": pipeline, "input_uri": "s3://in/1"}
    failure = {"status": "FAILED", "error": {"code": "E", "message": "broken"}}
    for number in range(JOBS):
        path = f"/jobs/{send('create', 'POST', '/jobs', new, 'JobsCreated').body['job_id']}"
        time.sleep(WAITS)
        send("update", "PATCH", path, {"status": "RUNNING"}, "JobsStarted")
        time.sleep(WAITS)
        if number < FAILING:
            send("update", "PATCH", path, failure, "JobsFailed")
            send("update", "PATCH", path, {"status": "PENDING"}, "JobsRetried")
            send("update", "PATCH", path, {"status": "RUNNING"}, "JobsStarted")
        send("update", "PATCH", path, {"progress": 50})
        send("update", "PUT", path, {"status": "SUCCEEDED"}, "JobsSucceeded")
        assert send("update", "PATCH", path, {"status": "RUNNING"}).status == 409
        send("read", "GET", path)
        send("read", "GET", f"/jobs?pipeline={pipeline}")
        send("read", "GET", "/jobs?status=FAILED", calls=SETTINGS.shards)
    send("delete", "DELETE", path, None, "JobsDeleted")
    assert send("delete", "DELETE", path).status == 404
    key = {"Idempotency-Key": pipeline}
    first = send("create", "POST", "/jobs", new, "JobsCreated", headers=key)
    send("create", "POST", "/jobs", new, "IdempotencyReplays", headers=key)
    path = f"/jobs/{first.body['job_id']}"
    send("update", "PATCH", path, {"status": "CANCELLED"}, "JobsCancelled")
    return session


def sums(service: Service, statistic: str = "Sum") -> dict[tuple[str, str], float]:
    """The functions' own metrics, by metric and function."""
    cloudwatch = service.client("cloudwatch")
    metrics = cloudwatch.list_metrics(Namespace="JobLedger")["Metrics"]
    now = datetime.now(UTC)
    found = {}
    for metric in metrics:
        dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
        assert dimensions.keys() == {"service", "function"}
        points = cloudwatch.get_metric_statistics(
            **metric,
            StartTime=now - timedelta(days=1),
            EndTime=now + timedelta(minutes=1),
            Period=86_400,
            Statistics=[statistic],
        )["Datapoints"]
        key = (metric["MetricName"], dimensions["function"])
        found[key] = sum(point[statistic] for point in points)
    return found


def since_then(now: Mapping[Any, float], then: Mapping[Any, float]) -> dict[Any, float]:
    """What has been added; the same as long as nobody else calls."""
    return {key: value - then.get(key, 0) for key, value in now.items() if value != then.get(key)}


def shown(service: Service) -> ServiceGraph:
    now = datetime.now(UTC)
    since, until = now - timedelta(hours=1), now + timedelta(minutes=1)
    return fetch_service_graph(service.client("xray"), SETTINGS, since, until)


def requests(map_: ServiceGraph) -> dict[tuple[str, str], int]:
    return {(by.title, to.title): traffic.requests for (by, to), traffic in map_.edges.items()}


def test_the_metrics_are_what_has_happened(session: Session, service: Service) -> None:
    added = since_then(sums(service), session.metrics_before)

    functions = {"JobsCreated": "create", "IdempotencyReplays": "create", "JobsDeleted": "delete"}
    counted = {
        (event, functions.get(event, "update")): count for event, count in session.events.items()
    }
    assert added.items() >= counted.items()
    for function, answers in session.answers.items():
        assert added["DynamoDBAttempts", function] == session.calls[function]
        assert added["ArchiveUploads", function] == len(answers)
    named = {metric for metric, _ in added}
    assert named == {*session.events, "DynamoDBAttempts", "ArchiveUploads", "QueueTime", "RunTime"}


def test_the_times_are_those_of_first_starts_and_of_every_end(
    session: Session, service: Service
) -> None:
    count = sums(service, "SampleCount")
    started, ended = count["QueueTime", "update"], count["RunTime", "update"]
    assert started >= JOBS
    assert ended >= JOBS + FAILING
    assert sums(service, "Maximum")["QueueTime", "update"] >= WAITS * 1000
    assert sums(service, "Maximum")["RunTime", "update"] >= WAITS * 1000


@pytest.mark.mission("used-by: `cdk deploy`, per-function unit tests, X-Ray service map inspection")
def test_the_map_shows_every_request_and_every_call(session: Session, service: Service) -> None:
    added = since_then(requests(shown(service)), session.map_before)

    everything = sum(map(len, session.answers.values()))
    assert added["Callers", "API Gateway"] == everything
    for function, answers in session.answers.items():
        assert added["API Gateway", function] == len(answers)
        assert added[function, "DynamoDB"] == session.calls[function]
        assert added[function, "S3"] == len(answers)
    # Configuration is read once, and then remembered.
    assert requests(shown(service))["update", "Parameter Store"] >= 1


def test_the_map_blames_whom_it_should(session: Session, service: Service) -> None:
    found = shown(service)
    traffic = {node.title: traffic for node, traffic in found.nodes.items()}
    assert traffic["API Gateway"].errors >= JOBS + 1
    # A refused write is what DynamoDB is asked for, and no fault of its own.
    assert traffic["DynamoDB"].errors >= JOBS
    assert traffic["DynamoDB"].requests >= sum(session.calls.values())
    for name in ("API Gateway", *FUNCTIONS, "DynamoDB", "S3", "Parameter Store"):
        p50, p95, p99 = (traffic[name].percentile(percent) or 0 for percent in (50, 95, 99))
        assert 0 < p50 <= p95 <= p99
    picture = ET.fromstring(draw_service_map(found))
    texts = {text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert texts >= {node.title for node in found.nodes}


def found(service: Service, request_id: str) -> RequestRecords:
    where = Deployment(service.outputs, service.endpoint.aws_endpoint_url)
    return find_records(where, request_id, datetime.now(UTC) - timedelta(hours=1))


def test_the_id_in_an_error_answer_finds_its_line_its_archived_line_and_its_trace(
    session: Session, service: Service
) -> None:
    refused = next(a for a in session.answers["update"] if a.status == 409)
    left = found(service, refused.body["request_id"])

    (line,) = [each for each in left.log if each.get("message") == "request"]
    assert (line["status"], line["level"]) == (409, "WARNING")
    (access,) = [each for each in left.log if each["level"] == "ACCESS"]
    assert (access["status"], access["route"]) == (409, line["route"])
    assert line["detail"] == refused.body["detail"]
    assert [each for each in left.archive if each["message"] == "request"] == [line]
    names = [segment["name"] for segment in left.trace]
    assert {"job-ledger-dev/dev", "job-ledger-dev-update", "dynamodb", "s3"} <= {*names}
    (annotations,) = [s["annotations"] for s in left.trace if "annotations" in s]
    assert annotations["outcome"] == "refused"
    assert annotations["job_id"] == line["job_id"]
    assert annotations["request_id"] == refused.body["request_id"]


def test_the_trace_of_a_success_is_annotated_with_job_and_pipeline(
    session: Session, service: Service
) -> None:
    created = session.answers["create"][0]
    left = found(service, created.headers["X-Request-Id"])

    assert [line["message"] for line in left.log[:-1]] == ["job created", "request"]
    assert left.archive == left.log[:-1]
    (annotations,) = [s["annotations"] for s in left.trace if "annotations" in s]
    assert annotations["outcome"] == "succeeded"
    assert annotations["job_id"] == created.body["job_id"]
    assert annotations["pipeline"] == created.body["pipeline"]


def test_the_id_of_a_request_that_the_gateway_refused_is_found_too(
    call: Caller, service: Service
) -> None:
    keyless = call("GET", "/jobs", headers={"x-api-key": ""})
    invalid = call("POST", "/jobs", {"pipeline": "p"})
    for answer, status in ((keyless, 403), (invalid, 400)):
        left = found(service, answer.body["request_id"])
        (line,) = left.log
        assert (line["level"], line["status"]) == ("ACCESS", status)
        (segment,) = left.trace
        assert segment["http"]["response"]["status"] == status


def ops(service: Service, *words: str) -> Result:
    return CliRunner().invoke(
        app, words, env={deployment.RUN_FOLDER_VARIABLE: str(service.run_folder.path)}
    )


def test_the_commands_tell_people_and_machines(
    session: Session, service: Service, tmp_path: Path
) -> None:
    svg = tmp_path / "map.svg"
    drawn = ops(service, "map", "--svg", str(svg))
    assert (drawn.exit_code, drawn.stderr) == (0, "")
    assert "DynamoDB" in drawn.stdout
    assert ET.parse(svg).getroot().tag.endswith("svg")
    nodes = json.loads(ops(service, "map", "--json").stdout)["nodes"]
    assert {node["title"] for node in nodes} >= {*FUNCTIONS, "DynamoDB", "S3", "Parameter Store"}

    request_id = session.answers["read"][0].headers["X-Request-Id"]
    told = ops(service, "find", request_id)
    assert told.exit_code == 0
    assert told.stdout.count(request_id) >= 4
    unknown = ops(service, "find", str(uuid.uuid4()))
    assert unknown.exit_code == 1
    assert "There is no record of request" in unknown.stderr


def test_smoke_goes_through_the_life_of_a_job(service: Service) -> None:
    done = ops(service, "smoke")
    assert done.exit_code == 0, done.stdout
    assert done.stdout.endswith("It works.\n")
    refused = ops(service, "smoke", "--url", service.api_url, "--key", "wrong")
    assert refused.exit_code == 1
    assert "403" in refused.stdout
    left = service.client("dynamodb").scan(
        TableName=service.outputs["TableName"],
        FilterExpression="begins_with(pipeline, :smoke)",
        ExpressionAttributeValues={":smoke": {"S": "smoke-"}},
    )
    assert left["Items"] == []
