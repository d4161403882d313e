"""The limits of a usage plan: what goes beyond them is refused, with the time to try again."""

from infra.api.gateway_problems import QUOTA_RETRY_SECONDS, THROTTLED_RETRY_SECONDS
from tests.support.deployment.service import Service
from tests.support.deployment.usage_plans import limited_key
from tests.support.http.caller import Caller
from tests.support.http.response import HttpResponse

NO_JOB = "/jobs/0b5f3c1e-0000-4000-8000-000000000000"
ONE_AT_ONCE = {"rateLimit": 0.001, "burstLimit": 1}


def assert_refused(answer: HttpResponse, retry_after: int) -> None:
    assert (answer.status, answer.body["status"]) == (429, 429)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == str(retry_after)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.body["title"] == "Too Many Requests"
    assert answer.body["request_id"] == answer.headers["X-Request-Id"]


def test_a_key_above_its_rate_is_told_to_slow_down(service: Service, call: Caller) -> None:
    with limited_key(service, throttle=ONE_AT_ONCE) as key:
        hurried = Caller(service.api_url, key)
        assert hurried("GET", NO_JOB).status == 404
        assert_refused(hurried("GET", NO_JOB), THROTTLED_RETRY_SECONDS)
        assert call("GET", NO_JOB).status == 404


def test_a_key_above_its_quota_is_told_to_come_back_later(service: Service, call: Caller) -> None:
    with limited_key(service, quota={"limit": 2, "period": "DAY"}) as key:
        thrifty = Caller(service.api_url, key)
        assert [thrifty("GET", NO_JOB).status for _ in range(2)] == [404, 404]
        assert_refused(thrifty("GET", NO_JOB), QUOTA_RETRY_SECONDS)
        assert call("GET", NO_JOB).status == 404


def test_a_key_above_the_rate_of_one_method_may_use_the_others(service: Service) -> None:
    with limited_key(service, methods={"/jobs/GET": ONE_AT_ONCE}) as key:
        lister = Caller(service.api_url, key)
        assert lister("GET", "/jobs?limit=1").status == 200
        assert_refused(lister("GET", "/jobs?limit=1"), THROTTLED_RETRY_SECONDS)
        assert lister("GET", NO_JOB).status == 404


def test_what_is_refused_changes_nothing(service: Service, call: Caller, pipeline: str) -> None:
    with limited_key(service, methods={"/jobs/POST": ONE_AT_ONCE}) as key:
        hurried = Caller(service.api_url, key)
        body = {"pipeline": pipeline, "input_uri": "s3://in/1"}
        assert [hurried("POST", "/jobs", body).status for _ in range(2)] == [201, 429]
    assert len(call("GET", f"/jobs?pipeline={pipeline}").body["items"]) == 1
