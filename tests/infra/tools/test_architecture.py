"""The architecture diagram: it is up to date, and covers every resource."""

from collections.abc import Callable

import pytest

from infra.spec.stages import STAGES
from tests.support.templates.synthesized import Synthesized
from tools.architecture.__main__ import FILE
from tools.architecture.boxes import BOXES, UnknownResource
from tools.architecture.drawing import draw
from tools.architecture.resources import resources


def test_the_diagram_is_up_to_date(stack_of: Callable[[str], Synthesized]) -> None:
    svg = draw({name: stack_of(name).template for name in STAGES})
    assert FILE.read_text() == svg, "run `make diagram`"


def test_a_resource_in_no_box_is_refused_with_advice(dev: Synthesized) -> None:
    queue = {"Type": "AWS::SQS::Queue", "Metadata": {"aws:cdk:path": "Service-dev/New/Resource"}}
    template = {**dev.template, "Resources": {**dev.template["Resources"], "New": queue}}
    message = r"AWS::SQS::Queue at New belongs to no box.*`make diagram`"
    with pytest.raises(UnknownResource, match=message):
        draw({"dev": template})


def test_where_the_stages_differ_they_are_named(dev: Synthesized, prod: Synthesized) -> None:
    svg = draw({"dev": dev.template, "prod": prod.template})
    assert "AWS WAF (prod)" in svg
    assert "NAT gateways: 1 (dev), 2 (prod)" in svg


def test_no_stage_is_named_if_the_stages_are_alike(dev: Synthesized) -> None:
    svg = draw({"dev": dev.template, "other": dev.template})
    assert "(dev)" not in svg
    assert "AWS WAF" not in svg


def test_every_box_contains_a_resource(dev: Synthesized, prod: Synthesized) -> None:
    stacks = [*resources(dev.template), *resources(prod.template)]
    empty = [box.title for box in BOXES if box.patterns and not any(map(box.contains, stacks))]
    assert empty == []
