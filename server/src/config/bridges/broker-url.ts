import { text } from '../values.ts';

/** How the URL of a broker begins, and an example. */
interface BrokerUrl {
  readonly of: string;
  readonly schemes: readonly string[];
  readonly example: string;
  /** May a host do without a scheme, and may there be several with commas? */
  readonly isList?: boolean;
}

/** The URL of a broker. Errors do not repeat it: it may have a password. */
export function brokerUrl({ of, schemes, example, isList = false }: BrokerUrl) {
  const fits = (url: string): boolean => {
    const scheme = /^([a-z0-9+.-]+):\/\//i.exec(url.trim())?.[1];
    return scheme === undefined ? isList : schemes.includes(scheme.toLowerCase());
  };
  const begins = schemes.map((scheme) => `"${scheme}://"`).join(' or ');
  return text(`a URL like "${example}"`).refine((value) => (isList ? value.split(',') : [value]).every(fits), {
    error: `is not the URL of ${of}: it must begin with ${begins}. Example: "${example}"`,
  });
}
