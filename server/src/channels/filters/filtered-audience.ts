import type { LoggedMessage } from '../../engine/logged-message.ts';
import type { Part, Wire } from '../../protocols/protocol.ts';
import { Audience, prefixOf, type Variant, viewOf } from '../audience.ts';
import { Watermark } from './watermark.ts';

/** What audiences need of their channel. */
export interface FilteredChannel {
  readonly name: string;
  readonly epoch: string;
  /** Offset of the newest message that was fanned out. */
  readonly sent: number;
}

/** Live cursors of one channel that receive the messages of one filter in the same bytes. */
export class FilteredAudience extends Audience {
  readonly #channel: FilteredChannel;
  /**
   * The position that all of them have reached: the end of the latest push of messages. It does not
   * follow progress, which may be refused in the turn of a push that is not.
   */
  readonly told: Watermark;

  constructor(wire: Wire, variant: Variant, channel: FilteredChannel) {
    super(wire, variant, `:${channel.name}`);
    this.#channel = channel;
    this.told = new Watermark(channel.sent);
  }

  /** What the next push begins with. */
  get prefix(): Part {
    const { name, epoch } = this.#channel;
    return prefixOf(this.variant, this.wire, { channel: name, epoch, after: this.told.offset });
  }

  /** One message, as the frame that the transport publishes fastest. */
  single(message: LoggedMessage): Part {
    return this.wire.single(this.prefix, viewOf(this.variant, message));
  }

  encode(messages: readonly LoggedMessage[]): readonly Part[] {
    return messages.map((message) => this.wire.encodeMessage(viewOf(this.variant, message)));
  }
}
