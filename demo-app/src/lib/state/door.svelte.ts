import { readAddress } from '../address.ts';
import { subjectOf } from '../dev-token.ts';
import { toName, toRoomName } from '../names.ts';
import { Session } from './session.svelte.ts';

/** In sessionStorage, so that two windows of one browser may be two people. */
const KEY = 'sluice.name';

/** Who comes in: the address may say so, an earlier visit in this window may, or the person does. */
export class Door {
  #session = $state.raw<Session | undefined>();

  constructor() {
    const { user, token } = readAddress(location.search);
    const name = (token && subjectOf(token)) || toName(user ?? sessionStorage.getItem(KEY) ?? '');
    if (name !== '') this.enter(name);
    else if (token !== undefined) this.enter('guest');
  }

  get session(): Session | undefined {
    return this.#session;
  }

  enter(user: string): void {
    const { room, token } = readAddress(location.search);
    sessionStorage.setItem(KEY, user);
    this.#session = new Session({ user, token, room: toRoomName(room ?? '') || 'lobby' });
  }

  /** Back to the choice of a name. */
  leave(): void {
    this.#session?.close();
    this.#session = undefined;
    sessionStorage.removeItem(KEY);
    const address = new URL(location.href);
    address.searchParams.delete('as');
    address.searchParams.delete('token');
    history.replaceState(null, '', address);
  }
}
