"""A second entity beside the others: what the stack has for it, and what it leaves alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from common.entities import ENTITIES
from infra.spec import routes
from infra.spec.output_names import function_logs, table_output
from infra.spec.routes import FUNCTIONS
from infra.spec.service import REGION, SERVICE_NAME
from infra.spec.stages import STAGES
from tests.support.deployment.project_copy import copied_file, copy_project, run_python
from tests.support.templates.limits import excesses
from tests.support.templates.metrics import alarm, alarm_metrics
from tests.support.templates.permissions import endpoint_permissions, role_permissions
from tests.support.templates.synthesized import Synthesized, as_list
from tests.support.templates.tables import table_path
from tools.new_service.entity import ENTITIES as ENTITIES_FOLDER
from tools.new_service.entity import add_entity
from tools.new_service.words import Words

TABLE = "${Table/GlassBeads.Arn}"
INDEXES = {f"{TABLE}/index/{name}" for name in ("by-creation", "by-status", "by-title")}
WORDS = Words.of("glass-bead")

# A filter, and a status that counts as a failure.
DECLARATION = """
    filters=("title",),
    failures=frozenset({"ARCHIVED"}),
    ended=frozenset({"ACTIVE", "ARCHIVED"}),
    expires_in=frozenset({"ARCHIVED"}),
)
"""

# A separate function creates glass beads; the shared functions answer their other routes.
OWN_FUNCTION = """

def _own(route: Route) -> Route:
    return replace(route, function="intake") if route.operation == "createGlassBead" else route


ROUTES = tuple(map(_own, ROUTES))
"""

DESCRIBE = """
import json, sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from infra.compliance.nag_acceptances import ACCEPTANCES
from infra.compliance.plugin import violations
from infra.spec.stages import STAGES
from tests.support.templates.synthesized import create_app
from tools.openapi.document import document

variants = {**STAGES, "iam": replace(STAGES["dev"], authorization="iam")}
result = {}
for name, stage in variants.items():
    accepted = [acceptance for acceptance in ACCEPTANCES if acceptance.when(stage)]
    with TemporaryDirectory() as folder:
        app, stack = create_app(stage, Path(folder))
        fixes = [violation.fix for violation in violations(stack, accepted)]
        result[name] = {**app.synth().get_stack_by_name(stage.stack).template, "Findings": fixes}
