"""A question is answered when its words and its meaning are in the passages, and refused when they are not."""

from ai_main_service.services.phrases import needs_model, refusal_text, short_answer, without_model
from ai_main_service.services.questions import Asked, Question
from ai_main_service.services.refusal import THRESHOLD, answerable
from flash_core.schemas.ai import QuestionKind
from tests.unit.ai_main_service.builders import TRAVEL, passage

PASSAGES = [passage(), passage(TRAVEL, marker=2, title="Travel")]


def test_an_answerable_question_is_kept() -> None:
    question = Question("How many days of leave do employees get?")
    assert answerable(question, PASSAGES, {"dense_top": 0.6}) > 0.9


def test_a_foreign_question_is_refused() -> None:
    question = Question("What is the capital of Mongolia?")
    assert answerable(question, PASSAGES, {"dense_top": 0.15}) < 0.05
    assert answerable(question, PASSAGES) < THRESHOLD


def test_without_vectors_words_alone_decide() -> None:
    question = Question("How many days of leave do employees get?")
    assert answerable(question, PASSAGES, {"dense_top": 0.0}) == answerable(question, PASSAGES) > THRESHOLD


def test_meaning_counts_where_other_words_are_used() -> None:
    question = Question("How much holiday is there?")
    assert answerable(question, PASSAGES, {"dense_top": 0.7}) > THRESHOLD


def test_nothing_found_is_never_answerable() -> None:
    assert answerable(Question("Anything?"), []) == 0


def test_a_question_of_stop_words_alone_covers_nothing() -> None:
    assert answerable(Question("Who are we?"), PASSAGES) < THRESHOLD


def test_a_refusal_names_at_most_three_pages_once() -> None:
    text = refusal_text("en", ["Leave", "Leave", "Travel", "Pay", "More"])
    assert text == "This is not in your documentation. The nearest pages are:\n\n- Leave\n- Travel\n- Pay"
    assert refusal_text("xx", []) == "This is not in your documentation."
    assert refusal_text("de", ["A"]).startswith("Das steht nicht")


def test_phrases_speak_the_asker_s_language_or_english() -> None:
    assert short_answer(QuestionKind.GREETING, "de") == "Hallo! Fragen Sie mich etwas zur Dokumentation."
    assert (short_answer(QuestionKind.GREETING, "xx") or "").startswith("Hello!")
    assert short_answer(QuestionKind.DOCUMENTATION, "en") is None
    assert "Sprachmodell" in needs_model("de")
    assert "Zitate" in without_model("de")


def test_the_kind_of_answer_is_read_from_the_question() -> None:
    asked = {
        "How many days?": Asked.QUANTITY,
        "When does it open?": Asked.TIME,
        "Who approves travel?": Asked.PERSON,
        "Where is the office?": Asked.PLACE,
        "Why is it slow?": Asked.REASON,
        "How do I book a flight?": Asked.STEPS,
        "Which are the tools?": Asked.LIST,
        "What is Tock?": Asked.DEFINITION,
        "Was ist Tock?": Asked.DEFINITION,
        "leave portal": Asked.DEFINITION,
        "Can I work remotely?": Asked.FACT,
        "Does it matter if an employee travels": Asked.FACT,
    }
    assert {text: Question(text).asked for text in asked} == asked
    assert Question("Wie viele Urlaubstage habe ich?").language == "de"
