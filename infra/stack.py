"""The stack: one stage of Job Ledger, composed of one construct per concern."""

from aws_cdk import Environment, IStackSynthesizer, Stack, Tags
from constructs import Construct

from infra.api.authorization import LedgerAuthorization
from infra.api.custom_domain import Domain
from infra.api.firewall import Firewall
from infra.api.rest_api import LedgerApi
from infra.bundling.layer import CommonLayer
from infra.compute.functions import LedgerFunction
from infra.compute.network import Network
from infra.conventions.outputs import Outputs
from infra.data.athena import Catalog
from infra.data.jobs_table import JobTable
from infra.data.log_bucket import Archive
from infra.data.parameters import Parameters
from infra.monitoring.dashboard import Monitoring
from infra.spec.routes import FUNCTIONS
from infra.spec.stages import Stage


class JobLedgerStack(Stack):
    """Everything that one stage needs.

    Args:
        scope: The app.
        id_: The stack's name.
        stage: What differs between the stages.
        env: Where it is deployed; the region is enough.
        synthesizer: How it is deployed; none for the roles of the CDK bootstrap stack.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        env: Environment,
        synthesizer: IStackSynthesizer | None = None,
    ) -> None:
        super().__init__(
            scope,
            id_,
            description=f"Job Ledger, stage {stage.name}",
            env=env,
            synthesizer=synthesizer,
            termination_protection=stage.retain_data,
        )
        table = JobTable(self, "Table", stage=stage)
        archive = Archive(self, "Archive", stage=stage)
        catalog = Catalog(self, "Catalog", stage=stage, archive=archive)
        parameters = Parameters(self, "Parameters", stage=stage)
        network = Network(
            self, "Network", stage=stage, table=table, archive=archive, parameters=parameters
        )
        layer = CommonLayer(self, "Layer")
        functions = {
            name: LedgerFunction(
                self,
                name,
                stage=stage,
                network=network,
                table=table,
                archive=archive,
                parameters=parameters,
                layer=layer,
            )
            for name in FUNCTIONS
        }
        authorization = LedgerAuthorization(self, "Authorization", stage=stage)
        api = LedgerApi(self, "Api", stage=stage, authorization=authorization, functions=functions)
        if stage.has_web_acl:
            Firewall(self, "Firewall", stage=stage, api=api)
        domain = Domain(self, "Domain", stage=stage, api=api) if stage.domain_name else None
        monitoring = Monitoring(
            self,
            "Monitoring",
            stage=stage,
            functions=list(functions.values()),
            table=table,
            api=api,
        )
        Outputs(
            self,
            "Outputs",
            scripts={
                "Stage": ("The stage", stage.name),
                "ApiUrl": ("Where the API answers", api.api.url),
                "ApiKeyId": ("The API key; read its value with `get-api-key`", api.key.key_id),
                "TableName": ("The table of jobs", table.table.table_name),
                "ArchiveBucketName": ("The archive of log lines", archive.bucket.bucket_name),
                "AccessLogBucketName": (
                    "The access logs of the archive",
                    archive.access_logs.bucket_name,
                ),
                "DatabaseName": ("The archive as a table, `logs`", catalog.database.ref),
                "WorkgroupName": ("Queries the archive in SQL", catalog.workgroup.name),
                "AlarmTopicArn": ("Receives every alarm", monitoring.topic.topic_arn),
                "DashboardUrl": ("The dashboard", monitoring.url),
                **authorization.outputs,
                **(domain.outputs if domain else {}),
            },
        )
        Tags.of(self).add("service", "job-ledger")
        Tags.of(self).add("stage", stage.name)
