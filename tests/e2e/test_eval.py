"""A company measures its own documentation, changes it, and measures again."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.fleet import ADMIN, ROOT, Fleet, User

pytestmark = pytest.mark.timeout(180)
SOURCE = "Workshop manual"
MANUAL = {
    "Lathe": "# Lathe\n\nThe lathe in hall 3 turns at 2,400 revolutions a minute at most. Wear goggles.\n",
    "Kiln": "# Kiln\n\nThe kiln needs 90 minutes to reach 1,050 degrees. Never open it above 200 degrees.\n",
    "Glue": "# Glue\n\nEpoxy glue hardens in 24 hours. Store it in the yellow cabinet.\n",
}
QUESTIONS: list[dict[str, Any]] = [
    {"question": "How fast does the lathe turn?", "expected_facts": ["2400"], "expected_documents": ["Lathe"]},
    {
        "question": "How long does the kiln need to heat up?",
        "expected_facts": [["90 minutes"]],
        "expected_documents": ["Kiln"],
    },
    {
        "question": "Where is the epoxy glue stored?",
        "expected_facts": ["yellow cabinet"],
        "expected_documents": ["Glue"],
    },
    {"question": "Who composed the opera Tosca?", "answerable": False},
]


def askflash_eval(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "askflash"), "eval", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)


async def _index(admin: User, source_id: str, documents: dict[str, str]) -> None:
    batch = [{"external_id": title, "title": title, "text": text} for title, text in documents.items()]
    accepted = await admin.post("/api/v1/documents/batch", {"source_id": source_id, "documents": batch}, expect=202)
    assert (await admin.finished_job(accepted["job_id"]))["state"] == "succeeded"


async def test_a_changed_documentation_shows_in_the_comparison_of_two_runs(
    fleet: Fleet, admin: User, tmp_path: Path
) -> None:
    source = await admin.post("/api/v1/sources", {"type": "upload", "name": SOURCE, "config": {}}, expect=201)
    await _index(admin, source["id"], MANUAL)
    questions, before, after = (tmp_path / name for name in ("questions.jsonl", "before.json", "after.json"))
    questions.write_text("\n".join(json.dumps(line) for line in QUESTIONS))
    asking = (questions, "--url", fleet.url, "--user", ADMIN, "--password", fleet.password, "--source", SOURCE)

    first = askflash_eval(*asking, "--output", before, "--fail-below", "ndcg=0.9,right=0.9,refused=1")
    assert first.returncode == 0, first.stdout + first.stderr
    run = json.loads(before.read_text())
    assert run["summary"]["totals"] == {"questions": 4, "answerable": 3, "errors": 0, "refused": 1, "cached": 0}
    assert run["summary"]["values"]["citation_precision"] == 1.0
    assert run["settings"]["model"] == "extractive"
    assert (await admin.get("/api/v1/conversations", q="lathe"))["items"] == []

    await _index(admin, source["id"], {"Kiln": "# Kiln\n\nThe kiln was sold. Ask hall 5.\n"})
    second = askflash_eval(*asking, "--output", after, "--fail-below", "right=0.9")
    assert second.returncode == 1, second.stdout
    assert "right is 0.667, below 0.9" in second.stderr

    compared = askflash_eval("--compare", before, after)
    assert compared.returncode == 0, compared.stderr
    assert "| How long does the kiln need to heat up? | right | 1.000 | 0.000 |" in compared.stdout
    assert "| got worse: 1 |" in compared.stdout
    await admin.http.delete(f"/api/v1/sources/{source['id']}")
