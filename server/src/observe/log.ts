import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import type { EventBus } from '../events.ts';

export interface LogOptions {
  readonly level: string;
  readonly format: 'json' | 'pretty';
  /** Where lines go; standard output by default. */
  readonly destination?: DestinationStream;
}

/** Makes the gateway's logger. Lines carry ids of connections and names of channels, never tokens or payloads. */
export function createLogger({ level, format, destination }: LogOptions): Logger {
  const stream =
    destination ?? (format === 'pretty' ? pretty({ ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }) : undefined);
  const options = { level, base: null, timestamp: stdTimeFunctions.isoTime };
  return stream === undefined ? pino(options) : pino(options, stream);
}

/** Errors whose detail may repeat a part of what was sent, such as the name of a field. */
const REPEATS: ReadonlySet<string> = new Set(['command_invalid', 'payload_invalid']);

/** Writes what the gateway tells into the log. */
export function logEvents(events: EventBus, log: Logger): void {
  events.on('started', (event) => log.info(event, 'gateway started'));
  events.on('engineWarned', (event) => log.warn(event, 'the engine should be set up differently'));
  events.on('engineTroubled', (event) => log.error(event, 'the engine cannot carry out operations'));
  events.on('engineRecovered', (event) => log.info(event, 'the engine works again'));
  events.on('clockSet', (event) => log.warn(event, 'the wall clock was set, or the machine was asleep'));
  events.on('drainAsked', (event) => log.info(event, 'asked to drain and stop'));
  events.on('draining', (event) => log.info(event, 'draining: connections are asked to come back elsewhere'));
  events.on('stopped', () => log.info('gateway stopped'));
  events.on('connectionOpened', (event) => log.debug(event, 'connection opened'));
  events.on('authenticated', (event) => log.debug(event, 'connection authenticated'));
  events.on('connectionClosed', (event) => log.debug(event, 'connection closed'));
  events.on('subscribed', (event) => log.debug(event, 'subscribed'));
  events.on('unsubscribed', (event) => log.debug(event, 'unsubscribed'));
  events.on('overflowed', (event) => log.info(event, 'slow reader: its cursors turn to replaying'));
  events.on('replaying', (event) => log.debug(event, 'replaying'));
  events.on('gap', (event) => log.info(event, 'gap'));
  events.on('refused', ({ detail, ...event }) => {
    // A client that floods must not flood the log.
    const level = event.error === 'rate_limited' ? 'debug' : 'info';
    log[level](REPEATS.has(event.error) ? event : { ...event, detail }, 'refused');
  });
  events.on('rejected', (event) => log.warn(event, 'handshake rejected'));
  events.on('request', (event) => log.debug(event, 'request'));
  events.on('fault', ({ where, error }) => log.error({ where, err: error }, 'fault'));
}
