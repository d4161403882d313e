"""Metrics, the service map, and the records of a request, after a session of known requests."""

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

from infra.spec.output_names import table_output
from infra.spec.routes import FUNCTIONS
from infra.spec.service import METRICS_NAMESPACE, SERVICE_NAME
from infra.spec.stages import STAGES
from local.deploy import STAGE
from ops.commands.find import RequestRecords, find_records
from ops.deployment import Deployment
from ops.service_graph import ServiceGraph, fetch_service_graph
from ops.service_map_svg import draw_service_map
from tests.support.deployment.ops_command import invoke_ops
from tests.support.deployment.service import Service
from tests.support.entities import ENTITY
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse

SETTINGS = STAGES[STAGE]

JOBS = 5
FAILING_JOBS = 2
WAIT_SECONDS = 0.05
"""The least time that a job spends in the queue, and running."""


@dataclass
class Session:
    """Requests and their expected effects."""

    responses: dict[str, list[HttpResponse]] = field(
        default_factory=lambda: {function: [] for function in FUNCTIONS}
    )
    """The responses, by function."""

    events: Counter[str] = field(default_factory=Counter)
    """The numbers of events in the lives of jobs, by metric."""

    calls: Counter[str] = field(default_factory=Counter)
    """The numbers of calls to DynamoDB, by function."""

    metrics_before: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """The sums of all metrics before the session, by metric and function."""

    requests_before: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """The numbers of requests on the map before the session, by caller and callee."""


@pytest.fixture(scope="module")
def session(service: Service, call: Caller) -> Session:
    """A session of creations, failures, retries, lists, refusals and a deletion."""
    session = Session(
        metrics_before=metric_values(service), requests_before=requests(service_graph(service))
    )
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
        response = call(method, path, body, headers=headers)
        session.responses[function].append(response)
        session.events.update(events)
        session.calls[function] += calls
        return response

    job = {"pipeline": pipeline, "input_uri": "s3://in/1"}
    failure = {"status": "FAILED", "error": {"code": "E", "message": "broken"}}
    for number in range(JOBS):
        path = f"/jobs/{send('create', 'POST', '/jobs', job, 'JobsCreated').body['job_id']}"
        time.sleep(WAIT_SECONDS)
        send("update", "PATCH", path, {"status": "RUNNING"}, "JobsStarted")
        time.sleep(WAIT_SECONDS)
        if number < FAILING_JOBS:
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
    first = send("create", "POST", "/jobs", job, "JobsCreated", headers=key)
    send("create", "POST", "/jobs", job, "IdempotencyReplays", headers=key)
    path = f"/jobs/{first.body['job_id']}"
    send("update", "PATCH", path, {"status": "CANCELLED"}, "JobsCancelled")
    return session


def metric_values(service: Service, statistic: str = "Sum") -> dict[tuple[str, str], float]:
    """Return a statistic of the functions' own metrics, by metric and function."""
    cloudwatch = service.client("cloudwatch")
    metrics = cloudwatch.list_metrics(Namespace=METRICS_NAMESPACE)["Metrics"]
    now = datetime.now(UTC)
    values = {}
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
        values[key] = sum(point[statistic] for point in points)
    return values


def increase(after: Mapping[Any, float], before: Mapping[Any, float]) -> dict[Any, float]:
    """Return the values that have changed, and by how much."""
    return {
        key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key)
    }


def service_graph(service: Service) -> ServiceGraph:
    now = datetime.now(UTC)
    since, until = now - timedelta(hours=1), now + timedelta(minutes=1)
    return fetch_service_graph(service.client("xray"), SETTINGS, since, until)


def requests(graph: ServiceGraph) -> dict[tuple[str, str], int]:
    """Return the numbers of requests, by the titles of caller and callee."""
    return {
        (caller.title, callee.title): traffic.requests
        for (caller, callee), traffic in graph.edges.items()
    }


