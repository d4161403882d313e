"""The limits of a usage plan: requests beyond them are refused with a Retry-After header."""

from infra.api.gateway_problems import QUOTA_RETRY_SECONDS, THROTTLED_RETRY_SECONDS
from tests.support.deployment.service import Service
from tests.support.deployment.usage_plans import limited_key
from tests.support.entities import ENTITY, new_body
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse
from tests.support.lists import listed_since, query_of

NO_ITEM = f"{ENTITY.path}/0b5f3c1e-0000-4000-8000-000000000000"
ONE_REQUEST = {"rateLimit": 0.001, "burstLimit": 1}


def assert_refused(response: HttpResponse, retry_after: int) -> None:
    assert (response.status, response.body["status"]) == (429, 429)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Retry-After"] == str(retry_after)
    assert response.headers["Cache-Control"] == "no-store"
    assert response.body["title"] == "Too Many Requests"
    assert response.body["request_id"] == response.headers["X-Request-Id"]


def test_a_key_above_its_rate_is_throttled(service: Service, call: Caller) -> None:
    with limited_key(service, throttle=ONE_REQUEST) as key:
        throttled = Caller(service.api_url, key)
        assert throttled("GET", NO_ITEM).status == 404
        assert_refused(throttled("GET", NO_ITEM), THROTTLED_RETRY_SECONDS)
        assert call("GET", NO_ITEM).status == 404


def test_a_key_above_its_quota_is_refused(service: Service, call: Caller) -> None:
    with limited_key(service, quota={"limit": 2, "period": "DAY"}) as key:
        limited = Caller(service.api_url, key)
        assert [limited("GET", NO_ITEM).status for _ in range(2)] == [404, 404]
        assert_refused(limited("GET", NO_ITEM), QUOTA_RETRY_SECONDS)
        assert call("GET", NO_ITEM).status == 404


def test_a_key_above_the_rate_of_one_method_may_use_the_others(service: Service) -> None:
    with limited_key(service, methods={f"{ENTITY.path}/GET": ONE_REQUEST}) as key:
        caller = Caller(service.api_url, key)
        assert caller("GET", f"{ENTITY.path}?limit=1").status == 200
        assert_refused(caller("GET", f"{ENTITY.path}?limit=1"), THROTTLED_RETRY_SECONDS)
        assert caller("GET", NO_ITEM).status == 404


def test_a_refused_request_changes_nothing(service: Service, call: Caller) -> None:
    body = new_body()
    with limited_key(service, methods={f"{ENTITY.path}/POST": ONE_REQUEST}) as key:
        throttled = Caller(service.api_url, key)
        created, refused = (throttled("POST", ENTITY.path, body) for _ in range(2))
        assert (created.status, refused.status) == (201, 429)
    assert len(listed_since(call, created.body, query_of(body))) == 1
