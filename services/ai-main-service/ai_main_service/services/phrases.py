"""What is said without a model, by language. English where a language is not known."""

import re
from typing import Final

from flash_core.schemas.ai import QuestionKind

_ANSWERS: Final[dict[QuestionKind, dict[str, str]]] = {
    QuestionKind.GREETING: {
        "en": "Hello! Ask me anything about your documentation.",
        "de": "Hallo! Fragen Sie mich etwas zur Dokumentation.",
        "es": "¡Hola! Pregúnteme lo que quiera sobre la documentación.",
        "fr": "Bonjour ! Posez-moi une question sur la documentation.",
    },
    QuestionKind.ABOUT: {
        "en": "I am AskFlash. I answer questions from your company's documentation: I search what you may read, write "
        "down what it says and put a marker after each sentence that leads to the passage it comes from. When the "
        "documentation does not answer a question, I say so.",
        "de": "Ich bin AskFlash. Ich beantworte Fragen aus der Dokumentation Ihres Unternehmens: Ich durchsuche, was "
        "Sie lesen dürfen, gebe wieder, was dort steht, und setze hinter jeden Satz einen Verweis auf seine Stelle. "
        "Steht die Antwort nicht in der Dokumentation, sage ich das.",
        "es": "Soy AskFlash. Respondo preguntas a partir de la documentación de su empresa: busco en lo que usted "
        "puede leer, escribo lo que dice y pongo tras cada frase una referencia al pasaje. Si la documentación no "
        "responde a una pregunta, lo digo.",
        "fr": "Je suis AskFlash. Je réponds à partir de la documentation de votre entreprise : je cherche dans ce que "
        "vous pouvez lire, j'écris ce qu'elle dit et je renvoie après chaque phrase au passage d'où elle vient. Si la "
        "documentation ne répond pas à une question, je le dis.",
    },
    QuestionKind.UNSAFE: {
        "en": "I can't help with that. Ask me about your documentation.",
        "de": "Dabei kann ich nicht helfen. Fragen Sie mich etwas zur Dokumentation.",
        "es": "No puedo ayudar con eso. Pregúnteme sobre la documentación.",
        "fr": "Je ne peux pas aider pour cela. Posez-moi une question sur la documentation.",
    },
}
_SMALL_TALK: Final[tuple[tuple[re.Pattern[str], dict[str, str]], ...]] = (
    (
        re.compile(
            r"\b(?:how are (?:you|things)|how(?: is|['\u2019]s) it going|what['\u2019]s up|wie geht|ça va|cómo estás"
            r"|qué tal)\b",
            re.IGNORECASE,
        ),
        {
            "en": "I am well, thank you. What would you like to know from your documentation?",
            "de": "Danke, gut. Was möchten Sie aus der Dokumentation wissen?",
            "es": "Bien, gracias. ¿Qué quiere saber de la documentación?",
            "fr": "Bien, merci. Que voulez-vous savoir de la documentation ?",
        },
    ),
    (
        re.compile(
            r"\b(?:(?:good)?bye|good night|see you|have a|tsch(?:ü|ue)\w+|auf wiedersehen|gute nacht"
            r"|bis (?:bald|später|dann|morgen)|schöne[ns]|feierabend|au revoir|adiós|hasta luego)\b",
            re.IGNORECASE,
        ),
        {
            "en": "Goodbye! I am here when you have another question.",
            "de": "Auf Wiedersehen! Bei weiteren Fragen bin ich hier.",
            "es": "¡Hasta luego! Aquí estoy si tiene otra pregunta.",
            "fr": "Au revoir ! Je suis là si vous avez une autre question.",
        },
    ),
    (
        re.compile(
            r"\b(?:thanks?|thx|cheers|helped|helpful|appreciate|grateful|danke\w*|dank|geholfen|hilfreich|merci"
            r"|gracias|well done|(?:great|good|nice|perfect|excellent) (?:answer|job|work)|gute antwort|gut gemacht)\b",
            re.IGNORECASE,
        ),
        {"en": "You are welcome!", "de": "Gern geschehen!", "es": "¡De nada!", "fr": "Je vous en prie !"},
    ),
    (
        re.compile(
            r"^(?:yes|yeah|yep|no|nope|sure|maybe|ok(?:ay)?|great|perfect|super|nice|cool|excellent|awesome|wonderful"
            r"|all ?right|got it|i see|understood|ja|nein|doch|vielleicht|(?:sehr )?gut|perfekt|prima|toll|wunderbar"
            r"|verstanden|alles klar|oui|non|sí|test(?:ing)?)\b",
            re.IGNORECASE,
        ),
        {
            "en": "All right. What would you like to know from your documentation?",
            "de": "In Ordnung. Was möchten Sie aus der Dokumentation wissen?",
            "es": "De acuerdo. ¿Qué quiere saber de la documentación?",
            "fr": "D'accord. Que voulez-vous savoir de la documentation ?",
        },
    ),
)
"""What else than a greeting it can be that needs no answer: the first that fits."""
_NEEDS_MODEL: Final = {
    "en": "General mode needs a language model, and none is set up here. Ask in company mode to get an answer from "
    "your documentation, or ask your administrator to connect a model.",
    "de": "Der allgemeine Modus braucht ein Sprachmodell, und hier ist keines eingerichtet. Fragen Sie im Firmenmodus, "
    "um eine Antwort aus der Dokumentation zu bekommen, oder bitten Sie Ihre Administration, ein Modell anzubinden.",
}
_WITHOUT_MODEL: Final = {
    "en": "The language model does not answer at the moment; these are quotations from the documentation.",
    "de": "Das Sprachmodell antwortet gerade nicht; dies sind Zitate aus der Dokumentation.",
    "es": "El modelo de lenguaje no responde en este momento; estas son citas de la documentación.",
    "fr": "Le modèle de langage ne répond pas pour le moment ; ce sont des citations de la documentation.",
}
_UNREAD_BY_MODEL: Final = {
    "en": "The language model does not answer at the moment; later it may find an answer in these pages.",
    "de": "Das Sprachmodell antwortet gerade nicht; später findet es in diesen Seiten vielleicht eine Antwort.",
    "es": "El modelo de lenguaje no responde en este momento; más tarde quizá encuentre aquí una respuesta.",
    "fr": "Le modèle de langage ne répond pas pour le moment ; plus tard il y trouvera peut-être une réponse.",
}
_ANOTHER_MODEL: Final = {
    "en": "The preferred language model does not answer at the moment; another one wrote this.",
    "de": "Das bevorzugte Sprachmodell antwortet gerade nicht; dies hat ein anderes geschrieben.",
    "es": "El modelo de lenguaje preferido no responde en este momento; otro ha escrito esto.",
    "fr": "Le modèle de langage préféré ne répond pas pour le moment ; un autre a écrit ceci.",
}
_CUT_SHORT: Final = {
    "en": "The language model stopped before the end: this is not the whole answer.",
    "de": "Das Sprachmodell hat vor dem Ende aufgehört: Das ist nicht die ganze Antwort.",
    "es": "El modelo de lenguaje se detuvo antes del final: esta no es la respuesta completa.",
    "fr": "Le modèle de langage s'est arrêté avant la fin : ce n'est pas toute la réponse.",
}
_REDUCED_SEARCH: Final = {
    "en": "The search works with reduced means at the moment; later it may find more.",
    "de": "Die Suche arbeitet gerade mit eingeschränkten Mitteln; später findet sie vielleicht mehr.",
    "es": "La búsqueda funciona en este momento con medios reducidos; más tarde quizá encuentre más.",
    "fr": "La recherche fonctionne en ce moment avec des moyens réduits ; plus tard elle trouvera peut-être davantage.",
}
_REFUSALS: Final = {
    "en": ("This is not in your documentation.", "The nearest pages are:"),
    "de": ("Das steht nicht in der Dokumentation.", "Am nächsten kommen diese Seiten:"),
    "es": ("Esto no está en la documentación.", "Las páginas más cercanas son:"),
    "fr": ("Cela ne figure pas dans la documentation.", "Les pages les plus proches sont :"),
}
_QUESTIONS_ABOUT: Final = {
    "en": "What does the documentation say about “{}”?",
    "de": "Was steht in der Dokumentation zu „{}“?",
    "es": "¿Qué dice la documentación sobre «{}»?",
    "fr": "Que dit la documentation sur « {} » ?",
}
_NEAREST = 3


