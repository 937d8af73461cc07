/** What is wrong with a file, and where: in words for an operator. */
export class Damage extends Error {
  override readonly name = 'Damage';
}

/** Throws unless this holds. */
export function expectSound(holds: boolean, problem: () => string): asserts holds {
  if (!holds) throw new Damage(problem());
}
