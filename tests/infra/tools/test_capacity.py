"""What a load costs and which quota binds first, and that docs/capacity.md says so."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.spec.routes import FUNCTIONS, ROUTES
from infra.spec.stages import STAGES
from ops.__main__ import app
from tests.support.templates.synthesized import Synthesized
from tools import capacity, cost
from tools.cost import CREATE, LIST, PROGRESS, READ, Cost
from tools.quotas import QUOTAS, Load, Raised

PROD = STAGES["prod"]


@pytest.fixture(autouse=True)
def templates(monkeypatch: pytest.MonkeyPatch, prod: Synthesized) -> None:
    """The command finds the template of prod made already."""
    monkeypatch.setattr(cost, "template_of", lambda _: prod.template)


def load(rate: float = 100, *, peak: float | None = None, **others: Any) -> Load:
    given: Mapping[str, Any] = {"mix": capacity.mix(capacity.LIFE), "cached": 0.5, **others}
    return Load(rate, peak or rate, **given)


def needs(name: str, of: Load) -> float:
    (use,) = (use for use in capacity.uses(of, PROD) if use.quota.name == name)
    return use.needs


def ask(*words: str) -> tuple[int, Any]:
    done = CliRunner().invoke(app, ["capacity", *words, "--json"])
    return done.exit_code, json.loads(done.stdout)


def test_the_page_says_what_prod_carries(prod: Synthesized) -> None:
    tables = capacity.tables(Cost(prod.template), PROD)
    assert tables in capacity.PAGE.read_text(), "out of date: .venv/bin/python -m tools.capacity"


def test_every_kind_of_request_is_one_of_a_route() -> None:
    operations = {kind.operation for kind in cost.KINDS} - {None}
    assert operations <= {route.operation for route in ROUTES}
    assert set(capacity.KINDS.values()) == {kind for kind in cost.KINDS if kind.operation}


def test_a_quiet_stage_exceeds_nothing() -> None:
    status, told = ask("1")
    assert status == 0
    assert told["cells"] == 1
    assert not any(quota["exceeded"] for quota in told["quotas"])


def test_an_exceeded_quota_is_a_problem_and_comes_first() -> None:
    status, told = ask("1500", "--peak", "5000", "--keys", "10")
    assert status == 1
    assert told["binds_first"] == "method: requests/s"
    first, *_, last = told["quotas"]
    assert first["exceeded"]
    assert first["needs"] > first["has"]
    assert not last["exceeded"]


def test_the_rate_at_which_a_quota_binds_just_exhausts_it() -> None:
    for use in capacity.uses(load(100, peak=300), PROD):
        if use.needs:
            there = load(use.binds_at, peak=3 * use.binds_at)
            assert use.quota.needs(there, PROD) == pytest.approx(use.has), use.quota.name


def test_more_shards_take_more_writes_and_no_more_lists() -> None:
    name = "DynamoDB: shards' writes/s"
    binds = {
        shards: {use.quota.name: use.binds_at for use in capacity.uses(load(), stage)}
        for shards in (4, 8)
        for stage in [replace(PROD, shards=shards)]
    }
    assert binds[8][name] == 2 * binds[4][name]
    assert binds[8]["DynamoDB: shard's reads/s"] == binds[4]["DynamoDB: shard's reads/s"]


def test_what_the_cache_answers_reaches_no_function_and_costs_less(prod: Synthesized) -> None:
    priced = Cost(prod.template)
    hit, missed = (load(mix={READ: 1}, cached=cached) for cached in (1, 0))
    assert hit.invocations == 0
    assert missed.invocations == pytest.approx(100)
    assert capacity.monthly(hit, priced)["DynamoDB"] == 0
    assert sum(capacity.monthly(hit, priced).values()) < sum(
        capacity.monthly(missed, priced).values()
    )
    assert needs("API Gateway: requests/s", hit) == pytest.approx(100)


def test_a_month_of_one_kind_costs_what_the_model_says(prod: Synthesized) -> None:
    priced = Cost(prod.template)
    millions = 10 * cost.HOURS * 3600 / 1e6
    paid = capacity.monthly(load(10, mix={CREATE: 7}), priced)
    assert sum(paid.values()) == pytest.approx(
        sum(priced.monthly.values()) + millions * sum(priced.million(CREATE).values())
    )


def test_a_list_feels_its_part_of_the_rate() -> None:
    assert needs("method: requests/s", load(mix={LIST: 1})) == pytest.approx(200)
    assert needs("method: requests/s", load(mix={PROGRESS: 1})) == pytest.approx(100)


def test_only_a_growing_load_needs_lambda_to_grow() -> None:
    assert needs("Lambda: growth in 10 s", load(100, peak=100)) == 0
    assert needs("Lambda: growth in 10 s", load(100, peak=300, mix={CREATE: 1})) == pytest.approx(
        200
    )


def test_what_nobody_raises_takes_cells() -> None:
    status, told = ask("1000000")
    assert status == 1
    assert told["cells"] > 10
    assert all(quota.then for quota in QUOTAS if quota.raised is Raised.NOBODY)


def test_no_stage_may_have_more_shards_than_a_list_asks_at_once() -> None:
    most = {use.quota.name: use.has for use in capacity.uses(load(), PROD)}
    now = most["DynamoDB: shards' writes/s"]
    assert now <= most["DynamoDB: 16 shards' writes/s"]


def test_each_function_is_reached_by_some_request() -> None:
    everything = load(mix=dict.fromkeys(capacity.KINDS.values(), 1), cached=0)
    assert sum(everything.of(function) for function in FUNCTIONS) == pytest.approx(100)


@pytest.mark.parametrize(
    "words",
    [
        ["--mix", "create=x"],
        ["--mix", "nonsense=1"],
        ["--mix", "create"],
        ["--mix", "create=-1,read=2"],
        ["--mix", "create=0"],
        ["--mix", "create=nan"],
        ["--cached", "1.5"],
        ["--peak", "1"],
        ["--stage", "qa"],
    ],
)
def test_a_load_that_cannot_be_is_a_wrong_call(words: list[str]) -> None:
    done = CliRunner().invoke(app, ["capacity", "100", *words])
    assert (done.exit_code, done.stdout) == (2, "")


def test_people_see_what_binds_first_and_what_to_do() -> None:
    shown = CliRunner().invoke(app, ["capacity", "1500"]).stdout
    assert "Binds first, at 1,000 requests/s: key: requests/s" in shown
    assert "raise rate_limit and burst_limit" in shown


def test_each_source_is_a_page_of_aws_or_a_file_of_ours() -> None:
    for quota in QUOTAS:
        ours = (capacity.PAGE.parent.parent / quota.source).exists()
        assert ours or quota.source.startswith("https://docs.aws.amazon.com/"), quota.name
