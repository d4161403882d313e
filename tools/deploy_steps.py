"""The steps that CloudFormation and the CDK leave to ``make deploy`` and ``make destroy``.

``python -m tools.deploy_steps before STACK`` clears away a failed first deployment.
``python -m tools.deploy_steps after STACK`` lets the API's stage serve what the template says.
Both use AWS, or the emulator that the AWS environment variables point to.
"""

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from infra.spec.service import REGION

FAILED_CREATIONS = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS")
"""The states of a stack that has never been created completely."""

DESCRIPTION = "After cdk deploy"
"""The description of this module's deployments of an API."""

KEY_DELETION_DAYS = 7
"""The shortest waiting period that KMS accepts."""

Client = Callable[[str], Any]
"""Create a boto3 client for a service."""


def clear_failed_creation(client: Client, stack: str) -> Iterator[str]:
    """Make a stack whose creation failed deletable, and delete the empty resources that it left.

    The CDK protects a stack against deletion before it creates its resources
    (``updateTerminationProtection`` in node_modules/aws-cdk/lib/index.js). If the creation fails,
    it could not delete the stack to create it again. The resources that hold data are retained
    even then. As they are new and have generated names, no deployment would use them again.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html

    Does nothing to a stack that exists in any other state.

    Yields:
        What was done, and what is left to do, for people.
    """
    cloudformation = client("cloudformation")
    description = _describe(cloudformation, stack)
    if description is None or description["StackStatus"] not in FAILED_CREATIONS:
        return
    if description.get("EnableTerminationProtection"):
        cloudformation.update_termination_protection(
            StackName=stack, EnableTerminationProtection=False
        )
        yield f"The creation of {stack} failed earlier, so it is no longer protected."
    for type_, resource in _left_resources(cloudformation, description["StackId"]):
        try:
            deleted = _DELETIONS[type_](client, resource)
        except ClientError as error:
            yield f"{type_} {resource} is left from the failed creation: {error}"
        else:
            yield (
                f"Deleted {type_} {resource}, which the failed creation left."
                if deleted
                else f"{type_} {resource} is left from the failed creation, but is not empty."
            )


def _describe(cloudformation: Any, stack: str) -> Mapping[str, Any] | None:
    try:
        (description,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    found: Mapping[str, Any] = description
    return found


def _left_resources(cloudformation: Any, stack_id: str) -> list[tuple[str, str]]:
    """Return type and physical id of the resources that a stack created and then left.

    A resource that the stack imported existed before, and is none of them.
    """
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id)
    histories: dict[tuple[str, str], set[str]] = {}
    for page in pages:
        for event in page["StackEvents"]:
            resource = event["ResourceType"], event.get("PhysicalResourceId", "")
            if resource[0] in _DELETIONS and resource[1]:
                histories.setdefault(resource, set()).add(event["ResourceStatus"])
    return [
        resource
        for resource, statuses in histories.items()
        if {"CREATE_COMPLETE", "DELETE_SKIPPED"} <= statuses
    ]


def _delete_table(client: Client, table: str) -> bool:
    dynamodb = client("dynamodb")
    try:
        if dynamodb.scan(TableName=table, Limit=1)["Items"]:
            return False
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
        dynamodb.delete_table(TableName=table)
    except dynamodb.exceptions.ResourceNotFoundException:
        pass
    return True


def _delete_user_pool(client: Client, pool: str) -> bool:
    cognito = client("cognito-idp")
    try:
        if cognito.list_users(UserPoolId=pool, Limit=1)["Users"]:
            return False
        # Without its other settings, an update would reset them; the pool is deleted next.
        cognito.update_user_pool(UserPoolId=pool, DeletionProtection="INACTIVE")
        if domain := cognito.describe_user_pool(UserPoolId=pool)["UserPool"].get("Domain"):
            cognito.delete_user_pool_domain(UserPoolId=pool, Domain=domain)
        cognito.delete_user_pool(UserPoolId=pool)
    except cognito.exceptions.ResourceNotFoundException:
        pass
    return True


def _delete_bucket(client: Client, bucket: str) -> bool:
    try:
        client("s3").delete_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] == "BucketNotEmpty":
            return False
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise
    return True


def _delete_key(client: Client, key: str) -> bool:
    kms = client("kms")
    gone = (kms.exceptions.NotFoundException, kms.exceptions.KMSInvalidStateException)
    with contextlib.suppress(*gone):
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=KEY_DELETION_DAYS)
    return True


_DELETIONS: Mapping[str, Callable[[Client, str], bool]] = {
    "AWS::DynamoDB::Table": _delete_table,
    "AWS::Cognito::UserPool": _delete_user_pool,
    "AWS::S3::Bucket": _delete_bucket,
    "AWS::KMS::Key": _delete_key,
}
"""The function that deletes an empty resource, by type; it returns False if it is not empty."""


def redeploy_api(client: Client, stack: str) -> Iterator[str]:
    """Deploy the stack's API to its stage again.

    CloudFormation makes a deployment, a snapshot of the API, before it deletes the methods that
    the template no longer has; so the stage would go on serving them, without permission to call
    their functions. https://github.com/aws/aws-cdk/issues/14660

    A deployment that an earlier call has made is deleted.

    Yields:
        What was done, for people.
    """
    resources = {
        resource["ResourceType"]: resource["PhysicalResourceId"]
        for page in client("cloudformation")
        .get_paginator("list_stack_resources")
        .paginate(StackName=stack)
        for resource in page["StackResourceSummaries"]
    }
    api = resources["AWS::ApiGateway::RestApi"]
    stage = resources["AWS::ApiGateway::Stage"]
    gateway = client("apigateway")
    newest = gateway.create_deployment(restApiId=api, stageName=stage, description=DESCRIPTION)
    for page in gateway.get_paginator("get_deployments").paginate(restApiId=api):
        for deployment in page["items"]:
            if deployment.get("description") == DESCRIPTION and deployment["id"] != newest["id"]:
                gateway.delete_deployment(restApiId=api, deploymentId=deployment["id"])
    yield f"The stage {stage} serves the API of the template."


_LOGIN = "Log in with `aws sso login` or `aws configure`, and choose a profile with AWS_PROFILE."

STEPS: Mapping[str, Callable[[Client, str], Iterator[str]]] = {
    "before": clear_failed_creation,
    "after": redeploy_api,
}


def _client(service: str) -> Any:
    # The type stubs take the services' names only as literals.
    make: Any = boto3.client
    # API Gateway takes one deployment in five seconds.
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
    return make(
        service, region_name=REGION, config=Config(retries={"mode": "standard", "max_attempts": 8})
    )


def main() -> None:
    """Take the step that the command line names."""
    parser = argparse.ArgumentParser(description="Take a step of a deployment.")
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("stack", help="the stack's name")
    arguments = parser.parse_args()
    try:
        for line in STEPS[arguments.step](_client, arguments.stack):
            sys.stdout.write(f"{line}\n")
    except NoCredentialsError:
        sys.exit(f"There are no AWS credentials. {_LOGIN}")
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"{error}\nIf your credentials have expired: {_LOGIN}")


if __name__ == "__main__":
    main()
