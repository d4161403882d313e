"""Entities that only the tests have.

A specimen has everything that an entity may have: fields of every JSON type, a filter, a rule,
statuses that expire, that count as failures, that nothing may move to, that end the life, and that
forbid the deletion. No stack deploys it.
"""

import sys
from pathlib import Path
from types import ModuleType

from common.crud.entity import Change, Entity, Item, Rules
from common.exceptions import RuleBroken
from infra.spec.schemas import request_schemas
from tools.compile_schemas import validator_source


class SpecimenRules(Rules):
    """A lost specimen has a reason."""

    def complete(self, change: Change, body: Item) -> Change:
        if change.status == "LOST" and body.get("reason") is None:
            raise RuleBroken("/reason", "is required with status LOST")
        return change


def specimen(folder: Path = Path(__file__).parent) -> Entity:
    """Declare a specimen, and compile its validators.

    Args:
        folder: The folder of ``schema.json``. Its name distinguishes the specimens of a process.
    """
    entity = Entity(
        noun="rock sample",
        plural="rock samples",
        folder=folder,
        transitions={
            "FOUND": frozenset({"STORED", "LOST"}),
            "STORED": frozenset({"STORED", "ON_LOAN", "LOST", "SOLD"}),
            "ON_LOAN": frozenset({"STORED", "LOST"}),
            "LOST": frozenset(),
            "SOLD": frozenset(),
        },
        deletable=frozenset({"FOUND", "STORED", "LOST", "SOLD"}),
        filters=("site",),
        expires_in=frozenset({"LOST"}),
        failures=frozenset({"LOST"}),
        ended=frozenset({"LOST", "SOLD"}),
        rules=SpecimenRules(),
    )
    for name, schema in request_schemas(entity).items():
        module = ModuleType(f"{entity.package}.generated.{name}")
        exec(validator_source(schema), module.__dict__)
        sys.modules[module.__name__] = module
    return entity


SPECIMEN = specimen()
