"""Pages of a listed origin can use the whole API; pages of other origins cannot use it at all."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.support.browser.tab import Blocked, Tab
from tests.support.deployment.service import Service
from tests.support.deployment.usage_plans import limited_key
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse

NO_JOB = "/jobs/0b5f3c1e-0000-4000-8000-000000000000"


@pytest.mark.mission("Handles CORS headers correctly for browser-based clients")
def test_a_page_can_call_every_route(tab: Tab, pipeline: str) -> None:
    created = tab("POST", "/jobs", {"pipeline": pipeline, "input_uri": "s3://in/1"})
    assert (created.status, created.headers["etag"]) == (201, '"1"')
    path = f"/jobs/{created.body['job_id']}"
    assert path.endswith(created.headers["location"])

    read = tab("GET", path)
    assert (read.status, read.headers["etag"]) == (200, '"1"')
    assert read.body == created.body
    listed = tab("GET", f"/jobs?pipeline={pipeline}")
    assert [job["job_id"] for job in listed.body["items"]] == [created.body["job_id"]]

    condition = {"If-Match": read.headers["etag"]}
    patched = tab("PATCH", path, {"status": "RUNNING"}, headers=condition)
    assert (patched.status, patched.headers["etag"]) == (200, '"2"')
    # The browser may cache the first response for some seconds.
    assert tab("GET", path, cache="no-store").body["status"] == "RUNNING"
    result = {"status": "SUCCEEDED", "progress": 100, "output_uri": "s3://out/1"}
    assert tab("PUT", path, result).status == 200

    assert tab("DELETE", path).status == 204
    assert tab("GET", path, cache="no-store").status == 404


def test_a_page_may_repeat_a_create_with_an_idempotency_key(tab: Tab, pipeline: str) -> None:
    body = {"pipeline": pipeline, "input_uri": "s3://in/1"}
    headers = {"Idempotency-Key": pipeline}
    first, second = (tab("POST", "/jobs", body, headers=headers) for _ in range(2))
    assert (first.status, second.status) == (201, 200)
    assert second.headers["idempotency-replayed"] == "true"


def invalid_body(tab: Tab) -> HttpResponse:
    return tab("POST", "/jobs", {"colour": "red"})


def invalid_query(tab: Tab) -> HttpResponse:
    return tab("GET", "/jobs?limit=0")


def wrong_key(tab: Tab) -> HttpResponse:
    return tab("GET", "/jobs", headers={"X-Api-Key": "wrong"})


def missing_key(tab: Tab) -> HttpResponse:
    tab.api_key = None
    return tab("GET", "/jobs")


def unknown_job(tab: Tab) -> HttpResponse:
    return tab("GET", NO_JOB)


def unknown_path(tab: Tab) -> HttpResponse:
    return tab("GET", "/nowhere")


def stale_etag(tab: Tab) -> HttpResponse:
    job = tab("POST", "/jobs", {"pipeline": "outdated", "input_uri": "s3://in/1"}).body
    path = f"/jobs/{job['job_id']}"
    return tab("PATCH", path, {"status": "RUNNING"}, headers={"If-Match": '"7"'})


@pytest.mark.parametrize(
    ("send", "status"),
    [
        (invalid_body, 400),
        (invalid_query, 400),
        (wrong_key, 403),
        (missing_key, 403),
        (unknown_job, 404),
        (unknown_path, 404),
        (stale_etag, 412),
    ],
)
def test_a_page_can_read_the_problem_of_a_refused_request(
    send: Callable[[Tab], HttpResponse], status: int, tab: Tab
) -> None:
    response = send(tab)
    assert (response.status, response.body["status"]) == (status, status)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"] == response.body["request_id"]
    assert response.headers["cache-control"] == "no-store"
    assert response.body["detail"]


def test_a_page_can_read_when_to_retry(tab: Tab, service: Service) -> None:
    with limited_key(service, throttle={"rateLimit": 0.001, "burstLimit": 1}) as key:
        tab.api_key = key
        assert tab("GET", NO_JOB).status == 404
        response = tab("GET", NO_JOB)
    assert (response.status, response.body["status"]) == (429, 429)
    assert int(response.headers["retry-after"]) >= 1


@pytest.mark.parametrize("with_key", [True, False], ids=["with a key", "without a key"])
def test_a_page_of_an_unlisted_origin_can_read_nothing_and_change_nothing(
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
    # Without a key, the last four are simple requests, which need no preflight.
    for method, target, content, headers in (
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
            tab(method, target, content, headers=headers)

    assert call("GET", path).body == job
    assert len(call("GET", f"/jobs?pipeline={pipeline}").body["items"]) == 1


def test_a_response_for_one_origin_is_not_cached_for_another(
    service: Service, allowed_origin: str, call: Caller
) -> None:
    for path in ("/jobs", "/nowhere", NO_JOB):
        response = call("GET", path, headers={"Origin": allowed_origin})
        assert response.headers["Access-Control-Allow-Origin"] == allowed_origin
        assert "Origin" in response.headers["Vary"]
    headers = {"Origin": allowed_origin, "Access-Control-Request-Method": "PATCH"}
    preflight = Caller(service.api_url, None)("OPTIONS", NO_JOB, headers=headers)
    assert (preflight.status, preflight.text) == (204, "")
    assert preflight.headers["Access-Control-Allow-Origin"] == allowed_origin
    assert preflight.headers["Vary"] == "Origin"


@pytest.mark.parametrize("key", ["the key", None])
@pytest.mark.parametrize(
    "origin", ["null", "https://jobs.example.com.evil.example", "http://jobs.example.com"]
)
def test_no_response_allows_an_origin_that_resembles_a_listed_one(
    origin: str, key: str | None, service: Service
) -> None:
    caller = Caller(service.api_url, service.api_key if key else None)
    for method, path in (("GET", "/jobs"), ("GET", "/nowhere"), ("POST", "/jobs")):
        response = caller(method, path, headers={"Origin": origin})
        assert (response.status, response.body["status"]) == (403, 403)
        assert "Access-Control-Allow-Origin" not in response.headers
