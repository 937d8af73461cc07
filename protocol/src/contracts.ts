/**
 * Channel contracts: the types of the messages and members of channels, defined once for gateway
 * and clients.
 *
 * @packageDocumentation
 */

import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { NamesOf, PatternFor } from './channel-types.ts';
import { parsePattern } from './patterns.ts';
import type { RuleOptions } from './rule-options.ts';

export type { ChannelParams } from './channel-types.ts';
export type {
  DeliveryOptions,
  DurationInput,
  GrantContext,
  GrantFunction,
  GrantInput,
  GroupOptions,
  QueueOptions,
  RuleOptions,
  SizeInput,
  Verb,
} from './rule-options.ts';

/**
 * A schema of any library that supports Standard Schema version 1, such as zod 4, valibot or
 * arktype. It must validate synchronously.
 */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>;

/** The contract of the channels of one pattern. An omitted part is not checked. */
export interface ChannelContract {
  /** The `data` of a message; with `events`, of a message without an event. */
  readonly message?: Schema;
  /** The `data` of messages by their event. If it is present, other events are refused. */
  readonly events?: { readonly [event: string]: Schema };
  /** The state of a member. */
  readonly presence?: Schema;
  /** Requests to the responders of the channel, and their replies. */
  readonly request?: RequestContract;
  /**
   * The gateway's rule: permissions, history, limits. The configuration may add to it and takes
   * precedence.
   */
  readonly rule?: RuleOptions;
}

/** The contract of requests. An omitted part is not checked. */
export interface RequestContract {
  /** The `data` of a request. */
  readonly in?: Schema;
  /** The `data` of a reply, each of several. */
  readonly out?: Schema;
  /** The `data` of a responder's error by its code. If it is present, other codes are refused. */
  readonly errors?: { readonly [code: string]: Schema };
}

/** Contracts by the pattern of their channels. */
export interface Channels {
  readonly [pattern: string]: ChannelContract;
}

/** An error type for a part that contracts do not have. */
type OnlyKnown<C> = {
  readonly [Pattern in keyof C]: {
    readonly [Part in keyof C[Pattern]]: Part extends keyof ChannelContract
      ? C[Pattern][Part]
      : `"${Part & string}" is no part of a channel; these are: message, events, presence, request, rule`;
  };
};

/**
 * Defines channels once: the gateway checks them, and clients get their types.
 *
 * @param channels contracts by pattern, e.g. `chat:{room}`
 * @returns the same object, frozen, with its exact type
 * @throws TypeError that lists all errors
 * @example
 * import { defineChannels } from '@sluice/client/contracts';
 * import { z } from 'zod';
 *
 * export const channels = defineChannels({
 *   'chat:{room}': {
 *     message: z.object({ text: z.string().max(500) }),
 *     events: { typing: z.object({ typing: z.boolean() }) },
 *     presence: z.object({ status: z.enum(['here', 'away']) }),
 *     rule: { allow: { '*': 'users' }, history: true },
 *   },
 * });
 */
export function defineChannels<const C extends Channels>(channels: C & OnlyKnown<C>): C {
  const problems = checkChannels(channels);
  if (problems.length > 0) throw new TypeError(`defineChannels: ${problems.join('; ')}`);
  for (const contract of Object.values<ChannelContract>(channels)) {
    if (contract.events) Object.freeze(contract.events);
    Object.freeze(contract);
  }
  return Object.freeze(channels);
}

const PARTS = ['message', 'events', 'presence', 'request', 'rule'];

const REQUEST_PARTS = ['in', 'out', 'errors'];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Schemas of arktype are functions. */
function isSchema(value: unknown): boolean {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  const standard = (value as Partial<Schema>)['~standard'];
  return isObject(standard) && standard.version === 1 && typeof standard.validate === 'function';
}

const NO_SCHEMA = 'is not a schema that speaks Standard Schema version 1 (zod 4, valibot, arktype…)';

