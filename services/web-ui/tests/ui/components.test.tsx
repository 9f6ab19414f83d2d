// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { Api } from "../../src/api/endpoints";
import { HttpClient } from "../../src/api/http";
import type { Source } from "../../src/api/types";
import { newAnswer, storedAnswer, type AnswerView } from "../../src/chat/answer";
import { AnswerText } from "../../src/ui/chat/AnswerText";
import { Confidence } from "../../src/ui/chat/Confidence";
import { PassageContext } from "../../src/ui/chat/passage";
import { Refusal } from "../../src/ui/chat/Refusal";
import { SourceList } from "../../src/ui/chat/SourceList";
import { Stages } from "../../src/ui/chat/Stages";
import { DocumentView } from "../../src/ui/passage/DocumentView";
import { ProblemBanner } from "../../src/ui/ProblemBanner";
import { Session } from "../../src/ui/session";
import { SignIn } from "../../src/ui/SignIn";
import { aCitation, anAnswer, aSource } from "../fakes";

beforeAll(() => {
  Element.prototype.scrollIntoView = () => undefined; // jsdom has no layout to scroll
});
afterEach(cleanup);

function written(content: string, fields: Partial<AnswerView> = {}): AnswerView {
  return { ...newAnswer("a1", "running"), content, sources: [aSource()], ...fields };
}

describe("an answer's text", () => {
  test("shows markup that it was given as text, and loads nothing from elsewhere", () => {
    const { container } = render(
      <AnswerText
        view={written('<img src=x onerror="x()"> ![plan](https://evil.example/p.png) <b>bold</b>')}
      />,
    );
    expect(container.querySelector("img, b, script")).toBeNull();
    expect(container.textContent).toContain("<b>bold</b>");
    expect(container.textContent).toContain("plan");
  });

  test("opens links elsewhere, and no scripts", () => {
    render(<AnswerText view={written("[docs](https://example.com) [bad](javascript:alert(1))")} />);
    const [docs, bad] = screen.getAllByText(/docs|bad/);
    expect(docs?.getAttribute("rel")).toBe("noopener noreferrer");
    expect(docs?.getAttribute("target")).toBe("_blank");
    expect(bad?.getAttribute("href")).toBe("");
  });

  test("turns markers into buttons that show their source, while it is still being written", () => {
    const shown: Source[] = [];
    render(
      <PassageContext value={{ shown: null, show: (source) => shown.push(source) }}>
        <AnswerText view={written("Type make up [1].")} />
      </PassageContext>,
    );
    fireEvent.click(screen.getByTestId("citation-marker"));
    expect(shown).toEqual([aSource()]);
  });

  test("leaves markers in code alone, and does not make up sources", () => {
    render(<AnswerText view={written("`a[1]` and [7]\n\n```\nb[1]\n```")} />);
    expect(screen.queryByTestId("citation-marker")).toBeNull();
    expect(screen.getByText("[7]")).toBeDefined();
  });

  test("marks the sentence that its source does not support", () => {
    const content = "True [1]. Doubtful [1].";
    const citations = [aCitation({ start: 0, end: 9 }), aCitation({ start: 10, end: 23, supported: false })];
    render(<AnswerText view={storedAnswer(anAnswer({ content, citations, sources: [aSource()] }))} />);
    const markers = screen.getAllByTestId("citation-marker");
    expect(markers.map((marker) => marker.dataset.supported)).toEqual(["true", "false"]);
  });

  test("keeps all of its characters around the markers", () => {
    const sources = [aSource(), aSource({ id: "s2", marker: 2 })];
    const { container } = render(
      <AnswerText view={written("One [1][2], two [1, 2] and (three [2]).", { sources })} />,
    );
    expect(container.textContent).toBe("One 12, two 12 and (three 2).");
  });
});

describe("a document beside the conversation", () => {
  test("shows the text to the character, with the passage marked", () => {
    const cut = {
      before: "# Title\n\n",
      passage: "Type `make up` **now**.",
      after: "\n\n```\n**code**\n```",
    };
    const { container } = render(<DocumentView cut={cut} />);
    expect(container.textContent).toBe(cut.before + cut.passage + cut.after);
    expect(screen.getByTestId("passage-highlight").textContent).toBe(cut.passage);
    expect(container.querySelectorAll("strong")).toHaveLength(1);
  });
});

