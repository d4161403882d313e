"""The encrypted SNS topic that receives every alarm."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.conventions.retention import retention_for_data
from infra.spec.service import SERVICE_TITLE
from infra.spec.stages import Stage


def add_alarm_topic(scope: Construct, stage: Stage) -> sns.Topic:
    """Add a topic that CloudWatch can publish to, with the stage's e-mail subscription."""
    # Under the key that AWS manages for SNS, CloudWatch cannot publish, and reports no error.
    key = kms.Key(
        scope,
        "TopicKey",
        description=f"Encrypts the alarms of {stage.prefix}",
        enable_key_rotation=True,
        removal_policy=retention_for_data(stage),
    )
    topic = sns.Topic(
        scope,
        "Alarms",
        display_name=f"{SERVICE_TITLE} {stage.name}",
        master_key=key,
        enforce_ssl=True,
    )
    key.add_to_resource_policy(_allow_alarms(["kms:Decrypt", "kms:GenerateDataKey*"], "*"))
    topic.add_to_resource_policy(_allow_alarms(["sns:Publish"], topic.topic_arn))
    if stage.alarm_email:
        topic.add_subscription(subscriptions.EmailSubscription(stage.alarm_email))
    return topic


def _allow_alarms(actions: list[str], resource: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="AlarmsOfThisAccount",
        principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions=actions,
        resources=[resource],
        conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
    )
