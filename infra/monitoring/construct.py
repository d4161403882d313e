"""The monitoring of a stage: its alarm topic, alarms and dashboard."""

from collections.abc import Sequence

from constructs import Construct

from infra.api.rest_api import LedgerApi
from infra.compute.functions import LedgerFunction
from infra.data.tables import Tables
from infra.monitoring.alarms import add_alarms, alarm_rows
from infra.monitoring.dashboard import add_dashboard, dashboard_url
from infra.monitoring.metrics import StageMetrics
from infra.monitoring.topic import add_alarm_topic
from infra.spec.stages import Stage


class Monitoring(Construct):
    """The alarms of a stage, the topic that they notify, and the dashboard."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        functions: Sequence[LedgerFunction],
        tables: Tables,
        api: LedgerApi,
    ) -> None:
        super().__init__(scope, id_)
        metrics = StageMetrics(stage, api=api, functions=functions, tables=tables)
        self.topic = add_alarm_topic(self, stage)
        alarms = add_alarms(self, stage, alarm_rows(stage, metrics), self.topic)
        dashboard = add_dashboard(self, stage.stack, metrics, alarms)
        self.dashboard_url = dashboard_url(dashboard)
