"""Who calls: what is remembered of them, and that no answer depends on it."""

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
    ("api", "identity"), [pytest.param(*each, id=name) for name, each in CALLERS.items()]
)


@each_caller
def test_a_job_says_who_registered_it(api: Api, identity: str) -> None:
    created = api("POST", "/jobs", BODY)
    assert created.body["created_by"] == identity
    assert api("GET", f"/jobs/{created.body['job_id']}").body["created_by"] == identity


def test_whoever_changes_a_job_has_not_registered_it(api: Api) -> None:
    job = api("POST", "/jobs", BODY).body
    changed = Api(subject="worker")("PATCH", f"/jobs/{job['job_id']}", {"status": "RUNNING"})
    assert changed.body["created_by"] == "key-1"


def test_nobody_can_say_who_registered_a_job(api: Api) -> None:
    assert api("POST", "/jobs", {**BODY, "created_by": "root"}).status == 400
    job = api("POST", "/jobs", BODY).body
    for method in ("PUT", "PATCH"):
        refused = api(method, f"/jobs/{job['job_id']}", {"status": "RUNNING", "created_by": "x"})
        assert refused.status == 400


def test_a_job_of_a_time_before_this_was_kept_is_read_listed_and_changed(
    api: Api, table: "Table", new_job: dict[str, Any]
) -> None:
    key = {"job_id": new_job["job_id"]}
    table.update_item(Key=key, UpdateExpression="REMOVE created_by")
    without = {name: value for name, value in new_job.items() if name != "created_by"}
    assert api("GET", f"/jobs/{new_job['job_id']}").body == without
    assert [each["job_id"] for each in api("GET", "/jobs").body["items"]] == [new_job["job_id"]]
    assert api("PATCH", f"/jobs/{new_job['job_id']}", {"status": "RUNNING"}).status == 200


@each_caller
def test_the_canonical_line_says_who_called(
    api: Api, identity: str, capsys: pytest.CaptureFixture[str]
) -> None:
    api("GET", "/jobs")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in lines if line.get("message") == "request"]
    assert (line["caller"], line["api_key_id"]) == (identity, api.api_key_id)


def test_no_two_callers_share_a_job_by_their_idempotency_keys() -> None:
    once = {"Idempotency-Key": "order-7"}
    created = [api("POST", "/jobs", BODY, headers=once) for api, _ in CALLERS.values()]
    assert [answer.status for answer in created] == [201] * len(CALLERS)
    assert len({answer.body["job_id"] for answer in created}) == len(CALLERS)


def test_the_next_session_of_a_role_and_the_next_token_of_a_subject_are_the_same_caller() -> None:
    once = {"Idempotency-Key": "order-7"}
    pairs = (
        (Api(signer=f"{ROLE}/session-1"), Api(signer=f"{ROLE}/session-2")),
        (Api(subject="worker", api_key_id="key-1"), Api(subject="worker", api_key_id="key-2")),
    )
    for first, second in pairs:
        created = first("POST", "/jobs", BODY, headers=once)
        replayed = second("POST", "/jobs", BODY, headers=once)
        assert (created.status, replayed.status) == (201, 200)
        assert replayed.body == created.body


@pytest.mark.parametrize("path", ["/jobs", "/jobs/{job_id}", "/jobs/unknown"])
def test_what_is_read_does_not_depend_on_who_asks(path: str, new_job: dict[str, Any]) -> None:
    answers = [
        api("GET", path.format(**new_job), request_id="request-1") for api, _ in CALLERS.values()
    ]
    assert {(answer.status, answer.text) for answer in answers} == {
        (answers[0].status, answers[0].text)
    }
    assert all(answer.headers == answers[0].headers for answer in answers)


def test_a_cache_of_the_callers_own_asks_again_for_whoever_comes_next(api: Api) -> None:
    assert api("GET", "/jobs").headers["Vary"] == "Authorization, X-Api-Key"
