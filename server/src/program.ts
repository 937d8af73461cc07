import { type Draft, type Json, LIMITS, type PublishResult, type ScheduleResult } from '@sluice/protocol';
import { readRevocation } from './api/routes/revocations.ts';
import { PROGRAM } from './auth/identity.ts';
import type { Revocation, RevocationStore } from './engine/revocations.ts';
import type { ConsumeFunction, ProgramConsumeOptions } from './groups/program-delivery.ts';
import { answered, checkCommand, checkFunction, matchOf, orThrow } from './program-checks.ts';
import { type RequestOptions, requestMany } from './program-requests.ts';
import {
  listMessages,
  type ScheduleOptions,
  type SchedulesOptions,
  scheduleMessage,
  unscheduleMessage,
} from './program-schedules.ts';
import { ProgramResponder, type RequestFunction } from './requests/program-responder.ts';
import type { WaitingPage } from './schedules/waiting-list.ts';
import type { Services } from './session/services.ts';
import { SluiceError } from './sluice-error.ts';

/** What a program does with the channels of the gateway that it embeds. */
export abstract class Program {
  readonly #services: Services;
  readonly #revocations: RevocationStore;

  constructor(services: Services, revocations: RevocationStore) {
    this.#services = services;
    this.#revocations = revocations;
  }

  /**
   * Publishes in the name of the program: the permissions of rules do not apply, their limits do.
   *
   * @returns the position of the message, once the engine has stored it
   * @throws SluiceError with a name of the catalogue: `channel_invalid`, `channel_unknown`,
   *   `payload_invalid`, `unavailable`, `storage_full`…
   */
  async publish(channel: string, data: Draft['data'], options: Omit<Draft, 'data'> = {}): Promise<PublishResult> {
    const { door } = this.#services;
    const outcome = await door.publish({ channel, draft: { ...options, data }, by: PROGRAM, allowance: null });
    return orThrow(outcome);
  }

