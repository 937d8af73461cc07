import { z } from 'zod';
import type { BridgeOptions } from '../../bridge.ts';
import { isPort } from '../host-port.ts';
import { option } from '../options/option.ts';
import { flag, oneOf, text } from '../values.ts';
import type { BridgeSystem } from './bridge-system.ts';
import { serverOf } from './server-of.ts';

const key = (name: string) => {
  const error = `must be the ${name} of CURVE, 40 characters of Z85`;
  return z.string({ error }).regex(/^[0-9a-zA-Z.\-:+=^!/*?&<>()[\]{}@%$#]{40}$/, error);
};

const ADDRESS = String.raw`\s*(?:tcp://[^,\s]+:\d+|ipc://[^,\s]+)\s*`;
const arePorts = (addresses: string): boolean =>
  [...addresses.matchAll(/(?:^|,)\s*tcp:\/\/[^,\s]+:(\d+)/g)].every(([, port = '']) => isPort(port));
/** One address, or several with commas. */
const ADDRESSES = new RegExp(`^${ADDRESS}(?:,${ADDRESS})*$`);

const addressesOf = ({ url }: BridgeOptions): readonly string[] =>
  String(url)
    .split(',')
    .map((address) => address.trim());

/** Of `tcp://host:port`, or `ipc://path`. */
function addressId(address: string, bind: boolean): readonly (string | null)[] {
  const role = bind ? 'bind' : 'connect';
  const [, host = '', port = ''] = /^tcp:\/\/(.*):(\d+)$/.exec(address) ?? [];
  if (port === '') return [role, address, ''];
  // A socket that listens at all addresses of the machine also listens at each of them.
  const isAny = bind && ['*', '0.0.0.0', '[::]'].includes(host);
  return [role, isAny ? null : serverOf(host, ''), String(Number(port))];
}

/** Addresses to which no connection is possible. */
function faultOfAddresses(connection: BridgeOptions) {
  const wrong = addressesOf(connection).some((address) => address.startsWith('tcp://*:'));
  if (connection.url === undefined || connection.bind === true || !wrong) return undefined;
  return { option: 'url', fault: 'names "*", where only a socket with "bind" can be. Write a host, or add bind: true' };
}

/** A key that has no effect would leave a connection open that looks encrypted. */
function faultOfKeys({ bind, secretKey, publicKey, serverKey }: BridgeOptions) {
  if (bind === true) {
    const unused = publicKey !== undefined ? 'publicKey' : serverKey !== undefined ? 'serverKey' : undefined;
    return unused === undefined ? undefined : { option: unused, fault: 'has no use with "bind". Remove it' };
  }
  const given = [secretKey, publicKey, serverKey].filter((each) => each !== undefined).length;
  if (given === 0 || given === 3) return undefined;
  const fault = 'is missing: a connection with CURVE needs "secretKey", "publicKey" and "serverKey"';
  const option = secretKey === undefined ? 'secretKey' : publicKey === undefined ? 'publicKey' : 'serverKey';
  return { option, fault };
}

/** ZeroMQ. */
export const ZEROMQ_SYSTEM = {
  title: 'ZeroMQ',
  connection: {
    url: option({
      schema: text('an address like "tcp://host:5555"')
        .regex(ADDRESSES, 'is not an address. Write one like "tcp://host:5555"; several with commas')
        .refine(arePorts, { error: 'has an invalid port. Choose one from 1 to 65535' }),
      required: true,
      defaultText: 'required, or `urlEnv`',
      type: 'address',
      description: 'The address of the peer, or, with `bind`, of this gateway: `tcp://host:5555`. Several with commas.',
    }),
    bind: option({
      schema: flag(),
      default: false,
      defaultText: '`false`',
      type: 'boolean',
      description: 'Listen at the address, as `tcp://0.0.0.0:5555`, instead of connecting to it?',
    }),
    secretKey: option({
      schema: key('secret key'),
      defaultText: 'none: not encrypted; or `secretKeyEnv`',
      type: 'text',
      kind: 'secret',
      description: 'The secret key of this gateway: encrypts with CURVE. With `bind`, peers must know its public key.',
    }),
    publicKey: option({
      schema: key('public key'),
      defaultText: 'none; or `publicKeyEnv`',
      type: 'text',
      description: 'The public key of this gateway, for a connection without `bind`.',
    }),
    serverKey: option({
      schema: key('public key of the peer'),
      defaultText: 'none; or `serverKeyEnv`',
      type: 'text',
      description: 'The public key of the peer that listens, for a connection without `bind`.',
    }),
  },
  hasKeys: false,
  from: {
    socket: option({
      schema: oneOf(['router', 'pull', 'sub']),
      required: true,
      defaultText: 'required',
      type: '`router`, `pull`, `sub`',
      description:
        'The socket. `router` acknowledges to DEALER or REQ sockets, so nothing is lost; `pull` and `sub` receive at most once.',
    }),
    topics: option({
      schema: z
        .array(z.string(), { error: 'must be a list of topics. Example: ["prices."]' })
        .max(1_000, { error: 'may name at most 1000 topics' })
        .readonly(),
      default: [''],
      defaultText: 'all',
      type: 'list of prefixes',
      description: 'What a `sub` socket subscribes to: topics that begin so.',
    }),
  },
  reader: (connection, { socket }) =>
    socket === 'sub' && connection.bind !== true
      ? undefined
      : {
          parts: addressesOf(connection).map((address) => ({
            name: `what is sent to ${address}`,
            id: addressId(address, connection.bind === true),
          })),
          remedy: 'Give each of them an address of its own, or use sub sockets that connect',
        },
  to: {
    socket: option({
      schema: oneOf(['dealer', 'push', 'pub']),
      required: true,
      defaultText: 'required',
      type: '`dealer`, `push`, `pub`',
      description:
        'The socket. `dealer` waits for acknowledgements of a ROUTER socket, so nothing is lost; `push` and `pub` send at most once.',
    }),
    topic: option({
      schema: text('a topic like "{channel}"'),
      default: '{channel}',
      defaultText: '`{channel}`',
      type: 'template',
      description: 'The first frame of a `pub` socket, by which subscribers select.',
    }),
  },
  fault: (connection) => faultOfAddresses(connection) ?? faultOfKeys(connection),
  fromFault: ({ socket, topics }) =>
    topics != null && socket !== 'sub' ? 'has "topics", which only socket: sub has. Remove it' : null,
} satisfies BridgeSystem;
