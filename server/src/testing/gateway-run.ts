import { type Assembly, assemble, createTransport } from '../assemble.ts';
import type { Config } from '../config/schema.ts';
import { Gateway } from '../gateway.ts';
import type { Registered } from '../session/registry.ts';
import { Turn } from '../util/turn.ts';
import { LINK_HEADER } from './link.ts';
import type { Links } from './links.ts';
import type { Recorder } from './recorder.ts';
import type { TestClock } from './test-clock.ts';
import { TestEngine } from './test-engine.ts';
import type { TokenGate } from './token-gate.ts';

export interface GatewayRunParts {
  readonly config: Config;
  readonly clock: TestClock;
  readonly links: Links;
  readonly recorder: Recorder;
  readonly tokenGate: TokenGate;
}

/** What survives a restart of the gateway. */
export interface RestartOptions {
  /** Do the logs survive, as on the durable engine? Default: no, as in memory. */
  readonly keepLog?: boolean;
}

/** The gateway behind the links. Each restart creates a new gateway with the same configuration. */
export class GatewayRun {
  readonly #parts: GatewayRunParts;
  #engine: TestEngine;
  #gateway: Gateway;
  #services: Assembly['services'];
  #running = false;

  constructor(parts: GatewayRunParts) {
    this.#parts = parts;
    this.#engine = new TestEngine(parts.clock, parts.recorder);
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
    this.#parts.links.target = port;
    this.#running = true;
  }

  async end(): Promise<void> {
    this.#running = false;
    await this.#gateway.close();
  }

  /** @throws Error if the gateway is running */
  async begin({ keepLog = false }: RestartOptions): Promise<void> {
    if (this.#running)
      throw new Error('the gateway is already running; end it first with faults.crash() or faults.drain()');
    if (!keepLog) this.#engine = new TestEngine(this.#parts.clock, this.#parts.recorder);
    ({ gateway: this.#gateway, services: this.#services } = this.#assemble());
    await this.start();
  }

  #assemble(): { gateway: Gateway; services: Assembly['services'] } {
    const { config, clock, recorder, tokenGate } = this.#parts;
    // A port of its own, whatever the configuration says: the configured port belongs to the links.
    const transport = createTransport({ ...config, host: '127.0.0.1', port: 0 }, (header) => header(LINK_HEADER));
    const assembly = assemble(config, { transport, clock, engine: this.#engine, turn: watchedTurn(recorder) });
    const { verifier, events } = assembly.services;
    const services = { ...assembly.services, verifier: tokenGate.guard(verifier) };
    recorder.listen(events);
    return { gateway: new Gateway({ ...assembly, services }), services };
  }
}

/** A gateway writes its changes at the end of a turn, so the recorder checks then. */
function watchedTurn(recorder: Recorder): Turn {
  return new Turn((end) =>
    setImmediate(() => {
      end();
      recorder.look();
    }),
  );
}
