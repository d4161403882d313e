"""What a page in a browser can do with the API: everything from a listed origin, else nothing."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.support.browser.tab import Blocked, Tab
from tests.support.deployment.service import Service
from tests.support.deployment.usage_plans import limited_key
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse

NO_JOB = "/jobs/0b5f3c1e-0000-4000-8000-000000000000"


def test_a_page_does_all_that_there_is_to_do(tab: Tab, pipeline: str) -> None:
    created = tab("POST", "/jobs", {"pipeline": pipeline, "input_uri": "s3://in/1"})
    assert (created.status, created.headers["etag"]) == (201, '"1"')
    path = f"/jobs/{created.body['job_id']}"
    assert path.endswith(created.headers["location"])

    read = tab("GET", path)
    assert (read.status, read.headers["etag"]) == (200, '"1"')
    assert read.body == created.body
    listed = tab("GET", f"/jobs?pipeline={pipeline}")
    assert [job["job_id"] for job in listed.body["items"]] == [created.body["job_id"]]

    only_then = {"If-Match": read.headers["etag"]}
    patched = tab("PATCH", path, {"status": "RUNNING"}, headers=only_then)
    assert (patched.status, patched.headers["etag"]) == (200, '"2"')
    # The browser may have kept the first answer: for some seconds, it is allowed to.
    assert tab("GET", path, cache="no-store").body["status"] == "RUNNING"
    ended = {"status": "SUCCEEDED", "progress": 100, "output_uri": "s3://out/1"}
    assert tab("PUT", path, ended).status == 200

    assert tab("DELETE", path).status == 204
    assert tab("GET", path, cache="no-store").status == 404


def test_a_page_may_send_again_what_it_does_not_know_the_answer_of(tab: Tab, pipeline: str) -> None:
    body = {"pipeline": pipeline, "input_uri": "s3://in/1"}
    again = {"Idempotency-Key": pipeline}
    first, second = (tab("POST", "/jobs", body, headers=again) for _ in range(2))
    assert (first.status, second.status) == (201, 200)
    assert second.headers["idempotency-replayed"] == "true"


def bad_for_the_gateway(tab: Tab) -> HttpResponse:
    return tab("POST", "/jobs", {"colour": "red"})


def bad_for_the_function(tab: Tab) -> HttpResponse:
    return tab("GET", "/jobs?limit=0")


def forbidden(tab: Tab) -> HttpResponse:
    return tab("GET", "/jobs", headers={"X-Api-Key": "wrong"})


def keyless(tab: Tab) -> HttpResponse:
    tab.api_key = None
    return tab("GET", "/jobs")


def no_job(tab: Tab) -> HttpResponse:
    return tab("GET", NO_JOB)


def no_route(tab: Tab) -> HttpResponse:
    return tab("GET", "/nowhere")


def outdated(tab: Tab) -> HttpResponse:
    job = tab("POST", "/jobs", {"pipeline": "outdated", "input_uri": "s3://in/1"}).body
    path = f"/jobs/{job['job_id']}"
    return tab("PATCH", path, {"status": "RUNNING"}, headers={"If-Match": '"7"'})


@pytest.mark.parametrize(
    ("refused", "status"),
    [
        (bad_for_the_gateway, 400),
        (bad_for_the_function, 400),
        (forbidden, 403),
        (keyless, 403),
        (no_job, 404),
        (no_route, 404),
        (outdated, 412),
    ],
)
def test_a_page_can_read_why_it_was_refused(
    refused: Callable[[Tab], HttpResponse], status: int, tab: Tab
) -> None:
    answer = refused(tab)
    assert (answer.status, answer.body["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == answer.body["request_id"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body["detail"]


def test_a_page_can_read_when_to_try_again(tab: Tab, service: Service) -> None:
    with limited_key(service, throttle={"rateLimit": 0.001, "burstLimit": 1}) as key:
        tab.api_key = key
        assert tab("GET", NO_JOB).status == 404
        answer = tab("GET", NO_JOB)
    assert (answer.status, answer.body["status"]) == (429, 429)
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("with_key", [True, False], ids=["with a key", "without a key"])
def test_a_page_of_an_origin_that_is_not_listed_can_read_nothing_and_change_nothing(
    with_key: bool,
    page: Page,
    service: Service,
    unlisted_origin: str,
    call: Caller,
    pipeline: str,
) -> None:
    body = {"pipeline": pipeline, "input_uri": "s3://in/1"}
    job = call("POST", "/jobs", body).body
    path = f"/jobs/{job['job_id']}"
    page.goto(unlisted_origin)
    tab = Tab(page, service.api_url, service.api_key if with_key else None)
    # A browser asks before all of these but the last three without a key.
    for method, to, content, headers in (
        ("POST", "/jobs", body, {}),
        ("PUT", path, {"status": "CANCELLED"}, {}),
        ("PATCH", path, {"status": "CANCELLED"}, {}),
        ("DELETE", path, None, {}),
        ("POST", "/jobs", {"colour": "red"}, {}),
        ("POST", "/jobs", "{}", {"Content-Type": "text/plain"}),
        ("GET", path, None, {}),
        ("GET", f"/jobs?pipeline={pipeline}", None, {}),
        ("GET", "/nowhere", None, {}),
    ):
        with pytest.raises(Blocked):
            tab(method, to, content, headers=headers)

    assert call("GET", path).body == job
    assert len(call("GET", f"/jobs?pipeline={pipeline}").body["items"]) == 1


def test_the_answer_for_one_origin_is_not_taken_for_another(
    service: Service, allowed_origin: str, call: Caller
) -> None:
    for path in ("/jobs", "/nowhere", NO_JOB):
        answer = call("GET", path, headers={"Origin": allowed_origin})
        assert answer.headers["Access-Control-Allow-Origin"] == allowed_origin
        assert "Origin" in answer.headers["Vary"]
    asking = {"Origin": allowed_origin, "Access-Control-Request-Method": "PATCH"}
    preflight = Caller(service.api_url, None)("OPTIONS", NO_JOB, headers=asking)
    assert (preflight.status, preflight.text) == (204, "")
    assert preflight.headers["Access-Control-Allow-Origin"] == allowed_origin
    assert preflight.headers["Vary"] == "Origin"


@pytest.mark.parametrize("key", ["the key", None])
@pytest.mark.parametrize(
    "origin", ["null", "https://jobs.example.com.evil.example", "http://jobs.example.com"]
)
def test_no_answer_names_an_origin_that_only_looks_like_a_listed_one(
    origin: str, key: str | None, service: Service
) -> None:
    anybody = Caller(service.api_url, service.api_key if key else None)
    for method, path in (("GET", "/jobs"), ("GET", "/nowhere"), ("POST", "/jobs")):
        answer = anybody(method, path, headers={"Origin": origin})
        assert (answer.status, answer.body["status"]) == (403, 403)
        assert "Access-Control-Allow-Origin" not in answer.headers
