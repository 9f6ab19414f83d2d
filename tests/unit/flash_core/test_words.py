"""Words as search sees them."""

import pytest

from flash_core.utils.words import content_stems, detect_language, document_language, stem, stop_words, tokens


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
        ("re\u0301sume\u0301 Ver\u00adsand\u00adkosten zero\u200bwidth", ["résumé", "versandkosten", "zerowidth"]),
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
    ("language", "texts"),
    {
        "en": [
            "How do I request leave?", "Deploy", "", "per diem rates", "per user pricing", "de facto standard",
            "es cluster upgrades", "war room", "LA office policies", "IST time zone", "DES encryption",
            "open door policy",
            "van rental", "El Paso office", "Las Vegas office in Los Angeles", "résumé upload", "São Paulo office",
            "Zürich office parking", "café opening hours", "come to work", "Reisekosten",
            "30 min lunch break", "example.com login", "die casting", "was the server down?", "Was that die cast?",
            "Was gold used?", "it was machen",
        ],
        "de": [
            "Wie viele Urlaubstage bekomme ich?", "Wie Urlaub beantragen?", "Richtlinie für Reisekosten",
            "Was ist neu?",
            "Fristen und Formulare", "Wer genehmigt Urlaub", "WIE VIELE URLAUBSTAGE HABE ICH",
            "Was kostet die Kantine?", "Was bedeutet FMLA?", "Was kannst du?", "Was steht in der Hausordnung?",
            "Und was macht die IT?", "Worüber wird abgestimmt?", "Was verlangt die Richtlinie?",
            "Wo ist der Parkplatz?", "Wie viele Tage?",
        ],
        "fr": ["Où est la politique de congés ?", "Comment demander un congé", "Quelle est la procédure"],
        "es": ["¿Cómo pido vacaciones en la empresa?", "Política de vacaciones"],
        "it": ["Quanti giorni di ferie ho?", "Come si chiedono le ferie?"],
        "nl": ["Hoeveel vakantiedagen heb ik?", "Waar is het handboek"],
        "pt": ["Como peço férias?", "Onde está o manual?"],
        "sv": ["Hur många semesterdagar har jag?"],
        "da": ["Hvordan søger jeg ferie?", "Hvem er chef for HR"],
    }.items(),
)  # fmt: skip
def test_the_language_is_that_of_the_small_words_when_they_say_so_clearly(language: str, texts: list[str]) -> None:
    assert [(text, detect_language(text)) for text in texts] == [(text, language) for text in texts]


def test_the_default_wins_where_nothing_speaks_against_it() -> None:
    assert detect_language("Deploy", default="de") == "de"
    assert detect_language("Reisekosten am Monatsende", default="de") == "de"
    assert detect_language("What is the travel policy?", default="de") == "en"


def test_a_document_is_in_the_language_of_its_title_and_its_beginning() -> None:
    assert document_language("Reisekosten", "Die Reisekosten werden am Monatsende eingereicht.") == "de"
    english = "Expenses are handed in at the end of the month in San Jose de la Vega."
    assert document_language("Travel", english) == "en"
    assert document_language("Basic request", "curl https://api.example.com/v1 " * 5) == "en"


def test_words_can_be_stemmed_in_another_language_than_their_own() -> None:
    assert content_stems("the Rechnungen", "en", stemmed_in="de") == ["rechnung"]
