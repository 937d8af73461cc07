import type { Client, Message } from '@sluice/client';
import { type Consumer, consume, type Delivery, NackError } from '@sluice/client/queues';
import type { Board } from './board.svelte.ts';
import type { Ticket } from './ticket.ts';

type TicketDelivery = Delivery<Message<Ticket>>;

/** The ticket that this window has, and how its work ends. */
interface CurrentTicket {
  readonly delivery: TicketDelivery;
  readonly finish: () => void;
  readonly fail: (error: Error) => void;
}

/** The tickets that this window takes from the queue, one at a time. */
export class TicketWork {
  readonly #channel;
  readonly #board: Board;
  #consumer: Consumer | undefined;
  #current = $state.raw<CurrentTicket | undefined>();
  #taking = $state(false);
  #problem = $state<string | undefined>();

  constructor(client: Client, board: Board) {
    this.#channel = client.channel<Ticket>('desk:tickets');
    this.#board = board;
  }

  /** Does this window take tickets? */
  get taking(): boolean {
    return this.#taking;
  }

  get current(): TicketDelivery | undefined {
    return this.#current?.delivery;
  }

  /** Why it gets no tickets. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Takes tickets from now on. */
  take(): void {
    this.#problem = undefined;
    this.#taking = true;
    this.#consumer = consume(this.#channel, (delivery) => this.#work(delivery), {
      prefetch: 1,
      onError: (error, delivery) => {
        if (delivery === undefined) this.#stopped(error.message);
      },
    });
  }

  /** Takes no further tickets. The present one can be finished. */
  rest(): void {
    this.#taking = false;
    void this.#consumer?.stop();
  }

  finish(): void {
    this.#report('finished');
    this.#current?.finish();
  }

  /** Returns the ticket to the queue: it is delivered again after a moment. */
  fail(): void {
    this.#report('failed');
    this.#current?.fail(new NackError('the agent could not solve it'));
  }

  /** Makes the ticket a dead letter. */
  putAside(): void {
    this.#report('put aside');
    this.#current?.fail(new NackError('put aside by an agent', { dead: true }));
  }

  #stopped(problem: string): void {
    this.#problem = problem;
    this.#taking = false;
  }

  /** Resolves or rejects when the agent decides. Until then the client extends the delivery. */
  async #work(delivery: TicketDelivery): Promise<void> {
    const { subject, region } = delivery.message.data;
    this.#board.report('taken', subject, region);
    try {
      await new Promise<void>((finish, fail) => {
        this.#current = { delivery, finish, fail };
        delivery.signal.addEventListener('abort', () => finish());
      });
    } finally {
      this.#current = undefined;
    }
  }

  #report(what: 'finished' | 'failed' | 'put aside'): void {
    const delivery = this.current;
    if (delivery === undefined) return;
    this.#board.report(what, delivery.message.data.subject, delivery.message.data.region);
  }
}
