"""The service map: from X-Ray's answer to tables and the picture."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from infra.spec.service import PASCAL_NAME, REGION, SERVICE_NAME
from infra.spec.stages import STAGES
from ops.commands.map import tables
from ops.durations import format_milliseconds
from ops.service_graph import ServiceGraph, Traffic, fetch_service_graph
from ops.service_map_svg import draw_service_map

SINCE = datetime(2026, 1, 31, 9, tzinfo=UTC)
UNTIL = SINCE + timedelta(hours=1)


def statistics(ok: int, errors: int = 0, faults: int = 0, seconds: float = 0.01) -> dict[str, Any]:
    return {
        "SummaryStatistics": {
            "OkCount": ok,
            "ErrorStatistics": {"ThrottleCount": 0, "OtherCount": errors, "TotalCount": errors},
            "FaultStatistics": {"OtherCount": faults, "TotalCount": faults},
            "TotalCount": ok + errors + faults,
            "TotalResponseTime": seconds * (ok + errors + faults),
        },
        "ResponseTimeHistogram": [{"Value": seconds, "Count": ok + errors + faults}],
    }


def service(number: int, name: str, type_: str, *calls: dict[str, Any], **more: Any) -> Any:
    return {"ReferenceId": number, "Name": name, "Type": type_, "Edges": [*calls], **more}


def edge(number: int, **statistics: Any) -> dict[str, Any]:
    return {"ReferenceId": number, **statistics}


PAGES = [
    [
        service(0, f"{SERVICE_NAME}-prod/prod", "client", edge(1, **statistics(90, 8, 2))),
        service(
            1,
            f"{SERVICE_NAME}-prod/prod",
            "AWS::ApiGateway::Stage",
            edge(2, **statistics(92)),
            **statistics(90, 8, 2),
        ),
        service(
            2,
            f"{SERVICE_NAME}-prod-read",
            "AWS::Lambda",
            edge(3, **statistics(92)),
            **statistics(92),
        ),
        # Another stage of the same account, and a function that no API calls.
        service(7, f"{SERVICE_NAME}-dev/dev", "AWS::ApiGateway::Stage", edge(8), **statistics(5)),
        service(8, f"{SERVICE_NAME}-dev-read", "AWS::Lambda", **statistics(5)),
    ],
    [
        service(
            3,
            f"{SERVICE_NAME}-prod-read",
            "AWS::Lambda::Function",
            edge(4, **statistics(80, 3, seconds=0.004)),
            edge(5, **statistics(1)),
            **statistics(92),
        ),
        # This service has no histogram.
        service(4, f"{PASCAL_NAME}-prod-TableItems", "AWS::DynamoDB::Table"),
        service(5, "SSM", "AWS::SSM", **statistics(1)),
        service(9, "of-another-project", "AWS::Lambda", edge(4, **statistics(1)), **statistics(1)),
    ],
]


@pytest.fixture
def prod() -> ServiceGraph:
    xray = boto3.client("xray", region_name=REGION)
    with Stubber(xray) as stubber:
        for token, services in zip(("more", None), PAGES, strict=True):
            answer = {"Services": services, **({"NextToken": token} if token else {})}
            stubber.add_response("get_service_graph", answer)
        return fetch_service_graph(xray, STAGES["prod"], SINCE, UNTIL)


def test_the_map_holds_what_the_api_reaches_and_nothing_else(prod: ServiceGraph) -> None:
    titles = [node.title for node in prod.nodes]
    assert titles == ["Callers", "API Gateway", "read", "DynamoDB", "Parameter Store"]


def test_the_lambda_service_and_the_function_are_one_node(prod: ServiceGraph) -> None:
    requests = {
        (caller.title, callee.title): traffic.requests
        for (caller, callee), traffic in prod.edges.items()
    }
    assert requests == {
        ("Callers", "API Gateway"): 100,
        ("API Gateway", "read"): 92,
        ("read", "DynamoDB"): 83,
        ("read", "Parameter Store"): 1,
    }


def test_rates_are_shares_of_the_requests(prod: ServiceGraph) -> None:
    (gateway,) = [t for node, t in prod.nodes.items() if node.title == "API Gateway"]
    assert (gateway.error_rate, gateway.fault_rate) == (0.08, 0.02)


def test_a_service_without_response_times_gets_those_of_its_callers(
    prod: ServiceGraph,
) -> None:
    (table,) = [t for node, t in prod.nodes.items() if node.title == "DynamoDB"]
    assert table.percentile(50) == 4


@pytest.mark.parametrize(
    ("percent", "expected"), [(1, 1), (50, 1), (51, 20), (95, 20), (99, 20), (100, 300)]
)
def test_a_percentile_is_a_time_that_so_many_stay_within(percent: int, expected: float) -> None:
    traffic = Traffic(requests=1000, histogram={0.02: 490, 0.001: 500, 0.3: 10})
    assert traffic.percentile(percent) == pytest.approx(expected)


def test_json_rounds_times_and_counts_no_requests_to_the_callers(prod: ServiceGraph) -> None:
    callers, *services = prod.as_dict()["nodes"]
    assert (callers["title"], "requests" in callers) == ("Callers", False)
    assert all("requests" in each for each in services)
    assert Traffic(requests=1, histogram={0.0102: 1}).as_dict()["p50_ms"] == 10.2


def test_no_traffic_has_no_percentile() -> None:
    assert Traffic().percentile(99) is None


def test_the_picture_shows_every_service_and_call_in_both_colour_schemes(
    prod: ServiceGraph,
) -> None:
    svg = draw_service_map(prod)
    namespace = "{http://www.w3.org/2000/svg}"
    picture = ET.fromstring(svg)
    texts = [text.text or "" for text in picture.iter(f"{namespace}text")]
    assert {node.title for node in prod.nodes} <= {*texts}
    assert "83 · 4.0 ms" in texts
    edges = [p for p in picture.iter(f"{namespace}path") if "edge" in p.attrib["class"]]
    assert len(edges) == len(prod.edges)
    assert "prefers-color-scheme: dark" in svg
    # The picture must not load or run anything where it is embedded.
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in svg


def test_no_two_services_overlap(prod: ServiceGraph) -> None:
    cards = [
        {key: float(card.attrib[key]) for key in ("x", "y", "width", "height")}
        for card in ET.fromstring(draw_service_map(prod)).iter("{http://www.w3.org/2000/svg}rect")
        if card.attrib["class"] == "card"
    ]
    assert len(cards) == len(prod.nodes)
    for number, one in enumerate(cards):
        for other in cards[number + 1 :]:
            beside = one["x"] + one["width"] < other["x"] or other["x"] + other["width"] < one["x"]
            above = one["y"] + one["height"] < other["y"] or other["y"] + other["height"] < one["y"]
            assert beside or above


def test_names_from_aws_cannot_break_the_picture() -> None:
    xray = boto3.client("xray", region_name=REGION)
    gateway = service(
        0, f"{SERVICE_NAME}-dev/dev", "AWS::ApiGateway::Stage", edge(1), **statistics(1)
    )
    strange = service(1, '<&">', "remote", **statistics(1))
    with Stubber(xray) as stubber:
        stubber.add_response("get_service_graph", {"Services": [gateway, strange]})
        svg = draw_service_map(fetch_service_graph(xray, STAGES["dev"], SINCE, UNTIL))
    assert '<&">' in [text.text for text in ET.fromstring(svg).iter()]


def test_the_tables_have_a_row_for_each_service_and_each_call(prod: ServiceGraph) -> None:
    nodes, edges = tables(prod)
    assert (nodes.row_count, edges.row_count) == (4, 4)


@pytest.mark.parametrize(
    ("value", "text"), [(0.42, "0.4 ms"), (8.4, "8.4 ms"), (119.6, "120 ms"), (2_345, "2.3 s")]
)
def test_durations_are_rounded_to_a_short_form(value: float, text: str) -> None:
    assert format_milliseconds(value) == text
