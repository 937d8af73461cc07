import { readAddress } from '../address.ts';
import { subjectOf } from '../dev-token.ts';
import { toName, toRoomName } from '../names.ts';
import { Session } from './session.svelte.ts';

/** In sessionStorage, so that two windows of one browser may have different users. */
const KEY = 'sluice.name';

/** The user of this window: from the address, an earlier visit in this window, or the user's input. */
export class SignIn {
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
    const { room, page = 'chat', token } = readAddress(location.search);
    sessionStorage.setItem(KEY, user);
    this.#session = new Session({ user, token, page, room: toRoomName(room ?? '') || 'lobby' });
  }

  /** Returns to the choice of a name. */
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