/**
 * Lists all errors of a value that should be contracts.
 *
 * @returns one text each, such as `channels["chat:{room}"].message is not a schema…`; empty if the
 *   value is valid
 */
export function checkChannels(value: unknown): string[] {
  if (!isObject(value)) return ['channels must be an object: patterns like "chat:{room}" and what travels there'];
  return Object.entries(value).flatMap(([pattern, contract]) => {
    const where = `channels[${JSON.stringify(pattern)}]`;
    try {
      parsePattern(pattern);
    } catch (error) {
      return [`${where}: ${(error as Error).message}`];
    }
    if (!isObject(contract)) return [`${where} must be an object with any of ${PARTS.join(', ')}`];
    return checkContract(where, contract);
  });
}

function checkContract(where: string, contract: Record<string, unknown>): string[] {
  const problems = Object.keys(contract).flatMap((part) =>
    PARTS.includes(part) ? [] : [`${where} has no part "${part}"; these are: ${PARTS.join(', ')}`],
  );
  for (const part of ['message', 'presence']) {
    if (contract[part] !== undefined && !isSchema(contract[part])) problems.push(`${where}.${part} ${NO_SCHEMA}`);
  }
  const { events, request, rule } = contract;
  if (rule !== undefined && !isObject(rule)) problems.push(`${where}.rule must be an object`);
  if (request !== undefined) problems.push(...checkRequestContract(`${where}.request`, request));
  return [...problems, ...checkSchemas(`${where}.events`, events, 'names of events')];
}

function checkRequestContract(where: string, request: unknown): string[] {
  if (!isObject(request)) return [`${where} must be an object with any of ${REQUEST_PARTS.join(', ')}`];
  const problems = Object.keys(request).flatMap((part) =>
    REQUEST_PARTS.includes(part) ? [] : [`${where} has no part "${part}"; these are: ${REQUEST_PARTS.join(', ')}`],
  );
  for (const part of ['in', 'out']) {
    if (request[part] !== undefined && !isSchema(request[part])) problems.push(`${where}.${part} ${NO_SCHEMA}`);
  }
  return [...problems, ...checkSchemas(`${where}.errors`, request.errors, 'codes of errors')];
}

function checkSchemas(where: string, schemas: unknown, keys: string): string[] {
  if (schemas === undefined) return [];
  if (!isObject(schemas)) return [`${where} must be an object: ${keys} and their schemas`];
  return Object.entries(schemas).flatMap(([key, schema]) =>
    isSchema(schema) ? [] : [`${where}[${JSON.stringify(key)}] ${NO_SCHEMA}`],
  );
}

// ---------------------------------------------------------------------------------------------------- types by name

/** The names of all channels that the contracts know: `` `chat:${string}` | 'news' ``. */
export type ChannelName<C extends Channels> = NamesOf<keyof C & string>;

/**
 * The contract that governs a channel, by its name or its pattern; `never` if there is none.
 * Unknown channels have a contract without parts.
 */
export type ContractFor<C extends Channels, Name extends string> = string extends keyof C
  ? Record<never, never>
  : C[PatternFor<keyof C & string, Name>];

/**
 * The name itself if a contract governs it, otherwise an error type: template literals alone accept
 * `chat:a:b` for `chat:{room}`. For functions with a client and a name as arguments, such as hooks.
 */
export type KnownName<C extends Channels, Name extends string> = string extends keyof C
  ? Name
  : Name extends `${string}{${string}`
    ? `"${Name}" is a pattern; write a value for {…}`
    : [ContractFor<C, Name>] extends [never]
      ? keyof C & string
      : Name;

/** The output of a schema; `unknown` without a schema. */
type Output<S> = S extends Schema ? StandardSchemaV1.InferOutput<S> : unknown;

/** The input of a schema; `unknown` without a schema. */
type Input<S> = S extends Schema ? StandardSchemaV1.InferInput<S> : unknown;

type Part<Contract, Name extends keyof ChannelContract> = Contract extends { readonly [N in Name]: infer P }
  ? P
  : undefined;

