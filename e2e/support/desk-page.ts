import { expect, type Locator, type Page } from '@playwright/test';

/** The demo's Desk as one user sees and uses it. */
export class DeskPage {
  readonly page: Page;
  /** Errors of the page: console errors and uncaught exceptions. */
  readonly errors: string[] = [];
  readonly current: Locator;
  readonly idle: Locator;
  readonly deadLetters: Locator;
  readonly events: Locator;
  readonly answer: Locator;

  constructor(page: Page) {
    this.page = page;
    this.current = page.getByTestId('current');
    this.idle = page.getByTestId('idle');
    this.deadLetters = page.getByTestId('dead-letter');
    this.events = page.getByTestId('board-event');
    this.answer = page.getByTestId('answer');
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
    page.on('pageerror', (error) => this.errors.push(error.message));
  }

  async open(url: string, name: string): Promise<void> {
    const address = new URL(url);
    address.searchParams.set('as', name);
    address.searchParams.set('page', 'desk');
    await this.page.goto(address.href);
    await expect(this.page.getByTestId('connection')).toHaveAttribute('data-state', 'connected');
  }

  async openTicket(subject: string, region = 'Europe'): Promise<void> {
    await this.page.getByLabel('Subject').fill(subject);
    await this.page.getByLabel('Region', { exact: true }).and(this.page.locator('select')).selectOption(region);
    await this.page.getByRole('button', { name: 'Open', exact: true }).click();
  }

  async takeTickets(): Promise<void> {
    await this.page.getByRole('button', { name: 'Take tickets', exact: true }).click();
  }

  async decide(how: 'Finish' | 'Give back' | 'Put aside'): Promise<void> {
    await this.current.getByRole('button', { name: how }).click();
  }

  /** The subject of the ticket that this window has; `undefined` if it has none. */
  async subject(): Promise<string | undefined> {
    if ((await this.current.count()) === 0) return undefined;
    return (await this.current.locator('.subject').textContent()) ?? undefined;
  }

  /** Waits until the queue has this many tickets. */
  async counts(name: 'waiting' | 'in-flight' | 'dead', value: number): Promise<void> {
    await expect(this.page.getByTestId(`number-${name}`)).toHaveText(String(value));
  }
}
