import { errorBody } from '@sluice/protocol';
import { negotiate } from '../protocols/negotiate.ts';
import type { Acceptor, Admission, Handshake } from '../transport/connection.ts';
import { isOriginAllowed } from './origin.ts';
import type { Services } from './services.ts';
import { Session } from './session.ts';

export interface AcceptorOptions {
  readonly services: Services;
  readonly origins: readonly string[];
  readonly dev: boolean;
  /** Is the gateway stopping? Then nobody may come in, on connections that were opened before either. */
  readonly isDraining: () => boolean;
}

const STATUS = { origin_refused: 403, command_invalid: 400, draining: 503 } as const;

/** Decides at the door who may open a WebSocket, and makes sessions of those who do. SPEC.md section 1. */
export function createAcceptor({ services, origins, dev, isDraining }: AcceptorOptions): Acceptor {
  const turnAway = (handshake: Handshake, error: keyof typeof STATUS, detail?: string): Admission => {
    const body = errorBody(error, detail);
    services.events.emit('rejected', { address: handshake.address, error, detail: body.message });
    return { ok: false, status: STATUS[error], body: JSON.stringify({ error: body }) };
  };
  return {
    admit(handshake) {
      const { origin, protocols } = handshake;
      if (isDraining()) return turnAway(handshake, 'draining');
      if (!isOriginAllowed(handshake, origins, dev)) {
        return turnAway(handshake, 'origin_refused', `origin "${origin}" is not allowed; add it to "origins"`);
      }
      const wire = negotiate(protocols);
      if (wire === null) return turnAway(handshake, 'command_invalid', 'none of the offered subprotocols is known');
      return { ok: true, protocol: protocols.length === 0 ? '' : wire.subprotocol };
    },
    open(connection) {
      const { protocol } = connection;
      const wire = negotiate(protocol === '' ? [] : [protocol]);
      if (wire === null) throw new Error(`a connection with the unknown subprotocol "${protocol}" was admitted`);
      return new Session(connection, wire, services);
    },
  };
}