  /**
   * Publishes a message later, in the name of the program. The channel's rule needs `schedule`, and
   * limits how far ahead.
   *
   * @param options `delay` in milliseconds, or `at`; with a `key`, a repeat within an hour schedules
   *   nothing and returns the first result
   * @returns the id for `unschedule`, and when it is due, once the engine has stored it
   * @throws SluiceError with a name of the catalogue: `command_invalid`, `too_many_scheduled`…
   * @example
   * ```ts
   * const tomorrow = new Date(Date.now() + 86_400_000);
   * const { id } = await gateway.schedule('user:ada', { title: 'Stand-up' }, { at: tomorrow, event: 'reminder' });
   * ```
   */
  schedule(channel: string, data: Json, options: ScheduleOptions): Promise<ScheduleResult> {
    return scheduleMessage(this.#services, { ...options, channel, data });
  }

  /**
   * Withdraws a scheduled message, no matter who scheduled it.
   *
   * @throws SluiceError `not_scheduled` if it does not wait any more
   */
  unschedule(channel: string, id: string): Promise<void> {
    return unscheduleMessage(this.#services.schedules, channel, id);
  }

  /**
   * Returns a page of the messages that wait on a channel, in the order of their times.
   *
   * @example
   * ```ts
   * const { messages, next } = await gateway.schedules('user:ada', { limit: 20 });
   * for (const { id } of messages) await gateway.unschedule('user:ada', id);
   * ```
   */
  schedules(channel: string, options: SchedulesOptions = {}): Promise<WaitingPage> {
    return listMessages(this.#services, channel, options);
  }

  /**
   * Sends a request to a responder of the channel, in the name of the program: the permissions of
   * rules do not apply, their limits do.
   *
   * @param options.timeout milliseconds until the first reply, and between two; default: the rule's
   * @returns the data of the last reply; `undefined` if it has none, after several replies
   * @throws SluiceError with a name of the catalogue: `no_responders`, `request_timeout`,
   *   `responder_failed` with the error of the responder in `responder`…
   * @example
   * ```ts
   * const price = await gateway.request('prices:quote', { symbol: 'ACME' }, { timeout: 2_000 });
   * ```
   */
  async request(channel: string, data: Json, options: RequestOptions = {}): Promise<Json | undefined> {
    let last: Json | undefined;
    for await (const reply of this.requestMany(channel, data, options)) last = reply;
    return last;
  }

  /**
   * As `request`, for a responder that replies several times: iterates over its replies. Leaving the
   * loop cancels the request.
   */
  async *requestMany(channel: string, data: Json, options: RequestOptions = {}): AsyncGenerator<Json, void> {
    yield* requestMany(this.#services.backendRequests, { channel, data, ...options });
  }

  /**
   * Answers requests on a channel with a function of the program. Permissions do not apply.
   *
   * @param answer returns the data of the reply, or an async iterable for several; throws a
   *   `ReplyError` to fail with a code. Any other error is logged as a fault, and the requester
   *   learns nothing about it
   * @param options.concurrency maximum number of requests at the same time, 1 to 1,000; default 16
   * @returns a function that ends it. Requests that have begun are answered
   * @throws SluiceError `channel_unknown` if no rule matches the channel, `command_invalid`
   * @example
   * ```ts
   * const stop = gateway.respond('prices:quote', async ({ data, signal }) => findPrice(data, signal));
   * ```
   */
  respond(channel: string, answer: RequestFunction, options: { readonly concurrency?: number } = {}): () => void {
    const { rules, requests, events } = this.#services;
    checkFunction('answer', answer);
    checkCommand('respond', { channel, concurrency: options.concurrency });
    matchOf(rules, channel);
    const { concurrency = LIMITS.concurrencyDefault } = options;
    const responder = new ProgramResponder({ answer, concurrency, events });
    void requests.respond(channel, responder);
    return () => requests.withdraw(channel, responder);
  }

  /**
   * Consumes a queue or a consumer group with a function of the program, on this node. The permissions
   * of rules do not apply. A message is acknowledged when the promise of the handler resolves, and
   * delivered again when it rejects; while the handler runs, the delivery is extended.
   *
   * @returns a function that stops: it resolves when all messages that it has received are settled
   * @throws SluiceError `channel_unknown`, `group_unknown`, `command_invalid`
   * @example
   * ```ts
   * const stop = gateway.consume('jobs:thumbnails', async ({ message, signal }) => {
   *   await makeThumbnail(message.data, signal);
   * });
   * ```
   */
  consume(channel: string, handler: ConsumeFunction, options: ProgramConsumeOptions = {}): () => Promise<void> {
    const { groups } = this.#services;
    const { group, prefetch, onGap } = options;
    checkFunction('handler', handler);
    if (onGap !== undefined) checkFunction('onGap', onGap);
    checkCommand('consume', { channel, group, prefetch });
    if (groups === undefined) throw new SluiceError('group_unknown', 'the engine has no consumer groups');
    const target = orThrow(groups.findToConsume(channel, PROGRAM, group));
    return groups.consume(target, {
      ...{ handler, onGap },
      prefetch: prefetch ?? target.rule.prefetch,
      publish: (to, data, draft) => this.publish(to, data, draft),
    });
  }

  /**
   * Revokes tokens by user, by id or by the time of issue. Connections that use a revoked token are
   * closed with `token_revoked` on every node, and the tokens are rejected from then on.
   *
   * @throws SluiceError `command_invalid` with the reason; `unavailable` if the engine did not confirm
   *   that it stored the revocation
   * @example
   * ```ts
   * await gateway.revoke({ user: 'ada' }); // signed out everywhere; a token issued from now on is accepted
   * ```
   */
  async revoke(what: Partial<Revocation>): Promise<Revocation> {
    const revocation = orThrow(readRevocation(what, this.#services.clock.now()));
    await answered(Promise.resolve(this.#revocations.add(revocation)));
    return revocation;
  }
}
