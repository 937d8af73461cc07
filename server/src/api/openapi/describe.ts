import { type ApiOptions, createRoutes } from '../routes.ts';
import { openApi } from './document.ts';

/** The services are needed only when a request is handled. */
const UNUSED = {
  apiKeys: {},
  sse: { handle: () => ({ status: 500 }), preflight: () => ({ status: 500 }), tickets: {} },
} as unknown as ApiOptions;

/** The description of the API of a gateway in which everything is enabled. */
export const describeApi = (): object => openApi(createRoutes(UNUSED));