def short_answer(kind: QuestionKind, language: str, said: str = "") -> str | None:
    """The whole answer to a greeting and the like; None for a kind that is looked up."""
    answers = _ANSWERS.get(kind)
    if kind is QuestionKind.GREETING:
        answers = next((reply for pattern, reply in _SMALL_TALK if pattern.search(said)), answers)
    return _by(answers, language) if answers is not None else None


def needs_model(language: str) -> str:
    return _by(_NEEDS_MODEL, language)


def without_model(language: str) -> str:
    return _by(_WITHOUT_MODEL, language)


def unread_by_model(language: str) -> str:
    return _by(_UNREAD_BY_MODEL, language)


def another_model(language: str) -> str:
    return _by(_ANOTHER_MODEL, language)


def cut_short(language: str) -> str:
    return _by(_CUT_SHORT, language)


def reduced_search(language: str) -> str:
    return _by(_REDUCED_SEARCH, language)


def note(said: str) -> str:
    """A remark at the end of an answer, apart from its text."""
    return f"\n\n_{said}_"


def refusal_text(language: str, titles: list[str]) -> str:
    """What is said instead of an answer; names the nearest pages by title, so that the reader can go on looking."""
    said, nearest = _REFUSALS.get(language, _REFUSALS["en"])
    distinct = list(dict.fromkeys(filter(None, titles)))[:_NEAREST]
    return "\n".join((f"{said} {nearest}", "", *(f"- {title}" for title in distinct))) if distinct else said


def question_about(language: str, subject: str) -> str:
    return _by(_QUESTIONS_ABOUT, language).format(subject)


def _by(texts: dict[str, str], language: str) -> str:
    return texts.get(language, texts["en"])
