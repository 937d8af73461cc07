import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../../src/api.ts';
import { createOutbox } from '../../src/outbox/index.ts';
import { SluiceProvider, useMessages, usePresence } from '../../src/react/index.ts';
import { connectionStore, messageStore, presenceStore } from '../../src/stores/index.ts';
import { liveConnection, liveMessages, livePresence } from '../../src/svelte/index.ts';
import { restoreGlobals } from '../support/connected-client.ts';
import { FakeClient } from '../support/fake-client.ts';
import { FakeGateway } from '../support/fake-gateway.ts';

let gateway: FakeGateway;
let client: Client;

beforeEach(() => {
  vi.useFakeTimers();
  gateway = new FakeGateway();
  client = gateway.client();
});
afterEach(restoreGlobals);

type Use = (channel: unknown, options?: unknown) => unknown;

/** Renders a component once, like a server. */
function render(use: () => unknown): void {
  renderToString(createElement(SluiceProvider, { client }, createElement(Probe, { use })));
}

function Probe({ use }: { readonly use: () => unknown }): string {
  return `${use()}`;
}

/** Each function with the same options, as an application without a compiler uses it. */
const LISTS: readonly [string, Use][] = [
  ['messageStore', (channel, options) => messageStore(client, channel as string, options as object)],
  ['useMessages', (channel, options) => render(() => useMessages(channel as string, options as object))],
  ['liveMessages', (channel, options) => liveMessages(client, channel as string, options as object)],
];
const WATCHES: readonly [string, Use][] = [
  [
    'presenceStore',
    (channel, options) => presenceStore(client, channel as string).subscribe(() => {}, options as object)(),
  ],
  ['usePresence', (channel, options) => render(() => usePresence(channel as string, options as object))],
  ['livePresence', (channel, options) => livePresence(client, channel as string, options as object)],
];

const NONE = [null, NaN, Infinity, -Infinity, -1, 'many', {}, [], true, 1n, Symbol('s'), () => 1];

/** The values that each option accepts. All others of `NONE` are rejected with the option's name. */
const LIST_OPTIONS: Readonly<Record<string, readonly unknown[]>> = {
  keep: [1, 1000, 1e9, Infinity],
  page: [1, 50, 1000],
  rewind: [0, 1, 1e9],
  since: [0, 1, 1_700_000_000_000, { ago: 60_000 }, {}, []],
  position: [{ epoch: 'e1', offset: 1 }, {}, []],
  filter: [{ event: 'e' }, {}, []],
  onMessage: [() => {}],
  onGap: [() => {}],
  onState: [() => {}],
};
const WATCH_OPTIONS: Readonly<Record<string, readonly unknown[]>> = {
  onJoin: [() => {}],
  onUpdate: [() => {}],
  onLeave: [() => {}],
};

const isLike = (value: unknown, allowed: readonly unknown[]) =>
  allowed.some(
    (other) =>
      Object.is(other, value) || (typeof other === typeof value && typeof value !== 'number' && value !== null),
  );

it.each([
  ...LISTS,
  ...WATCHES,
  ['createOutbox', (_channel, options) => createOutbox(client, { user: 'ada', ...(options as object) })],
] as readonly [string, Use][])('%s rejects an option that does not exist', (_, use) => {
  expect(() => use('a', { filters: {} })).toThrow(
    expect.objectContaining({ name: 'option_invalid', message: '"filters" is not an option.' }),
  );
  expect(() => use('a', { filters: undefined })).not.toThrow();
});

describe.each([
  ['lists', LISTS, LIST_OPTIONS],
  ['watches', WATCHES, WATCH_OPTIONS],
] as const)('%s', (_, ways, options) => {
  describe.each(ways)('%s', (_way, use) => {
    it.each(Object.keys(options))(
      'accepts valid values for "%s", and rejects others with the option\'s name',
      (name) => {
        const allowed = options[name] ?? [];
        for (const value of [undefined, ...allowed]) expect(() => use('a', { [name]: value })).not.toThrow();
        for (const value of NONE.filter((other) => !isLike(other, allowed))) {
          expect(() => use('a', { [name]: value }), String(value)).toThrow(
            expect.objectContaining({
              name: 'option_invalid',
              code: 4406,
              message: expect.stringContaining(`"${name}" must be `),
            }),
          );
        }
      },
    );

    it('accepts a channel or none, and rejects other values', () => {
      for (const channel of ['a', '', null, undefined]) expect(() => use(channel)).not.toThrow();
      for (const channel of [1, NaN, {}, true]) {
        expect(() => use(channel)).toThrow(
          expect.objectContaining({ name: 'option_invalid', message: expect.stringContaining('"channel"') }),
        );
      }
    });

    it.each([null, 1, 'x'])('rejects %s as options', (given) => {
      expect(() => use('a', given)).toThrow(
        expect.objectContaining({ name: 'option_invalid', message: expect.stringContaining('"options"') }),
      );
    });
  });
});