describe("what is known of an answer", () => {
  test("the stages show how far it has come", () => {
    render(<Stages view={{ ...newAnswer("a1"), stage: "writing", detail: "from 3 pages" }} />);
    expect(screen.getByTestId("stage").dataset.stage).toBe("writing");
    expect(screen.getByText("Writing").closest("li")?.getAttribute("aria-current")).toBe("step");
    expect(screen.getByText("from 3 pages")).toBeDefined();
  });

  test.each([
    [0.1, "Low confidence"],
    [0.5, "Fair confidence"],
    [0.9, "High confidence"],
  ])("a confidence of %d is called %s", (confidence, words) => {
    render(<Confidence answer={anAnswer({ confidence, sources: [aSource()] })} />);
    expect(screen.getByTestId("confidence").textContent).toBe(words);
  });

  test("the sources it cites come first, the others on demand", () => {
    const sources = [aSource({ id: "s2", marker: 2, title: "Not cited" }), aSource({ title: "Cited" })];
    render(<SourceList view={storedAnswer(anAnswer({ sources }))} />);
    expect(screen.getAllByTestId("source-card")).toHaveLength(1);
    fireEvent.click(screen.getByText("One more page was read"));
    expect(screen.getAllByTestId("source-card")).toHaveLength(2);
  });

  test("a refusal names the nearest pages, each once", () => {
    const content = "The nearest pages are:\n\n- Getting started\n- Getting started";
    const sources = [aSource(), aSource({ id: "s2", marker: 2 })];
    render(<Refusal view={storedAnswer(anAnswer({ refusal: "not_in_documentation", content, sources }))} />);
    expect(screen.getByText("Not in your documentation")).toBeDefined();
    expect(screen.getAllByText("Getting started")).toHaveLength(1);
  });

  test("a refusal without pages keeps its words", () => {
    const content = "Try other words:\n\n- shorter ones";
    render(<Refusal view={storedAnswer(anAnswer({ refusal: "not_in_documentation", content }))} />);
    expect(screen.getByText("shorter ones")).toBeDefined();
  });
});

describe("a problem", () => {
  test("is said at once, with what support needs on demand", () => {
    const problem = {
      type: "urn:flash:invalid_input",
      title: "The question is not valid",
      status: 422,
      detail: "See the fields.",
      request_id: "r-1",
      errors: [{ field: "content", message: "too long" }],
    };
    let dismissed = false;
    render(<ProblemBanner problem={problem} onDismiss={() => (dismissed = true)} />);
    expect(screen.getByRole("alert").textContent).toContain("content: too long");
    expect(screen.queryByText("r-1")).toBeNull();
    fireEvent.click(screen.getByText("Details"));
    expect(screen.getByText("r-1")).toBeDefined();
    fireEvent.click(screen.getByLabelText("Dismiss"));
    expect(dismissed).toBe(true);
  });
});

describe("signing in", () => {
  const me = { id: "u1", email: "a@b.c", name: "A", roles: [], groups: [] };

  function sessionWith(answer: () => Response): Session {
    const http = new HttpClient({
      fetch: () => Promise.resolve(answer()),
      cookies: () => "askflash_csrf=1",
      exclusively: (work) => work(),
    });
    return new Session(new Api(http));
  }

  function submit(session: Session): void {
    render(<SignIn session={session} />);
    fireEvent.change(screen.getByTestId("sign-in-email"), { target: { value: "a@b.c" } });
    fireEvent.change(screen.getByTestId("sign-in-password"), { target: { value: "secret" } });
    fireEvent.click(screen.getByTestId("sign-in-submit"));
  }

  test("the right password opens the page", async () => {
    const session = sessionWith(() => Response.json({ user: me }));
    submit(session);
    await screen.findByText("Sign in");
    expect(session.state).toMatchObject({ phase: "signed-in", me });
    session.expire();
    expect(session.state.phase).toBe("signed-out");
  });

  test("a wrong one is said clearly", async () => {
    const problem = { type: "urn:flash:unauthenticated", title: "Email or password is wrong", status: 401 };
    const session = sessionWith(() => Response.json(problem, { status: 401 }));
    submit(session);
    expect((await screen.findByTestId("error-banner")).textContent).toContain("Email or password is wrong");
  });

  test("a page that is opened again knows its reader", async () => {
    const session = sessionWith(() => Response.json(me));
    await session.check();
    expect(session.state).toMatchObject({ phase: "signed-in", me });
    await session.signOut();
    expect(session.state).toMatchObject({ phase: "signed-out", me: null });
  });

  test("a server that fails is not taken for a missing sign-in", async () => {
    const session = sessionWith(() => new Response(null, { status: 503 }));
    await session.check();
    expect(session.state).toMatchObject({ phase: "unreachable", problem: { status: 503 } });
  });
});
