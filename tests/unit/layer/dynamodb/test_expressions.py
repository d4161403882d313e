"""DynamoDB's expressions."""

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from common.dynamodb.expressions import Expression


def test_every_reserved_word_gets_a_placeholder() -> None:
    words = [word.lower() for word in ReservedKeywords.get_reserved_keywords()]
    expression = Expression()
    assert [expression.name(word) for word in words] == [f"#{word}" for word in words]
    assert len(words) > 500


def test_without_placeholders_no_names_are_sent() -> None:
    expression = Expression()
    condition = f"{expression.name('created_at')} = {expression.value(1)}"
    assert condition == "created_at = :0"
    assert expression.arguments() == {"ExpressionAttributeValues": {":0": {"N": "1"}}}
