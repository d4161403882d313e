"""Generate Python validators from the JSON Schemas: `make schemas`.

They are generated ahead of time: to compile a schema would take most of a cold start.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import fastjsonschema

from common.crud.entity import Entity
from common.entities import ENTITIES
from infra.spec import declaration
from infra.spec.schemas import Schema, request_schemas

NOTE = '"""Generated from {title} by `make schemas`; do not edit."""\n\n'


def validator_source(schema: Schema) -> str:
    """Return the Python source of a schema's validator."""
    code: str = fastjsonschema.compile_to_code(
        schema, use_default=False, use_formats=False, fast_fail=False
    )
    return NOTE.format(title=schema["title"]) + code


def validators(entity: Entity) -> Mapping[Path, str]:
    """Return the source of each validator of an entity, by its path."""
    folder = entity.folder / "generated"
    return {
        folder / "__init__.py": '"""Validators generated from the JSON Schemas; do not edit."""\n',
        **{
            folder / f"{name.replace('-', '_')}.py": validator_source(schema)
            for name, schema in request_schemas(entity).items()
        },
    }


def main() -> None:
    """Write the validators of all entities, and remove outdated ones."""
    try:
        declaration.check(ENTITIES)
    except declaration.DeclarationError as error:
        sys.exit(str(error))
    for entity in ENTITIES:
        sources = validators(entity)
        folder = entity.folder / "generated"
        folder.mkdir(exist_ok=True)
        for outdated in {*folder.glob("*.py")} - sources.keys():
            outdated.unlink()
        for path, source in sources.items():
            path.write_text(source)
            sys.stdout.write(f"{entity.collection}/{path.name}\n")


if __name__ == "__main__":
    main()
