import { DeskPage } from './support/desk-page.ts';
import { test as base, expect } from './support/test.ts';

interface Fixtures {
  /** Opens the Desk in a separate browser context. */
  readonly sitDown: (name: string) => Promise<DeskPage>;
}

const test = base.extend<Fixtures>({
  sitDown: async ({ gateway, as }, use) => {
    await use(async (name) => {
      const desk = new DeskPage(await as(name));
      await desk.open(gateway.httpUrl, name);
      return desk;
    });
  },
});

const subjectsOf = async (desks: readonly DeskPage[]) =>
  (await Promise.all(desks.map((desk) => desk.subject()))).filter((subject) => subject !== undefined).sort();

test('each ticket goes to one of several windows', async ({ sitDown }) => {
  const [ada, bob, cleo, dan] = await Promise.all(['ada', 'bob', 'cleo', 'dan'].map(sitDown));
  if (!ada || !bob || !cleo || !dan) throw new Error('a window is missing');
  const agents = [ada, bob, cleo];
  for (const agent of agents) await agent.takeTickets();
  for (const subject of ['one', 'two', 'three', 'four']) await dan.openTicket(subject);

  // Three are at work, each in one window; the fourth waits.
  await expect.poll(() => subjectsOf(agents)).toHaveLength(3);
  await dan.counts('waiting', 1);
  await dan.counts('in-flight', 3);
  const first = await subjectsOf(agents);
  expect(new Set(first).size).toBe(3);

  await ada.decide('Finish');
  await expect.poll(() => subjectsOf(agents)).toHaveLength(3);
  const second = await subjectsOf(agents);
  expect([...new Set([...first, ...second])].sort()).toEqual(['four', 'one', 'three', 'two']);
  for (const agent of agents) await agent.decide('Finish');
  for (const agent of agents) await expect(agent.idle).toBeVisible();
  await dan.counts('in-flight', 0);
  await dan.counts('waiting', 0);
  expect(agents.flatMap(({ errors }) => errors)).toEqual([]);
});

test('the ticket of a window that is closed goes to another one', async ({ sitDown, gateway }) => {
  const ada = await sitDown('ada');
  const bob = await sitDown('bob');
  await ada.takeTickets();
  await bob.openTicket('printer on fire');
  await expect(ada.current).toContainText('printer on fire');
  await bob.takeTickets();
  await expect(bob.idle).toBeVisible();

  await ada.page.close();
  await expect
    .poll(async () => {
      await gateway.clock.advance('2s');
      return bob.subject();
    })
    .toBe('printer on fire');
  await expect(bob.page.getByTestId('attempt')).toHaveText('delivery 2 of 3');
  await bob.decide('Finish');
  await bob.counts('in-flight', 0);
});

test('tickets that are put aside are dead letters until they are delivered again', async ({ sitDown }) => {
  const ada = await sitDown('ada');
  await ada.openTicket('unreadable', 'Asia');
  await ada.takeTickets();
  await ada.decide('Put aside');
  await expect(ada.deadLetters).toContainText(['unreadable']);
  await expect(ada.deadLetters).toContainText(['put aside']);
  await ada.counts('dead', 1);

  await ada.page.getByRole('button', { name: /^Deliver again/ }).click();
  await expect(ada.deadLetters).toHaveCount(0);
  await expect(ada.current).toContainText('unreadable');
  await ada.decide('Finish');
  await ada.counts('in-flight', 0);
  expect(ada.errors).toEqual([]);
});

test('a ticket that is given back comes again, and is a dead letter after the third time', async ({
  sitDown,
  gateway,
}) => {
  const ada = await sitDown('ada');
  await ada.openTicket('it does not work');
  await ada.takeTickets();
  for (const attempt of [2, 3]) {
    await ada.decide('Give back');
    await expect(ada.idle).toBeVisible();
    await ada.counts('waiting', 1);
    await gateway.clock.advance('5s');
    await expect(ada.page.getByTestId('attempt')).toHaveText(`delivery ${attempt} of 3`);
  }
  await ada.decide('Give back');
  await expect(ada.deadLetters).toContainText(['given back three times']);
});

test('the board shows the events of one region, which the gateway selects', async ({ sitDown }) => {
  const ada = await sitDown('ada');
  const bob = await sitDown('bob');
  await ada.page.getByRole('button', { name: 'Asia' }).click();
  await bob.openTicket('in Rome', 'Europe');
  await bob.openTicket('in Osaka', 'Asia');
  await bob.openTicket('in Quito', 'Americas');
  await expect(bob.events).toHaveCount(3);
  await expect(ada.events).toHaveText([/bob opened “in Osaka”/]);

  // The log is filtered, too.
  await ada.page.getByRole('button', { name: 'Americas' }).click();
  await expect(ada.events).toHaveText([/bob opened “in Quito”/]);
  await ada.page.getByRole('button', { name: 'All' }).click();
  await expect(ada.events).toHaveCount(3);
  expect([...ada.errors, ...bob.errors]).toEqual([]);
});

test('a question is answered by another window, word by word', async ({ sitDown }) => {
  const ada = await sitDown('ada');
  const bob = await sitDown('bob');
  const ask = async (question: string) => {
    await ada.page.getByRole('textbox', { name: 'Question' }).fill(question);
    await ada.page.getByRole('button', { name: 'Ask', exact: true }).click();
  };
  await ask('Is anybody there?');
  await expect(ada.page.getByTestId('no-answer')).toContainText('No window answers questions');

  await bob.page.getByLabel('Answer questions in this window').check();
  // The registration is on its way: until it is there, nobody answers.
  await expect
    .poll(async () => {
      await ask('Is anybody there?');
      await expect(ada.page.getByTestId('no-answer').or(ada.answer)).toBeVisible();
      return ada.answer.count();
    })
    .toBe(1);
  await expect(ada.answer).toContainText('You asked: “Is anybody there?”');
  await expect(ada.answer).toContainText('an error at once.');

  await ask('And now?');
  await expect(ada.answer).toContainText('And now?');
  await bob.page.close();
  await expect(ada.page.getByTestId('no-answer')).toBeVisible();
});
