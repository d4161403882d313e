"""Errors of the local run that its user can correct."""


class LocalRunError(Exception):
    """The local run cannot go on."""

    def __init__(self, message: str, details: str = "") -> None:
        """Describe the error.

        Args:
            message: One or two sentences: what is wrong, and what to do about it.
            details: Lines of a log that show the cause, if any.
        """
        super().__init__(message)
        self.details = details
