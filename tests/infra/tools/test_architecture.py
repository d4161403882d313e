"""The architecture diagram shows the templates as they are."""

from collections.abc import Callable

import pytest

from infra.spec.stages import STAGES
from tests.support.templates.synthesized import Synthesized
from tools.architecture import BOXES, FILE, Undrawn, draw, resources


def test_the_picture_is_up_to_date(stack_of: Callable[[str], Synthesized]) -> None:
    drawn = draw({name: stack_of(name).template for name in STAGES})
    assert FILE.read_text() == drawn, "run `make diagram`"


def test_a_resource_that_is_in_no_box_is_refused_with_what_to_do(dev: Synthesized) -> None:
    queue = {"Type": "AWS::SQS::Queue", "Metadata": {"aws:cdk:path": "JobLedger-dev/New/Resource"}}
    template = {**dev.template, "Resources": {**dev.template["Resources"], "New": queue}}
    with pytest.raises(Undrawn, match=r"AWS::SQS::Queue at New is part of no box.*`make diagram`"):
        draw({"dev": template})


def test_what_differs_between_the_stages_is_told_apart(dev: Synthesized, prod: Synthesized) -> None:
    drawn = draw({"dev": dev.template, "prod": prod.template})
    assert "AWS WAF (prod)" in drawn
    assert "NAT gateways: 1 (dev), 2 (prod)" in drawn


def test_the_same_picture_is_drawn_of_stages_that_are_alike(dev: Synthesized) -> None:
    drawn = draw({"dev": dev.template, "other": dev.template})
    assert "(dev)" not in drawn
    assert "AWS WAF" not in drawn


def test_every_box_stands_for_something(dev: Synthesized, prod: Synthesized) -> None:
    there = [*resources(dev.template), *resources(prod.template)]
    empty = [box.title for box in BOXES if box.of and not any(map(box.has, there))]
    assert empty == []
