"""The exceptions that a route may raise, and :mod:`common.web.exception_mapping` answers.

* ``Problem`` (in :mod:`common.web.problems`): the answer itself

The request is wrong:

* ``BadQuery``: 400
* ``BadCursor``: 400
* ``RuleBroken``: 422
* ``IdempotencyKeyReused``: 422

The table refuses:

* ``NotFound``: 404
* ``StatusConflict``: 409
* ``VersionMismatch``: 412

A dependency fails, and the caller gets 503 with Retry-After:

* ``Unavailable``: AWS
* ``ParameterMissing``: Parameter Store
* ``DeadlineReached``: no time is left for another attempt

Every other exception is a bug of ours, ``CallRejected`` by AWS among them: 500.
"""


class BadQuery(ValueError):
    """A query parameter has an invalid value."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
        """A sentence for the caller."""


class BadCursor(ValueError):
    """This service did not issue the cursor for this list."""


class RuleBroken(ValueError):
    """The body breaks a rule of its entity that does not depend on the entity's status."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
        """The RFC 6901 JSON pointer to the offending member of the body."""
        self.detail = detail
        """The rule, for the caller."""


class IdempotencyKeyReused(Exception):
    """Another request created the item, with another body."""


class NotFound(LookupError):
    """The table has no such item."""

    def __init__(self, entity: str) -> None:
        super().__init__(entity)
        self.entity = entity
        """The entity's noun."""


class StatusConflict(Exception):
    """The item's status does not allow the operation."""

    def __init__(self, entity: str, status: str) -> None:
        super().__init__(entity, status)
        self.entity = entity
        """The entity's noun."""
        self.status = status
        """The status that the item has."""


class VersionMismatch(Exception):
    """The item has none of the versions that the caller expects."""

    def __init__(self, entity: str) -> None:
        super().__init__(entity)
        self.entity = entity
        """The entity's noun."""


class Unavailable(Exception):
    """AWS did not answer in time, or not with an answer of use. A later call may succeed."""


class CallRejected(Exception):
    """AWS rejected a call that this service should not have made, or may not make."""


class ParameterMissing(Exception):
    """This environment has never read the parameter, and cannot read it now."""


class DeadlineReached(Exception):
    """Another attempt could not have ended before the request's deadline."""
