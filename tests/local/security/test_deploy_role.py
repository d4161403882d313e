"""The roles with which GitHub deploys the stages, each in the account of its stage.

The roles of the CDK's bootstrap stack may change every stack of their account, so it is the
account that keeps the workflow of dev from prod:
https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cfnlint.decode import cfn_yaml

from infra.spec.paths import PROJECT
from infra.spec.service import REGION, SERVICE_NAME
from infra.spec.stages import STAGES
from local import aws
from tests.support.deployment.probed_emulator import running_probed_emulator
from tests.support.permissions.attempts import DENIALS

ACCOUNTS = {"dev": "111111111111", "prod": "222222222222"}
REPOSITORY = "example/ledger"
ISSUER = "token.actions.githubusercontent.com"

ClientOf = Callable[[str, str], Any]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClientOf]:
    """A factory of clients by stage and service, with all permissions in the stage's account."""
    folder = tmp_path_factory.mktemp("accounts")
    with running_probed_emulator(folder, "local.emulator.process") as emulator:

        def client(stage: str, service: str) -> Any:
            return aws.client(service, emulator.url, aws.Credentials(ACCOUNTS[stage], "test"))

        for stage in ACCOUNTS:
            create_bootstrap_role(client(stage, "iam"), stage)
            create_deploy_role(client(stage, "cloudformation"), stage, account=ACCOUNTS[stage])
        yield client


@pytest.fixture(scope="module")
def github(root: ClientOf) -> ClientOf:
    """The same, with the permissions that the workflow of a stage gets."""

    def client(stage: str, service: str) -> Any:
        sts = root(stage, "sts")
        session = assume_with_token(sts, stage, environment=stage)
        return aws.client(
            service,
            sts.meta.endpoint_url,
            aws.Credentials(
                session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
            ),
        )

    return client


def assume_with_token(sts: Any, stage: str, **claims: str) -> dict[str, str]:
    """Assume the role of a stage as a workflow does, and return the credentials."""
    credentials: dict[str, str] = sts.assume_role_with_web_identity(
        RoleArn=f"arn:aws:iam::{ACCOUNTS[stage]}:role/{SERVICE_NAME}-deploy",
        RoleSessionName="github",
        WebIdentityToken=github_token(**claims),
    )["Credentials"]
    return credentials


def github_token(
    environment: str, repository: str = REPOSITORY, audience: str = "sts.amazonaws.com"
) -> str:
    """Return a token as GitHub issues it to a workflow, but unsigned: no emulator checks it.

    https://docs.github.com/en/actions/reference/security/oidc
    """
    claims = {
        "iss": f"https://{ISSUER}",
        "aud": audience,
        "sub": f"repo:{repository}:environment:{environment}",
    }
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join([*(urlsafe_b64encode(p).decode().rstrip("=") for p in parts), "none"])


def bootstrap_role(stage: str) -> str:
    """Return the name of the role with which the CDK deploys."""
    return f"cdk-hnb659fds-deploy-role-{ACCOUNTS[stage]}-{REGION}"


def create_bootstrap_role(iam: Any, stage: str) -> None:
    """Create the role as `cdk bootstrap` does: everybody in the account may assume it."""
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNTS[stage]}:root"},
    }
    iam.create_role(
        RoleName=bootstrap_role(stage),
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )


def create_deploy_role(cloudformation: Any, stage: str, account: str) -> None:
    """Create the role from the template, but for the provider, which the emulator lacks."""
    template = cfn_yaml.load(str(Path(PROJECT, ".github", "deploy-role.yaml")))
    del template["Resources"]["Provider"], template["Conditions"]
    trust = template["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Principal"]["Federated"] = {"Ref": "ProviderArn"}
    provider = f"arn:aws:iam::{account}:oidc-provider/{ISSUER}"
    name = f"{SERVICE_NAME}-deploy"
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[
            {"ParameterKey": "Repository", "ParameterValue": REPOSITORY},
            {"ParameterKey": "Stage", "ParameterValue": stage},
            {
                "ParameterKey": "ProviderArn",
                "ParameterValue": provider,
            },
        ],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )


def denied(call: Callable[..., Any], **arguments: Any) -> bool:
    """Return whether a call is denied; it may fail for any other reason."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] in DENIALS
    return False


@pytest.mark.parametrize("other", ACCOUNTS)
@pytest.mark.parametrize("stage", ACCOUNTS)
def test_a_stage_is_deployed_only_by_its_own_role(stage: str, other: str, github: ClientOf) -> None:
    role = f"arn:aws:iam::{ACCOUNTS[other]}:role/{bootstrap_role(other)}"
    refused = denied(github(stage, "sts").assume_role, RoleArn=role, RoleSessionName="cdk")
    assert refused == (stage != other)


@pytest.mark.parametrize("other", ACCOUNTS)
@pytest.mark.parametrize("stage", ACCOUNTS)
def test_the_role_reads_only_the_stack_of_its_stage(
    stage: str, other: str, github: ClientOf
) -> None:
    describe = github(stage, "cloudformation").describe_stacks
    assert denied(describe, StackName=STAGES[other].stack) == (stage != other)


@pytest.mark.parametrize("stage", ACCOUNTS)
def test_the_role_reads_only_the_credentials_of_its_stage(stage: str, github: ClientOf) -> None:
    read = github(stage, "ssm").get_parameter
    for other in ACCOUNTS:
        for credentials in ("api-key", "machine-client"):
            assert denied(read, Name=f"/{SERVICE_NAME}/{other}/{credentials}") == (stage != other)
    assert denied(read, Name=f"/{SERVICE_NAME}/{stage}/cursor-key")
    assert denied(github(stage, "apigateway").get_api_keys)


@pytest.mark.parametrize("stage", ACCOUNTS)
def test_without_the_bootstrap_roles_it_changes_nothing(stage: str, github: ClientOf) -> None:
    cloudformation = github(stage, "cloudformation")
    for change in (cloudformation.delete_stack, cloudformation.update_stack):
        assert denied(change, StackName=STAGES[stage].stack)


def test_an_account_refuses_the_role_of_a_second_stage(root: ClientOf) -> None:
    template = cfn_yaml.load(str(Path(PROJECT, ".github", "deploy-role.yaml")))
    role = template["Resources"]["Role"]["Properties"]
    # CloudFormation fails with "already exists".
    name = f"{SERVICE_NAME}-deploy"
    assert role["RoleName"] == {"Fn::Sub": "${Service}-deploy"}
    with pytest.raises(root("dev", "iam").exceptions.EntityAlreadyExistsException):
        root("dev", "iam").create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}),
        )


@pytest.mark.parametrize("stage", ACCOUNTS)
def test_only_the_environment_of_the_stage_gets_the_role(stage: str, root: ClientOf) -> None:
    sts = root(stage, "sts")
    assert assume_with_token(sts, stage, environment=stage)
    for claims in (
        *({"environment": other} for other in ACCOUNTS if other != stage),
        {"environment": stage, "repository": "another/ledger"},
        {"environment": stage, "audience": "another"},
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            assume_with_token(sts, stage, **claims)
