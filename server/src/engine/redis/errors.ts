import { EngineMisconfigured, EngineUnavailable } from '../engine.ts';

/** What Redis answers when it could do the same a little later, or when an operator must act. */
const REFUSALS: Readonly<Record<string, string>> = {
  LOADING: 'it is loading its data',
  READONLY: 'it is a replica',
  MASTERDOWN: 'its master is down',
  CLUSTERDOWN: 'the cluster is down',
  TRYAGAIN: 'a slot is being moved',
  MOVED: 'a slot has moved',
  OOM: 'its memory is full: raise maxmemory, or keep less history',
  MISCONF: 'it cannot write to its disk',
  NOREPLICAS: 'too few replicas are connected',
  BUSY: 'it is busy with a script',
  NOAUTH: 'it wants a password: set redis.password',
  WRONGPASS: 'it does not know this user and password',
  NOPERM: 'the user may not run the commands that are needed; docs/engines/redis.md lists them',
};

/** Refusals that last until an operator changes something. */
const LASTING: ReadonlySet<string> = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM']);

/**
 * What went wrong, in words that repeat neither commands nor their arguments: those hold payloads, and logins.
 *
 * @param label the server, without its password
 */
export function toEngineError(error: unknown, label: string): Error {
  const text = error instanceof Error ? error.message : String(error);
  const [word = ''] = text.split(/[\s:]/, 1);
  const refusal = Object.hasOwn(REFUSALS, word) ? REFUSALS[word] : undefined;
  if (refusal !== undefined) {
    const refused = `Redis at ${label} refuses: ${refusal} (${word})`;
    return LASTING.has(word) ? new EngineMisconfigured(refused) : new EngineUnavailable(refused);
  }
  if (error instanceof Error && error.name === 'ReplyError') return toFault(text, label);
  const unreachable = `Redis at ${label} cannot be reached: ${reasonOf(error)}`;
  return isOfCertificate(error) ? new EngineMisconfigured(unreachable) : new EngineUnavailable(unreachable);
}

/** A failing script is our bug: its line number shows where. */
function toFault(text: string, label: string): Error {
  const line = /user_script:\d+: [^,]{0,120}/.exec(text)?.[0];
  const [word = ''] = text.split(' ', 1);
  return new Error(`Redis at ${label} refused a command: ${line ?? word}`);
}

/** Error codes of TLS for a certificate that no known authority has signed. */
const UNTRUSTED: ReadonlySet<unknown> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

const WRONG_NAME = 'ERR_TLS_CERT_ALTNAME_INVALID';

function isOfCertificate(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return UNTRUSTED.has(code) || code === WRONG_NAME;
}

/** Why a connection failed: the system's code where there is one. */
function reasonOf(error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (UNTRUSTED.has(code))
    return `its certificate is not trusted: set redis.ca to the authority that signed it (${code})`;
  if (code === WRONG_NAME) return 'its certificate is for another name: use one of its names in the URL';
  if (typeof code === 'string') return code;
  const text = typeof message === 'string' ? message : '';
  if (/timeout/i.test(text)) return 'it did not answer in time';
  return 'the connection is closed';
}
