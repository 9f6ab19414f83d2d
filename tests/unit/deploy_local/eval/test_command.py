"""`askflash eval` from its command line to its exit code, at a fleet behind a real address."""

import getpass
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_fleet.cli import main
from local_fleet.eval.command import Progress
from local_fleet.eval.examination import Exchange
from local_fleet.eval.questions import Question
from local_fleet.settings import FleetSettings
from tests.unit.deploy_local.eval.scripted import EMAIL, KEY, PASSWORD, ScriptedFleet, answer, hit, refusal, served

QUESTIONS = [
    {"question": "Vacation days?", "expected_facts": ["27"], "expected_documents": ["Vacation"]},
    {"question": "Chess champion?", "answerable": False},
]


@pytest.fixture
def fleet() -> ScriptedFleet:
    fleet = ScriptedFleet()
    fleet.hits["Vacation days?"] = [hit("Vacation")]
    fleet.answers["Vacation days?"] = answer("You get 27 days.", cites=["Vacation"])
    fleet.answers["Chess champion?"] = refusal()
    return fleet


@pytest.fixture
def url(fleet: ScriptedFleet) -> Iterator[str]:
    with served(fleet) as url:
        yield url


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in QUESTIONS))
    return file


def evaluate(tmp_path: Path, *arguments: str | Path, **environment: str) -> int:
    return main(["eval", *map(str, arguments)], lambda: FleetSettings.read(environment, tmp_path))


def test_the_tables_go_to_stdout_and_the_details_into_the_file(
    tmp_path: Path, file: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "run.json"
    assert evaluate(tmp_path, file, "--url", url, "--api-key", KEY, "--output", output, "--source", "Handbook") == 0
    said = capsys.readouterr()
    assert "| search | nDCG@10 | `ndcg` | 1.000 | 1 |" in said.out
    assert "| refusals | unanswerable questions refused | `refused` | 1.000 | 1 |" in said.out
    assert "- source: Handbook" in said.out
    assert said.err.splitlines()[-1] == "2/2 questions, 0 errors"
    run = json.loads(output.read_text())
    assert run["summary"]["values"]["facts"] == 1.0
    assert run["settings"]["version"] == "1.2.3"
    assert [record["content"] for record in run["records"]] == ["You get 27 days.", "Not in your documentation."]


def test_the_local_fleet_s_login_is_used_on_this_machine(tmp_path: Path, file: Path, url: str) -> None:
    login = {"ASKFLASH_ADMIN_EMAIL": EMAIL, "ASKFLASH_ADMIN_PASSWORD": PASSWORD}
    assert evaluate(tmp_path, file, "--url", url, **login) == 0
    assert evaluate(tmp_path, file, "--url", url.replace("127.0.0.1", "localhost"), **login) == 0
    assert evaluate(tmp_path, file, ASKFLASH_PORT=url.rpartition(":")[2], **login) == 0


def test_the_local_fleet_s_login_goes_to_no_other_machine(
    tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    login = {"ASKFLASH_ADMIN_EMAIL": EMAIL, "ASKFLASH_ADMIN_PASSWORD": PASSWORD}
    assert evaluate(tmp_path, file, "--url", "https://docs.example.org", **login) == 1
    assert "Say as whom to ask" in capsys.readouterr().err


def test_a_password_that_is_left_out_is_asked_for(
    tmp_path: Path, file: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda _: PASSWORD)
    assert evaluate(tmp_path, file, "--url", url, "--user", EMAIL, "--limit", "1", "--search-only") == 0


def test_a_measure_below_its_threshold_is_exit_code_1(
    tmp_path: Path, file: Path, url: str, fleet: ScriptedFleet, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = (file, "--url", url, "--api-key", KEY, "--fail-below", "ndcg=0.8, answered=0.9")
    assert evaluate(tmp_path, *arguments) == 0
    fleet.answers["Vacation days?"] = refusal()
    assert evaluate(tmp_path, *arguments) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "askflash: answered is 0.000, below 0.9"
    assert evaluate(tmp_path, *arguments, "--search-only") == 1
    assert "answered was not measured" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--fail-below", "speed=1"], "knows no measure “speed”, only ndcg, recall"),
        (["--fail-below", "ece=0.1"], "knows no measure “ece”"),
        (["--fail-below", "ndcg"], "is no number"),
        (["--output", "nowhere/run.json"], "There is no folder nowhere"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_asked(
    tmp_path: Path,
    file: Path,
    url: str,
    fleet: ScriptedFleet,
    arguments: list[str],
    problem: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert evaluate(tmp_path, file, "--url", url, "--api-key", KEY, *arguments) == 1
    assert problem in capsys.readouterr().err
    assert not fleet.seen


@pytest.mark.parametrize("arguments", [[], ["q.jsonl", "--limit", "0"], ["q.jsonl", "--compare", "a", "b"]])
def test_a_wrong_command_line_is_exit_code_2(tmp_path: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        evaluate(tmp_path, *arguments)
    assert caught.value.code == 2


def test_a_fleet_that_is_not_there_is_said_so(tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with served(ScriptedFleet()) as url:
        pass
    assert evaluate(tmp_path, file, "--url", url, "--api-key", KEY) == 1
    assert "is the fleet running" in capsys.readouterr().err


def test_two_runs_are_compared(
    tmp_path: Path, file: Path, url: str, fleet: ScriptedFleet, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = tmp_path / "a.json", tmp_path / "b.json"
    login = ("--url", url, "--api-key", KEY)
    assert evaluate(tmp_path, file, *login, "--output", before) == 0
    fleet.answers["Vacation days?"] = refusal()
    assert evaluate(tmp_path, file, *login, "--output", after) == 0
    capsys.readouterr()
    assert evaluate(tmp_path, "--compare", before, after) == 0
    text = capsys.readouterr().out
    assert "| got worse: 1 | by | A | B |" in text
    assert "| Vacation days? | right | 1.000 | 0.000 |" in text


def test_a_run_that_cannot_be_read_or_written_is_said_so(
    tmp_path: Path, file: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(tmp_path, file, "--url", url, "--api-key", KEY, "--output", tmp_path) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert evaluate(tmp_path, "--compare", file, file) == 1
    assert "is no run of `askflash eval --output`" in capsys.readouterr().err
    assert evaluate(tmp_path, "--compare", tmp_path / "none", file) == 1
    assert "cannot be read" in capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_one_line_that_a_terminal_rewrites() -> None:
    out = Terminal()
    progress = Progress(2, out)
    progress.count(Exchange(Question(question="a")))
    progress.count(Exchange(Question(question="b"), error="x"))
    assert out.getvalue() == "\r1/2 questions, 0 errors\r2/2 questions, 1 errors\n"


def test_progress_is_a_line_every_tenth_elsewhere() -> None:
    out = io.StringIO()
    progress = Progress(30, out)
    for _ in range(30):
        progress.count(Exchange(Question(question="a")))
    assert len(out.getvalue().splitlines()) == 10
