import type { Client, Message, MessageFilter, SluiceError } from '@sluice/client';
import { afterEach, describe, expect, it } from 'vitest';
import { type AnyGateway, GATEWAYS } from './support/two-gateways.ts';

/** Records lines, and waits for them. */
class Notes {
  readonly lines: string[] = [];
  #look = () => {};

  add(line: string): void {
    this.lines.push(line);
    this.#look();
  }

  /** Resolves when this is the last line. */
  ends(line: string): Promise<void> {
    return this.#until((last) => last === line);
  }

  /** Resolves when the last line has this prefix. */
  endsLike(start: string): Promise<void> {
    return this.#until((last) => last.startsWith(start));
  }

  #until(isIt: (last: string) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (isIt(this.lines.at(-1) ?? '')) resolve();
      };
      this.#look();
    });
  }
}

const lineOf = ({ data, from, offset, origin }: Message): string =>
  `${offset} ${from ?? '-'}: ${JSON.stringify(data)}${origin ? ` of ${origin.channel} ${origin.offset}` : ''}`;

/** Subscribes, and records every event of the subscription. */
function listen(
  client: Client,
  channel: string,
  start: { rewind?: number; since?: number; filter?: MessageFilter } = {},
) {
  const notes = new Notes();
  const subscription = client.channel(channel).subscribe((message) => notes.add(lineOf(message)), {
    ...start,
    onGap: ({ reason, lost, from, to }) => notes.add(`gap ${reason} ${lost} ${from.offset}-${to.offset}`),
    onState: (state) => notes.add(state),
    onError: ({ name, message }) => notes.add(`${name}: ${message}`),
  });
  return { notes, subscription };
}

const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'it was not refused',
    ({ name, code, message }: SluiceError) => `${name} ${code}: ${message}`,
  );

/** Reconnects now instead of after the random delay. */
function reconnectNow(client: Client): Promise<void> {
  return new Promise<void>((resolve) => {
    if (client.state === 'waiting') resolve();
    const stop = client.on('state', ({ state }) => {
      if (state === 'waiting') resolve();
      if (state === 'connected') stop();
    });
  }).then(() => client.connect());
}

