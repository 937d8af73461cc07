import { vi } from 'vitest';
import type { Client } from '../../src/api.ts';
import type { PublishOptions } from '../../src/channel-api.ts';
import type { ClientState } from '../../src/client-state.ts';
import { Emitter } from '../../src/emitter.ts';
import { clientError, SluiceError } from '../../src/errors.ts';

/** A publish that waits for its answer. */
export interface Flight {
  readonly channel: string;
  readonly key: string;
  readonly data: unknown;
  readonly options: PublishOptions;
  accept(): void;
  refuse(name: string, extra?: { code?: number; retryable?: boolean; retryAfter?: number }): void;
}

/** A client without a gateway: the test answers. */
export class FakeClient extends Emitter<{ state: { state: ClientState }; error: SluiceError }> {
  state: ClientState = 'idle';
  user: string | null | undefined;
  /** Publishes that wait for an answer. */
  flights: Flight[] = [];
  /** All publishes that were ever sent. */
  readonly sent: Flight[] = [];
  /** Number of uses while it was idle. A real client connects then. */
  uses = 0;
  #alive = true;
  #offset = 0;

  /** The part of a client that an outbox uses. */
  get face(): Client {
    return Object.assign(this, {
      connect: vi.fn(),
      close: vi.fn(),
      channel: (channel: string) => ({
        publish: (data: unknown, options: PublishOptions) => this.#publish(channel, data, options),
      }),
    }) as unknown as Client;
  }

  online(user: string | null = 'ada'): void {
    this.user = user;
    this.#moveTo('connected');
  }

  offline(): void {
    this.#moveTo('waiting');
  }

  die(): void {
    this.#alive = false;
    this.flights = [];
  }

  /** The oldest publish that waits. */
  get flight(): Flight {
    const [flight] = this.flights;
    if (!flight) throw new Error('nothing was sent');
    return flight;
  }

  #moveTo(state: ClientState): void {
    if (!this.#alive || this.state === state) return;
    this.state = state;
    this.emit('state', { state });
  }

  #publish(channel: string, data: unknown, options: PublishOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      options.signal?.throwIfAborted();
      const done = (settle: () => void) => () => {
        clearTimeout(timer);
        this.flights = this.flights.filter((other) => other !== flight);
        if (this.#alive) settle();
      };
      const flight: Flight = {
        channel,
        key: options.key ?? '',
        data,
        options,
        accept: done(() => resolve({ id: `m${++this.#offset}`, epoch: 'e1', offset: this.#offset })),
        refuse: (name, extra) => {
          const error = { code: 4306, name, message: `refused: ${name}`, retryable: false, ...extra };
          done(() => reject(new SluiceError(error)))();
        },
      };
      const timer = setTimeout(
        done(() => reject(clientError('timed_out'))),
        options.timeout ?? 15_000,
      );
      options.signal?.addEventListener(
        'abort',
        done(() => reject(options.signal?.reason)),
      );
      if (!this.#alive) return;
      this.flights.push(flight);
      if (this.state === 'idle') this.uses++;
      if (this.state !== 'connected') return;
      this.sent.push(flight);
    });
  }
}
