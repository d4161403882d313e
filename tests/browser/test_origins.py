"""Pages of a listed origin can use the whole API; pages of other origins cannot use it at all."""

import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.support.browser.tab import Blocked, Tab
from tests.support.deployment.service import Service
from tests.support.deployment.usage_plans import limited_key
from tests.support.entities import (
    ENTITY,
    create,
    first_change,
    new_body,
    path_of,
    replacement_of,
)
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse

MISSING = f"{ENTITY.path}/0b5f3c1e-0000-4000-8000-000000000000"


@pytest.mark.mission("Handles CORS headers correctly for browser-based clients")
def test_a_page_can_call_every_route(tab: Tab) -> None:
    created = tab("POST", ENTITY.path, new_body())
    etag = created.headers["etag"]
    assert (created.status, etag[:3]) == (201, '"1-')
    path = path_of(created.body)
    assert path.endswith(created.headers["location"])

    read = tab("GET", path)
    assert (read.status, read.headers["etag"]) == (200, etag)
    assert read.body == created.body
    listed = tab("GET", f"{ENTITY.path}?limit=1")
    assert [item[ENTITY.id_field] for item in listed.body["items"]] == [
        created.body[ENTITY.id_field]
    ]

    change, condition = first_change(), {"If-Match": read.headers["etag"]}
    patched = tab("PATCH", path, change.body, headers=condition)
    assert (patched.status, patched.headers["etag"]) == (200, etag.replace("1", "2", 1))
    # The browser may cache the first response for some seconds.
    assert tab("GET", path, cache="no-store").body == patched.body
    other_path = path_of(create(tab))
    assert tab("PUT", other_path, replacement_of(change)).body["status"] == change.target

    deleted_path = path_of(create(tab))
    assert tab("DELETE", deleted_path).status == 204
    assert tab("GET", deleted_path, cache="no-store").status == 404


def test_a_page_may_repeat_a_create_with_an_idempotency_key(tab: Tab) -> None:
    body, headers = new_body(), {"Idempotency-Key": uuid.uuid4().hex}
    first, second = (tab("POST", ENTITY.path, body, headers=headers) for _ in range(2))
    assert (first.status, second.status) == (201, 200)
    assert second.headers["idempotency-replayed"] == "true"


def invalid_body(tab: Tab) -> HttpResponse:
    return tab("POST", ENTITY.path, {"colour": "red"})


def invalid_query(tab: Tab) -> HttpResponse:
    return tab("GET", f"{ENTITY.path}?limit=0")


def wrong_key(tab: Tab) -> HttpResponse:
    return tab("GET", ENTITY.path, headers={"X-Api-Key": "wrong"})


def missing_key(tab: Tab) -> HttpResponse:
    tab.api_key = None
    return tab("GET", ENTITY.path)


def unknown_item(tab: Tab) -> HttpResponse:
    return tab("GET", MISSING)


def unknown_path(tab: Tab) -> HttpResponse:
    return tab("GET", "/nowhere")


def stale_etag(tab: Tab) -> HttpResponse:
    path = path_of(create(tab))
    return tab("PATCH", path, first_change().body, headers={"If-Match": '"7"'})


@pytest.mark.parametrize(
    ("send", "status"),
    [
        (invalid_body, 400),
        (invalid_query, 400),
        (wrong_key, 403),
        (missing_key, 403),
        (unknown_item, 404),
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
        assert tab("GET", MISSING).status == 404
        response = tab("GET", MISSING)
    assert (response.status, response.body["status"]) == (429, 429)
    assert int(response.headers["retry-after"]) >= 1


@pytest.mark.parametrize("with_key", [True, False], ids=["with a key", "without a key"])
def test_a_page_of_an_unlisted_origin_can_read_nothing_and_change_nothing(
    with_key: bool,
    page: Page,
    service: Service,
    unlisted_origin: str,
    call: Caller,
) -> None:
    item, body = create(call), new_body()
    path = path_of(item)
    newest = call("GET", f"{ENTITY.path}?limit=1").body["items"]
    page.goto(unlisted_origin)
    tab = Tab(page, service.api_url, service.api_key if with_key else None)
    # Without a key, the last four are simple requests, which need no preflight.
    for method, target, content, headers in (
        ("POST", ENTITY.path, body, {}),
        ("PUT", path, replacement_of(first_change()), {}),
        ("PATCH", path, first_change().body, {}),
        ("DELETE", path, None, {}),
        ("POST", ENTITY.path, {"colour": "red"}, {}),
        ("POST", ENTITY.path, "{}", {"Content-Type": "text/plain"}),
        ("GET", path, None, {}),
        ("GET", f"{ENTITY.path}?limit=1", None, {}),
        ("GET", "/nowhere", None, {}),
    ):
        with pytest.raises(Blocked):
            tab(method, target, content, headers=headers)

    assert call("GET", path).body == item
    assert call("GET", f"{ENTITY.path}?limit=1").body["items"] == newest


def test_a_response_for_one_origin_is_not_cached_for_another(
    service: Service, allowed_origin: str, call: Caller
) -> None:
    for path in (ENTITY.path, "/nowhere", MISSING):
        response = call("GET", path, headers={"Origin": allowed_origin})
        assert response.headers["Access-Control-Allow-Origin"] == allowed_origin
        assert "Origin" in response.headers["Vary"]
    headers = {"Origin": allowed_origin, "Access-Control-Request-Method": "PATCH"}
    preflight = Caller(service.api_url, None)("OPTIONS", MISSING, headers=headers)
    assert (preflight.status, preflight.text) == (204, "")
    assert preflight.headers["Access-Control-Allow-Origin"] == allowed_origin
    assert preflight.headers["Vary"] == "Origin"


@pytest.mark.parametrize("key", ["the key", None])
@pytest.mark.parametrize(
    "origin", ["null", "https://pages.example.com.evil.example", "http://pages.example.com"]
)
def test_no_response_allows_an_origin_that_resembles_a_listed_one(
    origin: str, key: str | None, service: Service
) -> None:
    caller = Caller(service.api_url, service.api_key if key else None)
    for method, path in (("GET", ENTITY.path), ("GET", "/nowhere"), ("POST", ENTITY.path)):
        response = caller(method, path, headers={"Origin": origin})
        assert (response.status, response.body["status"]) == (403, 403)
        assert "Access-Control-Allow-Origin" not in response.headers
