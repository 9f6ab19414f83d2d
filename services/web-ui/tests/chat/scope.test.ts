import { describe, expect, test } from "vitest";
import type { DocumentationSource } from "../../src/api/types";
import { Scope } from "../../src/chat/scope";
import { Page } from "../fakes";

function named(...names: string[]): DocumentationSource[] {
  return names.map((name): DocumentationSource => ({
    id: `id-${name}`,
    type: "folder",
    name,
    config: {},
    groups: [],
    schedule: null,
    last_job_id: null,
    created_at: "2026-11-23T08:00:00Z",
    checked_at: null,
    held_deletions: null,
    next_sync_at: null,
  }));
}

describe("where a question looks", () => {
  test("is everywhere in the documentation at first", () => {
    const scope = new Scope({ sources: () => Promise.resolve([]) });
    expect(scope.forQuestion).toEqual({ mode: "company" });
  });

  test("is in the chosen sources, until they are chosen no more", async () => {
    const scope = new Scope({ sources: () => Promise.resolve(named("hr", "it")) });
    await scope.load();
    scope.toggleSource("id-hr");
    scope.toggleSource("id-it");
    scope.toggleSource("id-hr");
    expect(scope.forQuestion).toEqual({ mode: "company", filters: { source_ids: ["id-it"] } });
    scope.everywhere();
    expect(scope.forQuestion).toEqual({ mode: "company" });
  });

  test("the model alone looks in no source", () => {
    const scope = new Scope({ sources: () => Promise.resolve([]) });
    scope.toggleSource("id-hr");
    scope.choose("general");
    expect(scope.forQuestion).toEqual({ mode: "general" });
    scope.choose("company");
    expect(scope.forQuestion.filters).toEqual({ source_ids: ["id-hr"] });
  });

  test("a source that has gone is no longer chosen", async () => {
    let there = named("hr", "it");
    const scope = new Scope({ sources: () => Promise.resolve(there) });
    await scope.load();
    scope.toggleSource("id-hr");
    there = named("it");
    await scope.load();
    expect(scope.forQuestion).toEqual({ mode: "company" });
  });

  test("where the sources cannot be read, what was known stays", async () => {
    let away = false;
    const scope = new Scope({
      sources: () => (away ? Promise.reject(new Error("away")) : Promise.resolve(named("hr"))),
    });
    await scope.load();
    away = true;
    await scope.load();
    expect(scope.state.sources.map(({ name }) => name)).toEqual(["hr"]);
  });
});

describe("a question", () => {
  test("carries the scope of the moment at which it was asked, also when it is sent again", () => {
    const page = new Page();
    page.scope = { mode: "company", filters: { source_ids: ["s1"] } };
    page.store.ask("How?");
    page.scope = { mode: "general" };
    page.store.start();
    page.line.socket.opens();
    const [ask] = page.line.socket.sentOf("ask");
    expect(ask).toMatchObject({ mode: "company", filters: { source_ids: ["s1"] } });
  });
});
