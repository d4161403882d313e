"""The findings of cdk-nag and cfn-lint, and the accepted ones."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from aws_cdk import Validations
from aws_cdk import aws_sns as sns

from infra.compliance import plugin
from infra.compliance.nag_acceptances import ACCEPTANCES, Acceptance
from infra.compliance.plugin import Compliance, findings, violations
from infra.spec.paths import PROJECT
from infra.spec.service import REGION
from infra.spec.stages import STAGES
from infra.stack import ServiceStack
from tests.support.templates.synthesized import Synthesized, create_app

REDUNDANT_DEPENDENCY = "W3005"
"""The CDK declares a dependency that a reference implies, which does no harm."""


@pytest.fixture(scope="module")
def dev_stack(tmp_path_factory: pytest.TempPathFactory) -> ServiceStack:
    return create_app(STAGES["dev"], tmp_path_factory.mktemp("dev"))[1]


STAGES_AND_SWITCHES = {
    **STAGES,
    "without the account's role": replace(STAGES["dev"], api_gateway_account=False),
    "prod without a firewall": replace(STAGES["prod"], firewall=False),
    "several origins": replace(
        STAGES["dev"], cors_origins=("https://a.example", "https://b.example")
    ),
    "snapshots": replace(STAGES["dev"], snap_start=True),
    "dev with access tokens": replace(STAGES["dev"], authorization="cognito"),
    "prod with a user pool of others": replace(
        STAGES["prod"],
        user_pool_arn=f"arn:aws:cognito-idp:{REGION}:123456789012:userpool/{REGION}_Others",
    ),
    "dev without NAT": replace(STAGES["dev"], nat_gateways=0),
    "dev with signatures": replace(STAGES["dev"], authorization="iam"),
}


@pytest.mark.mission(
    "As an expert AWS cloud infrastructure engineer, create and deploy a complete"
    " serverless architecture that demonstrates enterprise-level best practices with aws-cdk"
    " python.",
)
@pytest.mark.parametrize("name", STAGES_AND_SWITCHES)
def test_every_finding_is_accepted_and_every_acceptance_is_used(name: str, tmp_path: Path) -> None:
    stage = STAGES_AND_SWITCHES[name]
    _, stack = create_app(stage, tmp_path)
    accepted = [acceptance for acceptance in ACCEPTANCES if acceptance.when(stage)]
    assert [violation.fix for violation in violations(stack, accepted)] == []


def test_a_resource_that_breaks_a_rule_fails_the_synthesis(tmp_path: Path) -> None:
    app, stack = create_app(STAGES["dev"], tmp_path)
    sns.Topic(stack, "Careless")
    Validations.of(app).add_plugins(Compliance(stack, STAGES["dev"]))
    with pytest.raises(
        RuntimeError, match="accept AwsSolutions-SNS3 at Careless in infra/compliance/nag_acc"
    ):
        app.synth()


def test_an_unused_acceptance_fails_the_synthesis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unused = Acceptance("AwsSolutions-SNS3", "Monitoring/Alarms", "It is fixed.")
    monkeypatch.setattr(plugin, "ACCEPTANCES", (*ACCEPTANCES, unused))
    app, stack = create_app(STAGES["dev"], tmp_path)
    Validations.of(app).add_plugins(Compliance(stack, STAGES["dev"]))
    with pytest.raises(RuntimeError, match="SNS3 is accepted at Monitoring/Alarms, but not found"):
        app.synth()


def test_an_acceptance_is_for_one_rule_and_one_resource_or_type(
    dev_stack: ServiceStack,
) -> None:
    all_findings = list(findings(dev_stack))
    for acceptance in ACCEPTANCES:
        if acceptance.when(STAGES["dev"]):
            matches = [f for f in all_findings if f.rule == acceptance.rule]
            assert acceptance.where in {f.path for f in matches} | {f.type for f in matches}


def test_no_two_acceptances_are_for_the_same_finding() -> None:
    assert len({(item.rule, item.where) for item in ACCEPTANCES}) == len(ACCEPTANCES)


def test_every_acceptance_gives_its_reason() -> None:
    assert [item for item in ACCEPTANCES if len(item.reason.split()) < 8] == []


def test_no_other_file_accepts_findings() -> None:
    sources = [PROJECT / "app.py", *(PROJECT / "infra").rglob("*.py")]
    assert [path for path in sources if "acknowledge" in path.read_text()] == []


def test_cfn_lint_accepts_the_templates(
    dev: Synthesized, prod: Synthesized, variant: Synthesized, tmp_path: Path
) -> None:
    files = []
    for stack in (dev, prod, variant):
        files.append(tmp_path / f"{stack.stage.stack}.json")
        files[-1].write_text(json.dumps(stack.template))
    process = subprocess.run(
        [
            Path(sys.executable).with_name("cfn-lint"),
            *("--regions", REGION, "--ignore-checks", REDUNDANT_DEPENDENCY, "--template"),
            *files,
        ],
        capture_output=True,
        text=True,
    )
    assert (process.returncode, process.stdout) == (0, "")
