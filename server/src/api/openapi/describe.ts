import { type ApiOptions, createRoutes } from '../routes.ts';
import { openApi } from './document.ts';

/** Whatever is asked of it, it is this again: the services are needed only when a request is handled. */
const UNUSED: object = new Proxy({}, { get: () => UNUSED });

const GIVEN: Readonly<Record<string, unknown>> = {
  sse: { handle: () => ({ status: 500 }), preflight: () => ({ status: 500 }), tickets: {} },
  dev: undefined,
  isNamed: false,
};

/** The description of the API of a gateway in which everything is enabled. */
export function describeApi(): object {
  const options = new Proxy(GIVEN, {
    get: (given, name: string) => (Object.hasOwn(given, name) ? given[name] : UNUSED),
  });
  return openApi(createRoutes(options as unknown as ApiOptions));
}
