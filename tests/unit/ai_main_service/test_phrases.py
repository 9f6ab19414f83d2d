"""Small talk is answered with what fits it, in its language."""

import pytest

from ai_main_service.services.phrases import short_answer
from flash_core.schemas.ai import QuestionKind


@pytest.mark.parametrize(
    ("said", "language", "beginning"),
    [
        ("Hello!", "en", "Hello!"),
        ("Good evening", "en", "Hello!"),
        ("Hello, nice to meet you", "en", "Hello!"),
        ("Good morning, how are you?", "en", "I am well"),
        ("Thanks, that helped", "en", "You are welcome!"),
        ("Great answer!", "en", "You are welcome!"),
        ("no, thanks", "en", "You are welcome!"),
        ("Thanks, bye", "en", "Goodbye!"),
        ("Have a nice weekend", "en", "Goodbye!"),
        ("ok", "en", "All right."),
        ("yes", "en", "All right."),
        ("Guten Morgen", "de", "Hallo!"),
        ("Guten Tag", "de", "Hallo!"),
        ("Wie geht es dir?", "de", "Danke, gut."),
        ("Danke!", "de", "Gern geschehen!"),
        ("Tschüss", "de", "Auf Wiedersehen!"),
        ("Schönen Feierabend", "de", "Auf Wiedersehen!"),
        ("Perfekt", "de", "In Ordnung."),
        ("Hej", "sv", "Hello!"),
    ],
)
def test_small_talk_is_answered_with_what_fits_it(said: str, language: str, beginning: str) -> None:
    answer = short_answer(QuestionKind.GREETING, language, said)
    assert answer is not None
    assert answer.startswith(beginning)


def test_thanks_in_a_question_about_the_assistant_change_nothing() -> None:
    about = short_answer(QuestionKind.ABOUT, "en", "Thanks, what can you do?")
    assert about is not None
    assert about.startswith("I am AskFlash.")


def test_what_is_looked_up_has_no_short_answer() -> None:
    assert short_answer(QuestionKind.DOCUMENTATION, "en", "Thanks, and hotels?") is None
