"""The tables of statuses in docs/api.md: ``python -m tools.statuses`` writes them."""

from collections.abc import Iterator, Sequence

from common.crud.entity import Entity
from common.entities import ENTITIES
from infra.spec.paths import DOCS
from tools.cost import write_tables

PAGE = DOCS / "api.md"
NAME = "statuses"


def tables(entities: Sequence[Entity] = ENTITIES) -> str:
    """Return a table with a row for each status, for each entity."""
    return "\n\n".join("\n".join(_table(entity)) for entity in entities)


def _table(entity: Entity) -> Iterator[str]:
    one = f"{entity.article} {entity.noun}"
    yield f"| {one} that is | may become | may be changed | may be deleted | expires |"
    yield "|---|---|---|---|---|"
    for status, targets in entity.transitions.items():
        marks = (status in targets, status in entity.deletable, status in entity.expires_in)
        cells = [
            status,
            ", ".join(each for each in entity.statuses if each in targets - {status}),
            *("yes" if mark else "" for mark in marks),
        ]
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    """Write the tables."""
    write_tables(PAGE, tables(), NAME)


if __name__ == "__main__":
    main()
