"""The identity of callers: it is recorded, and reads do not depend on it."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.conftest import Api

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

BODY = {"pipeline": "resize", "input_uri": "s3://in/1.png"}
ROLE = "arn:aws:sts::123456789012:assumed-role/worker"
USER = "arn:aws:iam::123456789012:user/team/ana"

CALLERS = {
    "a key": (Api(api_key_id="key-1"), "key-1"),
    "another key": (Api(api_key_id="key-2"), "key-2"),
    "a machine": (Api(subject="4kq2machine"), "4kq2machine"),
    "a person": (Api(subject="f4a8-person"), "f4a8-person"),
    "a role": (Api(signer=f"{ROLE}/session-1"), ROLE),
    "another role": (Api(signer=f"{ROLE}-of-others/session-1"), f"{ROLE}-of-others"),
    "a user of IAM": (Api(signer=USER), USER),
}
each_caller = pytest.mark.parametrize(
    ("api", "identity"), [pytest.param(*caller, id=name) for name, caller in CALLERS.items()]
)


@each_caller
def test_a_job_names_the_caller_that_registered_it(api: Api, identity: str) -> None:
    job = api("POST", "/jobs", BODY).body
    assert job["created_by"] == identity
    assert api("GET", f"/jobs/{job['job_id']}").body["created_by"] == identity


def test_a_change_does_not_replace_the_caller_that_registered_the_job(api: Api) -> None:
    job = api("POST", "/jobs", BODY).body
    worker = Api(subject="worker")
    response = worker("PATCH", f"/jobs/{job['job_id']}", {"status": "RUNNING"})
    assert response.body["created_by"] == "key-1"


def test_callers_cannot_set_who_registered_a_job(api: Api) -> None:
    assert api("POST", "/jobs", {**BODY, "created_by": "root"}).status == 400
    job = api("POST", "/jobs", BODY).body
    for method in ("PUT", "PATCH"):
        response = api(method, f"/jobs/{job['job_id']}", {"status": "RUNNING", "created_by": "x"})
        assert response.status == 400


def test_a_job_from_before_callers_were_recorded_is_read_listed_and_changed(
    api: Api, table: "Table", new_job: dict[str, Any]
) -> None:
    key = {"job_id": new_job["job_id"]}
    table.update_item(Key=key, UpdateExpression="REMOVE created_by")
    anonymous_job = {name: value for name, value in new_job.items() if name != "created_by"}
    assert api("GET", f"/jobs/{new_job['job_id']}").body == anonymous_job
    assert [item["job_id"] for item in api("GET", "/jobs").body["items"]] == [new_job["job_id"]]
    assert api("PATCH", f"/jobs/{new_job['job_id']}", {"status": "RUNNING"}).status == 200


@each_caller
def test_the_canonical_line_names_the_caller(
    api: Api, identity: str, capsys: pytest.CaptureFixture[str]
) -> None:
    api("GET", "/jobs")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in lines if line.get("message") == "request"]
    assert (line["caller"], line["api_key_id"]) == (identity, api.api_key_id)


def test_callers_with_the_same_idempotency_key_register_different_jobs() -> None:
    headers = {"Idempotency-Key": "order-7"}
    responses = [api("POST", "/jobs", BODY, headers=headers) for api, _ in CALLERS.values()]
    assert [response.status for response in responses] == [201] * len(CALLERS)
    assert len({response.body["job_id"] for response in responses}) == len(CALLERS)


def test_a_caller_keeps_its_identity_in_another_session_or_with_another_api_key() -> None:
    headers = {"Idempotency-Key": "order-7"}
    pairs = (
        (Api(signer=f"{ROLE}/session-1"), Api(signer=f"{ROLE}/session-2")),
        (Api(subject="worker", api_key_id="key-1"), Api(subject="worker", api_key_id="key-2")),
    )
    for first, second in pairs:
        original = first("POST", "/jobs", BODY, headers=headers)
        replay = second("POST", "/jobs", BODY, headers=headers)
        assert (original.status, replay.status) == (201, 200)
        assert replay.body == original.body


@pytest.mark.parametrize("path", ["/jobs", "/jobs/{job_id}", "/jobs/unknown"])
def test_reads_do_not_depend_on_the_caller(path: str, new_job: dict[str, Any]) -> None:
    responses = [
        api("GET", path.format(**new_job), request_id="request-1") for api, _ in CALLERS.values()
    ]
    assert {(response.status, response.text) for response in responses} == {
        (responses[0].status, responses[0].text)
    }
    assert all(response.headers == responses[0].headers for response in responses)


def test_a_callers_cache_does_not_serve_other_callers(api: Api) -> None:
    assert api("GET", "/jobs").headers["Vary"] == "Authorization, X-Api-Key"
