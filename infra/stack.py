"""The stack of one stage: the table of contents of infra/, one construct per concern."""

from aws_cdk import Environment, IStackSynthesizer, Stack, Tags
from constructs import Construct

from common.entities import ENTITIES
from infra.api.authorization import ApiAuthorization
from infra.api.custom_domain import CustomDomain
from infra.api.firewall import Firewall
from infra.api.rest_api import LedgerApi
from infra.api.worker_access import WorkerAccess
from infra.bundling.layer import CommonLayer
from infra.compute.functions import LedgerFunction
from infra.compute.network import Network
from infra.conventions.outputs import Output, Outputs
from infra.data.athena import AthenaLogs
from infra.data.log_buckets import LogBuckets
from infra.data.parameters import Parameters
from infra.data.tables import Tables
from infra.monitoring.construct import Monitoring
from infra.spec.output_names import table_output
from infra.spec.routes import FUNCTIONS
from infra.spec.service import SERVICE_NAME, SERVICE_TITLE
from infra.spec.stages import Stage


class ServiceStack(Stack):
    """The resources of one stage.

    Args:
        scope: The app.
        id_: The stack's name.
        stage: The settings of the stage.
        env: The region, and optionally the account.
        synthesizer: Decides which credentials deploy the stack; None for the roles of the CDK
            bootstrap stack.
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
            description=f"{SERVICE_TITLE}, stage {stage.name}",
            env=env,
            synthesizer=synthesizer,
            termination_protection=stage.retain_data,
        )
        tables = Tables(self, "Table", stage=stage)
        log_buckets = LogBuckets(self, "Archive", stage=stage)
        athena = AthenaLogs(self, "Catalog", stage=stage, log_buckets=log_buckets)
        parameters = Parameters(self, "Parameters", stage=stage)
        network = Network(
            self,
            "Network",
            stage=stage,
            tables=tables,
            log_buckets=log_buckets,
            parameters=parameters,
        )
        layer = CommonLayer(self, "Layer")
        functions = {
            name: LedgerFunction(
                self,
                name,
                stage=stage,
                network=network,
                tables=tables,
                log_buckets=log_buckets,
                parameters=parameters,
                layer=layer,
            )
            for name in FUNCTIONS
        }
        authorization = ApiAuthorization(self, "Authorization", stage=stage)
        api = LedgerApi(self, "Api", stage=stage, authorization=authorization, functions=functions)
        workers = WorkerAccess(self, "Workers", stage=stage, api=api, authorization=authorization)
        if stage.has_web_acl:
            Firewall(self, "Firewall", stage=stage, api=api)
        domain = CustomDomain(self, "Domain", stage=stage, api=api) if stage.domain_name else None
        monitoring = Monitoring(
            self,
            "Monitoring",
            stage=stage,
            functions=list(functions.values()),
            tables=tables,
            api=api,
        )
        Outputs(
            self,
            "Outputs",
            named={
                "Stage": Output("The stage", stage.name),
                "ApiUrl": Output(
                    "The URL of the API",
                    f"https://{stage.domain_name}/"
                    if stage.closes_default_endpoint
                    else api.rest_api.url,
                ),
                "ApiKeyId": Output(
                    "The id of the API key; ApiKeyParameter names its value", api.api_key.key_id
                ),
                **{
                    table_output(entity): Output(
                        f"The table of {entity.plural}", tables.of(entity).table_name
                    )
                    for entity in ENTITIES
                },
                "ArchiveBucketName": Output(
                    "The archive of log lines", log_buckets.archive.bucket_name
                ),
                "AccessLogBucketName": Output(
                    "The access logs of the archive", log_buckets.access_logs.bucket_name
                ),
                "DatabaseName": Output("The archive as a table, `logs`", athena.database.ref),
                "WorkgroupName": Output(
                    "The Athena workgroup for queries of the archive", athena.workgroup.name
                ),
                "AlarmTopicArn": Output("The topic of all alarms", monitoring.topic.topic_arn),
                "DashboardUrl": Output("The dashboard", monitoring.dashboard_url),
                **workers.outputs,
                **authorization.outputs,
                **(domain.outputs if domain else {}),
            },
        )
        Tags.of(self).add("service", SERVICE_NAME)
        Tags.of(self).add("stage", stage.name)
