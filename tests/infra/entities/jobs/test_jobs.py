"""The jobs in the template: their table, alarm, query, scopes and logged fields."""

import json

import pytest

from common.entities.jobs import JOBS
from infra.spec.log_archive import COLUMNS
from infra.spec.routes import SCOPES, routes_of
from infra.spec.service import METRICS_NAMESPACE
from infra.spec.stages import STAGES
from tests.support.emitted_metrics import EMITTED_METRICS
from tests.support.templates.metrics import alarm, alarm_metrics
from tests.support.templates.synthesized import Synthesized
from tests.support.templates.tables import index_keys, table


@pytest.mark.mission("Proper table schema design for your use case")
def test_jobs_are_found_by_id_by_age_by_status_and_by_pipeline_newest_first(
    stack: Synthesized,
) -> None:
    properties = table(stack, JOBS)
    assert properties["KeySchema"] == [{"AttributeName": "job_id", "KeyType": "HASH"}]
    assert index_keys(properties) == {
        "by-creation": ["shard", "created_key"],
        "by-status": ["status_shard", "created_key"],
        "by-pipeline": ["pipeline", "created_key"],
    }


def test_an_index_holds_the_summary_of_a_job(stack: Synthesized) -> None:
    summary = {
        "pipeline",
        "status",
        "progress",
        "attempt",
        "version",
        "created_at",
        "updated_at",
        "started_at",
        "finished_at",
    }
    properties = table(stack, JOBS)
    for index in properties["GlobalSecondaryIndexes"]:
        own_key, _ = index_keys(properties)[index["IndexName"]]
        assert {*index["Projection"]["NonKeyAttributes"]} == summary - {own_key}


@pytest.mark.mission("Implement custom metrics for business-specific monitoring")
def test_an_alarm_watches_the_share_of_failed_jobs(stack: Synthesized) -> None:
    properties = alarm(stack, "FailedJobs")
    assert {(metric.namespace, metric.name) for metric in alarm_metrics(properties)} == {
        (METRICS_NAMESPACE, "JobsFailed"),
        (METRICS_NAMESPACE, "JobsSucceeded"),
        (METRICS_NAMESPACE, "JobsCancelled"),
    }
    assert properties["Threshold"] == stack.stage.failed_percent


def test_the_functions_count_the_events_of_jobs_and_measure_their_times() -> None:
    events = ("Created", "Started", "Succeeded", "Failed", "Cancelled", "Retried", "Deleted")
    metrics = {*(f"Jobs{event}" for event in events), "QueueTime", "RunTime"}
    emitted = set().union(*EMITTED_METRICS.values())
    assert {name for name in emitted if name.startswith("Jobs")} == {
        name for name in metrics if name.startswith("Jobs")
    }
    assert metrics <= emitted


def test_the_function_that_reads_jobs_knows_how_long_answers_may_be_kept(
    stack: Synthesized,
) -> None:
    variables = stack.at("Read/Function").properties["Environment"]["Variables"]
    kept = json.loads(variables["CACHE_TTL"])
    assert kept.items() >= {"GET /jobs": 5, "GET /jobs/{job_id}": 5}.items()
    assert json.loads(variables["TABLE_NAMES"])["jobs"] == "${Table/Jobs}"


def test_log_lines_name_the_job_and_its_pipeline() -> None:
    assert (COLUMNS["job_id"], COLUMNS["pipeline"]) == ("string", "string")


def test_a_query_finds_the_history_of_a_job(stack: Synthesized) -> None:
    query = stack.at("Catalog/JobHistory").properties
    assert query["Name"] == "job-history"
    assert "job_id = ?" in query["QueryString"]


def test_the_scopes_of_jobs_keep_their_names() -> None:
    assert {name for name in SCOPES if name.startswith("jobs/")} == {"jobs/read", "jobs/write"}


def test_the_outputs_of_jobs_keep_their_names(stack: Synthesized) -> None:
    assert stack.flat(stack.template["Outputs"]["JobsTableName"]["Value"]) == "${Table/Jobs}"


def test_the_methods_of_jobs_have_a_function_each() -> None:
    verbs = {
        route.function: {r.method for r in routes_of(route.function) if r.entity is JOBS}
        for function in ("create", "read", "update", "delete")
        for route in routes_of(function)
    }
    assert verbs == {
        "create": {"POST"},
        "read": {"GET"},
        "update": {"PUT", "PATCH"},
        "delete": {"DELETE"},
    }


def test_jobs_are_kept_for_some_days_in_every_stage() -> None:
    assert all(stage.retention_days for stage in STAGES.values())