def test_the_metrics_count_the_events(session: Session, service: Service) -> None:
    added = increase(metric_values(service), session.metrics_before)

    functions = {"JobsCreated": "create", "IdempotencyReplays": "create", "JobsDeleted": "delete"}
    expected = {
        (event, functions.get(event, "update")): count for event, count in session.events.items()
    }
    assert added.items() >= expected.items()
    for function, responses in session.responses.items():
        assert added["DynamoDBAttempts", function] == session.calls[function]
        assert added["ArchiveUploads", function] == len(responses)
    names = {metric for metric, _ in added}
    assert names == {*session.events, "DynamoDBAttempts", "ArchiveUploads", "QueueTime", "RunTime"}


def test_queue_times_are_measured_at_first_starts_and_run_times_at_every_end(
    session: Session, service: Service
) -> None:
    samples = metric_values(service, "SampleCount")
    assert samples["QueueTime", "update"] >= JOBS
    assert samples["RunTime", "update"] >= JOBS + FAILING_JOBS
    longest = metric_values(service, "Maximum")
    assert longest["QueueTime", "update"] >= WAIT_SECONDS * 1000
    assert longest["RunTime", "update"] >= WAIT_SECONDS * 1000


@pytest.mark.mission("used-by: `cdk deploy`, per-function unit tests, X-Ray service map inspection")
def test_the_map_shows_every_request_and_every_call(session: Session, service: Service) -> None:
    added = increase(requests(service_graph(service)), session.requests_before)

    assert added["Callers", "API Gateway"] == sum(map(len, session.responses.values()))
    for function, responses in session.responses.items():
        assert added["API Gateway", function] == len(responses)
        assert added[function, "DynamoDB"] == session.calls[function]
        assert added[function, "S3"] == len(responses)
    # The configuration is read once and then cached.
    assert requests(service_graph(service))["update", "Parameter Store"] >= 1


