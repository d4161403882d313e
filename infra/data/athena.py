"""The log archive as a table that Athena queries, without a crawler."""

from collections.abc import Mapping

from aws_cdk import Duration, Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.conventions.private_buckets import private_bucket
from infra.data.log_buckets import LogBuckets
from infra.spec.log_archive import COLUMNS, FOLDER_TEMPLATE, PARTITIONS, PREFIX, named_queries
from infra.spec.routes import FUNCTIONS
from infra.spec.stages import Stage

_RESULT_DAYS = 7
_GB = 1024**3


class AthenaLogs(Construct):
    """The table over the archive, and the workgroup that queries it."""

    database: glue.CfnDatabase
    """The database with the table ``logs``."""

    workgroup: athena.CfnWorkGroup
    """The workgroup with the named queries."""

    results: s3.Bucket
    """The results of queries, which expire after some days."""

    def __init__(
        self, scope: Construct, id_: str, *, stage: Stage, log_buckets: LogBuckets
    ) -> None:
        super().__init__(scope, id_)
        self.database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Stack.of(self).account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                # Athena accepts no hyphens.
                name=stage.prefix.replace("-", "_"),
                description=f"The archived logs of {stage.prefix}",
            ),
        )
        self._add_table(stage, log_buckets)
        self.results = self._add_results(stage, log_buckets)
        self.workgroup = self._add_workgroup(stage)
        for query in named_queries():
            athena.CfnNamedQuery(
                self,
                query.name.title().replace("-", ""),
                name=query.name,
                description=query.description,
                query_string=query.sql,
                database=self.database.ref,
                work_group=self.workgroup.ref,
            )

    def _add_table(self, stage: Stage, log_buckets: LogBuckets) -> None:
        bucket = log_buckets.archive.s3_url_for_object()
        folder = FOLDER_TEMPLATE.format(**{name: f"${{{name}}}" for name in PARTITIONS})
        glue.CfnTable(
            self,
            "Table",
            catalog_id=Stack.of(self).account,
            database_name=self.database.ref,
            table_input=glue.CfnTable.TableInputProperty(
                name="logs",
                description="A row per archived log line",
                table_type="EXTERNAL_TABLE",
                partition_keys=_columns(PARTITIONS),
                parameters={
                    "EXTERNAL": "TRUE",
                    "classification": "json",
                    "compressionType": "gzip",
                    # Athena computes the folders of the objects, so none has to be registered:
                    # https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
                    "projection.enabled": "true",
                    "projection.function.type": "enum",
                    "projection.function.values": ",".join(FUNCTIONS),
                    "projection.date.type": "date",
                    "projection.date.format": "yyyy-MM-dd",
                    "projection.date.range": f"NOW-{stage.archive_expire_after_days}DAYS,NOW",
                    "projection.hour.type": "integer",
                    "projection.hour.range": "0,23",
                    "projection.hour.digits": "2",
                    "storage.location.template": f"{bucket}/{folder}",
                },
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=_columns(COLUMNS),
                    location=f"{bucket}/{PREFIX}",
                    compressed=True,
                    input_format="org.apache.hadoop.mapred.TextInputFormat",
                    output_format="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                    serde_info=glue.CfnTable.SerdeInfoProperty(
                        serialization_library="org.openx.data.jsonserde.JsonSerDe"
                    ),
                ),
            ),
        )

    def _add_results(self, stage: Stage, log_buckets: LogBuckets) -> s3.Bucket:
        return private_bucket(
            self,
            "Results",
            stage=stage,
            lifecycle_rule=s3.LifecycleRule(
                id="expire",
                expiration=Duration.days(_RESULT_DAYS),
                abort_incomplete_multipart_upload_after=Duration.days(_RESULT_DAYS),
            ),
            access_logs=log_buckets.access_logs,
            access_log_prefix="results/",
        )

    def _add_workgroup(self, stage: Stage) -> athena.CfnWorkGroup:
        return athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=stage.prefix,
            description=f"Queries over the archived logs of {stage.prefix}",
            # Without this, a workgroup that has been used cannot be deleted.
            recursive_delete_option=True,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=stage.query_limit_gb * _GB,
                engine_version=athena.CfnWorkGroup.EngineVersionProperty(
                    selected_engine_version="Athena engine version 3"
                ),
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"{self.results.s3_url_for_object()}/",
                    expected_bucket_owner=Stack.of(self).account,
                    encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                        encryption_option="SSE_KMS",
                        # The key that AWS manages, created when the first line is archived.
                        kms_key=Stack.of(self).format_arn(
                            service="kms", resource="alias", resource_name="aws/s3"
                        ),
                    ),
                ),
            ),
        )


def _columns(types: Mapping[str, str]) -> list[glue.CfnTable.ColumnProperty]:
    return [glue.CfnTable.ColumnProperty(name=name, type=type_) for name, type_ in types.items()]
