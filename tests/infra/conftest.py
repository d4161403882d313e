"""The stacks of the stages, each synthesized once, since a synthesis takes seconds."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from infra.spec.service import REGION
from infra.spec.stages import STAGES
from tests.support.templates.synthesized import Synthesized, synthesize


@pytest.fixture(scope="session")
def stack_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Synthesized]:
    """Return a function that synthesizes the stage of a name."""
    return cache(
        lambda name: synthesize(STAGES[name], tmp_path_factory.mktemp(name), validated=True)
    )


@pytest.fixture(scope="session")
def dev(stack_of: Callable[[str], Synthesized]) -> Synthesized:
    return stack_of("dev")


@pytest.fixture(scope="session")
def prod(stack_of: Callable[[str], Synthesized]) -> Synthesized:
    return stack_of("prod")


@pytest.fixture(scope="session")
def variant(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """A stage with the settings that differ from both dev and prod."""
    stage = replace(
        STAGES["prod"],
        name="variant",
        api_gateway_account=False,
        availability_zones=(f"{REGION}c", f"{REGION}d"),
        nat_gateways=0,
        ssm_endpoint=False,
        snap_start=True,
        cors_origins=("https://a.example.com", "https://b.example.com"),
        alarm_email="ops@example.com",
        domain_name="api.example.com",
        certificate_arn=f"arn:aws:acm:{REGION}:123456789012:certificate/"
        "0b5f3c1e-0000-4000-8000-000000000000",
    )
    return synthesize(stage, tmp_path_factory.mktemp("variant"), validated=True)


@pytest.fixture(params=list(STAGES))
def stack(request: pytest.FixtureRequest, stack_of: Callable[[str], Synthesized]) -> Synthesized:
    """The stack of each stage."""
    return stack_of(request.param)
