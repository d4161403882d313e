"""Metrics, the service map, and the records of a request, after a session of known requests."""

import json
import uuid
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from common.entities import ENTITIES
from infra.spec.output_names import table_output
from infra.spec.routes import FUNCTIONS
from infra.spec.stages import STAGES
from local.deploy import STAGE
from ops.commands.find import RequestRecords, find_records
from ops.deployment import Deployment
from ops.service_graph import ServiceGraph, fetch_service_graph
from ops.service_map_svg import draw_service_map
from tests.support.deployment.metric_values import increase, metric_values
from tests.support.deployment.ops_command import invoke_ops
from tests.support.deployment.service import Service
from tests.support.entities import (
    ENTITY,
    EXAMPLES,
    first_change,
    function_for,
    new_body,
    path_of,
    replacement_of,
)
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse

SETTINGS = STAGES[STAGE]

ITEMS = 3


@dataclass
class Session:
    """Requests and their expected effects."""

    responses: dict[str, list[HttpResponse]] = field(
        default_factory=lambda: {function: [] for function in FUNCTIONS}
    )
    """The responses, by function."""

    events: Counter[str] = field(default_factory=Counter)
    """The numbers of creations, replays and deletions, by metric."""

    calls: Counter[str] = field(default_factory=Counter)
    """The numbers of calls to DynamoDB, by function."""

    metrics_before: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """The sums of all metrics before the session, by metric and function."""

    requests_before: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """The numbers of requests on the map before the session, by caller and callee."""


