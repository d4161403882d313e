"""PUT and PATCH /jobs/{job_id}."""

import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

    from tests.unit.conftest import Api

ERROR = {"code": "OOM", "message": "out of memory"}
DAY = 86_400

BODIES: dict[str, dict[str, Any]] = {
    "PENDING": {"status": "PENDING"},
    "RUNNING": {"status": "RUNNING"},
    "SUCCEEDED": {"status": "SUCCEEDED"},
    "FAILED": {"status": "FAILED", "error": ERROR},
    "CANCELLED": {"status": "CANCELLED"},
}
PATHS = {
    "PENDING": [],
    "RUNNING": ["RUNNING"],
    "SUCCEEDED": ["RUNNING", "SUCCEEDED"],
    "FAILED": ["RUNNING", "FAILED"],
    "CANCELLED": ["CANCELLED"],
}
ALLOWED = {
    ("PENDING", "RUNNING"),
    ("PENDING", "CANCELLED"),
    ("RUNNING", "RUNNING"),
    ("RUNNING", "SUCCEEDED"),
    ("RUNNING", "FAILED"),
    ("RUNNING", "CANCELLED"),
    ("FAILED", "PENDING"),
}


def _bring_to(api: "Api", path: str, status: str) -> None:
    for step in PATHS[status]:
        assert api("PATCH", path, BODIES[step]).status == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("after", BODIES)
@pytest.mark.parametrize("before", BODIES)
def test_a_job_moves_only_along_the_allowed_transitions(
    before: str, after: str, method: str, api: "Api", new_job: dict[str, Any], table: "Table"
) -> None:
    path = f"/jobs/{new_job['job_id']}"
    _bring_to(api, path, before)
    item = table.scan()["Items"]

    answer = api(method, path, BODIES[after])

    if (before, after) in ALLOWED:
        assert answer.status == 200
        assert answer.body["status"] == after
        assert answer.body["version"] == 2 + len(PATHS[before])
        assert answer.headers["ETag"] == f'"{answer.body["version"]}"'
    else:
        assert answer.status == 409
        assert before in answer.body["detail"]
        assert table.scan()["Items"] == item


def test_a_job_that_runs_and_succeeds_has_its_times_and_its_output(
    api: "Api", new_job: dict[str, Any]
) -> None:
    path = f"/jobs/{new_job['job_id']}"
    started = api("PATCH", path, {"status": "RUNNING"}).body
    reported = api("PATCH", path, {"progress": 40}).body
    ended = api("PATCH", path, {"status": "SUCCEEDED", "output_uri": "s3://out/1"}).body

    assert started["started_at"] == started["updated_at"]
    assert reported["started_at"] == started["started_at"]
    assert reported["progress"] == 40
    assert ended["progress"] == 40
    assert ended["output_uri"] == "s3://out/1"
    assert ended["finished_at"] == ended["updated_at"]
    assert abs(ended["expires_at"] - (time.time() + 7 * DAY)) < 60
    assert ended["attempt"] == 1


def test_a_failed_job_tried_again_starts_over(api: "Api", new_job: dict[str, Any]) -> None:
    path = f"/jobs/{new_job['job_id']}"
    _bring_to(api, path, "RUNNING")
    failed = api("PATCH", path, {"status": "FAILED", "error": ERROR, "progress": 70}).body
    assert failed["error"] == ERROR

    again = api("PATCH", path, {"status": "PENDING"}).body

    assert again == {
        **new_job,
        "attempt": 2,
        "version": 4,
        "updated_at": again["updated_at"],
    }


def test_a_replacement_resets_what_it_leaves_out(api: "Api", new_job: dict[str, Any]) -> None:
    path = f"/jobs/{new_job['job_id']}"
    _bring_to(api, path, "RUNNING")
    api("PATCH", path, {"progress": 40})

    assert api("PUT", path, {"status": "RUNNING"}).body["progress"] == 0


