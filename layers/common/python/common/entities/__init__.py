"""The entities: a package for each, and the list of those that the service has."""

from common.crud.entity import Entity
from common.entities.jobs import JOBS

ENTITIES: tuple[Entity, ...] = (JOBS,)
"""The routes, tables, alarms and documents of the service follow from these."""