def test_the_map_attributes_errors_and_response_times_to_services(
    session: Session, service: Service
) -> None:
    graph = service_graph(service)
    traffic = {node.title: traffic for node, traffic in graph.nodes.items()}
    assert traffic["API Gateway"].errors >= JOBS + 1
    # A refused conditional write is the caller's error, not a fault of DynamoDB.
    assert traffic["DynamoDB"].errors >= JOBS
    assert traffic["DynamoDB"].requests >= sum(session.calls.values())
    for name in ("API Gateway", *FUNCTIONS, "DynamoDB", "S3", "Parameter Store"):
        p50, p95, p99 = (traffic[name].percentile(percent) or 0 for percent in (50, 95, 99))
        assert 0 < p50 <= p95 <= p99
    picture = ET.fromstring(draw_service_map(graph))
    texts = {text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert texts >= {node.title for node in graph.nodes}


def records_of(service: Service, request_id: str) -> RequestRecords:
    deployment = Deployment(service.outputs, service.endpoint.aws_endpoint_url)
    return find_records(deployment, request_id, datetime.now(UTC) - timedelta(hours=1))


def annotations_of(records: RequestRecords) -> Mapping[str, Any]:
    """Return the annotations of the only segment that has some."""
    annotations: Mapping[str, Any]
    (annotations,) = [
        segment["annotations"] for segment in records.trace if "annotations" in segment
    ]
    return annotations


def test_the_id_in_an_error_response_finds_its_log_line_its_archived_line_and_its_trace(
    session: Session, service: Service
) -> None:
    refused = next(each for each in session.responses["update"] if each.status == 409)
    records = records_of(service, refused.body["request_id"])

    (line,) = [each for each in records.log if each.get("message") == "request"]
    assert (line["status"], line["level"]) == (409, "WARNING")
    (access,) = [each for each in records.log if each["level"] == "ACCESS"]
    assert (access["status"], access["route"]) == (409, line["route"])
    assert line["detail"] == refused.body["detail"]
    assert [each for each in records.archive if each["message"] == "request"] == [line]
    names = [segment["name"] for segment in records.trace]
    assert {f"{SERVICE_NAME}-dev/dev", f"{SERVICE_NAME}-dev-update", "dynamodb", "s3"} <= {*names}
    annotations = annotations_of(records)
    assert annotations["outcome"] == "refused"
    assert annotations["job_id"] == line["job_id"]
    assert annotations["request_id"] == refused.body["request_id"]


def test_the_trace_of_a_success_is_annotated_with_job_and_pipeline(
    session: Session, service: Service
) -> None:
    created = session.responses["create"][0]
    records = records_of(service, created.headers["X-Request-Id"])

    assert [line["message"] for line in records.log[:-1]] == ["job created", "request"]
    assert records.archive == records.log[:-1]
    annotations = annotations_of(records)
    assert annotations["outcome"] == "succeeded"
    assert annotations["job_id"] == created.body["job_id"]
    assert annotations["pipeline"] == created.body["pipeline"]


def test_the_id_of_a_request_that_api_gateway_refused_is_found_too(
    call: Caller, service: Service
) -> None:
    keyless = call("GET", "/jobs", headers={"x-api-key": ""})
    routeless = call("GET", "/nowhere")
    for response, status in ((keyless, 403), (routeless, 404)):
        records = records_of(service, response.body["request_id"])
        (line,) = records.log
        assert (line["level"], line["status"]) == ("ACCESS", status)
        (segment,) = records.trace
        assert segment["http"]["response"]["status"] == status


def test_map_and_find_print_tables_json_and_a_picture(
    session: Session, service: Service, tmp_path: Path
) -> None:
    folder, svg = service.run_folder.path, tmp_path / "map.svg"
    tables = invoke_ops(folder, "map", "--svg", str(svg))
    assert (tables.exit_code, tables.stderr) == (0, "")
    assert "DynamoDB" in tables.stdout
    assert ET.parse(svg).getroot().tag.endswith("svg")
    nodes = json.loads(invoke_ops(folder, "map", "--json").stdout)["nodes"]
    assert {node["title"] for node in nodes} >= {*FUNCTIONS, "DynamoDB", "S3", "Parameter Store"}

    unwritable = invoke_ops(folder, "map", "--svg", str(tmp_path / "missing" / "map.svg"))
    assert (unwritable.exit_code, unwritable.stdout) == (1, "")
    assert unwritable.stderr.endswith("map.svg cannot be written: No such file or directory.\n")

    request_id = session.responses["read"][0].headers["X-Request-Id"]
    records = invoke_ops(folder, "find", request_id)
    assert records.exit_code == 0
    assert records.stdout.count(request_id) >= 4
    unknown = invoke_ops(folder, "find", str(uuid.uuid4()))
    assert unknown.exit_code == 1
    assert "There is no record of request" in unknown.stderr


def test_find_crops_no_line_in_a_pipe(session: Session, service: Service) -> None:
    request_id = session.responses["update"][0].headers["X-Request-Id"]
    annotations = annotations_of(records_of(service, request_id))
    lines = invoke_ops(service.run_folder.path, "find", request_id).stdout.splitlines()
    (line,) = [each for each in lines if "## handle" in each]
    assert len(line) > 200
    assert {f"{key}={value}" for key, value in annotations.items()} <= {*line.split()}


def test_smoke_takes_a_job_through_its_life(service: Service) -> None:
    folder = service.run_folder.path
    passed = invoke_ops(folder, "smoke")
    assert passed.exit_code == 0, passed.stdout
    assert passed.stdout.endswith("It works.\n")
    failed = invoke_ops(folder, "smoke", "--url", service.api_url, "--key", "wrong")
    assert failed.exit_code == 1
    assert "403" in failed.stdout
    jobs = service.client("dynamodb").scan(
        TableName=service.outputs[table_output(ENTITY)],
        FilterExpression="begins_with(pipeline, :smoke)",
        ExpressionAttributeValues={":smoke": {"S": "smoke-"}},
    )
    assert jobs["Items"] == []
