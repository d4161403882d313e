"""Numbers that keep the way in which JSON wrote them. Few bodies have one."""

from decimal import Decimal


class WrittenNumber(Decimal):
    """A number with its text: ``1e2`` equals 100, and stays ``1e2`` as text.

    Args:
        text: A number in JSON's grammar.

    Raises:
        decimal.InvalidOperation: The exponent has more than 18 digits.
    """

    __slots__ = ("_text",)

    _text: str

    def __new__(cls, text: str) -> "WrittenNumber":
        number = super().__new__(cls, text)
        number._text = text
        return number

    def __str__(self) -> str:
        return self._text
