"""GET /jobs and GET /jobs/{job_id}."""

import itertools
import json
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from botocore.exceptions import EndpointConnectionError

from common.aws.clients import client
from common.crud import listing
from common.dynamodb import cursors
from common.entities import ENTITIES
from infra.spec.routes import ROUTES
from infra.spec.service import SERVICE_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.conftest import Api


def _register(api: "Api", pipelines: list[str]) -> list[dict[str, Any]]:
    responses = [
        api("POST", "/jobs", {"pipeline": pipeline, "input_uri": "s3://in/1"})
        for pipeline in pipelines
    ]
    return sorted(
        (response.body for response in responses),
        key=lambda job: (job["created_at"], job["job_id"]),
        reverse=True,
    )


def _pages(api: "Api", **query: str) -> list[list[str]]:
    pages = []
    for _ in itertools.repeat(None, 20):
        response = api("GET", "/jobs", query=query)
        assert response.status == 200
        pages.append([item["job_id"] for item in response.body["items"]])
        if "next_cursor" not in response.body:
            return pages
        query["cursor"] = response.body["next_cursor"]
    raise AssertionError("the list does not end")


def test_a_job_is_read_with_its_version_as_etag(api: "Api", new_job: dict[str, Any]) -> None:
    response = api("GET", f"/jobs/{new_job['job_id']}")

    assert response.status == 200
    assert response.headers["ETag"] == '"1"'
    assert response.body == new_job


@pytest.mark.parametrize("job_id", [str(uuid.UUID(int=4, version=4)), "no-uuid", "x" * 3000, "%00"])
def test_an_unknown_job_is_not_found(job_id: str, api: "Api") -> None:
    response = api("GET", f"/jobs/{job_id}")

    assert response.status == 404
    assert response.body["title"] == "Not Found"


def test_a_list_has_summaries_newest_first(api: "Api") -> None:
    jobs = _register(api, ["resize", "crop"])

    items = api("GET", "/jobs").body["items"]

    assert [item["job_id"] for item in items] == [job["job_id"] for job in jobs]
    assert items[0] == {
        name: value
        for name, value in jobs[0].items()
        if name not in {"input_uri", "parameters", "created_by"}
    }


def test_an_empty_list_has_no_next_cursor(api: "Api") -> None:
    assert api("GET", "/jobs").body == {"items": []}


def test_jobs_of_every_status_are_on_exactly_one_page(api: "Api") -> None:
    jobs = _register(api, ["resize"] * 8)
    for job in jobs[::2]:
        api("PATCH", f"/jobs/{job['job_id']}", {"status": "RUNNING"})

    pages = _pages(api, limit="3")

    assert [len(page) for page in pages] == [3, 3, 2]
    assert list(itertools.chain(*pages)) == [job["job_id"] for job in jobs]


def test_a_full_page_without_further_jobs_is_the_last(api: "Api") -> None:
    _register(api, ["resize"] * 3)

    assert "next_cursor" not in api("GET", "/jobs", query={"limit": "3"}).body


def test_new_jobs_do_not_shift_the_pages_that_follow(api: "Api") -> None:
    jobs = _register(api, ["resize"] * 4)
    first = api("GET", "/jobs", query={"limit": "2"}).body
    _register(api, ["resize"] * 3)

    second = api("GET", "/jobs", query={"limit": "2", "cursor": first["next_cursor"]}).body

    assert [item["job_id"] for item in second["items"]] == [job["job_id"] for job in jobs[2:]]


def test_a_list_can_be_filtered_by_status(api: "Api") -> None:
    running, pending = _register(api, ["resize"] * 2)
    api("PATCH", f"/jobs/{running['job_id']}", {"status": "RUNNING"})

    assert _pages(api, status="PENDING") == [[pending["job_id"]]]
    assert _pages(api, status="RUNNING") == [[running["job_id"]]]
    assert _pages(api, status="FAILED") == [[]]


def test_a_list_can_be_filtered_by_pipeline_and_by_both(api: "Api") -> None:
    jobs = _register(api, ["resize", "crop", "resize", "resize"])
    job_ids = [job["job_id"] for job in jobs if job["pipeline"] == "resize"]
    api("PATCH", f"/jobs/{job_ids[0]}", {"status": "RUNNING"})

    assert _pages(api, pipeline="resize", limit="2") == [job_ids[:2], job_ids[2:]]
    assert _pages(api, pipeline="resize", status="PENDING", limit="1") == [
        [job_ids[1]],
        [job_ids[2]],
    ]