it.each([
  ['messageStore', (bad: Client) => messageStore(bad, 'a')],
  ['presenceStore', (bad: Client) => presenceStore(bad, 'a')],
  ['connectionStore', (bad: Client) => connectionStore(bad)],
  ['liveMessages', (bad: Client) => liveMessages(bad, 'a')],
  ['livePresence', (bad: Client) => livePresence(bad, 'a')],
  ['liveConnection', (bad: Client) => liveConnection(bad)],
  ['createOutbox', (bad: Client) => createOutbox(bad, { user: 'ada' })],
])('%s reports an invalid client', (_, make) => {
  for (const bad of [undefined, null, {}, 'client']) {
    expect(() => make(bad as unknown as Client)).toThrow(
      expect.objectContaining({
        name: 'option_invalid',
        message: expect.stringContaining('"client" must be a client'),
      }),
    );
  }
});

it('rejects a state that cannot be written as JSON instead of ignoring it', () => {
  for (const bad of [() => {}, Symbol('s'), 1n]) {
    const invalid = expect.objectContaining({ name: 'option_invalid' });
    expect(() => presenceStore(client, 'a').stay(bad)).toThrow(invalid);
    expect(() => render(() => usePresence('a', { enter: bad }))).toThrow(invalid);
    expect(() => livePresence(client, 'a').stay(bad)).toThrow(invalid);
  }
});

describe('an outbox', () => {
  const OPTIONS: Readonly<Record<string, readonly unknown[]>> = {
    name: ['', 'chat'],
    maxMessages: [1, 1000, Infinity],
    maxBytes: [1, 1e9, Infinity],
    maxAge: [0.5, 1, 1e15, Infinity],
    dedupeWindow: [1, 1e15, Infinity],
    onRefused: ['continue', 'hold'],
  };
  const make = (options: unknown) => createOutbox(new FakeClient().face, options as { user: string }).close();

  it.each(Object.keys(OPTIONS))('accepts valid values for "%s", and rejects others with the option\'s name', (name) => {
    const allowed = OPTIONS[name] ?? [];
    for (const value of [undefined, ...allowed]) expect(() => make({ user: 'ada', [name]: value })).not.toThrow();
    const bad = NONE.filter((other) => !allowed.some((one) => Object.is(one, other)));
    for (const value of bad.filter((other) => name !== 'name' || typeof other !== 'string')) {
      expect(() => make({ user: 'ada', [name]: value }), String(value)).toThrow(
        expect.objectContaining({ name: 'option_invalid', message: expect.stringContaining(`"${name}" must be `) }),
      );
    }
  });

  it('requires the user', () => {
    for (const user of ['ada', '', null]) expect(() => make({ user })).not.toThrow();
    for (const options of [{}, { user: undefined }, { user: 1 }, { user: {} }]) {
      expect(() => make(options)).toThrow(
        expect.objectContaining({ name: 'option_invalid', message: expect.stringContaining('"user" must be ') }),
      );
    }
    for (const options of [undefined, null, 'ada']) {
      expect(() => make(options)).toThrow(expect.objectContaining({ message: expect.stringContaining('"options"') }));
    }
  });

  it('rejects synchronously what could never be sent', () => {
    const outbox = createOutbox(new FakeClient().face, { user: 'ada' });
    const invalid = (name: string) =>
      expect.objectContaining({ name: 'option_invalid', message: expect.stringContaining(`"${name}"`) });
    for (const bad of [undefined, null, 1, {}]) {
      expect(() => outbox.publish(bad as unknown as string, 1)).toThrow(invalid('channel'));
      expect(() => outbox.channel(bad as unknown as string)).toThrow(invalid('name'));
      expect(() => outbox.on('change', bad as never)).toThrow(invalid('handler'));
    }
    for (const bad of [null, 1, 'x']) expect(() => outbox.publish('a', 1, bad as never)).toThrow(invalid('options'));
    for (const bad of [null, 1, {}])
      expect(() => outbox.publish('a', 1, { event: bad as string })).toThrow(invalid('event'));
    for (const bad of [null, 1, 'x'])
      expect(() => outbox.publish('a', 1, { tags: bad as never })).toThrow(invalid('tags'));
    expect(outbox.messages).toEqual([]);
    outbox.close();
  });
});
