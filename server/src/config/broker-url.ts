import { parseUrl } from '../util/parse-url.ts';
import { hostFault } from './host-port.ts';
import { text } from './values.ts';

/** How the URL of a broker begins, and an example. */
interface BrokerUrl {
  readonly of: string;
  readonly schemes: readonly string[];
  readonly example: string;
  /** May a host do without a scheme, and may there be several with commas? */
  readonly isList?: boolean;
  /** May the host be absent, because the client has a default, or because parameters name it? */
  readonly isHostless?: boolean;
  /** Does the client also accept a "%" that encodes nothing, as itself, and a user without a host? */
  readonly isTolerant?: boolean;
  /** What the path must be, and the error. */
  readonly path?: { readonly pattern: RegExp; readonly error: string };
}

/** The URL of a Redis. */
export const REDIS_URL: BrokerUrl = {
  ...{ of: 'a Redis', schemes: ['redis', 'rediss'], example: 'redis://host:6379' },
  path: {
    pattern: /^\/?\d*$/,
    error: 'has a path, which must be the number of a database. Example: "redis://host:6379/0"',
  },
};

const ENCODE =
  'In user and password, write "#" as %23, "/" as %2F, "?" as %3F, "%" as %25 and "@" as %40: they are percent-encoded';

/** The URL of a broker. Errors do not repeat it: it may have a password. */
export function brokerUrl(kind: BrokerUrl) {
  const { example, isList = false } = kind;
  return text(`a URL like "${example}"`).superRefine((value, context) => {
    const fault = (isList ? value.split(',') : [value]).flatMap((url) => urlFault(url.trim(), kind) ?? [])[0];
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  });
}

function urlFault(text: string, { of, schemes, example, isList = false, ...kind }: BrokerUrl): string | null {
  const [, scheme] = /^([a-z0-9+.-]+):\/\//i.exec(text) ?? [];
  if (scheme === undefined && isList) {
    const fault = hostFault(text);
    return fault === null ? null : `${fault}. Example: "${example}"`;
  }
  if (scheme === undefined || !schemes.includes(scheme.toLowerCase())) {
    const begins = schemes.map((each) => `"${each}://"`).join(' or ');
    return `is not the URL of ${of}: it must begin with ${begins}. Example: "${example}"`;
  }
  return partsFault(text, { example, ...kind });
}

function partsFault(
  text: string,
  {
    example,
    isHostless = false,
    isTolerant = false,
    path,
  }: Pick<BrokerUrl, 'example' | 'isHostless' | 'isTolerant' | 'path'>,
): string | null {
  const full = isHostless && isTolerant ? text.replace('@/', '@localhost/') : text;
  const url = parseUrl(full) ?? undefined;
  if (url === undefined || url.hash !== '' || endsInPassword(url)) return `is not a URL. ${ENCODE}`;
  const isDecodable = isTolerant || (canDecode(url.username) && canDecode(url.password));
  if (!isDecodable) return `has a "%" that encodes nothing. ${ENCODE}`;
  if (url.host === '' && !isHostless) return `names no host. Example: "${example}"`;
  return path === undefined || path.pattern.test(url.pathname) ? null : path.error;
}

/**
 * A password with "/" or "?" ends the host there: its rest, and the "@", are in the path or begin
 * the parameters. The value of a parameter may have an "@": `?user=me@server`.
 */
const endsInPassword = ({ pathname, search }: URL): boolean => pathname.includes('@') || /^\?[^=&]*@/.test(search);

/** Most clients decode what is percent-encoded, and throw if it is not. */
function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
