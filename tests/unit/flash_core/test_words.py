"""Words as search sees them."""

import pytest

from flash_core.utils.words import content_stems, detect_language, stem, stop_words, tokens


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Leave, please!", ["leave", "please"]),
        ("getUserName user_name", ["get", "user", "name", "user", "name"]),
        ("18F's and TTS\u2019s GPT4", ["18f", "and", "tts", "gpt4"]),
        ("APIs and SRE's PDFs", ["api", "and", "sre", "pdf"]),
        ("don't Don\u2019t", ["don't", "don't"]),
        ("ÜberWert", ["überwert"]),
        ("日本語", ["日本", "本語"]),
        ("語", ["語"]),
        ("", []),
    ],
)
def test_text_falls_into_words_and_identifiers_into_their_parts(text: str, words: list[str]) -> None:
    assert tokens(text) == words


def test_what_carries_meaning_is_stemmed_in_its_language() -> None:
    assert content_stems("How many vacation days do employees get?") == ["mani", "vacat", "day", "employe", "get"]
    assert content_stems("Wie viele Urlaubstage haben die Mitarbeiter?", "de") == ["viel", "urlaubstag", "mitarbeit"]


def test_an_unknown_language_is_left_as_it_is() -> None:
    assert stem("dagen", "xx") == "dagen"
    assert stop_words("xx") == stop_words("en")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How do I request leave?", "en"),
        ("Wie viele Urlaubstage bekomme ich?", "de"),
        ("Où est la politique de congés ?", "fr"),
        ("¿Cómo pido vacaciones en la empresa?", "es"),
        ("Deploy", "en"),
        ("", "en"),
    ],
)
def test_the_language_is_that_of_the_small_words(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_the_default_wins_where_nothing_speaks_against_it() -> None:
    assert detect_language("Deploy", default="de") == "de"
