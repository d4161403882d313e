"""Nothing that callers say in confidence is in the logs, whatever becomes of their requests.

At the end of all tests, the fixture ``service`` looks for everything that any of them has sent.
"""

import uuid

import pytest

from tests.support.deployment.service import Service
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse
from tests.support.logs.all_lines import all_lines
from tests.support.logs.confidential import Confidential
from tests.support.logs.log_groups import logged_lines


def test_no_request_of_any_route_leaves_a_trace_of_its_secrets(
    service: Service, call: Caller, pipeline: str
) -> None:
    mark = f"mark-{uuid.uuid4().hex}"
    hidden = {"width": mark, mark: [{"deep": mark}]}
    job = {"pipeline": pipeline, "input_uri": f"s3://in/{mark}", "parameters": hidden}
    error = {"code": mark, "message": f"it broke at {mark}"}
    failed = {"status": "FAILED", "error": error}
    key = {"Idempotency-Key": mark}
    seen = set()

    def say(method: str, path: str, body: object = None, **headers: str) -> HttpResponse:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = call(method, path, body, headers=names)
        seen.add((method, answer.status))
        return answer

    path = f"/jobs/{say('POST', '/jobs', job, **key).body['job_id']}"
    say("POST", "/jobs", job, **key)
    say("POST", "/jobs", {**job, "input_uri": f"s3://other/{mark}"}, **key)
    say("POST", "/jobs", {**job, "input_uri": f"ftp://{mark}"})
    say("POST", "/jobs", {**job, "input_uri": f"s3://{mark * 100}"})
    say("POST", "/jobs", {**job, mark: mark})
    say("POST", "/jobs", f'{{"{mark}": ')
    say("POST", "/jobs", {**job, "parameters": {"long": mark * 2_000}})
    say("POST", "/jobs", job, Content_Type="text/plain")
    say("POST", "/jobs", job, Content_Type=f"application/{mark}")
    say("POST", "/jobs", job, Idempotency_Key=f"{mark} ü".encode().decode("latin-1"))
    for method in ("PATCH", "PUT"):
        say(method, path, failed)
        say(method, path, {**failed, "error": {"message": mark}})
        say(method, path, {"status": mark, "output_uri": f"s3://out/{mark}"})
        say(method, path, {"status": "PENDING", "output_uri": f"s3://out/{mark}"})
        say(method, path, {"status": "RUNNING"}, If_Match=f'"{mark}"')
        say(method, path, {"status": "RUNNING"}, If_Match=mark)
        say(method, f"/jobs/{uuid.uuid4()}", failed)
    say("PATCH", path, {"status": "RUNNING"})
    say("DELETE", path)
    say("DELETE", path, If_Match=f'"{mark}"')
    say("DELETE", f"/jobs/{uuid.uuid4()}", If_Match=f'"{mark}"')
    say("PATCH", path, failed)
    say("PUT", path, {"status": "PENDING"})
    say("GET", path, X_Mark=mark)
    say("GET", path, x_api_key=mark)
    say("POST", "/jobs", job)
    cursor = say("GET", f"/jobs?pipeline={pipeline}&limit=1").body["next_cursor"]
    say("GET", f"/jobs?pipeline={pipeline}&limit=1&cursor={cursor}")
    say("GET", f"/jobs?cursor={cursor}")
    say("GET", f"/jobs?cursor={mark}")
    say("GET", f"/jobs?limit={mark}&status={mark}")
    for function, actions in {
        "create": ["dynamodb:PutItem"],
        "update": ["dynamodb:UpdateItem"],
        "read": ["dynamodb:GetItem", "dynamodb:Query"],
        "delete": ["dynamodb:DeleteItem"],
    }.items():
        with service.denied(function, *actions):
            say("POST", "/jobs", job, **key)
            say("PATCH", path, failed)
            say("PUT", path, failed)
            say("GET", path, X_Mark=mark)
            say("GET", f"/jobs?pipeline={pipeline}&limit=1&cursor={cursor}")
            last = say("DELETE", path)

    for method, statuses in {
        "POST": {200, 201, 400, 413, 415, 422, 500},
        "PATCH": {200, 400, 404, 409, 412, 500},
        "PUT": {200, 400, 404, 409, 412, 500},
        "GET": {200, 400, 403, 500},
        "DELETE": {404, 409, 412, 500},
    }.items():
        assert {status for said, status in seen if said == method} >= statuses
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
def test_a_line_that_repeats_a_confidence_is_found(line: str) -> None:
    confidential = Confidential()
    body = {"input_uri": "s3://in/1", "parameters": [{"a": "a caller's own words"}]}
    confidential.add_request("/jobs", body, {"X-Api-Key": "d41d8cd98f00b204e9800998ecf8427e"})
    confidential.add_request("/jobs?limit=1&cursor=bm90IGEgY3Vyc29y", None, {})
    confidential.add_response('{"items":[],"next_cursor":"aXNzdWVkIGN1cnNvcg"}')

    assert len(confidential.found_in([line])) == 1
    assert not confidential.found_in([f'{{"request_id": "{uuid.uuid4()}"}}'])


def test_what_a_line_may_tell_is_no_confidence() -> None:
    confidential = Confidential()
    confidential.add_request("/jobs", {"pipeline": "a-pipeline-of-mine", "status": "RUNNING"}, {})
    confidential.add_request("/jobs", {"parameters": {"width": "large"}}, {})

    lines = ['{"pipeline": "a-pipeline-of-mine", "detail": "large, RUNNING"}']
    assert not confidential.found_in(lines)


def test_no_more_is_remembered_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.logs.confidential.MAX_VALUES", 2)
    confidential = Confidential()
    confidential.add([f"confidential {n}" for n in range(3)])

    said = [f'{{"said": "confidential {n}"}}' for n in range(3)]
    assert confidential.found_in(said).keys() == {"confidential 1", "confidential 2"}
