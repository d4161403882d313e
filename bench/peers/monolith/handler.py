"""All routes of the service in one function."""

from functools import partial

from common.entities import ENTITIES
from common.handler import lambda_handler
from functions.create import handler as creating
from functions.delete import handler as deleting
from functions.read import handler as reading
from functions.update import handler as updating

handler = lambda_handler(
    {
        f"{method} {path}": partial(action, entity)
        for entity in ENTITIES
        for method, path, action in (
            ("POST", entity.path, creating.create),
            ("GET", entity.path, reading.read_many),
            ("GET", entity.item_path, reading.read_one),
            ("PUT", entity.item_path, updating.replace),
            ("PATCH", entity.item_path, updating.patch),
            ("DELETE", entity.item_path, deleting.delete),
        )
    }
)