@pytest.mark.parametrize(
    "query",
    [
        {"status": "DONE"},
        {"status": "pending"},
        {"pipeline": ""},
        {"pipeline": "Not A Name"},
        {"limit": "0"},
        {"limit": "6"},
        {"limit": "-1"},
        {"limit": "many"},
        {"limit": "9" * 5000},
        {"limit": "0000000002"},
        {"limit": "000000002" + "9" * 30},
        {"limit": "٣"},
        {"cursor": ""},
        {"cursor": "rubbish"},
        {"cursor": "ü"},
    ],
)
def test_an_invalid_query_parameter_is_refused(query: dict[str, str], api: "Api") -> None:
    response = api("GET", "/jobs", query=query)

    assert response.status == 400
    assert next(iter(query)) in response.body["detail"]


def _cursor(api: "Api") -> str:
    cursor: str = api("GET", "/jobs", query={"limit": "1"}).body["next_cursor"]
    return cursor


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda cursor: cursor[:-4], id="cut at the end"),
        pytest.param(lambda cursor: cursor[4:], id="cut at the start"),
        pytest.param(lambda cursor: cursor + "AAAA", id="extended"),
        pytest.param(
            lambda cursor: cursor[:20] + ("A" if cursor[20] != "A" else "B") + cursor[21:],
            id="changed",
        ),
        pytest.param(lambda cursor: "A" * len(cursor), id="forged"),
    ],
)
def test_a_damaged_cursor_is_refused_without_a_query(
    damage: "Callable[[str], str]", api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    _register(api, ["resize"] * 3)
    cursor = damage(_cursor(api))
    capsys.readouterr()

    assert api("GET", "/jobs", query={"cursor": cursor}).status == 400
    assert '"dynamodb_attempts":0' in capsys.readouterr().out


@pytest.mark.parametrize("other", [{"pipeline": "resize"}, {"status": "PENDING"}])
def test_a_cursor_of_another_list_is_refused_without_a_query(
    other: dict[str, str], api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    _register(api, ["resize"] * 3)
    cursor = _cursor(api)
    capsys.readouterr()

    assert api("GET", "/jobs", query={"cursor": cursor, **other}).status == 400
    assert '"dynamodb_attempts":0' in capsys.readouterr().out


def test_a_cursor_signed_with_another_key_is_refused(api: "Api") -> None:
    _register(api, ["resize"] * 3)
    cursor = _cursor(api)
    other_keys = [{"secret": "YW5vdGhlciBrZXk=", "signs_from": 0, "good_until": None}]
    client("ssm").put_parameter(
        Name=f"/{SERVICE_NAME}/test/cursor-key", Value=json.dumps(other_keys), Overwrite=True
    )
    cursors._parameter.cache_clear()

    assert api("GET", "/jobs", query={"cursor": cursor}).status == 400


@pytest.fixture
def unreachable_ssm() -> "Iterator[None]":
    """Make every call of SSM fail."""

    def unreachable(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://ssm.example")

    events = client("ssm").meta.events
    events.register_first("before-send.ssm", unreachable)
    yield
    events.unregister("before-send.ssm", unreachable)


@pytest.mark.usefixtures("unreachable_ssm")
def test_without_ssm_only_a_list_that_needs_a_cursor_fails(api: "Api") -> None:
    (job, _) = _register(api, ["resize"] * 2)

    assert api("GET", f"/jobs/{job['job_id']}").status == 200
    assert api("PATCH", f"/jobs/{job['job_id']}", {"status": "CANCELLED"}).status == 200
    assert api("GET", "/jobs", query={"limit": "2"}).status == 200
    response = api("GET", "/jobs", query={"limit": "1"})
    assert response.status == 503
    assert int(response.headers["Retry-After"]) > 0


def test_without_a_cursor_key_only_a_list_that_needs_a_cursor_fails(api: "Api") -> None:
    _register(api, ["resize"] * 2)
    client("ssm").delete_parameter(Name=f"/{SERVICE_NAME}/test/cursor-key")

    assert api("GET", "/jobs", query={"limit": "2"}).status == 200
    response = api("GET", "/jobs", query={"limit": "1"})
    assert response.status == 503
    assert int(response.headers["Retry-After"]) > 0


def test_without_a_configuration_the_defaults_apply(api: "Api") -> None:
    client("ssm").delete_parameter(Name=f"/{SERVICE_NAME}/test/config")

    assert api("GET", "/jobs", query={"limit": "100"}).status == 200
    assert api("GET", "/jobs", query={"limit": "101"}).status == 400


def test_a_list_depends_only_on_parameters_in_the_cache_key() -> None:
    class Query(dict[str, str]):
        names: ClassVar[set[str]] = set()

        def get(self, name: str, default: Any = None) -> Any:
            self.names.add(name)
            return default

        def __contains__(self, name: object) -> bool:
            self.names.add(str(name))
            return False

    listing.page(ENTITIES[0], Query())

    (route,) = (route for route in ROUTES if (route.method, route.path) == ("GET", "/jobs"))
    assert Query.names == set(route.query)
