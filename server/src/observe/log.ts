import { type DestinationStream, type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino';
import type pretty from 'pino-pretty';
import type { EventBus } from '../events.ts';
import type { Clock } from '../util/clock.ts';
import { cutText } from '../util/cut-text.ts';
import { MissingPackageError, requireOptional } from '../util/optional-package.ts';
import { closeLabel } from './close-label.ts';
import { type LineKind, LogThrottle } from './log-throttle.ts';
import { printable } from './printable.ts';

export interface LogOptions {
  readonly level: string;
  readonly format: 'json' | 'pretty';
  /** Receives the lines; standard output by default. */
  readonly destination?: DestinationStream;
}

/**
 * Makes the gateway's logger. Lines carry ids of connections and names of channels, never tokens or
 * payloads.
 *
 * Without the optional package `pino-pretty` it writes JSON, and a first line that says so: the
 * format of the log never stops a gateway.
 */
export function createLogger(options: LogOptions, loadPretty = requirePretty): Logger {
  const { level, format, destination } = options;
  if (destination !== undefined || format === 'json') return jsonLogger(level, destination);
  try {
    return jsonLogger(level, loadPretty()({ ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }), { log: printable });
  } catch (error) {
    if (!(error instanceof MissingPackageError)) throw error;
    const log = jsonLogger(level);
    log.warn(`${error.message}. Until then the log is written as JSON`);
    return log;
  }
}

const requirePretty = () => requireOptional<typeof pretty>('log.format: "pretty"', 'pino-pretty');

type Formatters = NonNullable<LoggerOptions['formatters']>;

function jsonLogger(level: string, stream?: DestinationStream, formatters: Formatters = {}): Logger {
  const options = { level, base: null, timestamp: stdTimeFunctions.isoTime, formatters };
  return stream === undefined ? pino(options) : pino(options, stream);
}

/** Outcomes of bridges that an operator must know. */
const LOSSES: ReadonlySet<string> = new Set(['gap', 'lost', 'dead_lettered', 'skipped']);
/** Errors whose detail may repeat a part of the input, such as the name of a field. */
const REPEATS: ReadonlySet<string> = new Set(['command_invalid', 'payload_invalid']);

/** After a larger step forward, ages follow the wall clock too: see `AgeClock`. */
const HOUR = 3_600_000;

/** Characters of a value in a line: a peer chooses many of them, such as its origin or the path that it asks for. */
const LONGEST = 100;
/** Characters of a value in a line about a service of the operator, such as a broker: no peer chooses it. */
const LONGEST_OWN = 2_000;
/** Maximum characters of an error's message and stack, which may quote input of a peer. */
const LONGEST_MESSAGE = 500;
const LONGEST_STACK = 4_000;

/** Lines of one kind per second: at info and above, and at debug. */
const MOST = 1;
const MOST_OF_DEBUG = 20;
const MOST_OF_FAULTS = 10;

type Level = LineKind['level'];
type Fields = Readonly<Record<string, unknown>>;

interface LineOptions {
  readonly reason?: string;
  /** Lines of the kind per second. */
  readonly most?: number;
  /** Characters of a value. */
  readonly longest?: number;
}

/** Without a detail that may quote the input. */
function withoutQuotes({ detail, ...event }: Fields & { readonly error: string; readonly detail: string }): Fields {
  return REPEATS.has(event.error) ? event : { ...event, detail };
}

const cut = (fields: Fields, longest: number): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? cutText(value, longest) : value]),
  );

/** The stack of an error with a long message still contains where it was thrown. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return cutText(String(error), LONGEST_MESSAGE);
  const { name, message, stack = '' } = error;
  const frames = stack.slice(Math.max(0, stack.indexOf('\n    at ')));
  return {
    __proto__: null, // for an object of a class pino would show that class as the type, not the name
    name: cutText(name, LONGEST),
    message: cutText(message, LONGEST_MESSAGE),
    stack: cutText(frames, LONGEST_STACK),
    ...('code' in error ? { code: cutText(String(error.code), LONGEST) } : {}),
    ...(error.cause === undefined ? {} : { cause: cutText(String(error.cause), LONGEST_MESSAGE) }),
  };
}

/**
 * Writes the events of the gateway to the log. What a peer can cause is written in lines of bounded
 * length, and at most once per reason and second; what was left out is counted.
 */
