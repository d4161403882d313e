"""What stops the local run for a reason that the person at the keyboard can remove."""


class LocalRunError(Exception):
    """The local run cannot go on.

    Args:
        message: One or two sentences: what is wrong, and what to do about it.
        evidence: Lines that show why, if any.
    """

    def __init__(self, message: str, evidence: str = "") -> None:
        super().__init__(message)
        self.evidence = evidence
