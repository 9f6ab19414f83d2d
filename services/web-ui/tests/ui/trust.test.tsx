// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, describe, expect, test } from "vitest";
import type { Source } from "../../src/api/types";
import { storedAnswer } from "../../src/chat/answer";
import AliasesPage from "../../src/ui/admin/AliasesPage";
import { separated } from "../../src/ui/admin/connectors";
import { AnswerFoot } from "../../src/ui/chat/AnswerFoot";
import { AnswerText } from "../../src/ui/chat/AnswerText";
import { ScopeControls } from "../../src/ui/chat/ScopeControls";
import { PassagePanel } from "../../src/ui/passage/PassagePanel";
import { ServicesContext, type Services } from "../../src/ui/services";
import { aCitation, anAnswer, aSource } from "../fakes";
import { page, services, type Calls } from "./server";

afterEach(cleanup);

describe("a source", () => {
  function panel(source: Source): void {
    const document = { text: source.text };
    render(
      <ServicesContext value={services({ [`GET /api/v1/documents/${source.document_id}`]: document })}>
        <PassagePanel source={source} onClose={() => undefined} />
      </ServicesContext>,
    );
  }

  test("says when it was last compared with the index, and in which version", () => {
    const minutes = 3 * 60_000 + 1000;
    panel(aSource({ checked_at: new Date(Date.now() - minutes).toISOString() }));
    const checked = screen.getByTestId("source-checked");
    expect(checked.textContent).toMatch(/^Checked 3 min\.? ago$/);
    expect(checked.title).toBe("Version page 3");
  });

  test("says nothing where that is not known, and shows no fingerprint as a version", () => {
    panel(aSource());
    expect(screen.queryByTestId("source-checked")).toBeNull();
    cleanup();
    panel(aSource({ checked_at: new Date().toISOString(), source_version: "v1" }));
    expect(screen.getByTestId("source-checked").title).toBe("");
  });
});

describe("a sentence that its passage does not support", () => {
  const content = "True **words** [1]. Doubtful `code` and [a link](https://x.example) [1]. True again [1].";
  const at = (text: string): { start: number; end: number } => ({
    start: content.indexOf(text),
    end: content.indexOf(text) + text.length,
  });
  const doubtful = at("Doubtful `code` and [a link](https://x.example) [1].");

  test("is marked from its first word to its last, and nothing else is", () => {
    const citations = [
      aCitation(at("True **words** [1].")),
      aCitation({ ...doubtful, supported: false }),
      aCitation(at("True again [1].")),
    ];
    const { container } = render(
      <AnswerText view={storedAnswer(anAnswer({ content, citations, sources: [aSource()] }))} />,
    );
    const marked = [...container.querySelectorAll(".doubtful")].map((one) => one.textContent).join("");
    expect(marked).toBe("Doubtful code and a link 1?.");
    expect(container.textContent).toBe("True words 1. Doubtful code and a link 1?. True again 1.");
    const states = screen.getAllByTestId("citation-marker").map((marker) => marker.dataset.supported);
    expect(states).toEqual(["true", "false", "true"]);
    expect(screen.getAllByTestId("citation-marker")[1]?.getAttribute("aria-label")).toContain(
      "does not clearly support",
    );
  });

  test("is not marked when another of its passages supports it", () => {
    const citations = [
      aCitation({ ...doubtful, supported: false }),
      aCitation({ ...doubtful, supported: true, source_id: "s2", marker: 2 }),
    ];
    const { container } = render(
      <AnswerText view={storedAnswer(anAnswer({ content, citations, sources: [aSource()] }))} />,
    );
    expect(container.querySelector(".doubtful")).toBeNull();
  });

  test("is found behind characters of two UTF-16 units", () => {
    const text = "🚀 True. Doubtful.";
    const citations = [aCitation({ start: 8, end: 17, supported: false })];
    const { container } = render(<AnswerText view={storedAnswer(anAnswer({ content: text, citations }))} />);
    expect(container.querySelector(".doubtful")?.textContent).toBe("Doubtful.");
  });
});

describe("a sentence that names no source", () => {
  const content = "🚀 True [1]. The **moon** is made of `cheese`. True again [1].";
  const uncited = [{ start: 12, end: 45 }];
  const view = storedAnswer(
    anAnswer({ content, uncited, citations: [aCitation({ start: 0, end: 11 })], sources: [aSource()] }),
  );

  test("is marked, and read out as such once", () => {
    const { container } = render(<AnswerText view={view} />);
    const marked = [...container.querySelectorAll(".doubtful")];
    expect(marked.map((one) => one.textContent).join("")).toBe("The moon is made of cheese.");
    expect(marked[0]?.getAttribute("title")).toBe("No source is cited for this sentence");
    const heard = [...container.querySelectorAll(".visually-hidden")].map((one) => one.textContent);
    expect(heard).toEqual(["Without a source: "]);
    expect(container.textContent).toBe(
      "🚀 True 1. Without a source: The moon is made of cheese. True again 1.",
    );
  });
});

