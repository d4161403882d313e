"""The stack of each stage, synthesized once: the CDK takes seconds to start."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from aws_cdk import App, Environment

from infra.stack import JobLedgerStack
from infra.stage import STAGES, Stage
from tests.infra.synthesized import Synthesized

PROJECT = Path(__file__).parent.parent.parent
# As the CDK CLI does; the tests find resources by their construct paths.
CONTEXT = {
    **json.loads((PROJECT / "cdk.json").read_text())["context"],
    "aws:cdk:enable-path-metadata": True,
}


def synthesize(stage: Stage, folder: Path, *, assets: bool = False) -> Synthesized:
    """Synthesize a stage into ``folder``, with a copy of what is uploaded if ``assets``."""
    context = CONTEXT if assets else {**CONTEXT, "aws:cdk:disable-asset-staging": True}
    app = App(analytics_reporting=False, context=context, outdir=str(folder))
    JobLedgerStack(app, f"JobLedger-{stage.name}", stage=stage, env=Environment(region="us-east-1"))
    artifact = app.synth().get_stack_by_name(f"JobLedger-{stage.name}")
    return Synthesized(
        stage=stage,
        template=artifact.template,
        assembly=folder,
        warnings=tuple(f"{message.id}: {message.entry.data}" for message in artifact.messages),
        termination_protection=bool(artifact.termination_protection),
    )


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    return synthesize(STAGES["dev"], tmp_path_factory.mktemp("dev"))


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    return synthesize(STAGES["prod"], tmp_path_factory.mktemp("prod"))


@pytest.fixture(scope="session")
def variant(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """A stage with every switch the other way round than in both stages."""
    stage = replace(
        STAGES["prod"],
        name="variant",
        api_gateway_account=False,
        snap_start=True,
        cors_origins=("https://a.example.com", "https://b.example.com"),
        alarm_email="ops@example.com",
    )
    return synthesize(stage, tmp_path_factory.mktemp("variant"))


@pytest.fixture(params=list(STAGES))
def stack(request: pytest.FixtureRequest) -> Synthesized:
    """Each stage that is deployed."""
    found: Synthesized = request.getfixturevalue(request.param)
    return found
