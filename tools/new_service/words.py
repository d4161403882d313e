"""The words of an entity, and the templates that contain them."""

import re
from dataclasses import dataclass
from pathlib import Path
from string import Template

from infra.spec.declaration import WORDS

TEMPLATES = Path(__file__).parent / "templates"


class UnfitName(ValueError):
    """A name cannot be used; the message says why."""


@dataclass(frozen=True)
class Words:
    """The words for an entity's items."""

    noun: str
    """The word for one item: lower case, with spaces between several words."""

    plural: str
    """The word for several items."""

    @classmethod
    def of(cls, noun: str, plural: str | None = None) -> "Words":
        """Return the words for a noun, whose words may be joined by hyphens.

        Raises:
            UnfitName: The noun or the plural is not made of lower-case words.
        """
        noun = noun.replace("-", " ")
        plural = (plural or _plural(noun)).replace("-", " ")
        for word in (noun, plural):
            if not WORDS.fullmatch(word) or len(word) > _LONGEST:
                raise UnfitName(
                    f"An entity cannot be called {word!r}. Use lower-case words, such as order or"
                    f" line-item, {_LONGEST} characters at most."
                )
        if noun == plural:
            raise UnfitName(f"The plural of {noun!r} must differ from it.")
        return cls(noun, plural)

    @property
    def article(self) -> str:
        """The indefinite article, by the first letter; a declaration may correct it."""
        return "an" if self.noun[0] in "aeio" else "a"

    @property
    def package(self) -> str:
        """The name of the entity's package."""
        return self.plural.replace(" ", "_")

    @property
    def constant(self) -> str:
        """The name of the declaration."""
        return self.package.upper()

    @property
    def type_name(self) -> str:
        """The plural as the name of a type."""
        return "".join(word.capitalize() for word in self.plural.split())

    def fill(self, template: str, **more: str) -> str:
        """Return a template with the words in place of its placeholders."""
        return fill(
            template,
            noun=self.noun,
            plural=self.plural,
            a=self.article,
            A=self.article.capitalize(),
            Noun=self.noun.capitalize(),
            package=self.package,
            collection=self.plural.replace(" ", "-"),
            noun_in_code=self.noun.replace(" ", "_"),
            id_field=f"{self.noun.replace(' ', '_')}_id",
            CONSTANT=self.constant,
            **more,
        )


def fill(template: str, **values: str) -> str:
    """Return a template with values in place of its placeholders."""
    return Template((TEMPLATES / template).read_text()).substitute(values)


_LONGEST = 30


def _plural(noun: str) -> str:
    if re.search("[^aeiou]y$", noun):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if re.search("(s|x|z|ch|sh)$", noun) else f"{noun}s"
