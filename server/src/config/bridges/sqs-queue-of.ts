import type { BridgeOptions } from '../../bridge.ts';
import { parseUrl } from '../../util/parse-url.ts';
import type { Environment } from './bridge-system.ts';
import { serverOf } from './server-of.ts';

/** The region in a host of Amazon, also of a VPC. */
const REGION =
  /(?:^|\.)(?:sqs(?:-fips)?\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.(?:vpce\.)?(?:amazonaws\.com|api\.aws|api\.amazonwebservices\.com)/;

/** The server of a URL: the region, if it is Amazon's. */
function serverOfUrl(text: string): string {
  const { protocol, host } = new URL(text);
  const [, region, legacy] = REGION.exec(host.toLowerCase()) ?? [];
  return region ?? legacy ?? serverOf(host, protocol === 'https:' ? '443' : '80');
}

/**
 * The server, account and name of a queue; `null` is not known.
 *
 * @param queue its name or its URL
 */
export function queueOf(
  { region, endpoint }: BridgeOptions,
  queue: string,
  env: Environment,
): readonly (string | null)[] {
  const own = endpoint ?? env.AWS_ENDPOINT_URL_SQS ?? env.AWS_ENDPOINT_URL;
  const url = parseUrl(queue);
  const [name = '', account = null] = (url?.pathname ?? queue).split('/').filter(Boolean).reverse();
  const server =
    typeof own === 'string' && parseUrl(own) !== null
      ? serverOfUrl(own)
      : url !== null
        ? serverOfUrl(queue)
        : (region ?? env.AWS_REGION ?? null);
  return [server === null ? null : String(server), account, name];
}
