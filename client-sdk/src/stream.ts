import type { Channel, Gap, Message, MessagesOptions, Subscription } from './api.ts';
import type { SluiceError } from './errors.ts';
import type { Report } from './reporting.ts';
import { nothing } from './timer.ts';

// So many messages and gaps may wait for a loop that is slower than the channel.
const WAITING = 1000;

/** The messages of a channel as an async iteration; see `Channel.messages`. */
export function streamMessages<T>(
  channel: Pick<Channel<T>, 'subscribe'>,
  { onGap, ...options }: MessagesOptions,
  report: Report,
): AsyncGenerator<Message<T>, void, void> {
  const items: (Message<T> | Gap)[] = [];
  const { signal } = options;
  let start: MessagesOptions = options;
  let subscription: Subscription | undefined;
  let error: SluiceError | undefined;
  let wake = nothing;
  let done = false;

  const leave = () => {
    subscription?.unsubscribe();
    subscription = undefined;
  };
  const add = (item: Message<T> | Gap) => {
    items.push(item);
    wake();
    const position = subscription?.position;
    // Not in the midst of a gap: what it brings does not come again.
    if (items.length < WAITING || !position || !('id' in item) || item.offset < position.offset) return;
    // The channel's log is the buffer: go on from here when the loop has come so far.
    start = { signal, position } as MessagesOptions;
    leave();
  };
  const onState = () => {
    error = undefined;
    wake();
  };
  const onError = (why: SluiceError) => {
    error = why;
  };

  async function* generate() {
    try {
      while (!signal?.aborted && !done) {
        const item = items.shift();
        if (item) {
          if ('id' in item) yield item;
          else report('gap', item, { instead: onGap });
          continue;
        }
        subscription ??= channel.subscribe(add, { ...start, onGap: (gap) => add(gap), onState, onError });
        if (subscription.state === 'denied' || subscription.state === 'ended') break;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (error) throw error;
    } finally {
      leave();
    }
  }

  // Those of a generator wait for the message that a `next` waits for, which may never come.
  const iterator = generate();
  for (const name of ['return', 'throw'] as const) {
    const end = iterator[name] as (value: unknown) => Promise<IteratorResult<Message<T>, void>>;
    iterator[name] = (value: unknown) => {
      done = true;
      wake();
      return end.call(iterator, value);
    };
  }
  return iterator;
}