type Taken<Schemas> = { readonly [Event in keyof Schemas]: Input<Schemas[Event]> };
type Given<Schemas> = { readonly [Event in keyof Schemas]: Output<Schemas[Event]> };

/** May a message have no event? Not if a contract lists only events. */
type Plain<Contract> =
  Part<Contract, 'message'> extends undefined ? (Part<Contract, 'events'> extends undefined ? true : false) : true;

/** The types of a contract: what is published (`In`) and what is received (`Out`). */
export interface ContractTypes {
  readonly messageIn: unknown;
  readonly messageOut: unknown;
  readonly eventsIn: unknown;
  readonly eventsOut: unknown;
  readonly stateIn: unknown;
  readonly stateOut: unknown;
}

type RequestPart<Contract, Name extends keyof RequestContract> =
  Part<Contract, 'request'> extends { readonly [N in Name]: infer P } ? P : undefined;

/** The types of the requests of a channel: as the requester gives and receives them, and the responder. */
export interface RequestTypesOf<Contract> {
  /** What a requester sends. */
  readonly requestIn: Input<RequestPart<Contract, 'in'>>;
  /** What a responder receives: with the schema's defaults. */
  readonly requestOut: Output<RequestPart<Contract, 'in'>>;
  /** What a responder replies. */
  readonly replyIn: Input<RequestPart<Contract, 'out'>>;
  /** What a requester receives. */
  readonly replyOut: Output<RequestPart<Contract, 'out'>>;
  /** `data` of the responder's errors by code; `undefined` if they are not listed, and any code is allowed. */
  readonly errorsIn: RequestPart<Contract, 'errors'> extends undefined
    ? undefined
    : Taken<RequestPart<Contract, 'errors'>>;
  readonly errorsOut: RequestPart<Contract, 'errors'> extends undefined
    ? undefined
    : Given<RequestPart<Contract, 'errors'>>;
}

/** The types of the requests of a channel, by its name or its pattern. */
export type RequestsOf<C extends Channels, Name extends string> = RequestTypesOf<ContractFor<C, Name>>;

/** The types of one contract, resolved. */
export interface TypesOf<Contract> extends ContractTypes {
  /** `data` without an event; `never` if every message has one. */
  readonly messageIn: Plain<Contract> extends true ? Input<Part<Contract, 'message'>> : never;
  readonly messageOut: Plain<Contract> extends true ? Output<Part<Contract, 'message'>> : never;
  /** `data` by event; `undefined` if events are not listed, and any name is allowed. */
  readonly eventsIn: Part<Contract, 'events'> extends undefined ? undefined : Taken<Part<Contract, 'events'>>;
  readonly eventsOut: Part<Contract, 'events'> extends undefined ? undefined : Given<Part<Contract, 'events'>>;
  readonly stateIn: Input<Part<Contract, 'presence'>>;
  readonly stateOut: Output<Part<Contract, 'presence'>>;
}

/** The names of the events of a channel; any text if the contract does not list them. */
export type EventsOf<C extends Channels, Name extends string> = EventNames<TypesOf<ContractFor<C, Name>>['eventsIn']>;

type EventNames<Events> = Events extends undefined ? string : keyof Events & string;

/** The state of a member of a channel: the output of the contract's `presence`. */
export type StateOf<C extends Channels, Name extends string> = TypesOf<ContractFor<C, Name>>['stateOut'];

/** The `data` to publish on a channel: without an event, or with this one. */
export type PublishedOf<C extends Channels, Name extends string, Event extends EventsOf<C, Name> = never> = DataIn<
  TypesOf<ContractFor<C, Name>>,
  Event
>;

/** The type of `data` of a publish with this event; `never`: without an event. */
export type DataIn<Types extends ContractTypes, Event> = [Event] extends [never]
  ? Types['messageIn']
  : Event extends keyof Types['eventsIn']
    ? Types['eventsIn'][Event]
    : Types['messageIn'];
