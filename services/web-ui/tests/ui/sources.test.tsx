// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import DocumentationPage from "../../src/ui/admin/DocumentationPage";
import { newSource } from "../../src/ui/admin/connectors";
import { ServicesContext } from "../../src/ui/services";
import { page, services, type Calls } from "./server";

beforeAll(() => {
  HTMLDialogElement.prototype.showModal = () => undefined; // jsdom has no modal dialogs
  HTMLDialogElement.prototype.close = () => undefined;
});
afterEach(cleanup);

const source = {
  id: "s1",
  type: "confluence",
  name: "HR",
  config: {},
  groups: ["hr"],
  schedule: "1h",
  created_at: "2026-01-01T00:00:00Z",
  last_job_id: "j1",
  held_deletions: null,
};
const job = {
  id: "j1",
  source_id: "s1",
  state: "partial",
  phase: "done",
  counts: { found: 3, indexed: 2, unchanged: 0, deleted: 0, skipped: 0, failed: 1 },
  problems: [{ document: "Plan", detail: "It can't be read." }],
  problems_total: 1,
  current: null,
  rate: null,
  seconds_left: 0,
  started_at: null,
  heartbeat_at: null,
  finished_at: "2026-01-01T00:00:00Z",
};
const JOB = { "GET /api/v1/indexing/jobs/j1": job };

function shown(answers: Record<string, unknown>): Calls {
  const calls: Calls = [];
  render(
    <ServicesContext value={services({ "GET /api/v1/sources": page(source), ...JOB, ...answers }, calls)}>
      <DocumentationPage />
    </ServicesContext>,
  );
  return calls;
}

function type(field: string, value: string): void {
  fireEvent.change(screen.getByTestId(`connect-${field}`), { target: { value } });
}

const posted = (calls: Calls, path: string): unknown =>
  calls.find((call) => call.method === "POST" && call.path === path)?.body;

describe("connecting a source", () => {
  function filled(): void {
    type("type", "notion");
    type("name", " Team space ");
    type("token", "secret");
    type("groups", "hr, managers");
    fireEvent.submit(screen.getByRole("form", { name: "Connect a source" }));
  }

  test("stores it, tries it and begins to read it", async () => {
    const calls = shown({
      "POST /api/v1/sources": { ...source, id: "s2", type: "notion" },
      "POST /api/v1/sources/s2/check": { ok: true, detail: "Fine.", found: {} },
      "POST /api/v1/sources/s2/sync": { job_id: "j2" },
    });
    filled();
    await waitFor(() => expect(posted(calls, "/api/v1/sources/s2/sync")).toEqual({}));
    expect(posted(calls, "/api/v1/sources")).toEqual({
      type: "notion",
      name: "Team space",
      groups: ["hr", "managers"],
      schedule: "5m",
      config: {},
      credentials: { token: "secret" },
    });
    await waitFor(() => expect(screen.getByTestId<HTMLInputElement>("connect-token").value).toBe(""));
  });

  test("one that cannot be read is not kept, and the form says why", async () => {
    const calls = shown({
      "POST /api/v1/sources": { ...source, id: "s2", type: "notion" },
      "POST /api/v1/sources/s2/check": { ok: false, detail: "The token is not accepted.", found: {} },
    });
    filled();
    expect((await screen.findByRole("alert")).textContent).toContain("The token is not accepted.");
    expect(calls.filter(({ method }) => method === "DELETE").map(({ path }) => path)).toEqual([
      "/api/v1/sources/s2",
    ]);
    expect(screen.getByTestId<HTMLInputElement>("connect-token").value).toBe("secret");
  });

  test("lists are what stands between commas, and what is empty is left out", () => {
    const values = new Map([
      ["name", "Wiki"],
      ["organization_url", " https://dev.azure.com/acme "],
      ["project", "Docs"],
      ["wikis", "A, B"],
      ["pat", ""],
    ]);
    expect(newSource("azure_devops_wiki", values)).toEqual({
      type: "azure_devops_wiki",
      name: "Wiki",
      groups: [],
      schedule: null,
      config: { organization_url: "https://dev.azure.com/acme", project: "Docs", wikis: ["A", "B"] },
      credentials: null,
    });
  });
});

describe("a source", () => {
  test("whose documents failed can be tried again", async () => {
    const calls = shown({ "POST /api/v1/indexing/jobs/j1/retry": { job_id: "j1" } });
    fireEvent.click(await screen.findByTestId("job-retry"));
    await waitFor(() => expect(posted(calls, "/api/v1/indexing/jobs/j1/retry")).toEqual({}));
  });

  test("that lost much at once waits for somebody to agree", async () => {
    const calls = shown({
      "GET /api/v1/sources": page({ ...source, held_deletions: 40 }),
      "POST /api/v1/sources/s1/sync": { job_id: "j1" },
    });
    fireEvent.click(await screen.findByText("Delete 40 documents that are gone"));
    await waitFor(() => expect(posted(calls, "/api/v1/sources/s1/sync")).toEqual({ allow_deletions: true }));
  });

  test("that is being read says what it works on and for how long yet", async () => {
    const counts = { ...job.counts, found: 100, indexed: 40, failed: 0 };
    const busy = { current: "HR/Leave", rate: 2.04, seconds_left: 150 };
    const running = {
      ...job,
      ...busy,
      counts,
      state: "running",
      phase: "indexing",
      problems: [],
      finished_at: null,
    };
    shown({ "GET /api/v1/indexing/jobs/j1": running });
    expect((await screen.findByTestId("job-detail")).textContent).toBe("HR/Leave · 2 a second · 3 min left");
  });

  test("shows the first problems, and all of them on demand", async () => {
    const many = ["Plan", "Map", "Budget"].map((document) => ({ document, detail: "It can't be read." }));
    shown({
      "GET /api/v1/indexing/jobs/j1": { ...job, problems: many.slice(0, 1), problems_total: 3 },
      "GET /api/v1/indexing/jobs/j1/problems": page(...many),
    });
    fireEvent.click(await screen.findByText("3 problems"));
    expect(screen.getAllByRole("listitem").filter((item) => item.textContent.includes("read."))).toHaveLength(
      2,
    );
    fireEvent.click(screen.getByTestId("all-problems"));
    expect(await screen.findByText("Budget")).toBeDefined();
    expect(screen.queryByTestId("all-problems")).toBeNull();
  });

  test("that is being read can be stopped", async () => {
    const running = { ...job, state: "running", phase: "indexing", problems: [], finished_at: null };
    const calls = shown({
      "GET /api/v1/indexing/jobs/j1": running,
      "POST /api/v1/indexing/jobs/j1/cancel": running,
    });
    fireEvent.click(await screen.findByTestId("job-cancel"));
    await waitFor(() => expect(posted(calls, "/api/v1/indexing/jobs/j1/cancel")).toEqual({}));
  });

  test("is removed only when that was meant", async () => {
    const calls = shown({});
    fireEvent.click(await screen.findByTestId("source-delete"));
    fireEvent.click(screen.getByText("Remove"));
    await waitFor(() =>
      expect(calls.some((call) => call.method === "DELETE" && call.path === "/api/v1/sources/s1")).toBe(true),
    );
  });
});
