import { ERRORS, type ErrorName, errorBody } from '@sluice/protocol';
import { type DevAccess, hostRefused } from '../auth/dev-access.ts';
import { negotiate } from '../protocols/negotiate.ts';
import type { Acceptor, Admission, Handshake } from '../transport/connection.ts';
import { isOriginAllowed } from './origin.ts';
import type { Services } from './services.ts';
import { Session } from './session.ts';

export interface AcceptorOptions {
  readonly services: Services;
  readonly origins: readonly string[];
  /** In development mode. */
  readonly dev: DevAccess | null;
  /** Is the gateway stopping? Then nobody may come in, on connections that were opened before either. */
  readonly isDraining: () => boolean;
}

/** Decides at the door who may open a WebSocket, and makes sessions of those who do. SPEC.md section 1. */
export function createAcceptor({ services, origins, dev, isDraining }: AcceptorOptions): Acceptor {
  const turnAway = (handshake: Handshake, error: ErrorName, detail?: string): Admission => {
    const body = errorBody(error, detail);
    services.events.emit('rejected', { address: handshake.address, error, detail: body.message });
    return { ok: false, status: ERRORS[error].status, body: JSON.stringify({ error: body }) };
  };
  return {
    admit(handshake) {
      const { origin, protocols, host } = handshake;
      if (isDraining()) return turnAway(handshake, 'draining');
      if (dev?.isHostAllowed(host) === false) return turnAway(handshake, 'host_refused', hostRefused(host));
      if (!isOriginAllowed(handshake, origins, dev)) {
        return turnAway(handshake, 'origin_refused', `origin "${origin}" is not allowed; add it to "origins"`);
      }
      const most = services.settings.limits.connectionsPerAddress;
      if (most > 0 && services.registry.addresses.of(handshake.address) >= most) {
        return turnAway(handshake, 'too_many_connections', `an address may have at most ${most} connections`);
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
