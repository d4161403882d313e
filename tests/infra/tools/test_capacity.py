"""The capacity model: prices, quotas, ``ops capacity``, and the tables of docs/capacity.md."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.spec.paths import PROJECT
from infra.spec.routes import FUNCTIONS, ROUTES
from infra.spec.stages import STAGES
from ops.__main__ import app
from tests.support.templates.synthesized import Synthesized
from tools import capacity, cost, templates
from tools.cost import CREATE, EDIT, LIST, READ, CostModel
from tools.quotas import QUOTAS, Load, Raiser

PROD = STAGES["prod"]


@pytest.fixture(autouse=True)
def template(monkeypatch: pytest.MonkeyPatch, prod: Synthesized) -> None:
    """Let the command use the template of prod that the tests have synthesized."""
    monkeypatch.setattr(templates, "template_of", lambda _: prod.template)


def load(rate: float = 100, *, peak: float | None = None, **others: Any) -> Load:
    settings: Mapping[str, Any] = {
        "mix": capacity.parse_mix(capacity.USUAL_MIX),
        "cached": 0.5,
        **others,
    }
    return Load(rate, peak or rate, **settings)


def demand(name: str, load: Load) -> float:
    (use,) = (use for use in capacity.quota_uses(load, PROD) if use.quota.name == name)
    return use.demand


def run(*arguments: str) -> tuple[int, Any]:
    result = CliRunner().invoke(app, ["capacity", *arguments, "--json"])
    return result.exit_code, json.loads(result.stdout)


def test_the_page_has_the_tables_of_prod(prod: Synthesized) -> None:
    tables = capacity.tables(CostModel(prod.template), PROD)
    assert tables in capacity.PAGE.read_text(), "out of date: .venv/bin/python -m tools.capacity"


def test_every_kind_of_request_belongs_to_a_route() -> None:
    operations = {kind.operation for kind in cost.KINDS} - {None}
    assert operations <= {route.operation for route in ROUTES}
    assert set(capacity.KINDS.values()) == {kind for kind in cost.KINDS if kind.operation}


def test_a_quiet_stage_exceeds_nothing() -> None:
    status, report = run("1")
    assert status == 0
    assert report["cells"] == 1
    assert not any(quota["exceeded"] for quota in report["quotas"])


def test_an_exceeded_quota_is_a_problem_and_comes_first() -> None:
    status, report = run("1500", "--peak", "5000", "--keys", "10")
    assert status == 1
    assert report["binds_first"] == "method: requests/s"
    first, *_, last = report["quotas"]
    assert first["exceeded"]
    assert first["needs"] > first["has"]
    assert not last["exceeded"]


def test_the_rate_at_which_a_quota_binds_reaches_the_limit() -> None:
    for use in capacity.quota_uses(load(100, peak=300), PROD):
        if use.demand:
            limit_load = load(use.binds_at, peak=3 * use.binds_at)
            assert use.quota.demand(limit_load, PROD) == pytest.approx(use.limit), use.quota.name


def test_more_shards_allow_more_writes_but_no_more_lists() -> None:
    name = "DynamoDB: writes/s in all shards"
    binds = {
        shards: {use.quota.name: use.binds_at for use in capacity.quota_uses(load(), stage)}
        for shards in (4, 8)
        for stage in [replace(PROD, shards=shards)]
    }
    assert binds[8][name] == 2 * binds[4][name]
    assert binds[8]["DynamoDB: reads/s in one shard"] == binds[4]["DynamoDB: reads/s in one shard"]


def test_a_cache_hit_reaches_no_function_and_costs_less(prod: Synthesized) -> None:
    model = CostModel(prod.template)
    hits, misses = (load(mix={READ: 1}, cached=cached) for cached in (1, 0))
    assert hits.invocations == 0
    assert misses.invocations == pytest.approx(100)
    assert capacity.dollars_per_month(hits, model)["DynamoDB"] == 0
    assert sum(capacity.dollars_per_month(hits, model).values()) < sum(
        capacity.dollars_per_month(misses, model).values()
    )
    assert demand("API Gateway: requests/s", hits) == pytest.approx(100)


def test_a_month_of_one_kind_costs_what_the_model_says(prod: Synthesized) -> None:
    model = CostModel(prod.template)
    millions = 10 * cost.HOURS_PER_MONTH * 3600 / 1e6
    dollars = capacity.dollars_per_month(load(10, mix={CREATE: 7}), model)
    assert sum(dollars.values()) == pytest.approx(
        sum(model.dollars_per_month.values())
        + millions * sum(model.dollars_per_million(CREATE).values())
    )


def test_a_list_counts_by_its_share_of_the_rate() -> None:
    assert demand("method: requests/s", load(mix={LIST: 1})) == pytest.approx(200)
    assert demand("method: requests/s", load(mix={EDIT: 1})) == pytest.approx(100)


def test_only_a_load_with_a_peak_makes_lambda_scale() -> None:
    assert demand("Lambda: scaling in 10 s", load(100, peak=100)) == 0
    assert demand("Lambda: scaling in 10 s", load(100, peak=300, mix={CREATE: 1})) == pytest.approx(
        200
    )


def test_a_quota_that_nobody_can_raise_requires_cells() -> None:
    status, report = run("1000000")
    assert status == 1
    assert report["cells"] > 10
    assert all(quota.remedy for quota in QUOTAS if quota.raised_by is Raiser.NOBODY)


def test_no_stage_has_more_shards_than_a_list_can_query_at_once() -> None:
    limits = {use.quota.name: use.limit for use in capacity.quota_uses(load(), PROD)}
    assert limits["DynamoDB: writes/s in all shards"] <= limits["DynamoDB: writes/s in 16 shards"]


def test_every_kind_of_request_reaches_a_function() -> None:
    everything = load(mix=dict.fromkeys(capacity.KINDS.values(), 1), cached=0)
    assert sum(everything.invocations_of(function) for function in FUNCTIONS) == pytest.approx(100)


@pytest.mark.parametrize(
    "arguments",
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
def test_an_impossible_load_is_a_usage_error(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["capacity", "100", *arguments])
    assert (result.exit_code, result.stdout) == (2, "")


def test_the_report_names_the_quota_that_binds_first_and_the_remedy() -> None:
    text = CliRunner().invoke(app, ["capacity", "1500"]).stdout
    assert "Binds first, at 1,000 requests/s: key: requests/s" in text
    assert "raise rate_limit and burst_limit" in text


def test_each_source_is_an_aws_page_or_a_file_of_this_repository() -> None:
    for quota in QUOTAS:
        is_file = (PROJECT / quota.source).is_file()
        assert is_file or quota.source.startswith("https://docs.aws.amazon.com/"), quota.name
