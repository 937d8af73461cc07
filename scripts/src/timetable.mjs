/** A made-up timetable, whose changes the demo's broker gets one by one. */

/**
 * @typedef {object} Departure
 * @property {string} train
 * @property {number} order trains leave in this order
 * @property {string} to
 * @property {string} platform
 * @property {string} time when it should leave, such as `08:15`
 * @property {'on time' | 'delayed' | 'boarding' | 'departed'} status
 * @property {number} delay in minutes
 */

const PLACES = ['Amsterdam', 'Bruges', 'Delft', 'Ghent', 'Gothenburg', 'Hamburg', 'Leiden', 'Utrecht', 'Venice'];
const SERVICES = ['IC', 'RE', 'EC'];
/** Trains on the board. */
const SHOWN = 8;
/** Minutes between two trains. */
const HEADWAY = 7;

export class Timetable {
  #random;
  #next = 0;
  /** @type {Departure[]} */
  #trains = [];
  #start;

  /**
   * @param {Date} start the time of the first train
   * @param {() => number} random from 0 to 1
   */
  constructor(start, random) {
    this.#start = start;
    this.#random = random;
    while (this.#trains.length < SHOWN) this.#trains.push(this.#plan());
  }

  /** All trains of the board, the next one first. @returns {readonly Departure[]} */
  get trains() {
    return this.#trains;
  }

  /** What happens next: to the first train most of the time, and sometimes a delay. @returns {readonly Departure[]} */
  change() {
    const [first] = this.#trains;
    if (first === undefined) return [];
    if (this.#random() < 0.4) return [this.#update(this.#pick(this.#trains.slice(1)) ?? first, 'delayed')];
    if (first.status !== 'boarding') return [this.#update(first, 'boarding')];
    const departed = this.#update(first, 'departed');
    const planned = this.#plan();
    this.#trains = [...this.#trains.slice(1), planned];
    return [departed, planned];
  }

  /** @param {Departure} train @param {Departure['status']} status @returns {Departure} */
  #update(train, status) {
    const delay = train.delay + (status === 'delayed' ? 5 : 0);
    const updated = { ...train, status, delay };
    this.#trains = this.#trains.map((each) => (each.train === train.train ? updated : each));
    return updated;
  }

  /** @returns {Departure} */
  #plan() {
    const number = this.#next++;
    const time = new Date(this.#start.getTime() + number * HEADWAY * 60_000).toTimeString().slice(0, 5);
    return {
      ...{ train: `${this.#pick(SERVICES)} ${200 + number}`, order: number },
      to: this.#pick(PLACES) ?? 'Delft',
      platform: `${1 + Math.floor(this.#random() * 9)}`,
      ...{ time, status: 'on time', delay: 0 },
    };
  }

  /** @template T @param {readonly T[]} list */
  #pick(list) {
    return list[Math.floor(this.#random() * list.length)];
  }
}
