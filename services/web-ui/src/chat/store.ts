import { localProblem, problemOf } from "../api/problem";
import type { Feedback, Message, Problem } from "../api/types";
import { applyFrame, isUnderWay, newAnswer, type AnswerView } from "./answer";
import { isAnswerFrame, type AcceptedFrame, type AnswerFrame, type ServerFrame } from "./frames";
import { Observable } from "./observable";
import type { ChatOptions, ChatState } from "./ports";
import { Positions } from "./positions";
import type { AskScope } from "./scope";
import { ChatSocket } from "./socket";
import {
  askedTurn,
  emptyThread,
  historyOf,
  provisionalAnswerId,
  withAnswer,
  type Thread,
  type Turn,
} from "./thread";

interface PendingAsk {
  clientId: string;
  threadKey: string;
  content: string;
  scope: AskScope;
  cancelled: boolean;
}

const REJECTED: Record<number, Problem> = {
  4403: localProblem(
    "You may not use the chat",
    "Your account lacks the permission, or the page came from elsewhere.",
  ),
  4413: localProblem("The question is too long", "Shorten it and ask again."),
};
const REFUSED = localProblem("The question was not accepted", "Ask it again in other words.");

/**
 * All conversations of one page over one socket.
 *
 * A question is sent until the server accepted it, always with the same `client_id`; an answer is resumed from its
 * last position until it has ended. So a lost line, a restarted server or a reload loses nothing.
 */
export class ChatStore extends Observable<ChatState> {
  readonly #options: ChatOptions;
  readonly #socket: ChatSocket;
  readonly #positions = new Positions();
  readonly #asks = new Map<string, PendingAsk>();
  readonly #regenerating = new Set<string>();
  #announcing = false;

