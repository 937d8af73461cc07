import { jsonWire } from './native/json-wire.ts';
import { msgpackWire } from './native/msgpack-wire.ts';
import type { Wire } from './protocol.ts';

/** Every wire protocol that the gateway speaks. */
export const WIRES: readonly Wire[] = [jsonWire, msgpackWire];

/**
 * Chooses a wire protocol: the first one known, in the client's order. SPEC.md section 1.
 *
 * @param offered subprotocols of the handshake; none means JSON
 * @returns `null` when none of the offered is known
 */
export function negotiate(offered: readonly string[]): Wire | null {
  if (offered.length === 0) return jsonWire;
  for (const subprotocol of offered) {
    const wire = WIRES.find((candidate) => candidate.subprotocol === subprotocol);
    if (wire !== undefined) return wire;
  }
  return null;
}
