import { describe, expect, test } from "vitest";
import type { Conversation, Job } from "../../src/api/types";
import { newAnswer } from "../../src/chat/answer";
import { askedTurn, emptyThread } from "../../src/chat/thread";
import { followJob, hasEnded, jobDetail, jobSummary, progressOf, type JobApi } from "../../src/ui/admin/jobs";
import { ago } from "../../src/ui/ago";
import { bySignificance, citationAt, sourceOf } from "../../src/ui/chat/citations";
import { itemOf, ItemList, toMessage } from "../../src/ui/chat/items";
import { endsInCode, linesOf } from "../../src/ui/passage/lines";
import { locate } from "../../src/ui/passage/locate";
import { safeUrl } from "../../src/ui/passage/safeUrl";
import { conversationPath, routeOf } from "../../src/ui/router";
import { groupByDay, titleOf } from "../../src/ui/sidebar/groups";
import { nextTheme } from "../../src/ui/theme";
import { aCitation, aSource } from "../fakes";

describe("how long ago", () => {
  const now = new Date("2026-12-01T12:00:00Z");

  test.each([
    ["2026-12-01T11:59:30Z", "now"],
    ["2026-12-01T12:00:30Z", "now"],
    ["2026-12-01T11:57:00Z", "3 min"],
    ["2026-12-01T09:30:00Z", "2 hr"],
    ["2026-11-20T12:00:00Z", "11 days"],
  ])("%s was %s", (time, words) => {
    expect(ago(time, now)).toContain(words);
  });
});

describe("citations", () => {
  test("a marker belongs to the sentence it stands in, by code points", () => {
    const content = "🚀🚀 One [1]. Two [1].";
    const citations = [aCitation({ start: 0, end: 10 }), aCitation({ start: 12, end: 19, supported: false })];
    expect(citationAt(content, citations, "1", content.indexOf("[1]"))?.supported).toBe(true);
    expect(citationAt(content, citations, "1", content.lastIndexOf("[1]"))?.supported).toBe(false);
    expect(citationAt(content, citations, "2", 0)).toBeUndefined();
  });

  test("a marker without a source has none", () => {
    expect(sourceOf("1", [aSource({ id: "s2", marker: 2 }), aSource()])?.id).toBe("s1");
    expect(sourceOf("3", [aSource()])).toBeUndefined();
  });

  test("cited sources come before those that were only read", () => {
    const [one, two, three] = [1, 2, 3].map((marker) => aSource({ id: `s${marker}`, marker }));
    expect(
      bySignificance(
        "So [3, 1].",
        [one, two, three].filter((source) => source !== undefined),
      ),
    ).toEqual({
      cited: [one, three],
      others: [two],
    });
  });
});

describe("a passage in its document", () => {
  const text = "🚀 Intro\n\nType make up.\n\nThe end.";

  test("is where its offsets say", () => {
    expect(locate(text, aSource({ start: 9, end: 22 }))).toMatchObject({ passage: "Type make up." });
  });

  test("is found again when the document has grown", () => {
    expect(locate(`A new beginning.\n${text}`, aSource({ start: 9, end: 22 }))?.before).toMatch(/Intro\n\n$/);
  });

  test("is missed when it is gone", () => {
    expect(locate("Something else.", aSource())).toBeNull();
    expect(locate("", aSource({ text: "" }))).toBeNull();
  });

  test("may have had its white space tidied", () => {
    expect(locate("Type\n make up. ", aSource({ start: 0, end: 15 }))?.passage).toBe("Type\n make up. ");
  });
});

describe("a document's lines", () => {
  const markdown = "# Title\n\ntext\n- item\n1. one\n> quote\n---\n| a | b |\n```sh\n# no title\n```\nend";

  test("keep every character", () => {
    expect(
      linesOf(markdown)
        .map((line) => line.text)
        .join("\n"),
    ).toBe(markdown);
  });

  test("are told apart, and code is left alone", () => {
    expect(linesOf(markdown).map((line) => line.kind)).toEqual(
      "heading text text list list quote rule table code code code text".split(" "),
    );
    expect(endsInCode("```\ncode")).toBe(true);
    expect(linesOf("# still code\n```", true).map((line) => line.kind)).toEqual(["code", "code"]);
  });
});

test("a paragraph that an editor wrapped flows, what ends short does not", () => {
  const long = "A line that an editor has wrapped because the paragraph was longer";
  const flows = (text: string): boolean[] => linesOf(text).map((line) => line.flows);
  expect(flows(`${long}\nthan the window.\nShort.`)).toEqual([true, false, false]);
  expect(flows(`- ${long}\n  goes on`)).toEqual([true, false]);
  expect(flows(`${long}\n\n${long}\n- an item`)).toEqual([false, false, false, false]);
  expect(flows(`# ${long}\ntext`)).toEqual([false, false]);
});

