import { type Client, SluiceError } from '@sluice/client';
import { type Responder, requestMany, respond } from '@sluice/client/requests';
import { answerTo } from './answers.ts';

/** Questions and answers: a request with a streamed reply. Any window may answer for all. */
export class Assistant {
  readonly #channel;
  #responder: Responder | undefined;
  #answering = $state(false);
  #answer = $state('');
  #asking = $state(false);
  #problem = $state<string | undefined>();
  #abort: AbortController | undefined;

  constructor(client: Client) {
    this.#channel = client.channel('desk:assistant');
  }

  /** Does this window answer questions? */
  get answering(): boolean {
    return this.#answering;
  }

  /** The reply so far. */
  get answer(): string {
    return this.#answer;
  }

  get asking(): boolean {
    return this.#asking;
  }

  /** Why there is no complete reply. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Asks one of the windows that answer. Its reply arrives word by word. */
  async ask(question: string): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.#answer = '';
    this.#problem = undefined;
    this.#asking = true;
    try {
      for await (const word of requestMany<string>(this.#channel, { question }, { signal: abort.signal })) {
        this.#answer += word;
      }
    } catch (error) {
      if (!abort.signal.aborted) this.#problem = inWords(error);
    } finally {
      if (this.#abort === abort) this.#asking = false;
    }
  }

  /** Ends the present reply. Its responder is notified. */
  cancel(): void {
    this.#abort?.abort();
  }

  answerQuestions(answers: boolean): void {
    this.#answering = answers;
    if (answers) {
      this.#responder = respond(this.#channel, ({ data, signal }) => answerTo(data as { question: string }, signal));
    } else void this.#responder?.stop();
  }

  close(): void {
    this.cancel();
    void this.#responder?.stop();
  }
}

function inWords(error: unknown): string {
  if (!(error instanceof SluiceError)) return String(error);
  if (error.name === 'no_responders') return 'No window answers questions. Turn it on here or in another window.';
  if (error.name === 'responder_lost') return 'The window that answered was closed.';
  return error.message;
}
