import type { DevAccess } from '../auth/dev-access.ts';
import { hostRefused } from '../auth/dev-access.ts';
import { Refusal } from '../refusal.ts';
import { isOriginAllowed, type Visiting } from './origin.ts';
import type { Services } from './services.ts';

export interface AdmissionOptions {
  readonly services: Services;
  readonly origins: readonly string[];
  /** In development mode. */
  readonly dev: DevAccess | null;
  /** How many file descriptors are left, where that is watched. */
  readonly descriptors?: { readonly isLow: boolean; arrived(): boolean } | undefined;
  /** Is the gateway stopping? Then nobody may come in, on connections that were opened before either. */
  readonly isDraining: () => boolean;
  /** Is the engine away since the start? Then the revocations are not known, so no token can be accepted. */
  readonly isWaiting?: () => boolean;
}

/** Why a client may not come in. */
export interface Barred {
  readonly refusal: Refusal;
  /** May another node let it in? Then the proxy receives the reason; otherwise the page does. */
  readonly isOfNode: boolean;
}

/** Decides who may open a connection, of whichever kind. `null`: it may. */
export type Admit = (visitor: Visiting & { readonly address: string }) => Barred | null;

/** Characters of an origin that are repeated: as many as leave room for the rest of a close reason. */
const LONGEST_SHOWN = 70;
/** Milliseconds after which a node that drains has made room for one that does not. */
const SOON = 1_000;

const NO_DESCRIPTORS = 'this node is out of file descriptors; raise its limit (ulimit -n)';

const NO_ENGINE = 'this node has started and waits for its engine; try another node, or again later';

const ofNode = (refusal: Refusal): Barred => ({ refusal, isOfNode: true });
const ofClient = (refusal: Refusal): Barred => ({ refusal, isOfNode: false });

/** Builds the check that every connection passes before it is opened. SPEC.md section 1. */
export function createAdmission(options: AdmissionOptions): Admit {
  const { services, origins, dev, descriptors, isDraining, isWaiting = () => false } = options;
  const { registry, settings } = services;
  return (visitor) => {
    const { origin, host, address } = visitor;
    if (isDraining()) return ofNode(new Refusal('draining', undefined, SOON));
    if (isWaiting()) return ofNode(new Refusal('unavailable', NO_ENGINE, SOON));
    if (descriptors?.isLow === true) return ofNode(new Refusal('unavailable', NO_DESCRIPTORS));
    if (dev?.isHostAllowed(host) === false) return ofNode(new Refusal('host_refused', hostRefused(host)));
    if (!isOriginAllowed(visitor, origins, dev)) {
      const shown = origin.slice(0, LONGEST_SHOWN);
      return ofClient(new Refusal('origin_refused', `origin "${shown}" is not in "origins"`));
    }
    const most = settings.limits.connectionsPerAddress;
    if (most > 0 && registry.addresses.of(address) >= most) {
      return ofClient(new Refusal('too_many_connections', `an address may have at most ${most} connections`));
    }
    return null;
  };
}
