import { expect, type Locator, type Page } from '@playwright/test';

/** The states of the badge. */
export type Badge = 'connected' | 'connecting' | 'reconnecting' | 'offline' | 'closed';

export interface Visit {
  /** The address of the page. */
  readonly url: string;
  readonly room?: string;
  readonly name?: string;
  /** A token to use instead of one from the gateway. */
  readonly token?: string;
}

/** The demo's page as one user sees and uses it. */
export class ChatPage {
  readonly page: Page;
  /** Errors of the page: console errors and uncaught exceptions. */
  readonly errors: string[] = [];
  /** Addresses that the page requested, including WebSockets. */
  readonly requests: string[] = [];

  readonly nameField: Locator;
  readonly joinButton: Locator;
  readonly roomField: Locator;
  readonly composer: Locator;
  readonly messages: Locator;
  readonly badge: Locator;
  readonly banner: Locator;
  readonly bell: Locator;
  readonly bellCount: Locator;
  readonly panel: Locator;
  readonly notifications: Locator;
  readonly gaps: Locator;
  readonly refusal: Locator;
  /** The button that shows the members and opens their list. */
  readonly people: Locator;
  /** The members whose avatars it shows. */
  readonly faces: Locator;
  readonly typing: Locator;
  /** Shows an unusual state of the room's subscription. */
  readonly roomBadge: Locator;

  constructor(page: Page) {
    this.page = page;
    this.nameField = page.getByLabel('Your display name');
    this.joinButton = page.getByRole('button', { name: 'Join' });
    this.roomField = page.getByLabel('Room name');
    this.composer = page.getByTestId('composer');
    this.messages = page.getByTestId('messages').getByTestId('message');
    this.badge = page.getByTestId('connection');
    this.banner = page.getByTestId('error-banner');
    this.bell = page.getByTestId('bell');
    this.bellCount = page.getByTestId('bell-count');
    this.panel = page.getByRole('dialog', { name: 'Notifications' });
    this.notifications = page.getByTestId('notification');
    this.gaps = page.getByTestId('messages').getByTestId('gap');
    this.refusal = page.getByTestId('message-error');
    this.people = page.getByTestId('people');
    this.faces = this.people.getByTestId('person');
    this.typing = page.getByTestId('typing');
    this.roomBadge = page.getByTestId('room-badge');
    this.#listen();
  }

  #listen(): void {
    const { page } = this;
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('request', (request) => this.requests.push(request.url()));
    page.on('websocket', (socket) => this.requests.push(socket.url()));
  }

  /** Opens the page. With a name, it skips the sign-in form. */
  async open({ url, room, name, token }: Visit): Promise<void> {
    const address = new URL(url);
    if (room !== undefined) address.searchParams.set('room', room);
    if (name !== undefined) address.searchParams.set('as', name);
    if (token !== undefined) address.searchParams.set('token', token);
    await this.page.goto(address.href);
  }

  /** Waits until the badge shows this state. */
  async shows(badge: Badge): Promise<void> {
    await expect(this.badge).toHaveAttribute('data-state', badge);
  }

  /** Waits until the page is connected and the room is live. */
  async isLive(): Promise<void> {
    await this.shows('connected');
    await expect(this.page.getByTestId('messages')).toHaveAttribute('data-subscription', 'live');
  }

  /** Writes a message into the room in view, and sends it with Enter. */
  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  /** The message with exactly this text. */
  message(text: string): Locator {
    return this.messages.filter({ has: this.page.getByText(text, { exact: true }) });
  }

  /** The texts of all messages, from top to bottom. */
  get texts(): Locator {
    return this.messages.locator('p.text');
  }

  /** Expects exactly these messages in the room, in this order. */
  async reads(texts: readonly string[]): Promise<void> {
    await expect(this.texts).toHaveText(texts);
  }

  /** Their offsets in the channel's log, from top to bottom. */
  async offsets(): Promise<number[]> {
    const offsets = await this.messages.evaluateAll((items) => items.map((item) => item.getAttribute('data-offset')));
    return offsets.map(Number);
  }

  /** Expects exactly these members in the room, in any order. */
  async meets(names: readonly string[]): Promise<void> {
    await expect(this.people).toHaveAttribute('data-total', String(names.length));
    await expect.poll(async () => (await this.names()).sort()).toEqual([...names].sort());
  }

  /** The members whose avatars are shown. */
  names(): Promise<string[]> {
    return this.faces.evaluateAll((faces) => faces.map((face) => face.getAttribute('data-user') ?? ''));
  }

  /** Records the shown members at every change. The returned function reads the records. */
  async watchPeople(): Promise<() => Promise<string[][]>> {
    const seen = await this.people.evaluateHandle((people) => {
      const moments: string[][] = [];
      const look = () => {
        const faces = people.querySelectorAll<HTMLElement>('[data-user]');
        moments.push([...faces].map((face) => face.dataset.user ?? '').sort());
      };
      look();
      new MutationObserver(look).observe(people, { childList: true, subtree: true });
      return moments;
    });
    return () => seen.jsonValue();
  }

  /** The marks of the users who have read up to the message with exactly this text. */
  seenBy(text: string): Locator {
    return this.message(text).getByTestId('seen-by');
  }

  async enterRoom(room: string): Promise<void> {
    await this.page.locator(`[data-room="${room}"]`).click();
    await expect(this.page.getByRole('heading', { level: 1 })).toHaveText(room);
  }

  async openBell(): Promise<void> {
    await this.bell.click();
    await expect(this.panel).toBeVisible();
  }

  /** The command that the page offers to a backend developer. */
  async curlLine(): Promise<string> {
    return (await this.page.getByTestId('curl').textContent()) ?? '';
  }

  /** Records every state of the badge. The returned function reads the records. */
  watchBadge(): Promise<() => Promise<string[]>> {
    return watch(this.badge, 'data-state');
  }

  /** Records every state of the subscription of the room in view. The returned function reads the records. */
  watchRoom(): Promise<() => Promise<string[]>> {
    return watch(this.page.getByTestId('messages'), 'data-subscription');
  }

  /** Presses Tab until this element has the focus. */
  async tabTo(target: Locator): Promise<void> {
    for (let presses = 0; presses < 40; presses++) {
      if (await target.evaluate((element) => element === document.activeElement)) return;
      await this.page.keyboard.press('Tab');
    }
    throw new Error(`Tab does not reach ${target}`);
  }
}

/** Records every value of an attribute. The returned function reads the records. */
async function watch(target: Locator, attribute: string): Promise<() => Promise<string[]>> {
  const values = await target.evaluateHandle((element, name) => {
    const seen: string[] = [];
    const look = () => seen.push(element.getAttribute(name) ?? '');
    look();
    new MutationObserver(look).observe(element, { attributeFilter: [name] });
    return seen;
  }, attribute);
  return () => values.jsonValue();
}
