"""`askflash eval` as a command: ask, keep, report; or compare two runs that were kept."""

import asyncio
import getpass
import hashlib
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from local_fleet.ask import sign_in
from local_fleet.client import AskFlashClient, connected
from local_fleet.errors import FleetError
from local_fleet.eval.comparison import comparison
from local_fleet.eval.examination import Examiner, Exchange
from local_fleet.eval.fleet import shown, source_id, writers
from local_fleet.eval.options import Options
from local_fleet.eval.questions import Question, read_questions
from local_fleet.eval.run import Run, read_run, write_run
from local_fleet.eval.scores import judged
from local_fleet.eval.summary import summarize
from local_fleet.eval.tables import report
from local_fleet.eval.thresholds import missed, read_thresholds
from local_fleet.settings import FleetSettings


def evaluate(settings: FleetSettings, options: Options) -> int:
    """Exit code 0 when every threshold was reached."""
    if options.compare:
        print("\n".join(comparison(*map(read_run, options.compare))))
        return 0
    path = options.questions or Path()
    thresholds = read_thresholds(options.fail_below)
    questions = read_questions(path, options.limit)
    if options.output and not options.output.absolute().parent.is_dir():
        raise FleetError(f"There is no folder {options.output.parent} to keep the run in.")
    named = {"questions": path.name, "questions sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    run = asyncio.run(_run(settings, questions, named, options))
    if options.output:
        write_run(run, options.output)
    print("\n".join(report(run)))
    below = list(missed(thresholds, run.summary["values"]))
    for line in below:
        print(f"askflash: {line}", file=sys.stderr)
    return 1 if below else 0


async def _run(settings: FleetSettings, questions: Sequence[Question], named: dict[str, str], options: Options) -> Run:
    """`named` says where the questions come from."""
    async with connected(options.url or settings.gateway) as client:
        await _log_in(client, settings, options)
        source_ids = [await source_id(client, options.source)] if options.source else None
        fleet = await shown(client, questions[0])
        examiner = Examiner(client, source_ids, search_only=options.search_only)
        started, began = datetime.now(UTC), time.monotonic()
        progress = Progress(len(questions), sys.stderr)
        exchanges = await examiner.examine(questions, options.concurrency, progress.count)
    records = [judged(exchange, search_only=options.search_only) for exchange in exchanges]
    asked_for = {
        "asked": f"{len(questions)}, {options.concurrency} at once",
        "url": options.url or settings.gateway,
        "source": options.source,
        "mode": "search only" if options.search_only else "company",
        "model": writers(records),
    }
    return Run(
        started_at=started,
        seconds=time.monotonic() - began,
        settings=named | asked_for | fleet,
        summary=summarize(records).as_json(),
        records=records,
    )


async def _log_in(client: AskFlashClient, settings: FleetSettings, options: Options) -> None:
    """The login that this machine's fleet keeps is for this machine only."""
    if options.api_key:
        client.use_key(options.api_key)
    elif options.user:
        await client.sign_in(options.user, options.password or getpass.getpass(f"Password of {options.user}: "))
    elif not options.url or _is_this_machine(options.url):
        await sign_in(client, settings)
    else:
        raise FleetError(f"Say as whom to ask {options.url}: --api-key, or --user.")


def _is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Progress:
    """How far it is: one line, rewritten where a person watches, else a line every tenth."""

    def __init__(self, total: int, out: TextIO) -> None:
        self._total = total
        self._out = out
        self._done = 0
        self._errors = 0
        self._every = 1 if out.isatty() else max(1, total // 10)

    def count(self, exchange: Exchange) -> None:
        self._done += 1
        self._errors += bool(exchange.error)
        if self._done % self._every == 0 or self._done == self._total:
            start, end = ("\r", "\n" if self._done == self._total else "") if self._out.isatty() else ("", "\n")
            line = f"{self._done}/{self._total} questions, {self._errors} errors"
            print(f"{start}{line}", end=end, file=self._out, flush=True)
