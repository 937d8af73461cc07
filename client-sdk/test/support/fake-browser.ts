import type { Locks } from '../../src/share-tabs/locks.ts';
import type { MessageEndpoint } from '../../src/share-tabs/ports.ts';

type Granted = () => Promise<void> | undefined;

interface Request {
  readonly name: string;
  readonly mode: 'exclusive' | 'shared';
  readonly page: FakePage;
  readonly granted: Granted;
  readonly settle: (stolen: boolean) => void;
}

/** The Web Locks of one origin. */
class FakeLockManager {
  #held: Request[] = [];
  #waiting: Request[] = [];

  request(page: FakePage, name: string, options: Parameters<Locks['request']>[1], granted: Granted): Promise<void> {
    const { mode = 'exclusive', steal = false, signal } = options;
    return new Promise((resolve, reject) => {
      const aborted = (text: string) => reject(new DOMException(text, 'AbortError'));
      const settle = (stolen: boolean) => (stolen ? aborted('stolen') : resolve());
      const request = { name, mode, page, granted, settle };
      signal?.addEventListener('abort', () => {
        if (!this.#waiting.includes(request)) return;
        this.#waiting = this.#waiting.filter((other) => other !== request);
        aborted('aborted');
      });
      if (steal) {
        for (const other of this.#held.filter((held) => held.name === name)) this.#release(other, true);
        this.#waiting.unshift(request);
      } else this.#waiting.push(request);
      queueMicrotask(() => this.#grant());
    });
  }

  get count(): number {
    return this.#held.length + this.#waiting.length;
  }

  /** The page died: all its resources are released, and none of its callbacks runs again. */
  drop(page: FakePage): void {
    this.#waiting = this.#waiting.filter((request) => request.page !== page);
    this.#held = this.#held.filter((request) => request.page !== page);
    queueMicrotask(() => this.#grant());
  }

  #grant(): void {
    for (const request of [...this.#waiting]) {
      const { name, mode } = request;
      const before = this.#waiting.slice(0, this.#waiting.indexOf(request)).some((other) => other.name === name);
      const taken = this.#held.some(
        (held) => held.name === name && (held.mode === 'exclusive' || mode === 'exclusive'),
      );
      if (before || taken) continue;
      this.#waiting = this.#waiting.filter((other) => other !== request);
      this.#held.push(request);
      void request.page.run(() => Promise.resolve(request.granted()).then(() => this.#release(request, false)));
    }
  }

  #release(request: Request, stolen: boolean): void {
    if (!this.#held.includes(request)) return;
    this.#held = this.#held.filter((held) => held !== request);
    void request.page.run(() => request.settle(stolen));
    queueMicrotask(() => this.#grant());
  }
}

/** One end of a message channel. */
class FakeBox implements MessageEndpoint {
  onmessage: ((event: MessageEvent) => void) | null = null;
  readonly page: FakePage;
  readonly #send: (text: string) => void;
  #closed = false;

  constructor(page: FakePage, send: (text: string) => void) {
    this.page = page;
    this.#send = send;
  }

  postMessage(message: unknown): void {
    const text = JSON.stringify(message);
    if (!this.#closed) this.page.run(() => this.#send(text));
  }

  receive(text: string): void {
    queueMicrotask(() =>
      this.page.run(() => {
        if (!this.#closed) this.onmessage?.({ data: JSON.parse(text) } as MessageEvent);
      }),
    );
  }

  get isOpen(): boolean {
    return !this.#closed;
  }

  close(): void {
    this.#closed = true;
  }
}

/** A page or a worker that can be killed and frozen. */
export class FakePage {
  state: 'running' | 'frozen' | 'dead' = 'running';
  readonly locks: Locks;
  readonly #browser: FakeBrowser;
  #missed: (() => unknown)[] = [];

  constructor(browser: FakeBrowser, locks: FakeLockManager) {
    this.#browser = browser;
    // The timers of a test keep running for a frozen page. Their effects must not be visible from
    // outside.
    this.locks = {
      request: (name, options, granted) =>
        new Promise((resolve, reject) => {
          this.run(() => locks.request(this, name, options, granted).then(resolve, reject));
        }),
    };
  }

  /** Calls the page's code: now, when it is thawed, or never. */
  run(task: () => unknown): unknown {
    if (this.state === 'running') return task();
    if (this.state === 'frozen') this.#missed.push(task);
    return undefined;
  }

  channel(name: string): MessageEndpoint {
    return this.#browser.channel(this, name);
  }

  freeze(): void {
    this.state = 'frozen';
  }

  thaw(): void {
    this.state = 'running';
    for (const task of this.#missed.splice(0)) task();
  }

  kill(): void {
    this.state = 'dead';
    this.#browser.drop(this);
  }
}

/** A browser: pages of one origin with their shared locks and channels. */
export class FakeBrowser {
  readonly #locks = new FakeLockManager();
  #boxes: { readonly name: string; readonly box: FakeBox }[] = [];

  /** Channel ends that are not closed. */
  get openBoxes(): number {
    return this.#boxes.filter(({ box }) => box.isOpen).length;
  }

  /** Locks that are held or requested. */
  get lockCount(): number {
    return this.#locks.count;
  }

  page(): FakePage {
    return new FakePage(this, this.#locks);
  }

  channel(page: FakePage, name: string): MessageEndpoint {
    const box: FakeBox = new FakeBox(page, (text) => {
      for (const other of this.#boxes) if (other.name === name && other.box !== box) other.box.receive(text);
    });
    this.#boxes.push({ name, box });
    return box;
  }

  /** A `MessageChannel` between two pages. */
  pair(a: FakePage, b: FakePage): [MessageEndpoint, MessageEndpoint] {
    const near: FakeBox = new FakeBox(a, (text) => far.receive(text));
    const far: FakeBox = new FakeBox(b, (text) => near.receive(text));
    return [near, far];
  }

  drop(page: FakePage): void {
    this.#locks.drop(page);
    this.#boxes = this.#boxes.filter(({ box }) => box.page !== page);
  }
}
