"""The cost model knows every resource, and docs/cost.md says what it says."""

from collections.abc import Callable

import pytest

from infra.spec.stages import STAGES
from tests.support.templates.synthesized import Synthesized
from tools import cost
from tools.cost import Cost


def test_every_resource_has_a_price_or_costs_only_by_use(
    stack: Synthesized, variant: Synthesized
) -> None:
    assert Cost(stack.template).unknown == set()
    assert Cost(variant.template).unknown == set()


def test_the_page_says_what_the_templates_cost(stack_of: Callable[[str], Synthesized]) -> None:
    tables = cost.tables({name: Cost(stack_of(name).template) for name in STAGES})
    assert tables in cost.PAGE.read_text(), "out of date: run .venv/bin/python -m tools.cost"


def test_a_write_pays_for_the_table_and_each_index(dev: Synthesized) -> None:
    create, change = cost.CREATE, cost.CHANGE
    (table,) = (r for r in dev.resources if r.type == "AWS::DynamoDB::Table")
    units = 1 + len(table.properties["GlobalSecondaryIndexes"])
    model = Cost(dev.template)
    assert model.million(create)["DynamoDB"] == pytest.approx(units * 0.625)
    assert model.million(change)["DynamoDB"] == pytest.approx((units + 1) * 0.625)
