"""The stack of each stage, synthesized once: the CDK takes seconds to start."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from aws_cdk import App, Environment

from infra.spec.paths import PROJECT
from infra.spec.stages import REGION, STAGES, Stage
from infra.stack import JobLedgerStack
from tests.support.synthesized import Synthesized

# As the CDK CLI does; the tests find resources by their construct paths.
CONTEXT = {
    **json.loads((PROJECT / "cdk.json").read_text())["context"],
    "aws:cdk:enable-path-metadata": True,
}


def app_of(stage: Stage, folder: Path, *, assets: bool = False) -> tuple[App, JobLedgerStack]:
    """An app of one stage, to be synthesized into ``folder``; for the rest, see synthesize."""
    context = CONTEXT if assets else {**CONTEXT, "aws:cdk:disable-asset-staging": True}
    app = App(analytics_reporting=False, context=context, outdir=str(folder))
    return app, JobLedgerStack(app, stage.stack, stage=stage, env=Environment(region=REGION))


def synthesize(stage: Stage, folder: Path, *, assets: bool = False) -> Synthesized:
    """Synthesize a stage into ``folder``, with a copy of what is uploaded if ``assets``."""
    app, _ = app_of(stage, folder, assets=assets)
    artifact = app.synth().get_stack_by_name(stage.stack)
    return Synthesized(
        stage=stage,
        template=artifact.template,
        assembly=folder,
        warnings=tuple(f"{message.id}: {message.entry.data}" for message in artifact.messages),
        termination_protection=bool(artifact.termination_protection),
    )


@pytest.fixture(scope="session")
def stack_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Synthesized]:
    """Synthesizes a stage, by its name."""
    return cache(lambda name: synthesize(STAGES[name], tmp_path_factory.mktemp(name)))


@pytest.fixture(scope="session")
def dev(stack_of: Callable[[str], Synthesized]) -> Synthesized:
    return stack_of("dev")


@pytest.fixture(scope="session")
def prod(stack_of: Callable[[str], Synthesized]) -> Synthesized:
    return stack_of("prod")


@pytest.fixture(scope="session")
def variant(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """A stage with every switch the other way round than in dev and prod."""
    stage = replace(
        STAGES["prod"],
        name="variant",
        api_gateway_account=False,
        snap_start=True,
        cors_origins=("https://a.example.com", "https://b.example.com"),
        alarm_email="ops@example.com",
        domain_name="jobs-api.example.com",
        certificate_arn="arn:aws:acm:us-east-1:123456789012:certificate/"
        "0b5f3c1e-0000-4000-8000-000000000000",
    )
    return synthesize(stage, tmp_path_factory.mktemp("variant"))


@pytest.fixture(params=list(STAGES))
def stack(request: pytest.FixtureRequest, stack_of: Callable[[str], Synthesized]) -> Synthesized:
    """Each stage that is deployed."""
    return stack_of(request.param)
