import { jsonWire } from './native/json-wire.ts';
import { msgpackWire } from './native/msgpack-wire.ts';
import type { Selection, SocketWire } from './protocol.ts';

/** Every wire protocol over WebSockets. */
export const WIRES: readonly (typeof jsonWire)[] = [jsonWire, msgpackWire];

/** The path of wires without a path of their own. */
export const SOCKET_PATH = '/ws';

const pathOf = ({ path = SOCKET_PATH }: SocketWire): string => path;

/** The paths at which these wires are opened. */
export const pathsOf = (wires: readonly SocketWire[]): readonly string[] => [...new Set(wires.map(pathOf))];

/** Does a path match this form? A segment `:name` matches any segment. */
export function matchesPath(form: string, path: string): boolean {
  if (form === path || !form.includes('/:')) return form === path;
  const segments = form.split('/');
  const given = path.split('/');
  return (
    segments.length === given.length &&
    segments.every((segment, at) => segment === given[at] || (segment.startsWith(':') && given[at] !== ''))
  );
}

/**
 * Chooses a wire protocol among those at the path: the first known one in the client's order. A
 * client that offers no subprotocol gets the first of them. SPEC.md section 1.
 *
 * @returns `null` if none of the offered ones is known
 */
export function negotiate({ path, protocols }: Selection, wires: readonly SocketWire[] = WIRES): SocketWire | null {
  if (protocols.length === 0) return wires.find((wire) => matchesPath(pathOf(wire), path)) ?? null;
  const here = wires.filter((wire) => matchesPath(pathOf(wire), path));
  for (const subprotocol of protocols) {
    const wire = here.find((candidate) => candidate.subprotocol === subprotocol);
    if (wire !== undefined) return wire;
  }
  return null;
}
