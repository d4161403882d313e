"""DynamoDB: evaluate conditions in the time that lists of many items leave."""

import functools
from collections.abc import Mapping
from typing import Any

from ministack.services import dynamodb

from local.emulator.wrapping import Wrapper, wrap


def parse_conditions_once() -> None:
    """Parse a condition once, instead of for each item that it is evaluated for.

    A query evaluates its condition for all items of a partition. Parsing takes most of that, so
    that reading a long list page by page would take minutes.
    """

    @wrap(dynamodb, "_evaluate_condition")
    def evaluate_condition(
        native: Wrapper,
        condition: str,
        item: Mapping[str, Any],
        values: Mapping[str, Any],
        names: Mapping[str, Any],
        slot: str = "ConditionExpression",
    ) -> bool:
        tokens = _tokens(condition, slot)
        if tokens:
            try:
                result: bool = dynamodb._ExprEval(tokens, item, values, names).evaluate()
            except (ValueError, TypeError, AttributeError, LookupError):
                # The emulator words the error.
                return bool(native(condition, item, values, names, slot))
            return result
        return bool(native(condition, item, values, names, slot))


@functools.lru_cache
def _tokens(condition: str, slot: str) -> tuple[Any, ...]:
    """Return a condition's tokens, or none if the emulator must look at it for each item."""
    try:
        tokens = tuple(dynamodb._tokenize(condition))
        if (
            dynamodb._check_redundant_parens(tokens, slot)
            or dynamodb._check_reserved_keyword_usage(tokens)
            or dynamodb._condition_syntax_error(condition, slot)
        ):
            return ()
    except ValueError:
        return ()
    # The order of the bounds depends on the values.
    return () if any(text.upper() == "BETWEEN" for _, text, *_ in tokens) else tokens
