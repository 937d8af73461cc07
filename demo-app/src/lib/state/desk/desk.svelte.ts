import type { Client } from '@sluice/client';
import { Assistant } from './assistant.svelte.ts';
import { Board } from './board.svelte.ts';
import { QueueNumbers } from './queue-numbers.svelte.ts';
import type { Region, Ticket } from './ticket.ts';
import { TicketWork } from './ticket-work.svelte.ts';

/** The support desk: a queue of tickets, a live board, and questions. */
export class Desk {
  readonly work: TicketWork;
  readonly board: Board;
  readonly numbers: QueueNumbers;
  readonly assistant: Assistant;
  readonly #tickets;

  constructor(client: Client, apiKey: () => string | undefined) {
    this.#tickets = client.channel<Ticket>('desk:tickets');
    this.numbers = new QueueNumbers(apiKey);
    this.board = new Board(client, () => this.numbers.refresh());
    this.work = new TicketWork(client, this.board);
    this.assistant = new Assistant(client);
  }

  /** Puts a ticket into the queue. Rejects if the gateway refuses it. */
  async open(subject: string, region: Region): Promise<void> {
    await this.#tickets.publish({ subject, region }, { tags: { region } });
    this.board.report('opened', subject, region);
  }

  close(): void {
    this.numbers.close();
    this.work.rest();
    this.board.close();
    this.assistant.close();
  }
}
