"""The cost model covers every resource, and docs/cost.md has its tables."""

from collections.abc import Callable

import pytest

from infra.spec.stages import STAGES
from tests.support.templates.synthesized import Synthesized
from tests.support.templates.tables import table
from tools import cost
from tools.cost import CostModel


def test_every_resource_has_a_monthly_price_or_is_billed_by_use(
    stack: Synthesized, variant: Synthesized
) -> None:
    assert CostModel(stack.template).unknown_types == set()
    assert CostModel(variant.template).unknown_types == set()


def test_the_page_has_the_tables_of_all_stages(stack_of: Callable[[str], Synthesized]) -> None:
    tables = cost.tables({name: CostModel(stack_of(name).template) for name in STAGES})
    assert tables in cost.PAGE.read_text(), "out of date: run .venv/bin/python -m tools.cost"


def test_a_write_pays_for_the_table_and_each_index(dev: Synthesized) -> None:
    units = 1 + len(table(dev, cost.ENTITY)["GlobalSecondaryIndexes"])
    model = CostModel(dev.template)
    assert model.dollars_per_million(cost.CREATE)["DynamoDB"] == pytest.approx(units * 0.625)
    assert model.dollars_per_million(cost.CHANGE)["DynamoDB"] == pytest.approx((units + 1) * 0.625)
