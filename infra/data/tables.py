"""The table of each entity, with its indexes."""

import json
from collections.abc import Iterable
from typing import NamedTuple

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from common.crud.entity import Entity
from common.crud.keys import EXPIRY, SORT_KEY, indexes, projections
from common.entities import ENTITIES
from infra.conventions.retention import retention_for_data
from infra.spec.routes import Route
from infra.spec.stages import Stage


class Access(NamedTuple):
    """Actions of DynamoDB on some resources."""

    sid: str
    """The first part of a statement's id."""

    actions: set[str]

    resources: list[str]
    """The ARNs of tables or indexes."""


class Tables(Construct):
    """A table for each entity: on demand, encrypted, recoverable, with a time to live."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(scope, id_)
        self._tables = {entity: self._add_table(entity, stage) for entity in ENTITIES}

    def of(self, entity: Entity) -> dynamodb.Table:
        """Return the table of an entity."""
        return self._tables[entity]

    def names(self, entities: Iterable[Entity]) -> str:
        """Return the names of tables, as JSON, by collection."""
        return json.dumps({entity.collection: self.of(entity).table_name for entity in entities})

    def access(self, entity: Entity, routes: Iterable[Route]) -> list[Access]:
        """Return the access of routes to an entity's table and, apart from it, to its indexes."""
        its_routes = [route for route in routes if route.entity is entity]
        arn = self.of(entity).table_arn
        return [
            Access("Table", {action for route in its_routes for action in route.table}, [arn]),
            Access(
                "Indexes",
                {action for route in its_routes for action in route.indexes},
                [f"{arn}/index/{name}" for name in indexes(entity)],
            ),
        ]

    def _add_table(self, entity: Entity, stage: Stage) -> dynamodb.Table:
        string = dynamodb.AttributeType.STRING
        table = dynamodb.Table(
            self,
            entity.plural_type_name,
            partition_key=dynamodb.Attribute(name=entity.id_field, type=string),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute=EXPIRY,
            deletion_protection=stage.retain_data,
            removal_policy=retention_for_data(stage),
        )
        for name, key in indexes(entity).items():
            table.add_global_secondary_index(
                index_name=name,
                partition_key=dynamodb.Attribute(name=key, type=string),
                sort_key=dynamodb.Attribute(name=SORT_KEY, type=string),
                projection_type=dynamodb.ProjectionType.INCLUDE,
                non_key_attributes=projections(entity)[name],
            )
        return table
