import { hostPort } from '../host-port.ts';
import { option } from '../options/option.ts';
import { flag, text } from '../values.ts';
import type { BridgeSystem } from './bridge-system.ts';
import { serverOf } from './server-of.ts';

/** Project and name of a subscription, whose name may be that in the project, or the full one. */
function fullName(project: string, subscription: string): readonly [string, string] {
  const [, ownProject = project, name = subscription] =
    /^projects\/([^/]+)\/subscriptions\/(.+)$/.exec(subscription) ?? [];
  return [ownProject, name];
}

/** Google Cloud Pub/Sub. */
export const PUBSUB_SYSTEM = {
  title: 'Google Cloud Pub/Sub',
  connection: {
    project: option({
      schema: text('the id of a project'),
      required: true,
      defaultText: 'required, or `projectEnv`',
      type: 'text',
      description: 'The project of the topic and the subscription.',
    }),
    keyFile: option({
      schema: text('a path'),
      defaultText: 'the credentials of the environment; or `keyFileEnv`',
      type: 'path',
      description:
        'The key of a service account. Without it, the client finds the credentials of the machine (Application Default Credentials).',
    }),
    endpoint: option({
      schema: hostPort('europe-west1-pubsub.googleapis.com:443'),
      defaultText: 'the global one; or `endpointEnv`',
      type: '`host:port`',
      description: 'A regional endpoint. Order is only promised if producers of an ordering key use the same region.',
    }),
    emulator: option({
      schema: hostPort('localhost:8085'),
      defaultText: 'none; or `emulatorEnv`',
      type: '`host:port`',
      description: 'An emulator instead of the service: without TLS and credentials.',
    }),
  },
  hasKeys: true,
  from: {
    subscription: option({
      schema: text('the name of a subscription'),
      required: true,
      defaultText: 'required',
      type: 'text',
      description: 'The subscription to pull from, which must exist. No other program may use it.',
    }),
  },
  reader: ({ project, endpoint, emulator }, { subscription }, env) => {
    const fake = emulator ?? (endpoint === undefined ? env.PUBSUB_EMULATOR_HOST : undefined);
    const service = typeof fake === 'string' ? serverOf(fake, '8085') : 'service';
    return {
      parts: [
        {
          name: `the subscription "${subscription}"`,
          id: [service, ...fullName(String(project), String(subscription))],
        },
      ],
      remedy: 'Create a subscription for each of them',
    };
  },
  to: {
    topic: option({
      schema: text('the name of a topic'),
      required: true,
      defaultText: 'required',
      type: 'text',
      description: 'The topic, which must exist.',
    }),
    ordered: option({
      schema: flag(),
      default: true,
      defaultText: '`true`',
      type: 'boolean',
      description:
        'Is the channel the ordering key? Then subscriptions with message ordering keep its order, and its throughput is limited.',
    }),
  },
  fault: ({ emulator, endpoint, keyFile }) => {
    if (emulator === undefined) return undefined;
    const option = endpoint !== undefined ? 'endpoint' : keyFile !== undefined ? 'keyFile' : undefined;
    return option === undefined ? undefined : { option, fault: 'has no use with "emulator". Remove one of them' };
  },
} satisfies BridgeSystem;