def test_a_null_in_a_patch_clears_the_field(api: "Api", new_job: dict[str, Any]) -> None:
    path = f"/jobs/{new_job['job_id']}"
    _bring_to(api, path, "RUNNING")
    api("PATCH", path, {"progress": 40})

    assert api("PATCH", path, {"progress": None, "error": None}).body["progress"] == 0


def test_a_progress_report_is_only_for_a_running_job(api: "Api", new_job: dict[str, Any]) -> None:
    assert api("PATCH", f"/jobs/{new_job['job_id']}", {"progress": 1}).status == 409


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"status": "FAILED"}, "/error"),
        ({"status": "SUCCEEDED", "error": ERROR}, "/error"),
        ({"status": "RUNNING", "output_uri": "s3://out/1"}, "/output_uri"),
        ({"status": "PENDING", "progress": 1}, "/progress"),
    ],
)
def test_fields_that_do_not_fit_the_status_are_refused(
    body: dict[str, Any], pointer: str, method: str, api: "Api", new_job: dict[str, Any]
) -> None:
    path = f"/jobs/{new_job['job_id']}"

    answer = api(method, path, body)

    assert answer.status == 422
    assert [error["pointer"] for error in answer.body["errors"]] == [pointer]
    assert api("GET", path).body == new_job


@pytest.mark.parametrize(
    ("method", "body", "pointer"),
    [
        ("PUT", {}, "/status"),
        ("PUT", {"status": "DONE"}, "/status"),
        ("PUT", {"status": "RUNNING", "progress": None}, "/progress"),
        ("PATCH", {}, ""),
        ("PATCH", {"status": None}, "/status"),
        ("PATCH", {"progress": 101}, "/progress"),
        ("PATCH", {"progress": -1}, "/progress"),
        ("PATCH", {"progress": "50"}, "/progress"),
        ("PATCH", {"progress": True}, "/progress"),
        ("PATCH", {"status": "FAILED", "error": {"code": "X"}}, "/error/message"),
        ("PATCH", {"version": 9}, "/version"),
    ],
)
def test_a_body_of_the_wrong_form_changes_nothing(
    method: str, body: dict[str, Any], pointer: str, api: "Api", new_job: dict[str, Any]
) -> None:
    path = f"/jobs/{new_job['job_id']}"

    answer = api(method, path, body)

    assert answer.status == 400
    assert pointer in [error["pointer"] for error in answer.body["errors"]]
    assert api("GET", path).body == new_job


def test_a_patch_must_be_a_merge_patch(api: "Api", new_job: dict[str, Any]) -> None:
    answer = api(
        "PATCH",
        f"/jobs/{new_job['job_id']}",
        {"status": "RUNNING"},
        headers={"Content-Type": "application/json"},
    )

    assert answer.status == 415
    assert "application/merge-patch+json" in answer.body["detail"]


@pytest.mark.parametrize("if_match", ['"1"', "*", '"7", "1"', '"abc" , "1"', '"a,b", "1"'])
def test_a_change_goes_through_if_the_version_is_one_of_those_expected(
    if_match: str, api: "Api", new_job: dict[str, Any]
) -> None:
    answer = api(
        "PATCH",
        f"/jobs/{new_job['job_id']}",
        {"status": "RUNNING"},
        headers={"If-Match": if_match},
    )

    assert answer.status == 200


@pytest.mark.parametrize("if_match", ['"2"', 'W/"1"', '"abc"', '""', '"01"', '"1,1"'])
def test_a_change_of_another_version_is_refused(
    if_match: str, api: "Api", new_job: dict[str, Any]
) -> None:
    path = f"/jobs/{new_job['job_id']}"

    answer = api("PATCH", path, {"status": "RUNNING"}, headers={"If-Match": if_match})

    assert answer.status == 412
    assert api("GET", path).body == new_job