  constructor(options: ChatOptions) {
    const draft = emptyThread(`draft:${options.newId()}`, null);
    super({ connection: "stopped", threads: { [draft.key]: draft }, answers: {}, active: draft.key });
    this.#options = options;
    this.#socket = new ChatSocket(options, {
      onOpen: () => this.#catchUp(),
      onFrame: (frame) => this.#receive(frame),
      onConnection: (connection) => this.set({ connection }),
      onRejected: (code) => this.#rejectAsks(REJECTED[code] ?? REFUSED),
      onSignedOut: options.onSignedOut,
    });
  }

  get activeThread(): Thread {
    return this.#thread(this.state.active);
  }

  start(): void {
    this.#socket.start();
  }

  stop(): void {
    this.#socket.stop();
  }

  hurry(): void {
    this.#socket.hurry();
  }

  /** Shows an empty conversation; nothing reaches the server before its first question. */
  newConversation(): void {
    const draft = emptyThread(`draft:${this.#options.newId()}`, null);
    this.set({ threads: { ...this.state.threads, [draft.key]: draft }, active: draft.key });
  }

  /** Shows a stored conversation: at once what is known of it, then what the server has. */
  async open(conversationId: string): Promise<void> {
    const thread = this.#threadOf(conversationId) ?? emptyThread(conversationId, conversationId);
    this.#putThread({ ...thread, loading: thread.turns.length === 0, problem: null });
    this.set({ active: thread.key });
    try {
      this.#merge(thread.key, await this.#options.api.messages(conversationId));
    } catch (error) {
      this.#putThread({ ...this.#thread(thread.key), loading: false, problem: problemOf(error) });
    }
  }

  /** Forgets a deleted conversation. */
  close(conversationId: string): void {
    const thread = this.#threadOf(conversationId);
    if (thread === undefined) return;
    if (thread.key === this.state.active) this.newConversation();
    const threads = { ...this.state.threads };
    Reflect.deleteProperty(threads, thread.key);
    this.set({ threads });
  }

  ask(content: string): void {
    const clientId = this.#options.newId();
    const thread = this.activeThread;
    const turn = askedTurn(clientId, content, this.#options.now().toISOString());
    this.#putThread({ ...thread, turns: [...thread.turns, turn], problem: null });
    this.#putAnswer(newAnswer(provisionalAnswerId(clientId)));
    const scope = this.#options.scope();
    const ask = { clientId, threadKey: thread.key, content, scope, cancelled: false };
    this.#asks.set(clientId, ask);
    this.#sendAsk(ask);
  }

  /** Asks a question again that was refused or never accepted. */
  askAgain(turn: Turn): void {
    const thread = this.activeThread;
    this.#putThread({ ...thread, turns: thread.turns.filter((other) => other.key !== turn.key) });
    this.ask(turn.content);
  }

  /** Stops the answers under way in the thread on the page; what was written so far is kept. */
  cancel(): void {
    for (const turn of this.activeThread.turns) {
      const ask = this.#asks.get(turn.clientId ?? "");
      if (ask !== undefined) ask.cancelled = true;
      for (const id of turn.answerIds) this.#cancelAnswer(id, ask === undefined);
    }
  }

  async regenerate(turn: Turn): Promise<void> {
    if (turn.messageId === null || this.#regenerating.has(turn.key)) return;
    const { key } = this.activeThread;
    this.#regenerating.add(turn.key);
    try {
      const { answer_id: answerId } = await this.#options.api.regenerate(turn.messageId);
      this.#putAnswer(newAnswer(answerId));
      this.#putTurn(key, withAnswer(this.#turn(key, turn.key) ?? turn, answerId));
      this.#follow(answerId);
    } catch (error) {
      this.#putThread({ ...this.#thread(key), problem: problemOf(error) });
    } finally {
      this.#regenerating.delete(turn.key);
    }
  }

  showAnswer(turn: Turn, index: number): void {
    this.#putTurn(this.activeThread.key, { ...turn, shown: index });
  }

  /** Rates an answer. The assistant's message has the answer's id; `message_id` in it is the question's. */
  async feedback(answerId: string, feedback: Feedback): Promise<void> {
    await this.#options.api.sendFeedback(answerId, feedback);
  }

  dismissProblem(): void {
    this.#putThread({ ...this.activeThread, problem: null });
  }

  protected override announce(): void {
    if (this.#announcing) return;
    super.announce();
  }

  #receive(frame: ServerFrame): void {
    this.#gather(() => {
      if (frame.type === "accepted") this.#accepted(frame);
      else if (isAnswerFrame(frame)) this.#advance(frame);
      else if (frame.type === "error" && frame.client_id !== undefined) {
        this.#refused(frame.client_id, frame.problem);
      }
    });
  }

  /** Applies changes now and announces them soon, together with those of the next frames. */
  #gather(change: () => void): void {
    const alreadyPlanned = this.#announcing;
    this.#announcing = true;
    change();
    if (alreadyPlanned) return;
    this.#options.soon(() => {
      this.#announcing = false;
      this.announce();
    });
  }

  #accepted(frame: AcceptedFrame): void {
    const ask = this.#asks.get(frame.client_id);
    if (ask === undefined) return;
    this.#asks.delete(frame.client_id);
    const thread = { ...this.#thread(ask.threadKey), conversationId: frame.conversation_id };
    const turns = thread.turns
      .filter((turn) => turn.messageId !== frame.message_id)
      .map((turn) =>
        turn.clientId === frame.client_id
          ? { ...turn, messageId: frame.message_id, answerIds: [frame.answer_id] }
          : turn,
      );
    this.#putThread({ ...thread, turns });
    this.#nameAnswer(provisionalAnswerId(frame.client_id), frame.answer_id);
    if (ask.cancelled) this.#sendCancel(frame.answer_id);
    this.#options.onConversationChanged();
  }

  #nameAnswer(provisionalId: string, id: string): void {
    const { [provisionalId]: provisional, ...others } = this.state.answers;
    this.set({ answers: { ...others, [id]: { ...newAnswer(id), ...provisional, id } } });
  }

  #advance(frame: AnswerFrame): void {
    const view = this.state.answers[frame.answer_id];
    if (view === undefined || !this.#positions.accept(frame.answer_id, frame.position)) return;
    const next = applyFrame(view, frame);
    this.#putAnswer(next);
    if (isUnderWay(next)) return;
    this.#positions.forget(frame.answer_id);
    if (isUnderWay(view)) this.#options.onConversationChanged();
  }

  #refused(clientId: string, problem: Problem): void {
    const view = this.state.answers[provisionalAnswerId(clientId)];
    this.#asks.delete(clientId);
    if (view !== undefined) this.#putAnswer({ ...view, state: "failed", problem, cancelling: false });
  }

  #rejectAsks(problem: Problem): void {
    for (const clientId of [...this.#asks.keys()]) this.#refused(clientId, problem);
  }

  #catchUp(): void {
    for (const ask of this.#asks.values()) this.#sendAsk(ask);
    for (const view of Object.values(this.state.answers)) {
      if (isUnderWay(view) && !this.#isProvisional(view.id)) this.#follow(view.id);
    }
  }

  #isProvisional(answerId: string): boolean {
    return [...this.#asks.keys()].some((clientId) => provisionalAnswerId(clientId) === answerId);
  }

  #sendAsk(ask: PendingAsk): void {
    this.#socket.send({
      type: "ask",
      client_id: ask.clientId,
      content: ask.content,
      conversation_id: this.#thread(ask.threadKey).conversationId,
      ...ask.scope,
    });
  }

  #follow(answerId: string): void {
    this.#socket.send({ type: "resume", answer_id: answerId, after: this.#positions.last(answerId) });
  }

  #cancelAnswer(answerId: string, accepted: boolean): void {
    const view = this.state.answers[answerId];
    if (view === undefined || !isUnderWay(view)) return;
    this.#putAnswer({ ...view, cancelling: true });
    if (accepted) this.#sendCancel(answerId);
  }

  #sendCancel(answerId: string): void {
    if (this.#socket.send({ type: "cancel", answer_id: answerId })) return;
    this.#options.api.cancelAnswer(answerId).catch(() => {
      const view = this.state.answers[answerId];
      if (view !== undefined) this.#putAnswer({ ...view, cancelling: false });
    });
  }

  #merge(key: string, messages: Message[]): void {
    const thread = this.#thread(key);
    const { turns, answers } = historyOf(messages, thread.turns);
    const waiting = thread.turns.filter((turn) => turn.messageId === null);
    const live = answers.filter((view) => !(isUnderWay(view) && this.state.answers[view.id] !== undefined));
    this.set({
      answers: { ...this.state.answers, ...Object.fromEntries(live.map((view) => [view.id, view])) },
    });
    this.#putThread({ ...thread, turns: [...turns, ...waiting], loading: false });
    for (const view of live) if (isUnderWay(view)) this.#follow(view.id);
  }

  #thread(key: string): Thread {
    return this.state.threads[key] ?? emptyThread(key, null);
  }

  #threadOf(conversationId: string): Thread | undefined {
    return Object.values(this.state.threads).find((thread) => thread.conversationId === conversationId);
  }

  #turn(threadKey: string, turnKey: string): Turn | undefined {
    return this.#thread(threadKey).turns.find((turn) => turn.key === turnKey);
  }

  #putThread(thread: Thread): void {
    this.set({ threads: { ...this.state.threads, [thread.key]: thread } });
  }

  #putTurn(threadKey: string, turn: Turn): void {
    const thread = this.#thread(threadKey);
    this.#putThread({
      ...thread,
      turns: thread.turns.map((other) => (other.key === turn.key ? turn : other)),
    });
  }

  #putAnswer(view: AnswerView): void {
    this.set({ answers: { ...this.state.answers, [view.id]: view } });
  }
}
