/** A parameter of `Forwarded`, in quotes or without. RFC 7239 section 4. */
const PARAMETER = /([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^;,"\s]*))/g;

/** A comma outside of quotes begins the next entry. */
const lastEntry = (list: string): string => list.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g)?.at(-1) ?? '';

function hostOf(entry: string): string {
  const pairs = [...entry.matchAll(PARAMETER)];
  const [, , quoted, bare = ''] = pairs.find(([, name]) => name?.toLowerCase() === 'host') ?? [];
  return quoted?.replace(/\\(.)/g, '$1') ?? bare;
}

/**
 * The hosts that a proxy was asked for: the last entry of `X-Forwarded-Host` and of `Forwarded`, as
 * with `X-Forwarded-For`.
 *
 * @param header a header's last line; undefined or empty if it is absent
 */
export function forwardedHosts(header: (name: string) => string | undefined): readonly string[] {
  const plain = header('x-forwarded-host')?.split(',').at(-1)?.trim() ?? '';
  return [plain, hostOf(lastEntry(header('forwarded') ?? ''))].filter((host) => host !== '');
}