@pytest.mark.parametrize("if_match", ["1", '"1', "", '"1" "2"', '"1",2', ",".join(['"1"'] * 17)])
def test_an_if_match_that_is_no_list_of_etags_is_refused(
    if_match: str, api: "Api", new_job: dict[str, Any]
) -> None:
    answer = api(
        "PATCH",
        f"/jobs/{new_job['job_id']}",
        {"status": "RUNNING"},
        headers={"If-Match": if_match},
    )

    assert answer.status == 400


def test_a_stale_version_is_reported_before_the_status(api: "Api", new_job: dict[str, Any]) -> None:
    path = f"/jobs/{new_job['job_id']}"
    _bring_to(api, path, "SUCCEEDED")

    assert api("PATCH", path, BODIES["RUNNING"], headers={"If-Match": '"1"'}).status == 412


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_an_unknown_job_cannot_be_changed(method: str, api: "Api", table: "Table") -> None:
    for job_id in (str(uuid.uuid4()), "no-uuid"):
        assert api(method, f"/jobs/{job_id}", BODIES["RUNNING"]).status == 404
    assert table.scan()["Items"] == []


def test_changes_that_their_caller_gave_one_request_id_are_all_applied(
    api: "Api", new_job: dict[str, Any]
) -> None:
    path = f"/jobs/{new_job['job_id']}"
    api("PATCH", path, {"status": "RUNNING"}, request_id="request-1")
    again = api("PATCH", path, {"progress": 40}, request_id="request-1")

    assert (again.status, again.body["progress"]) == (200, 40)
    assert api("GET", path).body["version"] == 3


def test_a_change_that_botocore_sends_twice_is_applied_once(
    api: "Api", new_job: dict[str, Any]
) -> None:
    path = f"/jobs/{new_job['job_id']}"
    first = api("PATCH", path, {"status": "RUNNING"}, invocation_id="invocation-1")
    again = api("PATCH", path, {"status": "RUNNING"}, invocation_id="invocation-1")

    assert (first.status, again.status) == (200, 200)
    assert again.body == first.body
    assert api("GET", path).body["version"] == 2


def test_a_change_whose_answer_was_lost_is_reported_as_what_it_was(
    api: "Api", new_job: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"/jobs/{new_job['job_id']}"
    _bring_to(api, path, "RUNNING")
    api("PATCH", path, BODIES["FAILED"], invocation_id="invocation-1")
    api("PATCH", path, BODIES["PENDING"])
    capsys.readouterr()

    again = api("PATCH", path, BODIES["FAILED"], invocation_id="invocation-1")

    assert again.status == 200
    said = capsys.readouterr().out
    assert '"JobsFailed":[1.0]' in said
    assert "JobsRetried" not in said


def test_a_change_whose_answer_was_lost_tells_no_run_time_of_a_later_one(
    api: "Api", new_job: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"/jobs/{new_job['job_id']}"
    _bring_to(api, path, "FAILED")
    api("PATCH", path, BODIES["PENDING"], invocation_id="invocation-1")
    _bring_to(api, path, "SUCCEEDED")
    capsys.readouterr()

    again = api("PATCH", path, BODIES["PENDING"], invocation_id="invocation-1")

    assert again.body["status"] == "SUCCEEDED"
    said = capsys.readouterr().out
    assert '"JobsRetried":[1.0]' in said
    assert "RunTime" not in said


def test_a_change_is_applied_once_even_if_others_wrote_between_its_two_attempts(
    api: "Api", new_job: dict[str, Any]
) -> None:
    path = f"/jobs/{new_job['job_id']}"
    api("PATCH", path, {"status": "RUNNING"})
    api("PATCH", path, {"progress": 1}, invocation_id="invocation-1")
    for progress in range(2, 9):
        api("PATCH", path, {"progress": progress})

    again = api("PATCH", path, {"progress": 1}, invocation_id="invocation-1")

    assert again.status == 200
    assert again.body == api("GET", path).body
    assert again.body["progress"] == 8
