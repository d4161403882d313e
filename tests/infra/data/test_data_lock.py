"""A lock on the resources that hold data: a change here replaces them, without their data.

CloudFormation knows a resource by its logical id, which the CDK derives from the ids of the
constructs. If a construct is renamed or moved, CloudFormation creates an empty resource, and
deletes the former one, or in prod leaves it outside the stack. A change of a table's key does the
same: "Update requires: Replacement" on
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-dynamodb-table.html.
"""

import pytest

from infra.spec.stages import STAGES
from tests.support.templates.synthesized import Synthesized

LOGICAL_IDS = {
    "TableJobs55A74A78": "AWS::DynamoDB::Table",
    "ArchiveLogsF0A88138": "AWS::S3::Bucket",
    "ArchiveAccessLogs31F4F9D7": "AWS::S3::Bucket",
    "CatalogResults4BE287F2": "AWS::S3::Bucket",
    "MonitoringTopicKey423AF5B2": "AWS::KMS::Key",
    "ParametersCursorKeyA34BBC25": "Custom::CursorKey",
}
"""The logical ids of the resources that hold data in every stage, or without which data cannot be
read: a new cursor key makes all cursors invalid."""

USER_POOL_IDS = {
    "AuthorizationUserPoolUsersB0BEA03D": "AWS::Cognito::UserPool",
    "AuthorizationUserPoolUsersBrowser11CF053C": "AWS::Cognito::UserPoolClient",
    "AuthorizationUserPoolUsersMachine4EF25B41": "AWS::Cognito::UserPoolClient",
    "AuthorizationUserPoolMachineClientD0A710FC": "Custom::MachineClient",
}
"""The same, in a stage with a user pool. Everybody would need a new account or new credentials."""

CREATE_ONLY = {
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-s3-bucket.html
    "AWS::S3::Bucket": {"BucketName"},
    "AWS::DynamoDB::Table": {"TableName", "ImportSourceSpecification"},
}
"""Properties that no resource has, and that replace it when they are added."""

TABLE_KEY = [("job_id", "HASH")]

INDEX_KEYS = {
    "by-creation": [("shard", "HASH"), ("created_key", "RANGE")],
    "by-status": [("status_shard", "HASH"), ("created_key", "RANGE")],
    "by-pipeline": [("pipeline", "HASH"), ("created_key", "RANGE")],
}
"""An index whose name or key changes is deleted and built again, during which lists miss jobs.
CloudFormation also changes only one index of a table in each deployment:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-dynamodb-table-globalsecondaryindex.html."""


@pytest.fixture
def expected(stack: Synthesized) -> dict[str, str]:
    has_pool = STAGES[stack.stage.name].authorization == "cognito"
    return {**LOGICAL_IDS, **(USER_POOL_IDS if has_pool else {})}


def test_no_resource_with_data_is_replaced(stack: Synthesized, expected: dict[str, str]) -> None:
    types = {
        logical_id: resource["Type"] for logical_id, resource in stack.template["Resources"].items()
    }
    for logical_id, type_ in expected.items():
        assert types.get(logical_id) == type_, (
            f"{logical_id} is no longer in the stack {stack.stage.stack}: CloudFormation would "
            f"create another, empty {type_} and abandon or delete the one with the data. Give the "
            "construct its former id and place, or see docs/operations.md#rename-a-construct."
        )


def test_every_resource_with_data_is_locked(stack: Synthesized, expected: dict[str, str]) -> None:
    locked_types = {*expected.values()}
    present = {
        logical_id
        for logical_id, resource in stack.template["Resources"].items()
        if resource["Type"] in locked_types
    }
    assert present == {*expected}


def test_no_property_forces_a_replacement(stack: Synthesized) -> None:
    for type_, properties in CREATE_ONLY.items():
        for resource in stack.all(type_):
            fixed = {*resource.properties} & properties
            assert not fixed, f"{resource.path}: CloudFormation would replace it for {fixed}"


def test_the_keys_of_the_table_and_its_indexes_stay(stack: Synthesized) -> None:
    def key(schema: list[dict[str, str]]) -> list[tuple[str, str]]:
        return [(part["AttributeName"], part["KeyType"]) for part in schema]

    table = stack.one("AWS::DynamoDB::Table")
    assert key(table["KeySchema"]) == TABLE_KEY, (
        "CloudFormation would replace the table by an empty one with this key"
    )
    indexes = {i["IndexName"]: key(i["KeySchema"]) for i in table["GlobalSecondaryIndexes"]}
    assert indexes == INDEX_KEYS, "CloudFormation would delete this index and build another"
    types = {a["AttributeName"]: a["AttributeType"] for a in table["AttributeDefinitions"]}
    assert {*types.values()} == {"S"}
