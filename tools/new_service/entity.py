"""Add an entity to a project: a name, and whether it is in use."""

from collections.abc import Sequence
from pathlib import Path

from tools.new_service.words import UnfitName, Words, fill

ENTITIES = Path("layers/common/python/common/entities")
TESTS = Path("tests/unit/entities")

_FILES = {
    "entity/__init__.py.template": ENTITIES / "{package}/__init__.py",
    "entity/schema.json.template": ENTITIES / "{package}/schema.json",
    "entity/examples.py.template": ENTITIES / "{package}/examples.py",
    "entity/test_entity.py.template": TESTS / "{package}/test_{package}.py",
}
"""The files of a new entity, by their templates."""


def add_entity(project: Path, words: Words, existing: Sequence[str] = ()) -> list[Path]:
    """Write the files of a new entity, and add it to the list of entities.

    Args:
        project: The root of the project.
        words: The entity's words.
        existing: The packages of the entities that the project keeps, in their order.

    Returns:
        The new files and the changed one, relative to the project.

    Raises:
        UnfitName: The project has an entity of this name.
    """
    if (project / ENTITIES / words.package).exists():
        raise UnfitName(f"There is {ENTITIES / words.package} already.")
    written = []
    for template, place in _FILES.items():
        path = Path(str(place).format(package=words.package))
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(words.fill(template))
        written.append(path)
    registry = ENTITIES / "__init__.py"
    _register(project / registry, [*existing, words.package])
    return [*written, registry]


def _register(registry: Path, packages: list[str]) -> None:
    imports = "\n".join(
        f"from common.entities.{package} import {package.upper()}" for package in sorted(packages)
    )
    names = ", ".join(package.upper() for package in packages)
    # A tuple of one needs its comma.
    names += "," if len(packages) == 1 else ""
    registry.write_text(fill("entities.py.template", imports=imports, names=names))
