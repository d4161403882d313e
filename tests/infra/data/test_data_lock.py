"""A lock on the resources that hold data: a change here replaces them, without their data.

CloudFormation knows a resource by its logical id, which the CDK derives from the ids of the
constructs. If a construct is renamed or moved, CloudFormation creates an empty resource, and
deletes the former one, or in prod leaves it outside the stack. A change of a table's key does the
same: "Update requires: Replacement" on
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-dynamodb-table.html.

The lock of an entity's table is a file among the entity's tests. `make documents` adds what is new.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.crud.entity import Entity
from infra.spec.stages import STAGES
from tests.support.templates.synthesized import Synthesized
from tests.support.templates.tables import each_entity
from tools import data_lock
from tools.data_lock import DataLost, lock_file, locked, table_lock

LOGICAL_IDS = {
    "ArchiveLogsF0A88138": "AWS::S3::Bucket",
    "ArchiveAccessLogs31F4F9D7": "AWS::S3::Bucket",
    "CatalogResults4BE287F2": "AWS::S3::Bucket",
    "MonitoringTopicKey423AF5B2": "AWS::KMS::Key",
    "ParametersCursorKeyA34BBC25": "Custom::CursorKey",
}
"""The logical ids of the resources that hold data in every stage, or without which data cannot be
read: a new cursor key makes all cursors invalid. The tables are locked by entity."""

USER_POOL_IDS = {
    "AuthorizationUserPoolUsersB0BEA03D": "AWS::Cognito::UserPool",
    "AuthorizationUserPoolUsersBrowser11CF053C": "AWS::Cognito::UserPoolClient",
    "AuthorizationUserPoolUsersMachine4EF25B41": "AWS::Cognito::UserPoolClient",
    "AuthorizationUserPoolMachineClientD0A710FC": "Custom::MachineClient",
}
"""The same, in a stage with a user pool. Everybody would need a new account or new credentials."""

CREATE_ONLY = {
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-s3-bucket.html
    "AWS::S3::Bucket": {"BucketName"},
    "AWS::DynamoDB::Table": {"TableName", "ImportSourceSpecification"},
}
"""Properties that no resource has, and that replace it when they are added."""


@pytest.fixture
def expected(stack: Synthesized) -> dict[str, str]:
    has_pool = STAGES[stack.stage.name].authorization == "cognito"
    tables = {lock["logical_id"]: "AWS::DynamoDB::Table" for lock in locked().values()}
    return {**tables, **LOGICAL_IDS, **(USER_POOL_IDS if has_pool else {})}


def test_no_resource_with_data_is_replaced(stack: Synthesized, expected: dict[str, str]) -> None:
    types = {
        logical_id: resource["Type"] for logical_id, resource in stack.template["Resources"].items()
    }
    for logical_id, type_ in expected.items():
        assert types.get(logical_id) == type_, (
            f"{logical_id} is no longer in the stack {stack.stage.stack}: CloudFormation would "
            f"create another, empty {type_} and abandon or delete the one with the data. Give the "
            "construct its former id and place, or see docs/operations.md#rename-a-construct."
        )


def test_every_resource_with_data_is_locked(stack: Synthesized, expected: dict[str, str]) -> None:
    locked_types = {*expected.values()}
    present = {
        logical_id
        for logical_id, resource in stack.template["Resources"].items()
        if resource["Type"] in locked_types
    }
    assert present == {*expected}


def test_no_property_forces_a_replacement(stack: Synthesized) -> None:
    for type_, properties in CREATE_ONLY.items():
        for resource in stack.all(type_):
            fixed = {*resource.properties} & properties
            assert not fixed, f"{resource.path}: CloudFormation would replace it for {fixed}"


@each_entity
def test_the_keys_of_a_table_and_its_indexes_stay(entity: Entity, stack: Synthesized) -> None:
    """An index whose name or key changes is deleted and built again; meanwhile lists miss items."""
    assert lock_file(entity).exists(), f"{entity.plural} have no lock; run `make documents`"
    assert table_lock(stack.template, entity) == json.loads(lock_file(entity).read_text()), (
        f"CloudFormation would replace the table of {entity.plural} by an empty one, or delete an "
        "index; if there is only a new index, run `make documents`"
    )


def test_attributes_in_keys_are_text(stack: Synthesized) -> None:
    for table in stack.all("AWS::DynamoDB::Table"):
        types = {a["AttributeType"] for a in table.properties["AttributeDefinitions"]}
        assert types == {"S"}


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for locks."""
    monkeypatch.setattr(data_lock, "LOCKS", tmp_path)
    return tmp_path


@each_entity
def test_a_lock_is_written_for_a_new_entity(entity: Entity, dev: Synthesized, locks: Path) -> None:
    data_lock.extend(dev.template, entity)
    lock = json.loads((locks / entity.folder.name / "data_lock.json").read_text())
    assert lock == table_lock(dev.template, entity)
    assert {"by-creation", "by-status"} <= lock["indexes"].keys()


@each_entity
def test_a_new_index_extends_a_lock(entity: Entity, dev: Synthesized, locks: Path) -> None:
    lock = table_lock(dev.template, entity)
    older = {**lock, "indexes": {"by-status": lock["indexes"]["by-status"]}}
    lock_file(entity).parent.mkdir()
    lock_file(entity).write_text(json.dumps(older))
    data_lock.extend(dev.template, entity)
    assert json.loads(lock_file(entity).read_text()) == lock


@each_entity
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lock: {**lock, "logical_id": "Former"}, "another, empty table"),
        (lambda lock: {**lock, "key": ["former_id"]}, "another, empty table"),
        (
            lambda lock: {**lock, "indexes": {**lock["indexes"], "by-creation": ["former"]}},
            "index by-creation",
        ),
        (
            lambda lock: {**lock, "indexes": {**lock["indexes"], "by-former": ["former"]}},
            "index by-former",
        ),
    ],
)
def test_a_lock_never_changes_by_itself(
    change: Callable[[Any], Any], words: str, entity: Entity, dev: Synthesized, locks: Path
) -> None:
    before = json.dumps(change(table_lock(dev.template, entity)))
    lock_file(entity).parent.mkdir()
    lock_file(entity).write_text(before)
    with pytest.raises(DataLost, match=words):
        data_lock.extend(dev.template, entity)
    assert lock_file(entity).read_text() == before
