/** An event that a browser's EventSource would dispatch. */
export interface ReadEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly lastEventId: string;
}

/** Parses an event stream as a browser does. HTML Standard, section 9.2.6. */
export class EventReader {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #idBuffer = '';
  lastEventId = '';
  retry: number | undefined;

  /** @returns the events that this text completes */
  read(text: string): ReadEvent[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): ReadEvent[] {
    if (line === '') return this.#dispatch();
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id') this.#idBuffer = value;
    else if (field === 'retry') this.retry = Number(value);
    return [];
  }

  #dispatch(): ReadEvent[] {
    this.lastEventId = this.#idBuffer;
    const [event, data] = [this.#event || 'message', this.#data.join('\n')];
    this.#event = '';
    this.#data = [];
    return data === '' ? [] : [{ event, data: JSON.parse(data), lastEventId: this.lastEventId }];
  }
}
