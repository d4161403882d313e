"""The archive as a table of Athena, and the workgroup that limits queries."""

from datetime import UTC, datetime

from common.entities import ENTITIES
from infra.spec.log_archive import COLUMNS, PARTITIONS, hour_folder, named_queries
from infra.spec.routes import FUNCTIONS
from infra.spec.service import REGION, SERVICE_NAME
from tests.support.templates.synthesized import Properties, Synthesized, as_list

GIB = 1024**3


def _table(stack: Synthesized) -> Properties:
    table: Properties = stack.one("AWS::Glue::Table")["TableInput"]
    return table


def test_the_table_is_in_the_database_of_the_stage(stack: Synthesized) -> None:
    assert stack.one("AWS::Glue::Table")["DatabaseName"] == "${Catalog/Database}"
    database = stack.one("AWS::Glue::Database")["DatabaseInput"]
    assert database["Name"] == f"{SERVICE_NAME.replace('-', '_')}_{stack.stage.name}"


def test_the_table_reads_json_lines_from_the_archive_and_nothing_else(stack: Synthesized) -> None:
    storage = _table(stack)["StorageDescriptor"]
    assert storage["Location"] == "s3://${Archive/Logs}/logs/"
    assert storage["SerdeInfo"]["SerializationLibrary"] == "org.openx.data.jsonserde.JsonSerDe"
    assert _table(stack)["TableType"] == "EXTERNAL_TABLE"
    assert {c["Name"]: c["Type"] for c in storage["Columns"]} == COLUMNS
    assert {c["Name"]: c["Type"] for c in _table(stack)["PartitionKeys"]} == PARTITIONS


def test_partitions_are_projected(stack: Synthesized) -> None:
    parameters = _table(stack)["Parameters"]
    projection = {
        name.removeprefix("projection."): value
        for name, value in parameters.items()
        if name.startswith("projection.")
    }
    assert projection == {
        "enabled": "true",
        "function.type": "enum",
        "function.values": ",".join(FUNCTIONS),
        "date.type": "date",
        "date.format": "yyyy-MM-dd",
        "date.range": f"NOW-{stack.stage.archive_expire_after_days}DAYS,NOW",
        "hour.type": "integer",
        "hour.range": "0,23",
        "hour.digits": "2",
    }
    assert parameters["storage.location.template"] == (
        "s3://${Archive/Logs}/logs/function=${function}/date=${date}/hour=${hour}/"
    )


def test_each_function_may_write_only_its_own_partition(stack: Synthesized) -> None:
    for function in FUNCTIONS:
        (statement,) = (
            statement
            for resource, statement in stack.statements
            if resource.path == f"{function.title()}/Role" and statement.get("Sid") == "Archive"
        )
        assert as_list(statement["Resource"]) == [
            f"${{Archive/Logs.Arn}}/logs/function={function}/*"
        ]


def test_queries_cannot_override_the_settings_of_the_workgroup(stack: Synthesized) -> None:
    workgroup = stack.one("AWS::Athena::WorkGroup")
    settings = workgroup["WorkGroupConfiguration"]
    assert workgroup["Name"] == f"{SERVICE_NAME}-{stack.stage.name}"
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] == stack.stage.query_limit_gb * GIB
    assert settings["ResultConfiguration"] == {
        "OutputLocation": "s3://${Catalog/Results}/",
        "ExpectedBucketOwner": "${AWS::AccountId}",
        "EncryptionConfiguration": {
            "EncryptionOption": "SSE_KMS",
            "KmsKey": f"arn:aws:kms:{REGION}:${{AWS::AccountId}}:alias/aws/s3",
        },
    }


def test_a_query_may_scan_less_in_dev_than_in_prod(dev: Synthesized, prod: Synthesized) -> None:
    limits = [
        stack.one("AWS::Athena::WorkGroup")["WorkGroupConfiguration"]["BytesScannedCutoffPerQuery"]
        for stack in (dev, prod)
    ]
    assert limits == [1 * GIB, 100 * GIB]


def test_query_results_are_encrypted_and_expire(stack: Synthesized) -> None:
    results = stack.at("Catalog/Results").properties
    (encryption,) = results["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (rule,) = results["LifecycleConfiguration"]["Rules"]
    assert encryption["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms"}
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 7)
    assert results["LoggingConfiguration"]["DestinationBucketName"] == "${Archive/AccessLogs}"


def test_the_workgroup_can_be_deleted_after_use(stack: Synthesized) -> None:
    assert stack.one("AWS::Athena::WorkGroup")["RecursiveDeleteOption"] is True


def test_the_workgroup_has_the_named_queries(stack: Synthesized) -> None:
    queries = {q.properties["Name"]: q.properties for q in stack.all("AWS::Athena::NamedQuery")}
    assert set(queries) == {
        *("errors", "request", "slowest-routes"),
        *(f"{entity.noun.replace(' ', '-')}-history" for entity in ENTITIES),
    }
    for query in named_queries():
        assert queries[query.name] == {
            "Name": query.name,
            "Description": query.description,
            "QueryString": query.sql,
            "Database": "${Catalog/Database}",
            "WorkGroup": "${Catalog/Workgroup}",
        }


def test_a_folder_is_named_for_the_hour_in_utc() -> None:
    at = datetime(2026, 1, 31, 9, 59, tzinfo=UTC)
    assert hour_folder("read", at) == "logs/function=read/date=2026-01-31/hour=09/"
