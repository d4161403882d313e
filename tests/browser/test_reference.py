"""The API reference, as somebody uses it: every route can be tried in it."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from infra.spec.routes import ROUTES
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller


@pytest.fixture
def reference(page: Page, reference_url: str) -> Page:
    page.goto(reference_url)
    expect(page.locator(".opblock")).to_have_count(len(ROUTES))
    return page


def opened(reference: Page, method: str, path: str) -> Locator:
    """The part about a route, unfolded."""
    (route,) = (route for route in ROUTES if (route.method, route.path) == (method, path))
    part = reference.locator(f".opblock-{method.lower()}").filter(has_text=route.summary)
    part.locator(".opblock-summary-control").click()
    return part


def tried(part: Locator) -> tuple[int, str]:
    """Status and body of the answer that the API gives when it is tried."""
    part.get_by_role("button", name="Execute").click()
    answer = part.locator(".live-responses-table .response")
    status = answer.locator(".response-col_status").inner_text()
    body = answer.locator(".highlight-code")
    return int(status.split()[0]), body.inner_text() if body.count() else ""


def test_trying_it_out_creates_a_job(reference: Page, call: Caller) -> None:
    part = opened(reference, "POST", "/jobs")
    status, body = tried(part)
    assert status == 201
    job_id = re.findall(r'"job_id": "([^"]+)"', body)[0]
    assert call("GET", f"/jobs/{job_id}").body["status"] == "PENDING"


def test_every_route_can_be_tried(reference: Page, call: Caller, pipeline: str) -> None:
    job = call("POST", "/jobs", {"pipeline": pipeline, "input_uri": "s3://in/1"}).body
    seen = {}
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        part = opened(reference, method, "/jobs/{job_id}")
        part.get_by_placeholder("job_id").fill(job["job_id"])
        if method in ("PATCH", "PUT"):
            part.locator("textarea.body-param__text").fill('{"status": "CANCELLED"}')
        seen[method], _ = tried(part)
    assert seen == {"GET": 200, "PATCH": 200, "PUT": 409, "DELETE": 204}
    status, body = tried(opened(reference, "GET", "/jobs"))
    assert (status, '"items"' in body) == (200, True)


def test_it_needs_nothing_from_elsewhere(page: Page, reference_url: str, service: Service) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(error.message))
    page.goto(reference_url)
    tried(opened(page, "POST", "/jobs"))
    local = (f"{reference_url}/", f"{service.api_url}/", "data:", "blob:")
    assert [url for url in asked if not url.startswith(local)] == []
    assert complaints == []


def test_it_shows_the_api_and_the_key_of_the_local_run(
    reference: Page, service: Service, reference_url: str
) -> None:
    expect(reference.locator(".servers select")).to_have_value(service.api_url)
    opened(reference, "GET", "/jobs").get_by_role("button", name="Execute").click()
    curl = reference.locator(".curl").inner_text()
    assert f"x-api-key: {service.api_key}" in curl
