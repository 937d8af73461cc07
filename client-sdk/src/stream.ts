import type { Channel, Gap, Message, MessagesOptions, Subscription } from './channel-api.ts';
import type { SluiceError } from './errors.ts';
import type { Report } from './reporting.ts';
import { nothing } from './timer.ts';

// Maximum messages and gaps that wait for a slow loop.
const WAITING = 1000;

/** Returns the messages of a channel as an async iterator; see `Channel.messages`. */
export function streamMessages<T>(
  channel: Pick<Channel<T>, 'subscribe'>,
  { onGap, ...options }: MessagesOptions,
  report: Report,
): AsyncGenerator<Message<T>, void, void> {
  const items: (Message<T> | Gap)[] = [];
  const { signal, filter } = options;
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
    // Not within a gap: the log does not repeat the messages that a gap delivers.
    if (items.length < WAITING || !position || !('id' in item) || item.offset < position.offset) return;
    // The channel's log is the buffer: resume from here when the loop has caught up.
    start = { signal, filter, position } as MessagesOptions;
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
        subscription ??= channel.subscribe(add, { ...start, onGap: add, onState, onError });
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

  // The generator's own methods would wait for a pending `next`, perhaps forever.
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
