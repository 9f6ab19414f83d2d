"""Everyday words that mean the same at work: `same_words.txt`, a group a line, behind its language."""

from dataclasses import replace
from functools import lru_cache
from importlib.resources import files

from ai_main_service.services.reading import Text, read
from flash_core.utils.words import stem


def read_by_meaning(text: str, language: str) -> Text:
    """What `read` reads; words that mean the same have the same stem."""
    known = _same_stems().get(language, {})
    said = read(text, language)
    light = _LIGHT.get(language, frozenset())
    words = (word for word in said.words if word.text not in light)
    return Text(tuple(replace(word, stem=known.get(word.stem, word.stem)) for word in words), said.cues)


_LIGHT = {
    "en": frozenset(
        "however also therefore thus moreover furthermore additionally instead like along well since via such so then "  # noqa: SIM905
        "simply rather yet still even upon within beyond across among toward towards including e.g i.e etc etc. "
        "per one ones thing things way ways order".split()
    ),
    "de": frozenset("jedoch außerdem daher deshalb somit zudem ferner etwa bzw sowie dabei dafür davon dazu".split()),  # noqa: SIM905
}
"""Words that join what is said and say nothing themselves."""


@lru_cache(maxsize=1)
def _same_stems() -> dict[str, dict[str, str]]:
    lines = files("ai_main_service.services").joinpath("same_words.txt").read_text(encoding="utf-8").splitlines()
    known: dict[str, dict[str, str]] = {}
    for language, *words in (line.split() for line in lines):
        stems = [stem(word, language) for word in words]
        for one in stems:
            known.setdefault(language, {}).setdefault(one, stems[0])
    return known
