"""The entity tags of If-Match and If-None-Match."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contract import MAX_ENTITY_TAGS
from common.entities import ENTITIES
from common.web.entity_tags import ANY, EntityTag, parse_tags
from tools.openapi.parameters import parameters


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ('"a"', [("a", False)]),
        ('W/"a"', [("a", True)]),
        ('"a","b"', [("a", False), ("b", False)]),
        ('"a,b" , W/"W/"', [("a,b", False), ("W/", True)]),
        ('""', [("", False)]),
        (' ,, "\xe9"\t,', [("\xe9", False)]),
        # Octets that API Gateway has decoded as UTF-8.
        ('"\N{EURO SIGN}"', [("\N{EURO SIGN}", False)]),
        ('"*"', [("*", False)]),
        ("", []),
        (" , ", []),
    ],
)
def test_a_list_of_tags_keeps_their_order_and_weakness(
    text: str, tags: list[tuple[str, bool]]
) -> None:
    assert parse_tags(text, 2) == tuple(EntityTag(*tag) for tag in tags)


@pytest.mark.parametrize("text", ["*", " *\t"])
def test_a_star_alone_matches_any_item(text: str) -> None:
    assert parse_tags(text, 2) is ANY


@pytest.mark.parametrize(
    "text",
    [
        *("a", '"a', "W/", 'w/"a"', '"a"b', '"a" "b"', '"a b"', '"a"\n', '"a\n"', '"a\x7f"'),
        *("**", "*,", '*, "a"', '"a", *', '"a","b","c"', ';"a"', "," * 8_000 + "a"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="entity tags"):
        parse_tags(text, 2)


@given(
    st.one_of(
        st.text('W/"a,* \t\x7f\xe9', max_size=20),
        st.lists(st.sampled_from(['"a"', 'W/"b,c"', "", " ", ", ", "*"]), max_size=20).map(
            ",".join
        ),
    )
)
def test_the_openapi_document_describes_the_same_lists(text: str) -> None:
    for name in ("If-Match", "If-None-Match"):
        pattern = parameters(ENTITIES[0])[name]["schema"]["pattern"]
        try:
            parse_tags(text, MAX_ENTITY_TAGS)
        except ValueError:
            assert not re.search(pattern, text)
        else:
            # Whitespace around the value is no part of it (RFC 9110, 5.5).
            assert re.search(pattern, text.strip(" \t"))