@pytest.fixture(scope="module")
def session(service: Service, call: Caller) -> Session:
    """A session of creations, changes, lists, refusals and a deletion."""
    session = Session(
        metrics_before=metric_values(service), requests_before=requests(service_graph(service))
    )
    created, deleted = ENTITY.metric("created"), ENTITY.metric("deleted")

    def send(
        method: str,
        path: str,
        body: object = None,
        *events: str,
        calls: int = 1,
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        response, function = call(method, path, body, headers=headers), function_for(method)
        session.responses[function].append(response)
        session.events.update(events)
        session.calls[function] += calls
        return response

    life = EXAMPLES.life()
    for _ in range(ITEMS):
        item = send("POST", ENTITY.path, new_body(), created).body
        path = path_of(item)
        for change in life[:-1]:
            assert send("PATCH", path, change.body).status == 200
        assert send("PUT", path, replacement_of(life[-1])).status == 200
        stale = send("PATCH", path, first_change().body, headers={"If-Match": '"1"'})
        assert stale.status == 412
        send("GET", path)
        send("GET", f"{ENTITY.path}?status={ENTITY.statuses[-1]}", calls=SETTINGS.shards)
        for name in ENTITY.filters:
            send("GET", f"{ENTITY.path}?{name}={item[name]}")
    path = path_of(send("POST", ENTITY.path, new_body(), created).body)
    assert send("DELETE", path, None, deleted).status == 204
    assert send("DELETE", path).status == 404
    body, key = new_body(), {"Idempotency-Key": uuid.uuid4().hex}
    send("POST", ENTITY.path, body, created, headers=key)
    send("POST", ENTITY.path, body, "IdempotencyReplays", headers=key)
    return session


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

    functions = {ENTITY.metric("deleted"): function_for("DELETE")}
    expected = {
        (metric, functions.get(metric, function_for("POST"))): count
        for metric, count in session.events.items()
    }
    assert added.items() >= expected.items()
    for function, responses in session.responses.items():
        assert added["DynamoDBAttempts", function] == session.calls[function]
        assert added["ArchiveUploads", function] == len(responses)
    names = {metric for metric, _ in added}
    events = {*map(ENTITY.metric, ENTITY.all_events)}
    assert names & events
    counted = {*session.events, "DynamoDBAttempts", "ArchiveUploads"}
    assert counted <= names <= counted | events | {*ENTITY.durations}


@pytest.mark.mission("used-by: `cdk deploy`, per-function unit tests, X-Ray service map inspection")
def test_the_map_shows_every_request_and_every_call(session: Session, service: Service) -> None:
    added = increase(requests(service_graph(service)), session.requests_before)

    assert added["Callers", "API Gateway"] == sum(map(len, session.responses.values()))
    for function, responses in session.responses.items():
        assert added["API Gateway", function] == len(responses)
        assert added[function, "DynamoDB"] == session.calls[function]
        assert added[function, "S3"] == len(responses)
    # The configuration is read once and then cached.
    assert requests(service_graph(service))[function_for("GET"), "Parameter Store"] >= 1


def test_the_map_attributes_errors_and_response_times_to_services(
    session: Session, service: Service
) -> None:
    graph = service_graph(service)
    traffic = {node.title: traffic for node, traffic in graph.nodes.items()}
    assert traffic["API Gateway"].errors >= ITEMS + 1
    # A refused conditional write is the caller's error, not a fault of DynamoDB.
    assert traffic["DynamoDB"].errors >= ITEMS
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
    update = function_for("PATCH")
    refused = next(each for each in session.responses[update] if each.status == 412)
    records = records_of(service, refused.body["request_id"])

    (line,) = [each for each in records.log if each.get("message") == "request"]
    assert (line["status"], line["level"]) == (412, "WARNING")
    (access,) = [each for each in records.log if each["level"] == "ACCESS"]
    assert (access["status"], access["route"]) == (412, line["route"])
    assert line["detail"] == refused.body["detail"]
    assert [each for each in records.archive if each["message"] == "request"] == [line]
    names = [segment["name"] for segment in records.trace]
    services = {"dynamodb", "s3"}
    assert {f"{SETTINGS.prefix}/{STAGE}", f"{SETTINGS.prefix}-{update}", *services} <= {*names}
    annotations = annotations_of(records)
    assert annotations["outcome"] == "refused"
    assert annotations[ENTITY.id_field] == line[ENTITY.id_field]
    assert annotations["request_id"] == refused.body["request_id"]


def test_the_trace_of_a_success_is_annotated_with_the_id_and_the_filters(
    session: Session, service: Service
) -> None:
    created = session.responses[function_for("POST")][0]
    records = records_of(service, created.headers["X-Request-Id"])

    messages = [line["message"] for line in records.log[:-1]]
    assert messages == [f"{ENTITY.noun} created", "request"]
    assert records.archive == records.log[:-1]
    annotations = annotations_of(records)
    assert annotations["outcome"] == "succeeded"
    for name in (ENTITY.id_field, *ENTITY.filters):
        assert annotations[name] == created.body[name]


def test_the_id_of_a_request_that_api_gateway_refused_is_found_too(
    call: Caller, service: Service
) -> None:
    keyless = call("GET", ENTITY.path, headers={"x-api-key": ""})
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

    request_id = session.responses[function_for("GET")][0].headers["X-Request-Id"]
    records = invoke_ops(folder, "find", request_id)
    assert records.exit_code == 0
    assert records.stdout.count(request_id) >= 4
    unknown = invoke_ops(folder, "find", str(uuid.uuid4()))
    assert unknown.exit_code == 1
    assert "There is no record of request" in unknown.stderr


def test_find_crops_no_line_in_a_pipe(session: Session, service: Service) -> None:
    request_id = session.responses[function_for("PATCH")][0].headers["X-Request-Id"]
    annotations = annotations_of(records_of(service, request_id))
    lines = invoke_ops(service.run_folder.path, "find", request_id).stdout.splitlines()
    (line,) = [each for each in lines if "## handle" in each]
    assert len(line) > 200
    assert {f"{key}={value}" for key, value in annotations.items()} <= {*line.split()}


def test_smoke_takes_an_item_through_its_life_and_leaves_none(service: Service) -> None:
    def stored() -> int:
        dynamodb = service.client("dynamodb")
        tables = [service.outputs[table_output(entity)] for entity in ENTITIES]
        # A deleted item leaves a tombstone, without a status.
        pages = (
            page
            for table in tables
            for page in dynamodb.get_paginator("scan").paginate(TableName=table)
        )
        return sum("status" in item for page in pages for item in page["Items"])

    folder, before = service.run_folder.path, stored()
    passed = invoke_ops(folder, "smoke")
    assert passed.exit_code == 0, passed.stdout
    assert passed.stdout.endswith("It works.\n")
    failed = invoke_ops(folder, "smoke", "--url", service.api_url, "--key", "wrong")
    assert failed.exit_code == 1
    assert "403" in failed.stdout
    assert stored() == before