export function logEvents(events: EventBus, log: Logger, clock: Clock): void {
  const throttle = new LogThrottle(clock, ({ level, message, reason }, leftOut) => {
    log[level]({ reason, leftOut }, `${message}: more of the same in the last second`);
  });
  const write = (level: Level, message: string, fields: Fields, options: LineOptions = {}) => {
    const { reason = '', most = MOST, longest = LONGEST } = options;
    if (!log.isLevelEnabled(level)) return;
    if (throttle.admits({ level, message, reason, most })) log[level](cut(fields, longest), message);
  };
  const writeOwn = (level: Level, message: string, fields: Fields, reason: string) =>
    write(level, message, fields, { reason, longest: LONGEST_OWN });
  const debug = (message: string, fields: Fields, reason = '') =>
    write('debug', message, fields, { reason, most: MOST_OF_DEBUG });

  logOperation(events, log);
  events.on('stopped', () => {
    throttle.flush();
    log.info('gateway stopped');
  });
  events.on('connectionOpened', (event) => debug('connection opened', event));
  events.on('authenticated', (event) => debug('connection authenticated', event));
  events.on('connectionClosed', (event) => debug('connection closed', event, closeLabel(event.code)));
  events.on('subscribed', ({ connection, channel }) => debug('subscribed', { connection, channel }));
  events.on('unsubscribed', ({ connection, channel }) => debug('unsubscribed', { connection, channel }));
  events.on('replaying', (event) => debug('replaying', event, event.cause));
  events.on('request', (event) => debug('request', event, String(event.status)));
  events.on('overflowed', (event) => write('info', 'slow reader: its cursors turn to replaying', event));
  events.on('gap', ({ from: _, to: __, ...event }) => write('info', 'gap', event, { reason: event.reason }));
  events.on('timesMissed', (event) => writeOwn('warn', 'a recurring schedule missed its time', event, event.schedule));
  events.on('groupGap', (event) => write('warn', 'a group lost messages', event, { reason: event.reason }));
  events.on('messagesExpired', ({ dropped, ...event }) => {
    if (dropped > 0) write('warn', 'expired messages were dropped: the dead list is full', event);
    else debug('messages expired in a group', event);
  });
  events.on('deadLettersRefused', (event) =>
    write('warn', 'dead letters cannot be published', event, { reason: event.error }),
  );
  events.on('deadLetterRefused', (event) => {
    const message = 'a dead letter is refused: it stays in the list of its group';
    write('warn', message, withoutQuotes(event), { reason: event.error });
  });
  events.on('hookFailed', ({ kind: operation, ...event }) =>
    writeOwn('warn', 'a hook failed', { ...event, operation }, `${event.hook} ${event.failure}`),
  );
  events.on('webhookFailed', (event) =>
    writeOwn('warn', 'a webhook could not be delivered', event, `${event.webhook} ${event.failure}`),
  );
  events.on('hookPaused', ({ hook, pause }) =>
    pause > 0
      ? write('error', 'a hook is not asked: it failed several times in a row', { hook, pause }, { reason: hook })
      : write('info', 'a hook answers again', { hook }, { reason: hook }),
  );
  events.on('bridgeMoved', ({ state, ...event }) => {
    const level = state === 'failed' ? 'error' : state === 'waiting' || state === 'holding' ? 'warn' : 'info';
    writeOwn(level, `bridge ${state}`, event, event.bridge);
  });
  events.on('bridgeCounted', ({ outcome, isOdd, ...event }) => {
    if (LOSSES.has(outcome) || isOdd) writeOwn('warn', `bridge: ${outcome}`, event, event.bridge);
    // Usual between bridges in both directions.
    else if (outcome === 'returned') writeOwn('info', 'bridge: returned', event, event.bridge);
  });
  events.on('refused', ({ channel: _, ...event }) => {
    const { error: reason } = event;
    const fields = withoutQuotes(event);
    // A flooding client needs no further line: the first one reports it.
    if (reason === 'rate_limited') debug('refused', fields, reason);
    else write('info', 'refused', fields, { reason });
  });
  events.on('descriptorsLow', (event) => write('error', 'out of file descriptors: WebSockets are refused', event));
  events.on('descriptorsAmple', (event) => write('info', 'there are file descriptors again', event));
  events.on('rejected', ({ what, ...event }) => write('warn', `${what} rejected`, event, { reason: event.error }));
  events.on('fault', ({ where, error }) => {
    write('error', 'fault', { where, err: describeError(error) }, { most: MOST_OF_FAULTS });
  });
}

/** What the gateway and its operator do: in their own words, and seldom. */
function logOperation(events: EventBus, log: Logger): void {
  events.on('started', (event) => log.info(event, 'gateway started'));
  events.on('engineWarned', (event) => log.warn(event, 'advice from the engine'));
  events.on('ticketsLocal', (event) => log.warn(event, 'a ticket is accepted only by the process that issued it'));
  events.on('engineTroubled', (event) => log.error(event, 'the engine cannot carry out operations'));
  events.on('engineRecovered', (event) => log.info(event, 'the engine works again'));
  events.on('clockSet', (event) => {
    const ages = event.by > HOUR ? '. Ages follow in an hour: if that is a mistake, set the clock back before' : '';
    log.warn(event, `the wall clock was set, or the machine was asleep${ages}`);
  });
  events.on('descriptorsCounted', (event) => {
    if (event.connections >= event.expected) log.info(event, 'file descriptors');
    else log.warn(event, 'few file descriptors: raise the limit (ulimit -n, LimitNOFILE) before more clients come');
  });
  events.on('descriptorsUnknown', () =>
    log.info('this system does not say how many files are open: no limit is watched'),
  );
  events.on('reloaded', (event) => log.info(event, 'configuration reloaded'));
  events.on('reloadFailed', (event) => log.error(event, 'the configuration was not reloaded: nothing has changed'));
  events.on('tapStarted', (event) => log.info(event, 'audit: a tap has started'));
  events.on('tapRecording', (event) => log.info(event, 'audit: this node records for a tap'));
  events.on('tapEnded', (event) => log.info(event, 'audit: a tap has ended'));
  events.on('payloadsShown', (event) => log.info(event, 'audit: payloads were shown'));
  events.on('drainAsked', (event) => log.info(event, 'asked to drain and stop'));
  events.on('managed', (event) => log.info(event, 'changed over the HTTP API'));
  events.on('draining', (event) => log.info(event, 'draining: connections are asked to come back elsewhere'));
}
