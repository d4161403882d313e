"""The API reference in a browser: a reader can try every route."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from infra.spec.routes import ROUTES
from infra.spec.service import SERVICE_TITLE
from tests.support.deployment.service import Service
from tests.support.entities import ENTITY, INITIAL, create, first_change, replacement_of
from tests.support.http.caller import Caller


@pytest.fixture
def reference(page: Page, reference_url: str) -> Page:
    page.goto(reference_url)
    expect(page.locator(".opblock")).to_have_count(len(ROUTES))
    return page


def open_operation(reference: Page, method: str, path: str) -> Locator:
    """Open the section of a route, and return it."""
    (route,) = (route for route in ROUTES if (route.method, route.path) == (method, path))
    section = reference.locator(f".opblock-{method.lower()}").filter(has_text=route.summary)
    section.locator(".opblock-summary-control").click()
    return section


def execute(section: Locator) -> tuple[int, str]:
    """Send the section's request, and return the status and the body of the response."""
    section.get_by_role("button", name="Execute").click()
    response = section.locator(".live-responses-table .response")
    status = response.locator(".response-col_status").inner_text()
    body = response.locator(".highlight-code")
    return int(status.split()[0]), body.inner_text() if body.count() else ""


def test_the_title_names_the_service(reference: Page) -> None:
    expect(reference).to_have_title(f"{SERVICE_TITLE}: API reference")


def test_trying_it_out_creates_an_item(reference: Page, call: Caller) -> None:
    section = open_operation(reference, "POST", ENTITY.path)
    status, body = execute(section)
    assert status == 201
    item_id = re.findall(f'"{ENTITY.id_field}": "([^"]+)"', body)[0]
    assert call("GET", f"{ENTITY.path}/{item_id}").body["status"] == INITIAL


def test_every_route_can_be_tried(reference: Page, call: Caller) -> None:
    bodies = {"PATCH": first_change().body, "PUT": replacement_of(first_change())}
    statuses = {}
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        section = open_operation(reference, method, ENTITY.item_path)
        section.get_by_placeholder(ENTITY.id_field).fill(create(call)[ENTITY.id_field])
        if method in bodies:
            section.locator("textarea.body-param__text").fill(json.dumps(bodies[method]))
        statuses[method], _ = execute(section)
    assert statuses == {"GET": 200, "PATCH": 200, "PUT": 200, "DELETE": 204}
    status, body = execute(open_operation(reference, "GET", ENTITY.path))
    assert (status, '"items"' in body) == (200, True)


def test_the_reference_sends_requests_only_to_itself_and_the_api(
    page: Page, reference_url: str, service: Service
) -> None:
    urls: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(error.message))
    page.goto(reference_url)
    execute(open_operation(page, "POST", ENTITY.path))
    local = (f"{reference_url}/", f"{service.api_url}/", "data:", "blob:")
    assert [url for url in urls if not url.startswith(local)] == []
    assert errors == []


def test_the_reference_shows_the_url_and_the_key_of_the_local_run(
    reference: Page, service: Service, reference_url: str
) -> None:
    expect(reference.locator(".servers select")).to_have_value(service.api_url)
    open_operation(reference, "GET", ENTITY.path).get_by_role("button", name="Execute").click()
    curl = reference.locator(".curl").inner_text()
    assert f"x-api-key: {service.api_key}" in curl


def test_the_usual_answer_to_a_post_comes_first(reference: Page) -> None:
    section = open_operation(reference, "POST", ENTITY.path)
    answers = section.locator(".responses-table:not(.live-responses-table) tr.response")
    for position, status in enumerate(("201", "200", "400")):
        expect(answers.nth(position)).to_have_attribute("data-code", status)


def test_the_description_repeats_nothing_of_the_summary(reference: Page) -> None:
    info = reference.locator(".info")
    summary = info.locator(".info__summary").inner_text()
    assert summary
    assert summary not in info.locator(".description").inner_text()


def test_the_reference_follows_the_colour_scheme_of_the_system(reference: Page) -> None:
    def brightness() -> int:
        colour = reference.evaluate(
            "getComputedStyle(document.querySelector('.swagger-ui')).backgroundColor"
        )
        red, green, blue, *alpha = re.findall(r"[\d.]+", colour)
        # The light page is transparent, above the browser's white.
        return 765 if alpha == ["0"] else int(red) + int(green) + int(blue)

    assert brightness() == 765
    reference.emulate_media(color_scheme="dark")
    expect(reference.locator("html.dark-mode")).to_have_count(1)
    assert brightness() < 150
