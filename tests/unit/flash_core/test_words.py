"""Words as search sees them."""

import pytest

from flash_core.utils.words import (
    content_stems,
    detect_language,
    document_language,
    short_words,
    stem,
    stop_words,
    telling_words,
    tokens,
)


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


SHORT = {
    "da": [
        "Hvor mange feriedage har jeg?", "Telefonnummer til receptionen?", "Politik for hjemmearbejde",
        "Hvem godkender udlæg?", "Hvor ligger parkeringspladsen?", "Åbningstider for kantinen",
        "Barselsorlov: hvor længe?", "Godtgørelse af rejseudgifter", "Hvornår udbetales lønnen?",
    ],
    "de": [
        "Wie viele Urlaubstage habe ich?", "Telefonnummer der Rezeption?", "Wer genehmigt Spesen?", "Kündigungsfrist?",
        "Wo ist der Parkplatz?", "Öffnungszeiten der Kantine", "Erstattung von Reisekosten", "Krankmeldung bis wann?",
        "Schlüssel verloren",
    ],
    "es": [
        "¿Cuántos días de vacaciones tengo?", "Número de teléfono de la recepción", "Política de teletrabajo",
        "¿Hay aparcamiento?", "Duración del preaviso", "Días de baja por enfermedad", "Horario del comedor",
        "Permiso de maternidad", "Reembolso de gastos de viaje", "Política de privacidad",
    ],
    "fr": [
        "Combien de jours de congés payés ?", "Durée de préavis ?", "Numéro de téléphone de la réception ?",
        "Politique de télétravail ?", "Combien de jours de vacances ?", "Horaires de la cantine ?", "Congé maternité ?",
        "Prime de fin d\u2019année ?", "Remboursement des frais de déplacement", "Données personnelles et RGPD",
    ],
    "it": [
        "Quanti giorni di ferie ho?", "Numero di telefono della reception?", "Durata del preavviso?",
        "Dove si trova il parcheggio?", "Come reimposto la password?", "Congedo di maternità", "Giorni di malattia",
        "Rimborso delle spese di viaggio", "Perché il badge non funziona?",
    ],
    "nl": [
        "Hoeveel vakantiedagen heb ik?", "Telefoonnummer van de receptie?", "Wie keurt declaraties goed?",
        "Beleid voor thuiswerken", "Wat is de opzegtermijn?", "Openingstijden van de kantine",
        "Zwangerschapsverlof aanvragen", "Vergoeding van reiskosten",
    ],
    "pt": [
        "Quantos dias de férias tenho?", "Número de telefone da recepção?", "Política de teletrabalho",
        "Duração do aviso prévio", "Como redefinir a senha?", "Licença de maternidade", "Código de conduta",
        "Reembolso de despesas de viagem", "Política de privacidade",
    ],
    "sv": [
        "Hur många semesterdagar har jag?", "Telefonnummer till receptionen?", "Policy för distansarbete",
        "Var finns parkeringen?", "Öppettider för matsalen", "Föräldraledighet: hur länge?",
        "Ersättning för resekostnader", "När betalas lönen ut?", "Brandskydd på kontoret",
    ],
    "en": [
        "Notice period?", "Reception phone number?", "Telework policy", "Canteen opening hours", "Maternity leave",
        "Côte d'Ivoire travel advice", "naïve Bayes model", "Montréal office hours", "Société Générale account",
        "Jour fixe agenda", "Semester abroad", "Fine print", "Prime membership", "Modulo operator", "Personal devices",
        "Deutsche Bank account", "Telefonica contract", "Rio de Janeiro office", "Malmö hub", "Den Haag office",
        "cambio", "Voyage data recorder", "Chef schedule", "Bureau of Labor forms", "Timer settings", "Crème brûlée",
    ],
}  # fmt: skip


@pytest.mark.parametrize("language", SHORT)
def test_a_short_question_is_in_its_language(language: str) -> None:
    assert [(text, detect_language(text)) for text in SHORT[language]] == [(text, language) for text in SHORT[language]]


def test_words_that_tell_a_language_are_no_english_ones_and_no_stop_words() -> None:
    for language, words in telling_words().items():
        assert not words & (stop_words() | stop_words(language) | short_words()), language


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
