"""GET on a collection and on an item."""

import itertools
import json
import re
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from botocore.exceptions import EndpointConnectionError

from common.aws.clients import client
from common.crud import listing
from common.dynamodb import cursors
from infra.spec.routes import ROUTES
from infra.spec.service import SERVICE_NAME
from tests.support.entities import (
    ENTITY,
    EXAMPLES,
    INITIAL,
    REACHABLE,
    change,
    create,
    create_with,
    first_change,
    path_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.conftest import Api


def _create(api: "Api", count: int) -> list[dict[str, Any]]:
    return sorted(
        (create(api, EXAMPLES.least) for _ in range(count)),
        key=lambda item: (item["created_at"], item[ENTITY.id_field]),
        reverse=True,
    )


def _pages(api: "Api", **query: str) -> list[list[str]]:
    pages = []
    for _ in itertools.repeat(None, 20):
        response = api("GET", ENTITY.path, query=query)
        assert response.status == 200
        pages.append([item[ENTITY.id_field] for item in response.body["items"]])
        if "next_cursor" not in response.body:
            return pages
        query["cursor"] = response.body["next_cursor"]
    raise AssertionError("the list does not end")


@pytest.mark.parametrize(
    "tags", ["{}", "W/{}", "*", '"7", {}', ', W/{} ,"7"', "{},{}", " {}\t", '"1", W/"2", {}']
)
def test_an_item_that_the_caller_has_already_is_not_sent_again(
    tags: str, api: "Api", new_item: dict[str, Any]
) -> None:
    plain = api("GET", path_of(new_item))
    tags = tags.replace("{}", plain.headers["ETag"])

    response = api("GET", path_of(new_item), headers={"if-none-match": tags})

    assert (response.status, response.text) == (304, "")
    # What a 200 would have, apart from the description of the body (RFC 9110, 15.4.5).
    assert {**response.headers, "X-Request-Id": ""} == {
        **{name: value for name, value in plain.headers.items() if name != "Content-Type"},
        "X-Request-Id": "",
    }


@pytest.mark.parametrize("tags", ['"1"', '"7-{}"', "", ",", 'W/"{}0"', '"{}", "7"'])
def test_an_item_that_the_caller_does_not_have_is_sent(
    tags: str, api: "Api", new_item: dict[str, Any]
) -> None:
    incarnation = api("GET", path_of(new_item)).headers["ETag"].strip('"').partition("-")[2]
    headers = {"If-None-Match": tags.replace("{}", incarnation)}

    response = api("GET", path_of(new_item), headers=headers)

    assert (response.status, response.body) == (200, new_item)


def test_an_item_is_sent_again_once_it_has_changed(api: "Api", new_item: dict[str, Any]) -> None:
    headers = {"If-None-Match": api("GET", path_of(new_item)).headers["ETag"]}
    changed = change(api, new_item, first_change())

    response = api("GET", path_of(new_item), headers=headers)

    assert (response.status, response.body) == (200, changed)


def test_several_lines_of_if_none_match_spare_no_answer(
    api: "Api", new_item: dict[str, Any]
) -> None:
    # API Gateway's cache would give the 304 to a caller that sends only one of the lines.
    etag = api("GET", path_of(new_item)).headers["ETag"]
    for lines in ([etag, '"7"'], ['"7"', etag], [etag, etag]):
        response = api("GET", path_of(new_item), headers={"If-None-Match": lines})

        assert (response.status, response.body) == (200, new_item)


@pytest.mark.parametrize("tags", ["1", '*, "1"', ["*", '"1"'], ",".join(['"1"'] * 17)])
def test_an_invalid_if_none_match_is_refused(
    tags: str | list[str], api: "Api", new_item: dict[str, Any]
) -> None:
    response = api("GET", path_of(new_item), headers={"If-None-Match": tags})

    assert response.status == 400
    assert "If-None-Match" in response.body["detail"]


def test_an_unknown_item_is_not_found_with_any_if_none_match(api: "Api") -> None:
    for item_id in (str(uuid.uuid4()), "no-uuid"):
        response = api("GET", f"{ENTITY.path}/{item_id}", headers={"If-None-Match": "*"})
        assert response.status == 404


def test_a_list_has_no_etag_and_ignores_conditions(api: "Api", new_item: dict[str, Any]) -> None:
    response = api("GET", ENTITY.path, headers={"If-None-Match": "*", "If-Match": "broken"})

    assert (response.status, response.body["items"]) == (200, api("GET", ENTITY.path).body["items"])
    assert "ETag" not in response.headers


def test_an_item_is_read_with_its_version_as_etag(api: "Api", new_item: dict[str, Any]) -> None:
    response = api("GET", path_of(new_item))

    assert response.status == 200
    assert re.fullmatch(r'"1-[\w-]{8}"', response.headers["ETag"])
    assert response.body == new_item


@pytest.mark.parametrize(
    "item_id", [str(uuid.UUID(int=4, version=4)), "no-uuid", "x" * 3000, "%00"]
)
def test_an_unknown_item_is_not_found(item_id: str, api: "Api") -> None:
    response = api("GET", f"{ENTITY.path}/{item_id}")

    assert response.status == 404
    assert response.body["title"] == "Not Found"


def test_a_list_has_summaries_newest_first(api: "Api") -> None:
    items = _create(api, 2)

    listed = api("GET", ENTITY.path).body["items"]

    fields = ENTITY.schema.fields_of("list")
    assert listed == [{name: item[name] for name in fields if name in item} for item in items]


def test_an_empty_list_has_no_next_cursor(api: "Api") -> None:
    assert api("GET", ENTITY.path).body == {"items": []}


def test_items_of_every_status_are_on_exactly_one_page(api: "Api") -> None:
    items = _create(api, 8)
    for item in items[::2]:
        change(api, item, first_change())

    pages = _pages(api, limit="3")

    assert [len(page) for page in pages] == [3, 3, 2]
    assert list(itertools.chain(*pages)) == [item[ENTITY.id_field] for item in items]


def test_a_full_page_without_further_items_is_the_last(api: "Api") -> None:
    _create(api, 3)

    assert "next_cursor" not in api("GET", ENTITY.path, query={"limit": "3"}).body


def test_new_items_do_not_shift_the_pages_that_follow(api: "Api") -> None:
    items = _create(api, 4)
    first = api("GET", ENTITY.path, query={"limit": "2"}).body
    _create(api, 3)

    query = {"limit": "2", "cursor": first["next_cursor"]}
    second = api("GET", ENTITY.path, query=query).body

    assert [item[ENTITY.id_field] for item in second["items"]] == [
        item[ENTITY.id_field] for item in items[2:]
    ]


@pytest.mark.parametrize("status", REACHABLE)
def test_a_list_can_be_filtered_by_status(status: str, api: "Api") -> None:
    new, other = create(api), create_with(api, status)
    expected = {item[ENTITY.id_field] for item in (new, other) if item["status"] == status}

    (page,) = _pages(api, status=status)

    assert {*page} == expected
    for unused in {*ENTITY.statuses} - {new["status"], status}:
        assert _pages(api, status=unused) == [[]]


@pytest.mark.parametrize("name", ENTITY.filters)
def test_a_list_can_be_filtered_by_a_field_and_by_the_status_too(name: str, api: "Api") -> None:
    items = _create(api, 3)
    create(api)
    item_ids = [item[ENTITY.id_field] for item in items]
    value = items[0][name]
    changed = change(api, items[0], first_change())

    assert _pages(api, **{name: value, "limit": "2"}) == [item_ids[:2], item_ids[2:]]
    if changed["status"] != INITIAL:
        assert _pages(api, **{name: value, "status": INITIAL, "limit": "1"}) == [
            [item_ids[1]],
            [item_ids[2]],
        ]


@pytest.mark.parametrize(
    "query",
    [
        {"status": "NO_SUCH_STATUS"},
        {"status": INITIAL.swapcase()},
        *({name: ""} for name in ENTITY.filters),
        *({name: "x" * 3_000} for name in ENTITY.filters),
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
    response = api("GET", ENTITY.path, query=query)

    assert response.status == 400
    assert next(iter(query)) in response.body["detail"]


def _cursor(api: "Api") -> str:
    cursor: str = api("GET", ENTITY.path, query={"limit": "1"}).body["next_cursor"]
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
    _create(api, 3)
    cursor = damage(_cursor(api))
    capsys.readouterr()

    assert api("GET", ENTITY.path, query={"cursor": cursor}).status == 400
    assert '"dynamodb_attempts":0' in capsys.readouterr().out


@pytest.mark.parametrize(
    "other",
    [{"status": INITIAL}, *({name: EXAMPLES.least[name]} for name in ENTITY.filters)],
)
def test_a_cursor_of_another_list_is_refused_without_a_query(
    other: dict[str, str], api: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    _create(api, 3)
    cursor = _cursor(api)
    capsys.readouterr()

    assert api("GET", ENTITY.path, query={"cursor": cursor, **other}).status == 400
    assert '"dynamodb_attempts":0' in capsys.readouterr().out


def test_a_cursor_signed_with_another_key_is_refused(api: "Api") -> None:
    _create(api, 3)
    cursor = _cursor(api)
    other_keys = [{"secret": "YW5vdGhlciBrZXk=", "signs_from": 0, "good_until": None}]
    client("ssm").put_parameter(
        Name=f"/{SERVICE_NAME}/test/cursor-key", Value=json.dumps(other_keys), Overwrite=True
    )
    cursors._parameter.cache_clear()

    assert api("GET", ENTITY.path, query={"cursor": cursor}).status == 400


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
    (item, _) = _create(api, 2)

    assert api("GET", path_of(item)).status == 200
    assert api("PATCH", path_of(item), first_change().body).status == 200
    assert api("GET", ENTITY.path, query={"limit": "2"}).status == 200
    response = api("GET", ENTITY.path, query={"limit": "1"})
    assert response.status == 503
    assert int(response.headers["Retry-After"]) > 0


def test_without_a_cursor_key_only_a_list_that_needs_a_cursor_fails(api: "Api") -> None:
    _create(api, 2)
    client("ssm").delete_parameter(Name=f"/{SERVICE_NAME}/test/cursor-key")

    assert api("GET", ENTITY.path, query={"limit": "2"}).status == 200
    response = api("GET", ENTITY.path, query={"limit": "1"})
    assert response.status == 503
    assert int(response.headers["Retry-After"]) > 0


def test_without_a_configuration_the_defaults_apply(api: "Api") -> None:
    client("ssm").delete_parameter(Name=f"/{SERVICE_NAME}/test/config")

    assert api("GET", ENTITY.path, query={"limit": "100"}).status == 200
    assert api("GET", ENTITY.path, query={"limit": "101"}).status == 400


def test_a_list_depends_only_on_parameters_in_the_cache_key() -> None:
    class Query(dict[str, str]):
        names: ClassVar[set[str]] = set()

        def get(self, name: str, default: Any = None) -> Any:
            self.names.add(name)
            return default

        def __contains__(self, name: object) -> bool:
            self.names.add(str(name))
            return False

    listing.page(ENTITY, Query())

    (route,) = (route for route in ROUTES if (route.method, route.path) == ("GET", ENTITY.path))
    assert Query.names == set(route.query)
