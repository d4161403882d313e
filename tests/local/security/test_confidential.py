"""The logs contain no confidential value of a request, whether the request succeeds or fails.

At the end of all tests, the fixture ``service`` also searches for the values that any test sent.
"""

import uuid

import pytest

from tests.support.deployment.service import Service
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse
from tests.support.logs.all_lines import all_lines
from tests.support.logs.confidential import Confidential
from tests.support.logs.log_groups import logged_lines


def test_no_request_of_any_route_leaves_its_confidential_values_in_the_logs(
    service: Service, call: Caller, pipeline: str
) -> None:
    mark = f"mark-{uuid.uuid4().hex}"
    hidden = {"width": mark, mark: [{"deep": mark}]}
    job = {"pipeline": pipeline, "input_uri": f"s3://in/{mark}", "parameters": hidden}
    error = {"code": mark, "message": f"it broke at {mark}"}
    failed = {"status": "FAILED", "error": error}
    key = {"Idempotency-Key": mark}
    responses = set()

    def send(method: str, path: str, body: object = None, **headers: str) -> HttpResponse:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        response = call(method, path, body, headers=names)
        responses.add((method, response.status))
        return response

    path = f"/jobs/{send('POST', '/jobs', job, **key).body['job_id']}"
    send("POST", "/jobs", job, **key)
    send("POST", "/jobs", {**job, "input_uri": f"s3://other/{mark}"}, **key)
    send("POST", "/jobs", {**job, "input_uri": f"ftp://{mark}"})
    send("POST", "/jobs", {**job, "input_uri": f"s3://{mark * 100}"})
    send("POST", "/jobs", {**job, mark: mark})
    send("POST", "/jobs", f'{{"{mark}": ')
    send("POST", "/jobs", {**job, "parameters": {"long": mark * 2_000}})
    send("POST", "/jobs", job, Content_Type="text/plain")
    send("POST", "/jobs", job, Content_Type=f"application/{mark}")
    send("POST", "/jobs", job, Idempotency_Key=f"{mark} ü".encode().decode("latin-1"))
    for method in ("PATCH", "PUT"):
        send(method, path, failed)
        send(method, path, {**failed, "error": {"message": mark}})
        send(method, path, {"status": mark, "output_uri": f"s3://out/{mark}"})
        send(method, path, {"status": "PENDING", "output_uri": f"s3://out/{mark}"})
        send(method, path, {"status": "RUNNING"}, If_Match=f'"{mark}"')
        send(method, path, {"status": "RUNNING"}, If_Match=mark)
        send(method, f"/jobs/{uuid.uuid4()}", failed)
    send("PATCH", path, {"status": "RUNNING"})
    send("DELETE", path)
    send("DELETE", path, If_Match=f'"{mark}"')
    send("DELETE", f"/jobs/{uuid.uuid4()}", If_Match=f'"{mark}"')
    send("PATCH", path, failed)
    send("PUT", path, {"status": "PENDING"})
    send("GET", path, X_Mark=mark)
    send("GET", path, x_api_key=mark)
    send("POST", "/jobs", job)
    cursor = send("GET", f"/jobs?pipeline={pipeline}&limit=1").body["next_cursor"]
    send("GET", f"/jobs?pipeline={pipeline}&limit=1&cursor={cursor}")
    send("GET", f"/jobs?cursor={cursor}")
    send("GET", f"/jobs?cursor={mark}")
    send("GET", f"/jobs?limit={mark}&status={mark}")
    for function, actions in {
        "create": ["dynamodb:PutItem"],
        "update": ["dynamodb:UpdateItem"],
        "read": ["dynamodb:GetItem", "dynamodb:Query"],
        "delete": ["dynamodb:DeleteItem"],
    }.items():
        with service.denied(function, *actions):
            send("POST", "/jobs", job, **key)
            send("PATCH", path, failed)
            send("PUT", path, failed)
            send("GET", path, X_Mark=mark)
            send("GET", f"/jobs?pipeline={pipeline}&limit=1&cursor={cursor}")
            last = send("DELETE", path)

    for method, statuses in {
        "POST": {200, 201, 400, 413, 415, 422, 500},
        "PATCH": {200, 400, 404, 409, 412, 500},
        "PUT": {200, 400, 404, 409, 412, 500},
        "GET": {200, 400, 403, 500},
        "DELETE": {404, 409, 412, 500},
    }.items():
        assert {status for sent, status in responses if sent == method} >= statuses
    logged_lines(service, "delete", last.headers["X-Request-Id"])
    secrets = Confidential()
    secrets.add([mark, cursor, service.api_key, *service.cursor_keys])
    assert not secrets.found_in(all_lines(service))


@pytest.mark.parametrize(
    "line",
    [
        '{"message": "GET s3://in/1"}',
        '{"detail": "{\\"input_uri\\": \\"s3://in/1\\"}"}',
        '{"stack_trace": {"frames": [{"statement": "a caller\'s own words"}]}}',
        "Task timed out: a caller's own words",
        '{"parameters": {"a caller\'s own words": 1}}',
        '{"url": "/jobs?cursor=bm90IGEgY3Vyc29y"}',
        '{"next": "aXNzdWVkIGN1cnNvcg"}',
        '{"key": "d41d8cd98f00b204e9800998ecf8427e"}',
    ],
)
def test_a_line_with_a_confidential_value_is_found(line: str) -> None:
    confidential = Confidential()
    body = {"input_uri": "s3://in/1", "parameters": [{"a": "a caller's own words"}]}
    confidential.add_request("/jobs", body, {"X-Api-Key": "d41d8cd98f00b204e9800998ecf8427e"})
    confidential.add_request("/jobs?limit=1&cursor=bm90IGEgY3Vyc29y", None, {})
    confidential.add_response('{"items":[],"next_cursor":"aXNzdWVkIGN1cnNvcg"}')

    assert len(confidential.found_in([line])) == 1
    assert not confidential.found_in([f'{{"request_id": "{uuid.uuid4()}"}}'])


def test_public_and_short_values_are_not_confidential() -> None:
    confidential = Confidential()
    confidential.add_request("/jobs", {"pipeline": "a-pipeline-of-mine", "status": "RUNNING"}, {})
    confidential.add_request("/jobs", {"parameters": {"width": "large"}}, {})

    lines = ['{"pipeline": "a-pipeline-of-mine", "detail": "large, RUNNING"}']
    assert not confidential.found_in(lines)


def test_only_the_newest_values_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.logs.confidential.MAX_VALUES", 2)
    confidential = Confidential()
    confidential.add([f"confidential {n}" for n in range(3)])

    lines = [f'{{"detail": "confidential {n}"}}' for n in range(3)]
    assert confidential.found_in(lines).keys() == {"confidential 1", "confidential 2"}