describe("what stands under an answer", () => {
  function foot(fields: Parameters<typeof anAnswer>[0]): void {
    const view = storedAnswer(anAnswer({ sources: [aSource()], ...fields }));
    const turn = {
      key: "t",
      messageId: "m1",
      clientId: null,
      content: "How?",
      createdAt: "2026-11-23T08:00:00Z",
      answerIds: ["a1"],
      shown: 0,
    };
    render(
      <ServicesContext value={services()}>
        <AnswerFoot turn={turn} view={view} latest={false} />
      </ServicesContext>,
    );
  }

  test("counts sentences, not citations, that are not supported", () => {
    const citations = [
      aCitation({ supported: false }),
      aCitation({ supported: false, marker: 2 }),
      aCitation({ start: 11, end: 20, supported: false }),
    ];
    foot({ citations });
    expect(screen.getByTestId("unsupported").textContent).toBe("2 sentences are not clearly supported");
  });

  test("counts sentences that name no source beside those that are not supported", () => {
    foot({
      citations: [aCitation({ supported: false })],
      uncited: [{ start: 11, end: 20 }],
      grounded: false,
    });
    expect(screen.getByTestId("unsupported").textContent).toBe("1 sentence is not clearly supported");
    expect(screen.getByTestId("uncited").textContent).toBe("1 sentence names no source");
  });

  test("says that it was answered before, and by whom", () => {
    foot({ cached: true, model: "gpt-x" });
    expect(screen.getByTestId("cached").textContent).toBe("Answered before");
    expect(screen.getByTestId("origin").textContent).toBe("gpt-x");
  });

  test("says that no model wrote it", () => {
    foot({});
    expect(screen.getByTestId("origin").textContent).toBe("Quoted, without a model");
    expect(screen.queryByTestId("cached")).toBeNull();
  });

  test("has no confidence in what a model said by itself, and says whose words they are", () => {
    foot({ sources: [], confidence: 0, grounded: false, model: "gpt-x" });
    expect(screen.getByTestId("origin").textContent).toBe("gpt-x, without your documentation");
    expect(screen.queryByTestId("confidence")).toBeNull();
    expect(screen.queryByText(/Not fully backed/)).toBeNull();
  });

  test("doubts an answer that was not grounded in the passages it had", () => {
    foot({ grounded: false });
    expect(screen.getByText("Not fully backed by your documentation")).toBeDefined();
  });
});

describe("where the next question looks", () => {
  const sources = page({ id: "s1", name: "HR wiki" }, { id: "s2", name: "Runbooks" });

  async function controls(answer: object = sources): Promise<Services> {
    const whole = services({ "GET /api/v1/sources": answer });
    render(
      <ServicesContext value={whole}>
        <ScopeControls />
      </ServicesContext>,
    );
    await waitFor(() => expect(whole.scope.state.sources.length).toBeGreaterThan(0));
    return whole;
  }

  test("is chosen by checking sources", async () => {
    const { scope } = await controls();
    fireEvent.click(screen.getByText("All sources"));
    fireEvent.click(screen.getByLabelText("HR wiki"));
    expect(scope.forQuestion.filters).toEqual({ source_ids: ["s1"] });
    expect(screen.getByRole("button", { expanded: true }).textContent).toBe("HR wiki");
    fireEvent.click(screen.getByLabelText("Runbooks"));
    expect(screen.getByRole("button", { expanded: true }).textContent).toBe("2 sources");
    fireEvent.click(screen.getByText("All sources"));
    expect(scope.forQuestion).toEqual({ mode: "company" });
  });

  test("the choice closes on Escape and on a press elsewhere", async () => {
    await controls();
    const button = screen.getByText("All sources");
    fireEvent.click(button);
    fireEvent.pointerDown(screen.getByLabelText("HR wiki"));
    expect(button.getAttribute("aria-expanded")).toBe("true");
    fireEvent.keyDown(document, { key: "a" });
    expect(button.getAttribute("aria-expanded")).toBe("true");
    fireEvent.keyDown(document, { key: "Escape" });
    expect(button.getAttribute("aria-expanded")).toBe("false");
    expect(document.activeElement).toBe(button);
    fireEvent.click(button);
    fireEvent.pointerDown(document.body);
    expect(button.getAttribute("aria-expanded")).toBe("false");
  });

  test("there is nothing to choose from one source, or for the model alone", async () => {
    await controls(page({ id: "s1", name: "HR wiki" }));
    expect(screen.queryByTestId("source-filter")).toBeNull();
    cleanup();
    const { scope } = await controls();
    fireEvent.click(screen.getByLabelText("Model alone"));
    expect(screen.queryByTestId("source-filter")).toBeNull();
    expect(scope.forQuestion).toEqual({ mode: "general" });
    expect(screen.getByTestId("mode-switch").dataset.mode).toBe("general");
  });
});

