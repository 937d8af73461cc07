// The first 64 primes, from whose roots the constants of FIPS 180-4 (sections 4.2.2 and 5.3.3) are made.
const PRIMES: number[] = [];
for (let n = 2; PRIMES.length < 64; n++) if (PRIMES.every((prime) => n % prime)) PRIMES.push(n);

const fraction = (root: number): number => ((root % 1) * 2 ** 32) | 0;
const START = PRIMES.slice(0, 8).map((prime) => fraction(prime ** (1 / 2)));
const ROUNDS = PRIMES.map((prime) => fraction(Math.cbrt(prime)));

const rotate = (word: number, by: number): number => (word >>> by) | (word << (32 - by));

/**
 * The SHA-256 of a text, in hexadecimal digits. The one of the platform answers later, and only in
 * secure contexts.
 */
export function sha256(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const blocks = Math.ceil((bytes.length + 9) / 64);
  const view = new DataView(new ArrayBuffer(blocks * 64));
  bytes.forEach((byte, at) => {
    view.setUint8(at, byte);
  });
  view.setUint8(bytes.length, 0x80);
  view.setUint32(blocks * 64 - 4, bytes.length * 8);
  let state = START;
  for (let block = 0; block < blocks; block++) state = compress(state, wordsOf(view, block * 64));
  return state.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

const at = (words: readonly number[], index: number): number => words[index] as number;

/** The message schedule of a block. FIPS 180-4, section 6.2.2, step 1. */
function wordsOf(view: DataView, start: number): readonly number[] {
  const words: number[] = [];
  for (let n = 0; n < 64; n++) {
    if (n < 16) {
      words.push(view.getInt32(start + n * 4));
      continue;
    }
    const [early, late] = [at(words, n - 15), at(words, n - 2)];
    const first = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
    const second = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
    words.push((at(words, n - 16) + first + at(words, n - 7) + second) | 0);
  }
  return words;
}

/** Steps 2 to 4. */
function compress(state: readonly number[], words: readonly number[]): number[] {
  let [a, b, c, d, e, f, g, h] = state as [number, number, number, number, number, number, number, number];
  for (let n = 0; n < 64; n++) {
    const mixed = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const chosen = (e & f) ^ (~e & g);
    const first = h + mixed + chosen + at(ROUNDS, n) + at(words, n);
    const second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  return [a, b, c, d, e, f, g, h].map((word, n) => (word + at(state, n)) | 0);
}
