"""The tables, the log buckets, the parameters and the log groups of the template."""

import json

import pytest

from common.crud.entity import Entity
from tests.support.templates.synthesized import Synthesized, as_list
from tests.support.templates.tables import each_entity, index_keys, table


@pytest.mark.mission(
    "On-demand pricing model, no pre-provisioned capacity",
    "Encryption at rest enabled",
    "DynamoDB tables must use on-demand billing mode",
    "All data in DynamoDB and S3 must be encrypted using AWS-managed keys",
)
@each_entity
def test_a_table_is_on_demand_encrypted_by_kms_and_recoverable(
    entity: Entity, stack: Synthesized
) -> None:
    properties = table(stack, entity)
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


@each_entity
def test_items_may_expire(entity: Entity, stack: Synthesized) -> None:
    assert table(stack, entity)["TimeToLiveSpecification"] == {
        "AttributeName": "expires_at",
        "Enabled": True,
    }


@pytest.mark.mission("Proper table schema design for your use case")
@each_entity
def test_items_are_found_by_id_by_age_by_status_and_by_each_filter_newest_first(
    entity: Entity, stack: Synthesized
) -> None:
    properties = table(stack, entity)
    assert properties["KeySchema"] == [{"AttributeName": entity.id_field, "KeyType": "HASH"}]
    assert index_keys(properties) == {
        "by-creation": ["shard", "created_key"],
        "by-status": ["status_shard", "created_key"],
        **{f"by-{name.replace('_', '-')}": [name, "created_key"] for name in entity.filters},
    }


@each_entity
def test_an_index_holds_the_summary_of_an_item(entity: Entity, stack: Synthesized) -> None:
    # The id is the table's key, which every index has.
    summary = {*entity.schema.fields_of("list")} - {entity.id_field}
    properties = table(stack, entity)
    for index in properties["GlobalSecondaryIndexes"]:
        assert index["Projection"]["ProjectionType"] == "INCLUDE"
        own_key, _ = index_keys(properties)[index["IndexName"]]
        assert {*index["Projection"]["NonKeyAttributes"]} == summary - {own_key}


def test_prod_retains_tables_and_buckets(prod: Synthesized) -> None:
    tables = prod.all("AWS::DynamoDB::Table")
    assert {resource.properties["DeletionProtectionEnabled"] for resource in tables} == {True}
    for resource in tables + prod.all("AWS::S3::Bucket"):
        assert resource.definition["DeletionPolicy"] == "Retain"
        assert resource.definition["UpdateReplacePolicy"] == "Retain"


def test_prod_retains_logs_unless_the_first_deployment_fails(prod: Synthesized) -> None:
    for resource in prod.all("AWS::Logs::LogGroup"):
        assert resource.definition["DeletionPolicy"] == "RetainExceptOnCreate"


def test_prod_retains_secrets_even_if_the_first_deployment_fails(prod: Synthesized) -> None:
    """The rollback of a second creation would delete the keys that the first one has left."""
    secrets = [r for r in prod.resources if r.type.startswith("Custom::")]
    assert len(secrets) == 3
    for resource in secrets:
        assert resource.definition["DeletionPolicy"] == "Retain"
        assert resource.definition["UpdateReplacePolicy"] == "Retain"


def test_dev_retains_only_the_accounts_logging_role(dev: Synthesized) -> None:
    assert not any(
        resource.properties["DeletionProtectionEnabled"]
        for resource in dev.all("AWS::DynamoDB::Table")
    )
    retained = {
        r.path for r in dev.resources if r.definition.get("DeletionPolicy", "Delete") != "Delete"
    }
    assert retained == {"Api/Rest/Account", "Api/Rest/CloudWatchRole"}


def test_buckets_are_private_and_require_tls(stack: Synthesized) -> None:
    for bucket in stack.all("AWS::S3::Bucket"):
        assert bucket.properties["PublicAccessBlockConfiguration"] == {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        }
        policy = stack.at(f"{bucket.path}/Policy").properties
        assert policy["Bucket"] == f"${{{bucket.path}}}"
        (denial,) = (s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny")
        assert denial["Action"] == "s3:*"
        assert denial["Principal"] == {"AWS": "*"}
        assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert as_list(denial["Resource"]) == [
            f"${{{bucket.path}.Arn}}",
            f"${{{bucket.path}.Arn}}/*",
        ]


@pytest.mark.mission(
    "All data in DynamoDB and S3 must be encrypted using AWS-managed keys",
    "S3 bucket configured with versioning and lifecycle policies for logs",
)
def test_the_archive_is_versioned_and_encrypted_by_the_key_that_aws_manages(
    stack: Synthesized,
) -> None:
    archive = stack.at("Archive/Logs").properties
    (rule,) = archive["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert archive["VersioningConfiguration"] == {"Status": "Enabled"}
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms"}


@pytest.mark.mission(
    "S3 storage for long-term log retention",
    "S3 bucket configured with versioning and lifecycle policies for logs",
)
def test_archived_logs_move_to_a_colder_class_and_expire_with_all_versions(
    stack: Synthesized,
) -> None:
    (rule,) = stack.at("Archive/Logs").properties["LifecycleConfiguration"]["Rules"]
    assert rule["Transitions"] == [
        {"StorageClass": "GLACIER_IR", "TransitionInDays": stack.stage.archive_cold_after_days}
    ]
    assert rule["ExpirationInDays"] == stack.stage.archive_expire_after_days
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30
    assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7
    # AWS bills at least 90 days of the colder class.
    assert rule["ExpirationInDays"] >= stack.stage.archive_cold_after_days + 90


def test_access_logs_go_to_a_bucket_that_log_delivery_can_write_to(stack: Synthesized) -> None:
    logging = stack.at("Archive/Logs").properties["LoggingConfiguration"]
    access_logs = stack.at("Archive/AccessLogs").properties
    (rule,) = access_logs["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert logging["DestinationBucketName"] == "${Archive/AccessLogs}"
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert access_logs["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] > 0
    policy = stack.one("AWS::S3::BucketPolicy", lambda p: p["Bucket"] == "${Archive/AccessLogs}")
    deliveries = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    sources = [delivery["Condition"]["ArnLike"]["aws:SourceArn"] for delivery in deliveries]
    assert sources == ["${Archive/Logs.Arn}", "${Catalog/Results.Arn}"]
    assert {d["Principal"]["Service"] for d in deliveries} == {"logging.s3.amazonaws.com"}


def test_the_configuration_is_json(stack: Synthesized) -> None:
    assert json.loads(stack.one("AWS::SSM::Parameter")["Value"]) == {
        "retention_days": stack.stage.retention_days,
    }


def test_no_secret_is_in_the_template(stack: Synthesized) -> None:
    assert set(stack.one("Custom::CursorKey")) == {
        "ServiceToken",
        "ServiceTimeout",
        "ParameterName",
    }
    assert "Value" not in stack.one("AWS::ApiGateway::ApiKey")


@pytest.mark.mission("Configure log groups with appropriate retention periods")
def test_every_log_group_has_a_unique_name_and_a_retention(stack: Synthesized) -> None:
    groups = stack.all("AWS::Logs::LogGroup")
    assert {g.properties["RetentionInDays"] for g in groups} == {stack.stage.log_retention_days}
    names = [g.properties["LogGroupName"] for g in groups]
    assert len(set(names)) == len(names)
