"""Locks the tables, so that no change replaces one by an empty table unnoticed.

``python -m tools.data_lock`` adds new tables and new indexes to the locks. A lock that no longer
holds means that the next deployment loses data: edit the file only if that is what you want, or if
nothing is deployed yet. docs/operations.md#rename-a-construct says how to keep the data.
"""

import json
import sys
from pathlib import Path
from typing import Any, TypedDict

from common.crud.entity import Entity
from common.entities import ENTITIES
from infra.spec.paths import PROJECT
from infra.spec.stages import STAGES
from tools.templates import Template, given_template

LOCKS = PROJECT / "tests" / "infra" / "entities"
"""The folder with a folder for each entity, named like its package."""


class DataLost(Exception):
    """A deployment would lose data; the message says which."""


class TableLock(TypedDict):
    """The parts of a table that cannot change without a replacement."""

    logical_id: str
    """The name that CloudFormation knows the table by."""

    key: list[str]
    """The attributes of the table's key."""

    indexes: dict[str, list[str]]
    """The attributes of each index's key, by the index's name."""


def lock_file(entity: Entity) -> Path:
    """Return the file with the lock of an entity's table."""
    return LOCKS / entity.folder.name / "data_lock.json"


def locked() -> dict[str, TableLock]:
    """Return all locks, by the name of their folder."""
    return {
        file.parent.name: json.loads(file.read_text())
        for file in sorted(LOCKS.glob("*/data_lock.json"))
    }


def table_lock(template: Template, entity: Entity) -> TableLock:
    """Return the lock that holds for an entity's table in a template."""
    ((logical_id, properties),) = (
        (logical_id, resource["Properties"])
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::DynamoDB::Table"
        and _key(resource["Properties"])[0] == entity.id_field
    )
    indexes = properties["GlobalSecondaryIndexes"]
    return TableLock(
        logical_id=logical_id,
        key=_key(properties),
        indexes={index["IndexName"]: _key(index) for index in indexes},
    )


def extend(template: Template, entity: Entity) -> bool:
    """Add an entity's table and its new indexes to the locks; return whether there were any.

    Raises:
        DataLost: The lock no longer holds.
    """
    file, lock = lock_file(entity), table_lock(template, entity)
    if file.exists():
        _check(json.loads(file.read_text()), lock, entity)
    text = f"{json.dumps(lock, indent=2)}\n"
    if file.exists() and file.read_text() == text:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return True


def _check(before: TableLock, after: TableLock, entity: Entity) -> None:
    lost = [
        f"delete the index {name} or build it again"
        for name, key in before["indexes"].items()
        if after["indexes"].get(name) != key
    ]
    if (before["logical_id"], before["key"]) != (after["logical_id"], after["key"]):
        lost = ["create another, empty table"]
    if lost:
        raise DataLost(
            f"CloudFormation would {', '.join(lost)} for {entity.plural}. Undo the change, see"
            f" docs/operations.md#rename-a-construct, or edit {lock_file(entity)} by hand if no"
            " data is deployed."
        )


def _key(properties: Any) -> list[str]:
    kinds = {"HASH": 0, "RANGE": 1}
    parts = sorted(properties["KeySchema"], key=lambda part: kinds[part["KeyType"]])
    return [part["AttributeName"] for part in parts]


def main() -> None:
    """Add new tables and indexes to the locks."""
    template = given_template(next(iter(STAGES.values())))
    try:
        for entity in ENTITIES:
            if extend(template, entity):
                sys.stdout.write(f"{lock_file(entity).relative_to(PROJECT)}\n")
    except DataLost as lost:
        sys.exit(str(lost))


if __name__ == "__main__":
    main()
