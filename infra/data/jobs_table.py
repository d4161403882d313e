"""The jobs table and its indexes."""

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from common.jobs.keys import EXPIRY, INDEXES, PARTITION_KEY, SORT_KEY
from common.jobs.model import SUMMARY
from infra.conventions.retention import retention_for_data
from infra.spec.stages import Stage


class JobsTable(Construct):
    """The table that holds the jobs: on demand, encrypted, recoverable, with a TTL."""

    dynamodb_table: dynamodb.Table

    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(scope, id_)
        string = dynamodb.AttributeType.STRING
        self.dynamodb_table = dynamodb.Table(
            self,
            "Jobs",
            partition_key=dynamodb.Attribute(name=PARTITION_KEY, type=string),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute=EXPIRY,
            deletion_protection=stage.retain_data,
            removal_policy=retention_for_data(stage),
        )
        for name, key in INDEXES.items():
            self.dynamodb_table.add_global_secondary_index(
                index_name=name,
                partition_key=dynamodb.Attribute(name=key, type=string),
                sort_key=dynamodb.Attribute(name=SORT_KEY, type=string),
                projection_type=dynamodb.ProjectionType.INCLUDE,
                non_key_attributes=[
                    field for field in SUMMARY if field not in {PARTITION_KEY, key}
                ],
            )

    @property
    def table_arn(self) -> str:
        """The ARN of the table, without its indexes."""
        return self.dynamodb_table.table_arn

    @property
    def index_arns(self) -> list[str]:
        """The ARNs of the indexes, without the table."""
        return [f"{self.table_arn}/index/{name}" for name in INDEXES]