json.dump({"templates": result, "openapi": document()}, sys.stdout)
"""
"""Prints the template of each variant with its findings, and the OpenAPI document."""


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """All that follows from the entities, with glass beads beside them."""
    project = copy_project(tmp_path_factory.mktemp("two") / "project", whole=True)
    add_entity(project, WORDS, [entity.folder.name for entity in ENTITIES])
    for name in ("schema.json", "examples.py"):
        file = project / ENTITIES_FOLDER / WORDS.package / name
        file.write_text(file.read_text().replace('"name"', '"title"'))
    declaration = project / ENTITIES_FOLDER / WORDS.package / "__init__.py"
    declaration.write_text(declaration.read_text().removesuffix(")\n") + DECLARATION.lstrip("\n"))
    table = copied_file(project, routes)
    before, last = table.read_text().split("\n\n\ndef scopes(")
    before = before.replace("dataclass, field", "dataclass, field, replace")
    table.write_text(f"{before}\n{OWN_FUNCTION}\n\ndef scopes({last}")
    (project / "functions" / "intake").mkdir()
    source = project / "functions" / "create" / "handler.py"
    (project / "functions" / "intake" / "handler.py").write_text(source.read_text())
    return json.loads(run_python(project, "-c", DESCRIBE))


def synthesized(described: Any, name: str) -> Synthesized:
    return Synthesized(
        stage=STAGES.get(name, STAGES["dev"]),
        template=described["templates"][name],
        assembly=Path(),
        warnings=(),
        termination_protection=False,
    )


@pytest.fixture(scope="module")
def both(described: Any) -> Synthesized:
    """The dev stage with both."""
    return synthesized(described, "dev")


@pytest.fixture(scope="module")
def both_in_prod(described: Any) -> Synthesized:
    """The prod stage with both."""
    return synthesized(described, "prod")


def variables(stack: Synthesized, function: str) -> dict[str, Any]:
    environment: dict[str, Any] = stack.at(f"{function}/Function").properties["Environment"]
    return dict(environment["Variables"])


def on_tables(stack: Synthesized, role: str) -> set[tuple[str, str]]:
    """Return the permissions of a role on tables and indexes, without ``dynamodb:``."""
    return {
        (action.removeprefix("dynamodb:"), resource)
        for action, resource in role_permissions(stack, role)
        if action.startswith("dynamodb:")
    }


def test_it_has_a_table_with_an_index_for_each_filter(both_in_prod: Synthesized) -> None:
    resource = both_in_prod.at("Table/GlassBeads")
    assert [key["AttributeName"] for key in resource.properties["KeySchema"]] == ["glass_bead_id"]
    indexes = {index["IndexName"] for index in resource.properties["GlobalSecondaryIndexes"]}
    assert indexes == {"by-creation", "by-status", "by-title"}
    assert resource.properties["DeletionProtectionEnabled"] is True
    assert resource.definition["DeletionPolicy"] == "Retain"


def test_the_resources_of_the_others_keep_their_logical_ids_and_data(
    both: Synthesized, dev: Synthesized
) -> None:
    added_to = {"AWS::ApiGateway::Deployment", "AWS::ApiGateway::Stage"}
    former = {
        logical_id: resource["Type"]
        for logical_id, resource in dev.template["Resources"].items()
        if resource["Type"] not in added_to
    }
    now = {name: resource["Type"] for name, resource in both.template["Resources"].items()}
    assert now.items() >= former.items()
    for entity in ENTITIES:
        path = table_path(entity)
        assert both.at(path).properties == dev.at(path).properties
    outputs = {*map(table_output, ENTITIES), *map(function_logs, FUNCTIONS), "ApiUrl", "ApiKeyId"}
    assert both.template["Outputs"].keys() >= outputs


def test_a_function_of_several_entities_may_use_the_tables_of_all(
    both: Synthesized, dev: Synthesized
) -> None:
    for function, actions, index_actions in (
        ("Read", {"GetItem"}, {"Query"}),
        ("Update", {"UpdateItem"}, set[str]()),
        ("Delete", {"UpdateItem"}, set[str]()),
    ):
        added = {(action, TABLE) for action in actions} | {
            (action, index) for action in index_actions for index in INDEXES
        }
        role = f"{function}/Role"
        assert on_tables(both, role) == on_tables(dev, role) | added
        names = json.loads(variables(both, function)["TABLE_NAMES"])
        assert names == {
            **json.loads(variables(dev, function)["TABLE_NAMES"]),
            "glass-beads": "${Table/GlassBeads}",
        }


def test_a_function_of_one_entity_may_use_its_table_only(
    both: Synthesized, dev: Synthesized
) -> None:
    assert on_tables(both, "Intake/Role") == {("PutItem", TABLE)}
    assert json.loads(variables(both, "Intake")["TABLE_NAMES"]) == {
        "glass-beads": "${Table/GlassBeads}"
    }
    assert on_tables(both, "Create/Role") == on_tables(dev, "Create/Role")
    assert variables(both, "Create") == variables(dev, "Create")
    method = both.at("Api/Rest/Default/glass-beads/POST").properties
    assert "${Intake/Function.Arn}" in method["Integration"]["Uri"]


def test_the_dynamodb_endpoint_lets_through_exactly_the_actions_of_all(
    both: Synthesized, dev: Synthesized
) -> None:
    actions = ("PutItem", "GetItem", "UpdateItem")
    assert endpoint_permissions(both, "dynamodb") == endpoint_permissions(dev, "dynamodb") | {
        *((f"dynamodb:{action}", TABLE) for action in actions),
        *(("dynamodb:Query", index) for index in INDEXES),
    }


def test_it_has_alarms_and_rows_of_the_dashboard(both: Synthesized, dev: Synthesized) -> None:
    def alarms(stack: Synthesized) -> set[str]:
        return {each.path for each in stack.all("AWS::CloudWatch::Alarm")}

    assert alarms(both) - alarms(dev) == {
        *("Monitoring/GlassBeadsTableThrottles", "Monitoring/GlassBeadsTableFailures"),
        "Monitoring/FailedGlassBeads",
        *(f"Monitoring/Intake{what}" for what in ("Failures", "Throttles", "Duration")),
    }
    watched = {
        (m.name, m.dimensions["function"]) for m in alarm_metrics(alarm(both, "FailedGlassBeads"))
    }
    assert watched == {("GlassBeadsActive", "update"), ("GlassBeadsArchived", "update")}
    body = both.one("AWS::CloudWatch::Dashboard")["DashboardBody"]
    for title in (
        "Table of glass beads: capacity used",
        "Glass beads: created",
        "intake: failures",
    ):
        assert f'"title":"{title}"' in body


def test_it_has_an_output_a_query_and_a_column(both: Synthesized) -> None:
    outputs = both.template["Outputs"]
    assert both.flat(outputs["GlassBeadsTableName"]["Value"]) == "${Table/GlassBeads}"
    query = both.one("AWS::Athena::NamedQuery", lambda p: p["Name"] == "glass-bead-history")
    assert "glass_bead_id = ?" in query["QueryString"]
    table = both.one("AWS::Glue::Table")["TableInput"]
    columns = {column["Name"] for column in table["StorageDescriptor"]["Columns"]}
    assert columns >= {"glass_bead_id", "title", *(entity.id_field for entity in ENTITIES)}
    assert table["Parameters"]["projection.function.values"].split(",")[-1] == "intake"


def test_with_access_tokens_it_has_scopes_that_both_clients_get(both_in_prod: Synthesized) -> None:
    users = "Authorization/UserPool/Users"
    server = both_in_prod.at(f"{users}/GlassBeads").properties
    assert server["Identifier"] == "glass-beads"
    assert [scope["ScopeName"] for scope in server["Scopes"]] == ["read", "write"]
    for client in ("Machine", "Browser"):
        allowed = both_in_prod.at(f"{users}/{client}").properties["AllowedOAuthScopes"]
        for entity in ("GlassBeads", *(entity.plural_type_name for entity in ENTITIES)):
            assert {f"${{{users}/{entity}}}/{access}" for access in ("read", "write")} <= {*allowed}
    scopes = both_in_prod.one("Custom::MachineClient")["Scope"].split()
    assert scopes[-2:] == ["glass-beads/read", "glass-beads/write"]
    method = both_in_prod.at("Api/Rest/Default/glass-beads/POST").properties
    assert method["AuthorizationScopes"] == ["glass-beads/write"]


def test_with_signatures_it_has_managed_policies_for_its_routes_only(described: Any) -> None:
    iam = synthesized(described, "iam")
    api = f"arn:aws:execute-api:{REGION}:${{AWS::AccountId}}:${{Api/Rest}}/dev"
    for access, allowed in (
        ("read", {"GET/glass-beads", "GET/glass-beads/*"}),
        (
            "write",
            {
                "POST/glass-beads",
                *(f"{method}/glass-beads/*" for method in ("PUT", "PATCH", "DELETE")),
            },
        ),
    ):
        policy = iam.at(f"Authorization/{access.capitalize()}GlassBeads").properties
        assert policy["ManagedPolicyName"] == f"{SERVICE_NAME}-dev-{access}-glass-beads"
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert {*as_list(statement["Resource"])} == {f"{api}/{each}" for each in allowed}


def test_it_is_in_the_openapi_document(described: Any) -> None:
    paths = described["openapi"]["paths"]
    assert paths["/glass-beads"].keys() >= {"get", "post"}
    assert paths["/glass-beads/{glass_bead_id}"].keys() >= {"get", "put", "patch", "delete"}
    for entity in ENTITIES:
        assert paths[entity.path]["post"]["operationId"] == f"create{entity.type_name}"


def test_every_finding_of_cdk_nag_is_accepted(described: Any) -> None:
    assert {name: each["Findings"] for name, each in described["templates"].items()} == {
        name: [] for name in (*STAGES, "iam")
    }


@pytest.mark.parametrize("name", [*STAGES, "iam"])
def test_the_stack_is_within_the_limits_of_aws(name: str, described: Any) -> None:
    assert excesses(synthesized(described, name)) == []