describe("aliases", () => {
  const sre = {
    id: "al1",
    term: "SRE",
    synonyms: ["site reliability engineering"],
    created_at: "",
    updated_at: "",
  };
  const evidence = {
    document_id: "d1",
    title: "Glossary",
    kind: "acronym",
    text: "the point (RPO) is",
    count: 2,
  };
  const rpo = {
    term: "RPO",
    synonyms: ["recovery point objective"],
    score: 0.9,
    evidence: [evidence],
    documents: 1,
  };

  function shown(answers: Record<string, unknown>): Calls {
    const calls: Calls = [];
    render(
      <ServicesContext value={services({ "GET /api/v1/aliases": page(sre), ...answers }, calls)}>
        <AliasesPage />
      </ServicesContext>,
    );
    return calls;
  }

  test("are listed, added and deleted", async () => {
    const calls = shown({ "POST /api/v1/aliases": sre });
    expect((await screen.findByTestId("alias-row")).textContent).toContain("site reliability engineering");
    fireEvent.change(screen.getByTestId("alias-term"), { target: { value: " k8s " } });
    fireEvent.change(screen.getByTestId("alias-synonyms"), { target: { value: "Kubernetes, kube," } });
    fireEvent.click(screen.getByTestId("alias-add"));
    await waitFor(() => expect(screen.getByTestId<HTMLInputElement>("alias-term").value).toBe(""));
    expect(calls.find(({ method }) => method === "POST")?.body).toEqual({
      term: "k8s",
      synonyms: ["Kubernetes", "kube"],
    });
    fireEvent.click(screen.getByLabelText("Delete the alias SRE"));
    await waitFor(() => expect(calls.at(-1)?.path).toBe("/api/v1/aliases"));
    expect(calls.some(({ method, path }) => method === "DELETE" && path === "/api/v1/aliases/al1")).toBe(
      true,
    );
  });

  test("one that is refused says why and keeps what was typed", async () => {
    const problem = { type: "urn:flash:invalid-input", title: "Not valid", status: 422, detail: "Too long." };
    shown({ "POST /api/v1/aliases": Response.json(problem, { status: 422 }) });
    fireEvent.change(screen.getByTestId("alias-term"), { target: { value: "k8s" } });
    fireEvent.change(screen.getByTestId("alias-synonyms"), { target: { value: "Kubernetes" } });
    fireEvent.click(screen.getByTestId("alias-add"));
    expect((await screen.findByRole("alert")).textContent).toContain("Too long.");
    expect(screen.getByTestId<HTMLInputElement>("alias-term").value).toBe("k8s");
  });

  test("suggestions come with their evidence and act when they are accepted", async () => {
    const calls = shown({
      "POST /api/v1/aliases": sre,
      "POST /api/v1/aliases/discover": {
        proposals: [
          { ...rpo, open: false, covered: false },
          { ...rpo, term: "SRE", open: true, covered: true },
        ],
        documents_read: 12,
        stopped: "time",
      },
    });
    fireEvent.click(screen.getByTestId("discover"));
    const proposal = await screen.findByTestId("proposal");
    expect(proposal.textContent).toContain("the point (RPO) is");
    expect(proposal.textContent).toContain("short form in Glossary, 2 times");
    expect(proposal.textContent).toContain("not everyone may read");
    expect(screen.getByRole("status").textContent).toBe(
      "1 suggestion in 12 documents; there was not time for all of them",
    );
    fireEvent.click(screen.getByTestId("proposal-accept"));
    await waitFor(() => expect(screen.queryByTestId("proposal")).toBeNull());
    expect(calls.filter(({ method }) => method === "POST").at(-1)?.body).toEqual({
      term: "RPO",
      synonyms: ["recovery point objective"],
    });
    expect(screen.getByRole("status").textContent).toContain("Nothing new found");
  });

  test("discovery that fails says so", async () => {
    shown({ "POST /api/v1/aliases/discover": new Response(null, { status: 503 }) });
    fireEvent.click(screen.getByTestId("discover"));
    expect(await screen.findByRole("alert")).toBeDefined();
  });

  test("synonyms are what stands between commas", () => {
    expect(separated(" a b,, c ,")).toEqual(["a b", "c"]);
  });
});
