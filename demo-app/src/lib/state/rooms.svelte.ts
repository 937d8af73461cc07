import type { Client } from '@sluice/client';
import { Room, type RoomSetup } from './room.svelte.ts';

const STANDING = ['lobby', 'design', 'engineering', 'random', 'announcements'];

/** Rooms that this window has created, for the next reload. */
const KEY = 'sluice.rooms';

interface RoomsSetup extends RoomSetup {
  /** Room to open first. */
  readonly open: string;
}

/** All listed rooms, each with a subscription, and the room in view. */
export class Rooms {
  readonly #client: Client;
  readonly #setup: RoomsSetup;
  #list = $state.raw<readonly Room[]>([]);
  #openName = $state('');
  #watched = true;

  readonly open = $derived(this.#list.find((room) => room.name === this.#openName) ?? this.#first);
  readonly unread = $derived(this.#list.reduce((sum, room) => sum + room.unread, 0));

  constructor(client: Client, setup: RoomsSetup) {
    this.#client = client;
    this.#setup = setup;
    this.#list = [...new Set([...STANDING, ...storedRooms()])].map((name) => this.#make(name));
    this.enter(setup.open);
  }

  get list(): readonly Room[] {
    return this.#list;
  }

  /** Brings a room into view. A new name creates a new room. */
  enter(name: string): void {
    if (!this.#list.some((room) => room.name === name)) this.#add(name);
    if (this.open.name !== name) this.open.leave();
    this.#openName = name;
    this.open.enter();
    this.#showOpen();
    const address = new URL(location.href);
    address.searchParams.set('room', name);
    history.replaceState(null, '', address);
  }

  /** The window becomes visible or hidden. Messages that arrive while it is hidden are unread. */
  watch(watched: boolean): void {
    this.#watched = watched;
    this.#showOpen();
  }

  get #first(): Room {
    const [first] = this.#list;
    if (first === undefined) throw new Error('the list of rooms is empty; it must contain the lobby');
    return first;
  }

  #add(name: string): void {
    this.#list = [...this.#list, this.#make(name)];
    const made = this.#list.map((room) => room.name).filter((listed) => !STANDING.includes(listed));
    sessionStorage.setItem(KEY, JSON.stringify(made));
  }

  #make(name: string): Room {
    return new Room(name, this.#client, this.#setup);
  }

  #showOpen(): void {
    for (const room of this.#list) room.show(this.#watched && room.name === this.#openName);
  }
}

function storedRooms(): string[] {
  const stored: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
  return Array.isArray(stored) ? stored.filter((name) => typeof name === 'string') : [];
}
