import { LIMITS } from '@sluice/protocol';
import { refuseUnavailable } from '../../../channels/refuse-unavailable.ts';
import { refuseGroupOfBridge } from '../../../groups/group-names.ts';
import type { Leased, LeaseRequest } from '../../../groups/lease-request.ts';
import { Refusal } from '../../../refusal.ts';
import {
  type HttpReply,
  type HttpStream,
  jsonReply,
  type Request,
  type StreamBody,
  type StreamListener,
} from '../../../transport/http.ts';
import type { Clock, Timer } from '../../../util/clock.ts';
import { authenticate, needsKey } from '../../credentials.ts';
import { errorReply } from '../../errors.ts';
import { readFields } from '../../fields.ts';
import type { Route } from '../../route.ts';
import { type GroupServices, type PermittedGroup, permitGroup, readNumber } from './group-access.ts';

/** Milliseconds that a request may wait. */
const LONGEST_WAIT = 30_000;

/** Milliseconds between two signs of life while a request waits: proxies cut a response that is silent. */
const SIGN_OF_LIFE = 10_000;

interface Wanted {
  readonly max: number;
  readonly wait: number;
}

/**
 * `POST /api/v1/channels/{channel}/groups/{group}/lease`: `{ max?, wait? }`. At most `max` deliveries;
 * if none is ready, waits for them for `wait` milliseconds. `gaps` says which messages the log lost
 * before the group had settled them. They are confirmed as soon as the response was written.
 */
export function leaseRoute(services: GroupServices): Route['handle'] {
  return async (request, parameters) => {
    const by = await authenticate(request, services);
    if (by instanceof Refusal) return errorReply(by, { 'WWW-Authenticate': 'Bearer' });
    if (by.name === undefined) {
      return errorReply(needsKey('this needs an API key; users consume over their connection'));
    }
    const group = await permitGroup(services, by, { verb: 'consume', parameters });
    if (group instanceof Refusal) return errorReply(group);
    const ofBridge = refuseGroupOfBridge(group);
    if (ofBridge !== null) return errorReply(ofBridge);
    const wanted = await readWanted(request);
    if (wanted instanceof Refusal) return errorReply(wanted);
    return lease(group, wanted, services).catch((error: unknown) => errorReply(refuseUnavailable(error)));
  };
}

async function readWanted(request: Request): Promise<Wanted | Refusal> {
  const fields = await readFields(request, ['max', 'wait']);
  if (fields instanceof Refusal) return fields;
  const max = readNumber(fields, 'max', { min: 1, max: LIMITS.prefetch, absent: 10 });
  if (max instanceof Refusal) return max;
  const wait = readNumber(fields, 'wait', { min: 0, max: LONGEST_WAIT, absent: 0 });
  return wait instanceof Refusal ? wait : { max, wait };
}

async function lease(group: PermittedGroup, { max, wait }: Wanted, { clock }: GroupServices): Promise<HttpReply> {
  const most = Math.min(max, group.rule.delivery.maxUnacked);
  const batch = await group.groups.lease(group, most);
  const { body: _, ...head } = jsonReply(200, null);
  if (batch.gaps !== undefined && batch.gaps.length > 0) return { ...head, stream: new GapBody(group, batch) };
  if (batch.deliveries.length > 0 || wait === 0) return jsonReply(200, bodyOf(group, batch));
  const later = group.groups.leaseLater(group, { max: most, wait });
  return { ...head, stream: new LeaseBody(group, later, clock) };
}

/** Writes the whole response. It confirms the gaps only then, so it must not be called without a client. */
function writeLease(stream: HttpStream, group: PermittedGroup, leased: Leased | null): void {
  stream.write(JSON.stringify(bodyOf(group, leased)));
  stream.end();
  group.groups.gapsReceived(group, leased?.gaps ?? []);
}

/** A response with gaps. It is a stream, so that it is known whether it was written. */
class GapBody implements StreamBody {
  readonly filler = ' ';
  readonly ends = true;
  readonly #group: PermittedGroup;
  readonly #leased: Leased;

  constructor(group: PermittedGroup, leased: Leased) {
    this.#group = group;
    this.#leased = leased;
  }

  open(stream: HttpStream): StreamListener {
    writeLease(stream, this.#group, this.#leased);
    return { drained: () => {}, closed: () => {} };
  }

  /** Another lease gets the gaps. */
  abandon(): void {}
}

/**
 * The response to a request that waits. It is a stream, so that it is known when the requester has
 * gone: messages that nobody receives would be late by one `ackTimeout`.
 */
class LeaseBody implements StreamBody {
  /** JSON may begin with spaces. */
  readonly filler = ' ';
  readonly ends = true;
  readonly #group: PermittedGroup;
  readonly #request: LeaseRequest;
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(group: PermittedGroup, request: LeaseRequest, clock: Clock) {
    this.#group = group;
    this.#request = request;
    this.#clock = clock;
  }

  open(stream: HttpStream): StreamListener {
    let isClosed = false;
    const showLife = () => {
      stream.write(this.filler);
      this.#timer = this.#clock.after(SIGN_OF_LIFE, showLife);
    };
    showLife();
    void this.#request.batch.then((batch) => {
      this.#timer?.cancel();
      if (!isClosed) writeLease(stream, this.#group, batch);
    });
    const closed = () => {
      isClosed = true;
      this.abandon();
    };
    return { drained: () => {}, closed };
  }

  abandon(): void {
    this.#request.cancel();
  }
}

/** `null`: there was nothing in time. */
function bodyOf({ ref: { group } }: PermittedGroup, leased: Leased | null): object {
  const { epoch, deadline, deliveries = [], gaps = [] } = leased ?? {};
  return {
    group,
    ...(deliveries.length > 0 && { epoch }),
    ...(gaps.length > 0 && { gaps }),
    deliveries: deliveries.map(({ id, attempt, message }) => ({ id, attempt, deadline, message: message.message })),
  };
}
