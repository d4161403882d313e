"""The life of an item: transitions, expiry and events."""

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from common.aws.clients import client
from common.crud import configuration
from infra.spec.service import SERVICE_NAME
from tests.support.specimen import SPECIMEN
from tests.support.specimen.examples import EXAMPLES

if TYPE_CHECKING:
    from tests.unit.conftest import Api

DAY = 86_400
LOST = {"status": "LOST", "reason": "theft"}


@pytest.fixture
def path(specimens: "Api") -> str:
    """The path of a new item."""
    item = specimens("POST", SPECIMEN.path, EXAMPLES.least).body
    return f"{SPECIMEN.path}/{item[SPECIMEN.id_field]}"


def _configure(text: str) -> None:
    name = f"/{SERVICE_NAME}/test/config"
    client("ssm").put_parameter(Name=name, Value=text, Type="String", Overwrite=True)
    configuration._parameter.cache_clear()


def _replacement(status: str) -> dict[str, Any]:
    return {"name": "First", "status": status}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_status_that_nothing_may_move_to_is_refused(
    method: str, path: str, specimens: "Api"
) -> None:
    before = specimens("GET", path).body

    response = specimens(method, path, _replacement("FOUND"))
    stale = specimens(method, path, _replacement("FOUND"), headers={"If-Match": '"9"'})
    unknown = specimens(method, path[:-4] + "0000", _replacement("FOUND"))

    assert (response.status, stale.status, unknown.status) == (409, 412, 404)
    assert "The rock sample is FOUND" in response.body["detail"]
    assert specimens("GET", path).body == before


def test_a_change_without_a_status_needs_one_that_may_stay(path: str, specimens: "Api") -> None:
    assert specimens("PATCH", path, {"name": "Second"}).status == 409
    specimens("PATCH", path, {"status": "STORED"})
    assert specimens("PATCH", path, {"name": "Second"}).body["name"] == "Second"


def test_an_item_in_a_status_that_forbids_it_is_not_deleted(path: str, specimens: "Api") -> None:
    for status in ("STORED", "ON_LOAN"):
        specimens("PATCH", path, {"status": status})

    assert specimens("DELETE", path).status == 409
    specimens("PATCH", path, {"status": "STORED"})
    assert specimens("DELETE", path).status == 204


@pytest.mark.parametrize("status", ["STORED", "SOLD"])
def test_an_item_in_another_status_never_expires(status: str, path: str, specimens: "Api") -> None:
    specimens("PATCH", path, {"status": "STORED"})

    assert "expires_at" not in specimens("PATCH", path, {"status": status}).body


def test_an_item_expires_after_the_retention(path: str, specimens: "Api") -> None:
    item = specimens("PATCH", path, LOST).body

    assert abs(item["expires_at"] - (time.time() + 7 * DAY)) < 60


def test_without_a_retention_nothing_expires(path: str, specimens: "Api") -> None:
    _configure('{"retention_days": null}')

    item = specimens("PATCH", path, LOST).body

    assert item["status"] == "LOST"
    assert "expires_at" not in item


def test_nothing_expires_while_the_retention_has_never_been_read(
    path: str, specimens: "Api"
) -> None:
    client("ssm").delete_parameter(Name=f"/{SERVICE_NAME}/test/config")
    configuration._parameter.cache_clear()

    assert "expires_at" not in specimens("PATCH", path, LOST).body


def test_a_retry_after_a_lost_answer_emits_the_event_and_the_metric_of_its_own_change(
    path: str, specimens: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    specimens("PATCH", path, {"status": "STORED"}, invocation_id="invocation-1")
    specimens("PATCH", path, {"status": "ON_LOAN"})
    capsys.readouterr()

    retry = specimens("PATCH", path, {"status": "STORED"}, invocation_id="invocation-1")

    assert (retry.status, retry.body["status"]) == (200, "ON_LOAN")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"] for line in lines if "message" in line] == [
        "rock sample stored",
        "request",
    ]
    (metrics,) = [line for line in lines if "_aws" in line]
    assert metrics["RockSamplesStored"] == [1.0]
    assert "RockSamplesOnLoan" not in metrics


def test_lists_show_one_site_and_one_status(path: str, specimens: "Api") -> None:
    other = specimens("POST", SPECIMEN.path, {"site": "shore", "name": "Second"}).body
    specimens("PATCH", path, {"status": "STORED"})

    def names(**query: str) -> list[str]:
        listed = specimens("GET", SPECIMEN.path, query=query).body["items"]
        return [item["name"] for item in listed]

    assert names(site="quarry", status="STORED") == names(status="STORED") == ["First"]
    assert names(site="quarry", status="FOUND") == []
    assert names(site="shore") == names(status="FOUND") == [other["name"]]
    assert specimens("GET", SPECIMEN.path, query={"site": "Shore"}).status == 400
    assert specimens("GET", SPECIMEN.path, query={"site": "shore\n"}).status == 400


def test_a_status_of_two_words_names_its_event_in_words(
    path: str, specimens: "Api", capsys: pytest.CaptureFixture[str]
) -> None:
    specimens("PATCH", path, {"status": "STORED"})
    capsys.readouterr()

    specimens("PATCH", path, {"status": "ON_LOAN"})

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "rock sample on loan" in [line.get("message") for line in lines]
    (metrics,) = [line for line in lines if "_aws" in line]
    assert metrics["RockSamplesOnLoan"] == [1.0]
