import {
  CHANNEL,
  CLIENT,
  COUNT,
  checkRequired,
  checkValues,
  FUNCTION,
  JSON_VALUE,
  OBJECT,
  PAGE,
  SINCE,
  WHOLE,
} from '../check-values.ts';

const LIST = {
  keep: COUNT,
  page: PAGE,
  rewind: WHOLE,
  since: SINCE,
  position: OBJECT,
  filter: OBJECT,
  onMessage: FUNCTION,
  onGap: FUNCTION,
  onState: FUNCTION,
};
const WATCH = { enter: JSON_VALUE, onJoin: FUNCTION, onUpdate: FUNCTION, onLeave: FUNCTION };

/** @throws SluiceError `option_invalid` */
export function checkSource(client: unknown, channel: unknown): void {
  checkRequired('client', client, CLIENT);
  checkValues({ channel }, { channel: CHANNEL });
}

/** @throws SluiceError `option_invalid` */
export function checkState(state: unknown): void {
  checkValues({ state }, { state: JSON_VALUE });
}

/**
 * Checks the options and handlers of a list of messages.
 *
 * @throws SluiceError `option_invalid`
 */
export function checkListOptions<Options extends object>(options: Options = {} as Options): Options {
  checkRequired('options', options, OBJECT);
  checkValues(options, LIST);
  return options;
}

/**
 * Checks the options and handlers of a presence store.
 *
 * @throws SluiceError `option_invalid`
 */
export function checkWatchOptions<Options extends object>(options: Options = {} as Options): Options {
  checkRequired('options', options, OBJECT);
  checkValues(options, WATCH);
  return options;
}
