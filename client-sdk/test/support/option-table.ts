import type { Client } from '../../src/api.ts';

/** Invalid values and their names in an error message. */
export const ODD_VALUES: readonly (readonly [value: unknown, kind: string])[] = [
  [null, 'null'],
  [Number.NaN, 'NaN'],
  [Number.NEGATIVE_INFINITY, '-Infinity'],
  [-1, '-1'],
  ['five', 'string'],
  [Symbol('odd'), 'symbol'],
  [10n, 'bigint'],
  [true, 'boolean'],
  [{}, 'object'],
  [[], 'object'],
  [() => {}, 'function'],
  [Number.POSITIVE_INFINITY, 'real number'],
  [1.5, 'real number'],
  [0, 'whole number'],
  [2 ** 53, 'whole number'],
];

/**
 * The kinds of values that each option of the client accepts. All others are rejected synchronously
 * with `option_invalid`.
 */
export const OPTIONS: readonly {
  readonly name: string;
  readonly takes: readonly string[];
  /** Passes the value to every public function with this option. Some functions answer asynchronously. */
  readonly give: (client: Client, value: never) => unknown;
  /** The allowed values, as the error describes them. */
  readonly allowed: RegExp;
}[] = [
  ...(['onGap', 'onState', 'onError'] as const).map((name) => ({
    name,
    takes: ['function'],
    give: (client: Client, value: never) => client.channel('a').subscribe(() => {}, { [name]: value }),
    allowed: /a function/,
  })),
  {
    name: 'onMessage',
    takes: ['function'],
    give: (client, value) => client.channel('a').subscribe(value),
    allowed: /a function/,
  },
  {
    name: 'onGap',
    takes: ['function'],
    give: (client, value) => client.channel('a').messages({ onGap: value }),
    allowed: /a function/,
  },
  { name: 'handler', takes: ['function'], give: (client, value) => client.on('state', value), allowed: /a function/ },
  {
    name: 'passive',
    takes: ['boolean'],
    give: (client, value) => client.on('state', () => {}, { passive: value }),
    allowed: /a boolean/,
  },
  {
    name: 'compare',
    takes: ['function'],
    give: (client, value) => client.channel('a').presence.sorted(value),
    allowed: /a function/,
  },
  {
    name: 'listener',
    takes: ['function', 'object'],
    give: (client, value) => client.channel('a').presence.subscribe(value),
    allowed: /a function or an object/,
  },
  { name: 'name', takes: ['string'], give: (client, value) => client.channel(value), allowed: /a string/ },
  ...(['event', 'key'] as const).map((name) => ({
    name,
    takes: ['string'],
    give: (client: Client, value: never) => client.channel('a').publish(1, { [name]: value }),
    allowed: /a string/,
  })),
  {
    name: 'tags',
    takes: ['object'],
    give: (client, value) => client.channel('a').publish(1, { tags: value }),
    allowed: /an object/,
  },
  {
    name: 'timeout',
    takes: ['whole number', 'real number'],
    give: (client, value) => client.channel('a').publish(1, { timeout: value }),
    allowed: /number/,
  },
  ...(['before', 'after', 'limit'] as const).map((name) => ({
    name,
    takes: ['whole number'],
    give: (client: Client, value: never) => client.channel('a').history({ [name]: value }),
    allowed: /a whole number/,
  })),
  ...(['after', 'limit'] as const).map((name) => ({
    name,
    takes: ['whole number'],
    give: (client: Client, value: never) => client.channel('a').presence.page({ [name]: value }),
    allowed: /a whole number/,
  })),
  ...(['subscribe', 'messages'] as const).flatMap((method) =>
    (
      [
        ['rewind', ['whole number'], /a whole number/],
        ['since', ['whole number', 'object'], /a whole number or an object/],
        ['position', ['object'], /an object/],
        ['signal', [], /an AbortSignal/],
      ] as const
    ).map(([name, takes, allowed]) => ({
      name,
      takes,
      give: (client: Client, value: never) => {
        const channel = client.channel('a');
        return method === 'messages'
          ? channel.messages({ [name]: value })
          : channel.subscribe(() => {}, { [name]: value });
      },
      allowed,
    })),
  ),
  ...(['publish', 'history', 'page', 'subscribe', 'messages'] as const).map((method) => ({
    name: 'options',
    takes: ['object'],
    give: (client: Client, value: never) => {
      const channel = client.channel('a');
      if (method === 'publish') return channel.publish(1, value);
      if (method === 'page') return channel.presence.page(value);
      return method === 'subscribe' ? channel.subscribe(() => {}, value) : channel[method](value);
    },
    allowed: /an object/,
  })),
];
