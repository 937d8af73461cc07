import { closeReason, ERRORS, type ErrorName, errorBody } from '@sluice/protocol';
import { negotiate, pathsOf, WIRES } from '../protocols/negotiate.ts';
import type { Selection, SocketWire } from '../protocols/protocol.ts';
import { Refusal } from '../refusal.ts';
import type { Acceptor, Admission, Handshake } from '../transport/connection.ts';
import type { Admit } from './admission.ts';
import type { ArrivalLimits } from './arrival-limits.ts';
import type { Services } from './services.ts';
import { Session } from './session.ts';

export interface AcceptorOptions {
  readonly services: Services;
  readonly admission: Admit;
  /** How fast connections may be opened. Default: unlimited. */
  readonly arrivals?: ArrivalLimits;
  /** Wire protocols that are spoken. Default: the native ones. */
  readonly wires?: readonly SocketWire[];
  /** How many file descriptors are left, where that is watched. */
  readonly descriptors?: { arrived(): boolean } | undefined;
}

/** What may be the name of a subprotocol. RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^`|~\w-]{1,100}$/;

/**
 * The subprotocol under which a refused client receives the reason. A browser opens a WebSocket
 * only with one that it offered, so it gets its own first one even where the gateway does not speak
 * it: nothing is ever said in it.
 *
 * @returns `null`: there is none that could be repeated
 */
function protocolOfRefusal(handshake: Handshake, wires: readonly SocketWire[]): string | null {
  const offered = handshake.protocols;
  if (offered.length === 0) return '';
  return negotiate(handshake, wires)?.subprotocol ?? offered.find((name) => TOKEN.test(name)) ?? null;
}

/** What an admission hands to the connection that it becomes. */
interface Choice {
  readonly wire: SocketWire;
  readonly selection: Selection;
}

/** Decides at the door who may open a WebSocket, and makes sessions of those who do. SPEC.md section 1. */
export function createAcceptor(options: AcceptorOptions): Acceptor {
  const { services, admission, arrivals, descriptors, wires = WIRES } = options;
  const report = (address: string, error: ErrorName, detail?: string, retryAfter?: number) => {
    const body = errorBody(error, detail, retryAfter);
    services.events.emit('rejected', { what: 'handshake', address, error, detail: body.message });
    return body;
  };
  /** To whatever stands between the client and this node: another node may take it. */
  const answer = ({ address }: Handshake, { error, detail, retryAfter }: Refusal): Admission => {
    const body = JSON.stringify({ error: report(address, error, detail, retryAfter) });
    return { ok: false, status: ERRORS[error].status, body, ...(retryAfter === undefined ? {} : { retryAfter }) };
  };
  /** To the page itself. */
  const refuseHandshake = (handshake: Handshake, refusal: Refusal): Admission => {
    const { error, detail } = refusal;
    const protocol = protocolOfRefusal(handshake, wires);
    if (protocol === null) return answer(handshake, refusal);
    report(handshake.address, error, detail);
    return { ok: false, protocol, closeFrame: { code: ERRORS[error].code, reason: closeReason(error, detail) } };
  };
  return {
    paths: pathsOf(wires),
    ...(descriptors === undefined ? {} : { arrived: () => descriptors.arrived() }),
    failed: (where, error) => services.events.emit('fault', { where, error }),
    rejected: (address, detail) =>
      services.events.emit('rejected', { what: 'request', address, error: 'frame_malformed', detail }),
    admit(handshake) {
      const { protocols } = handshake;
      const barred = admission(handshake);
      if (barred?.isOfNode === true) return answer(handshake, barred.refusal);
      if (barred !== null) return refuseHandshake(handshake, barred.refusal);
      const wire = negotiate(handshake, wires);
      if (wire === null) return refuseHandshake(handshake, new Refusal('subprotocol_unknown'));
      const tooFast = arrivals?.admit(handshake.address) ?? null;
      if (tooFast !== null) return answer(handshake, tooFast);
      const choice: Choice = { wire, selection: handshake };
      return { ok: true, protocol: protocols.length === 0 ? '' : wire.subprotocol, choice };
    },
    open(connection, choice) {
      const { wire, selection } = choice as Choice;
      return new Session(connection, { wire, session: wire.open(selection) }, services);
    },
  };
}