describe.each(GATEWAYS)('$name', ({ start }) => {
  let gateway: AnyGateway;
  afterEach(() => gateway.close());

  it('delivers messages in order, with their publishers', async () => {
    gateway = await start();
    const ada = gateway.client('ada');
    const { notes } = listen(ada, 'chat:lobby');
    await notes.ends('live');
    const { offset } = await ada.channel('chat:lobby').publish({ text: 'Hello' }, { event: 'chat' });
    await gateway.publish('chat:lobby', [1, null], 'bob');
    await gateway.publish('chat:lobby', 'from a backend');
    await notes.ends('3 -: "from a backend"');
    expect(notes.lines).toEqual([
      'live',
      `${offset} ada: {"text":"Hello"}`,
      '2 bob: [1,null]',
      '3 -: "from a backend"',
    ]);
    expect(offset).toBe(1);
  });

  it('recognizes a repeated publish by its key', async () => {
    gateway = await start();
    const [ada, bob] = [gateway.client('ada').channel('chat:lobby'), gateway.client('bob').channel('chat:lobby')];
    const first = await ada.publish(1, { key: 'k' });
    expect(await ada.publish(2, { key: 'k' })).toEqual(first);
    expect(await bob.publish(3, { key: 'k' })).toMatchObject({ offset: 2 });
    const { messages } = await ada.history();
    expect(messages.map(({ data }) => data)).toEqual([1, 3]);
  });

  it('replays the requested messages as far as the log has them', async () => {
    gateway = await start();
    for (let n = 1; n <= 7; n++) await gateway.publish('chat:lobby', n);
    const two = listen(gateway.client('ada'), 'chat:lobby', { rewind: 2 });
    await two.notes.ends('live');
    expect(two.notes.lines).toEqual(['catching-up', '6 -: 6', '7 -: 7', 'live']);
    const all = listen(gateway.client('bob'), 'chat:lobby', { rewind: 100 });
    await all.notes.ends('live');
    expect(all.notes.lines).toEqual(['catching-up', '3 -: 3', '4 -: 4', '5 -: 5', '6 -: 6', '7 -: 7', 'live']);
    const none = listen(gateway.client('cleo'), 'news:today', { rewind: 100 });
    await none.notes.ends('live');
    expect(none.notes.lines).toEqual(['live']);
  });

  it.each([
    [{}, [3, 4, 5, 6, 7]],
    [{ limit: 2 }, [6, 7]],
    [{ limit: 2, before: 6 }, [4, 5]],
    [{ limit: 2, after: 3 }, [4, 5]],
    [{ limit: 2, after: 0 }, [3, 4]],
    [{ before: 3 }, []],
  ])('reads the page %j of the history', async (page, expected) => {
    gateway = await start();
    for (let n = 1; n <= 7; n++) await gateway.publish('chat:lobby', n);
    const { head, first, messages } = await gateway.client('ada').channel('chat:lobby').history(page);
    expect({ head, first, offsets: messages.map(({ offset }) => offset) }).toEqual({
      head: 7,
      first: 3,
      offsets: expected,
    });
  });

  it('delivers what matches a filter, and reads pages with it', async () => {
    gateway = await start();
    const publish = (data: number, symbol: string) =>
      gateway.publishTagged('chat:lobby', data, { event: data % 2 === 0 ? 'even' : 'odd', tags: { symbol } });
    await publish(1, 'A');
    await publish(2, 'B');
    const ada = gateway.client('ada');
    const filter = { event: 'odd', tags: { symbol: ['A', 'C'] } };
    const { notes } = listen(ada, 'chat:lobby', { rewind: 2, filter });
    await notes.ends('live');
    for (const [data, symbol] of [
      [3, 'B'],
      [4, 'A'],
      [5, 'C'],
    ] as const)
      await publish(data, symbol);
    await notes.ends('5 -: 5');
    expect(notes.lines).toEqual(['catching-up', '1 -: 1', 'live', '5 -: 5']);
    const page = await ada.channel('chat:lobby').history({ filter });
    expect(page.messages.map(({ data }) => data)).toEqual([1, 5]);
    expect(page.covers).toEqual({ from: 1, to: 5 });
  });

  it('copies messages to the channel that binds theirs, with their origin', async () => {
    gateway = await start();
    const ada = gateway.client('ada');
    const { notes } = listen(ada, 'all-orders');
    await notes.ends('live');
    await ada.channel('orders:eu:created').publish('a');
    await gateway.publish('orders:us:closed', 'b');
    await notes.endsLike('2');
    expect(notes.lines).toEqual(['live', '1 ada: "a" of orders:eu:created 1', '2 -: "b" of orders:us:closed 1']);
  });

  it('serves a subscription to a pattern, which resumes like any other', async () => {
    gateway = await start();
    const ada = gateway.client('ada');
    const { notes, subscription } = listen(ada, 'orders:*:created');
    await notes.ends('live');
    await gateway.publish('orders:eu:closed', 1);
    await gateway.publish('orders:eu:created', 2);
    await notes.endsLike('2');
    gateway.refuseConnections();
    await gateway.drop('ada');
    await notes.ends('subscribing');
    await gateway.publish('orders:us:created', 3);
    await gateway.publish('orders:us:closed', 4);
    gateway.accept();
    await reconnectNow(ada);
    await notes.ends('live');
    expect(notes.lines).toEqual([
      'live',
      '2 -: 2 of orders:eu:created 1',
      'subscribing',
      'catching-up',
      '3 -: 3 of orders:us:created 1',
      'live',
    ]);
    expect(subscription.position).toMatchObject({ offset: 4 });
    const lost = listen(ada, 'orders:eu:*', { rewind: 1 });
    await lost.notes.ends('live');
    expect(lost.notes.lines).toEqual(['catching-up', 'live']);
  });

  it('refuses a pattern that no channel binds', async () => {
    gateway = await start();
    const { subscription } = listen(gateway.client('ada'), 'chat:*');
    expect(await refusal(subscription.ready)).toBe(
      'binding_missing 4353: no channel has all messages of "chat:*" for user "ada". Add bind: ["chat:*"] to the rule of a channel that allows "subscribe"',
    );
  });

  it('resumes after a lost connection, without a loss if the log has the messages', async () => {
    gateway = await start();
    const ada = gateway.client('ada');
    const chat = listen(ada, 'chat:lobby');
    const news = listen(ada, 'news:today');
    await Promise.all([chat.notes.ends('live'), news.notes.ends('live')]);
    gateway.refuseConnections();
    await gateway.drop('ada');
    await Promise.all([chat.notes.ends('subscribing'), news.notes.ends('subscribing')]);
    for (const n of [1, 2]) {
      await gateway.publish('chat:lobby', n);
      await gateway.publish('news:today', n);
    }
    gateway.accept();
    await reconnectNow(ada);
    await Promise.all([chat.notes.ends('live'), news.notes.ends('live')]);
    expect(chat.notes.lines).toEqual(['live', 'subscribing', 'catching-up', '1 -: 1', '2 -: 2', 'live']);
    expect(news.notes.lines).toEqual(['live', 'subscribing', 'catching-up', 'gap no_history 2 0-2', 'live']);
  });

  it('tells every subscriber with "since" that the channel keeps no history, not only the first', async () => {
    gateway = await start();
    const ada = gateway.client('ada');
    const live = listen(ada, 'news:today');
    await live.notes.ends('live');
    await gateway.publish('news:today', 1);
    await live.notes.ends('1 -: 1');
    const gap = new Promise((resolve) => {
      ada.channel('news:today').subscribe(() => {}, {
        since: { ago: 60_000 },
        onGap: ({ reason, lost, to }) => resolve({ reason, lost, offset: to.offset }),
      });
    });
    expect(await gap).toEqual({ reason: 'no_history', lost: undefined, offset: 1 });
  });

  it('reports the messages that the log no longer has', async () => {
    gateway = await start();
    const { notes } = listen(gateway.client('ada'), 'chat:lobby');
    await notes.ends('live');
    await gateway.publish('chat:lobby', 'before');
    await notes.ends('1 -: "before"');
    await gateway.lose('chat:lobby');
    await gateway.publish('chat:lobby', 'after');
    await gateway.publish('chat:lobby', 'later');
    await notes.ends('4 -: "later"');
    const reported = notes.lines.filter((line) => !['live', 'catching-up'].includes(line));
    expect(reported).toEqual(['1 -: "before"', 'gap retention 1 1-2', '3 -: "after"', '4 -: "later"']);
  });

  it('begins a new epoch when the log is lost', async () => {
    gateway = await start();
    const ada = gateway.client('ada');
    const { notes } = listen(ada, 'chat:lobby');
    await notes.ends('live');
    await gateway.publish('chat:lobby', 'before');
    await notes.ends('1 -: "before"');
    const epoch = (await ada.channel('chat:lobby').history()).epoch;
    await gateway.restart();
    await notes.ends('subscribing');
    await reconnectNow(ada);
    await notes.ends('live');
    expect(notes.lines.slice(2)).toEqual(['subscribing', 'catching-up', 'gap epoch_changed undefined 1-0', 'live']);
    const page = await ada.channel('chat:lobby').history();
    expect(page).toMatchObject({ head: 0, messages: [] });
    expect(page.epoch).not.toBe(epoch);
  });

  it('refuses with the same messages', async () => {
    gateway = await start();
    const [ada, anonymous] = [gateway.client('ada'), gateway.client(null)];
    const staff = ada.channel('staff:room');
    const { notes } = listen(ada, 'staff:room');
    await notes.endsLike('permission_denied: "subscribe" on "staff:room" is not allowed to user "ada"');
    const attempts = [
      staff.publish(1),
      staff.history(),
      staff.presence.enter(),
      staff.presence.page(),
      anonymous.channel('staff:room').publish(1),
      anonymous.channel('unheard-of').publish(1),
      ada.channel('un heard').publish(1),
      ada.channel('chat:lobby').publish(1, { event: '' }),
      ada.channel('chat:lobby').publish({ text: 'x'.repeat(70_000) }),
      ada.channel('chat:lobby').presence.enter('x'.repeat(1_500)),
    ];
    // Only the gateway has rules that name allowed users.
    const words = async (attempt: Promise<unknown>) => (await refusal(attempt)).replace(/: the rule .*/, '');
    expect(await Promise.all(attempts.map(words))).toEqual([
      'permission_denied 4306: "publish" on "staff:room" is not allowed to user "ada"',
      'permission_denied 4306: "history" on "staff:room" is not allowed to user "ada"',
      'permission_denied 4306: "enter" on "staff:room" is not allowed to user "ada"',
      'permission_denied 4306: "presence" on "staff:room" is not allowed to user "ada"',
      'permission_denied 4306: "publish" on "staff:room" is not allowed to an anonymous connection',
      `channel_unknown 4305: no channel rule matches "unheard-of". Add a rule to "channels" in the gateway's configuration, or correct the name.`,
      'channel_invalid 4304: "un heard" is not a channel name. Encode names and identifiers with segment(), for example segment("Ada Lovelace").',
      'command_invalid 4302: "event" must be a string of 1 to 128 characters',
      'payload_too_large 4309: "data" has 70011 bytes as JSON; "chat:lobby" accepts at most 65536',
      'payload_too_large 4309: "state" has 1502 bytes as JSON; the gateway accepts at most 1024',
    ]);
  });

  it('checks publishes against the contract', async () => {
    gateway = await start();
    const ada = gateway.client('ada');
    const [notes, alerts] = [ada.channel('notes:1'), ada.channel('alerts:1')];
    await notes.publish({ text: '  Hello ' });
    await notes.publish({ typing: true }, { event: 'typing' });
    expect((await notes.history()).messages.map(({ data }) => data)).toEqual([{ text: 'Hello' }, { typing: true }]);
    await notes.presence.enter({});
    expect((await notes.presence.page()).members[0]?.state).toEqual({ status: 'here' });
    const attempts = [
      notes.publish({ text: 1 }),
      notes.publish({ text: 'x'.repeat(21) }),
      notes.publish('none'),
      notes.publish({ typing: 1 }, { event: 'typing' }),
      notes.publish({ text: '' }, { event: 'other' }),
      notes.presence.enter({ status: 'gone' }),
      alerts.publish({ floor: 1 }),
    ];
    // Only the gateway has rules that name allowed users.
    const words = async (attempt: Promise<unknown>) => (await refusal(attempt)).replace(/: the rule .*/, '');
    expect(await Promise.all(attempts.map(words))).toEqual([
      'payload_invalid 4310: data.text: Invalid input: expected string, received number',
      'payload_invalid 4310: data.text: Too big: expected string to have <=20 characters',
      'payload_invalid 4310: data: Invalid input: expected object, received string',
      'payload_invalid 4310: data.typing: Invalid input: expected boolean, received number',
      'payload_invalid 4310: event: must be one of "typing"',
      'payload_invalid 4310: state.status: Invalid option: expected one of "here"|"away"',
      'payload_invalid 4310: event: must be one of "fire"',
    ]);
    const error = await notes.publish({ text: 1 }).catch((refused: SluiceError) => refused);
    expect((error as SluiceError).issues).toEqual([
      { path: 'data.text', message: 'Invalid input: expected string, received number' },
    ]);
  });

  it('fetches a new token after the old one has expired', async () => {
    gateway = await start();
    const ada = gateway.client('ada');
    const states: string[] = [];
    ada.on('state', ({ state, error }) => states.push(error === undefined ? state : `${state}: ${error.name}`));
    await ada.connect();
    gateway.expireToken('ada');
    await reconnectNow(ada);
    expect(states).toEqual(['connecting', 'connected', 'waiting: token_expired', 'connecting', 'connected']);
  });

  it('reports presence by user', async () => {
    gateway = await start();
    const [watching, ada, phone] = [gateway.client('bob'), gateway.client('ada'), gateway.client('ada')];
    const notes = new Notes();
    const room = (client: Client) => client.channel<unknown, string>('chat:lobby').presence;
    room(watching).subscribe({
      join: ({ user, state, connections }) => notes.add(`+${user} ${state} ${connections}`),
      update: ({ user, state, connections }) => notes.add(`~${user} ${state} ${connections}`),
      leave: ({ user }) => notes.add(`-${user}`),
      count: (total) => notes.add(`#${total}`),
    });
    await notes.ends('#0');
    await room(ada).enter('here');
    await notes.ends('#1');
    await room(phone).enter();
    await notes.ends('~ada here 2');
    await room(ada).update('away');
    await notes.ends('~ada away 2');
    await room(ada).leave();
    await notes.ends('~ada away 1');
    phone.close();
    const page = await room(watching).page();
    expect(page).toMatchObject({ total: 1, members: [{ user: 'ada', state: 'away', connections: 1 }] });
    await gateway.endGrace();
    await notes.ends('#0');
    expect(notes.lines).toEqual([
      ...['#0', '+ada here 1', '#1', '~ada here 2', '~ada away 2', '~ada away 1', '-ada', '#0'],
    ]);
  });

  it('reports no leave and join for a short connection loss', async () => {
    gateway = await start();
    const [watching, ada] = [gateway.client('bob'), gateway.client('ada')];
    const notes = new Notes();
    const { presence } = watching.channel('chat:lobby');
    presence.subscribe({
      join: ({ user }) => notes.add(`+${user}`),
      update: ({ user }) => notes.add(`~${user}`),
      leave: ({ user }) => notes.add(`-${user}`),
    });
    await ada.channel('chat:lobby').presence.enter();
    await notes.ends('+ada');
    await gateway.drop('ada');
    await reconnectNow(ada);
    // Its answer follows all pending pushes.
    await ada.channel('chat:lobby').presence.page();
    await gateway.client('cleo').channel('chat:lobby').presence.enter();
    await notes.ends('+cleo');
    expect(notes.lines).toEqual(['+ada', '+cleo']);
  });
});