test("only web addresses become links", () => {
  expect(safeUrl("https://example.com/a")).toBe("https://example.com/a");
  expect(["javascript:alert(1)", "data:text/html,x", "/etc/passwd", null].map(safeUrl)).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

test("addresses lead to pages", () => {
  expect(routeOf("/")).toEqual({ page: "chat", conversationId: null });
  expect(routeOf(conversationPath("0198-a"))).toEqual({ page: "chat", conversationId: "0198-a" });
  expect(routeOf("/documentation").page).toBe("documentation");
  expect(routeOf("/status").page).toBe("status");
  expect(routeOf("/c/../x")).toEqual({ page: "chat", conversationId: null });
});

test("the theme goes round", () => {
  expect((["system", "light", "dark"] as const).map(nextTheme)).toEqual(["light", "dark", "system"]);
});

test("conversations are grouped by the reader's days", () => {
  const now = new Date(2026, 10, 23, 9);
  const at = (day: number, month = 10): Conversation => ({
    id: `${month}-${day}`,
    title: "",
    mode: "company",
    created_at: "",
    updated_at: new Date(2026, month, day, 23).toISOString(),
  });
  const groups = groupByDay([at(23), at(22), at(20), at(18), at(2, 8)], now);
  expect(groups.map((group) => [group.name, group.items.length])).toEqual([
    ["Today", 1],
    ["Yesterday", 1],
    ["Last seven days", 2],
    ["Older", 1],
  ]);
  expect(titleOf(at(1))).toBe("New conversation");
});

describe("the list that the chat library shows", () => {
  test("an item is the same object while it shows the same", () => {
    const turn = askedTurn("k", "How?", "2026-11-23T08:00:00Z");
    const view = newAnswer("pending:k");
    const thread = { ...emptyThread("t", null), turns: [turn] };
    const list = new ItemList();
    const [question, answer] = list.of(thread, { [view.id]: view });
    const changed = { ...view, content: "So" };
    expect(list.of(thread, { [view.id]: view })).toEqual([question, answer]);
    const [same, other] = list.of(thread, { [view.id]: changed });
    expect(same).toBe(question);
    expect(other).not.toBe(answer);
  });

  test("a message leads back to its item", () => {
    const turn = askedTurn("k", "How?", "2026-11-23T08:00:00Z");
    const item = { kind: "answer", turn, view: newAnswer("a1"), latest: true } as const;
    const message = toMessage(item);
    expect(message).toMatchObject({ role: "assistant", status: { type: "running" } });
    expect(itemOf({ metadata: { custom: message.metadata?.custom ?? {} } })).toBe(item);
    expect(toMessage({ kind: "question", turn })).toMatchObject({ role: "user", content: "How?" });
  });
});

describe("jobs", () => {
  const job: Job = {
    id: "j1",
    source_id: "s1",
    state: "running",
    phase: "embedding",
    counts: { found: 10, indexed: 3, unchanged: 1, deleted: 2, skipped: 0, failed: 1 },
    problems: [],
    problems_total: 0,
    current: null,
    rate: null,
    seconds_left: null,
    created_at: "2026-11-23T08:00:00Z",
    started_at: null,
    heartbeat_at: null,
    finished_at: null,
  };

  test("say what they do and how far they are", () => {
    expect(jobSummary(job)).toBe("Embedding · 3 indexed · 1 unchanged · 2 deleted · 1 failed");
    expect(jobSummary({ ...job, state: "succeeded" })).toMatch(/^Up to date · 3 indexed/);
    expect(progressOf(job)).toBe(0.5);
    expect(progressOf({ ...job, counts: { ...job.counts, found: 0 } })).toBeNull();
  });

  test("say what they work on, how fast and for how long yet", () => {
    const busy = { ...job, current: "HR/Leave", rate: 12.3, seconds_left: 20 };
    expect(jobDetail(busy)).toBe("HR/Leave · 12 a second · less than a minute left");
    expect(jobDetail({ ...busy, current: null, rate: 0.5, seconds_left: 5_000 })).toBe(
      "30 a minute · 83 min left",
    );
    expect(jobDetail({ ...busy, rate: null, seconds_left: 7_200 })).toBe("HR/Leave · 2 h left");
    expect(jobDetail({ ...busy, phase: "listing" })).toBe("10 found");
    expect(jobDetail({ ...busy, state: "succeeded" })).toBe("");
    expect(jobDetail(job)).toBe("");
  });

  test("that wait say what for", () => {
    const problems = [{ document: "", detail: "Waiting: The model is away." }];
    expect(jobDetail({ ...job, state: "queued", problems })).toBe("Waiting: The model is away.");
    expect(jobDetail({ ...job, state: "queued" })).toBe("");
  });

  test("are followed until they have ended", async () => {
    const reported: string[] = [];
    await followJob(fakeJobs([{ state: "running" }, { state: "succeeded" }]), "j1", report, signal());
    expect(reported).toEqual(["running", "running", "succeeded"]);

    function report(change: Job): void {
      reported.push(change.state);
    }
  });

  test("that have ended need no stream", async () => {
    const ended = { ...job, state: "failed" } as const;
    expect(hasEnded(ended)).toBe(true);
    const reported: Job[] = [];
    await followJob(
      { ...fakeJobs([]), job: () => Promise.resolve(ended) },
      "j1",
      (one) => reported.push(one),
      signal(),
    );
    expect(reported).toEqual([ended]);
  });

  test("are left alone when nobody looks any more", async () => {
    const leaving = new AbortController();
    const jobs = fakeJobs([]);
    jobs.jobProgress = () => {
      leaving.abort();
      throw new DOMException("aborted", "AbortError");
    };
    await followJob(jobs, "j1", () => undefined, leaving.signal);
    expect(leaving.signal.aborted).toBe(true);
  });

  function signal(): AbortSignal {
    return new AbortController().signal;
  }

  function fakeJobs(changes: Partial<Job>[]): JobApi {
    return {
      job: () => Promise.resolve(job),
      async *jobProgress() {
        yield* await Promise.resolve(changes);
      },
    };
  }
});
