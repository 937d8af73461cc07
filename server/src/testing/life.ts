import type { Config } from '../config/schema.ts';
import { type Assembly, assemble, createTransport, Gateway } from '../gateway.ts';
import type { Registered } from '../session/registry.ts';
import { Turn } from '../util/turn.ts';
import type { Doorkeeper } from './doorkeeper.ts';
import { LINE_HEADER } from './line.ts';
import type { Lines } from './lines.ts';
import type { TestClock } from './test-clock.ts';
import { TestEngine } from './test-engine.ts';
import type { Witness } from './witness.ts';

export interface LifeParts {
  readonly config: Config;
  readonly clock: TestClock;
  readonly lines: Lines;
  readonly witness: Witness;
  readonly doorkeeper: Doorkeeper;
}

/** What a gateway that comes back still knows. */
export interface RestartOptions {
  /** Do the logs survive, as on the durable engine? Default: no, as in memory. */
  readonly keepLog?: boolean;
}

/** The gateway behind the lines, through its lives: each a gateway of its own, on the same configuration. */
export class Life {
  readonly #parts: LifeParts;
  #engine: TestEngine;
  #gateway: Gateway;
  #services: Assembly['services'];
  #running = false;

  constructor(parts: LifeParts) {
    this.#parts = parts;
    this.#engine = new TestEngine(parts.clock, parts.witness);
    ({ gateway: this.#gateway, services: this.#services } = this.#assemble());
  }

  get engine(): TestEngine {
    return this.#engine;
  }

  get gateway(): Gateway {
    return this.#gateway;
  }

  get services(): Assembly['services'] {
    return this.#services;
  }

  session(connection: string): Registered | undefined {
    return this.#services.registry.all().find((session) => session.connection.id === connection);
  }

  async start(): Promise<void> {
    const { port } = await this.#gateway.start();
    this.#parts.lines.target = port;
    this.#running = true;
  }

  async end(): Promise<void> {
    this.#running = false;
    await this.#gateway.close();
  }

  /** @throws Error when the gateway runs */
  async begin({ keepLog = false }: RestartOptions): Promise<void> {
    if (this.#running) throw new Error('the gateway runs; end it first with faults.crash() or faults.drain()');
    if (!keepLog) this.#engine = new TestEngine(this.#parts.clock, this.#parts.witness);
    ({ gateway: this.#gateway, services: this.#services } = this.#assemble());
    await this.start();
  }

  #assemble(): { gateway: Gateway; services: Assembly['services'] } {
    const { config, clock, witness, doorkeeper } = this.#parts;
    // A port of its own, whatever the configuration says: that is the lines' one.
    const transport = createTransport({ ...config, host: '127.0.0.1', port: 0 }, (header) => header(LINE_HEADER));
    const assembly = assemble(config, { transport, clock, engine: this.#engine, turn: watchedTurn(witness) });
    const { verifier, events } = assembly.services;
    const services = { ...assembly.services, verifier: doorkeeper.guard(verifier) };
    witness.listen(events);
    return { gateway: new Gateway({ ...assembly, services }), services };
  }
}

/** Whatever changes in a gateway is written at the end of a turn: then is the time to look. */
function watchedTurn(witness: Witness): Turn {
  return new Turn((end) =>
    setImmediate(() => {
      end();
      witness.look();
    }),
  );
}
