/** Makes the input of a finding smaller: first fewer changes, then fewer bytes, as long as the finding stays the same. */
import { checkInput, makeInput } from './case.ts';
import type { Input, Target } from './target.ts';

/** Reducing is a help for people: it ends when this time is over. */
const TIME_MS = 5000;

export async function reduceFinding(
  target: Target,
  seed: number,
  caseNumber: number,
  signature: string,
): Promise<Input> {
  const deadline = performance.now() + TIME_MS;
  const isSame = async (input: Input): Promise<boolean> => {
    const ending = await checkInput(target, input);
    return ending.kind === 'finding' && ending.signature === signature;
  };
  const { input: whole, changeCount } = await makeInput(target, seed, caseNumber);
  let input = whole;
  const without = new Set<number>();
  for (let change = 0; change < changeCount && performance.now() < deadline; change++) {
    without.add(change);
    const { input: smaller } = await makeInput(target, seed, caseNumber, without);
    if (await isSame(smaller)) input = smaller;
    else without.delete(change);
  }
  return reduceBytes(input, isSame, deadline);
}

/** Removes ranges of bytes, long ones first (delta debugging). */
async function reduceBytes(whole: Input, isSame: (input: Input) => Promise<boolean>, deadline: number): Promise<Input> {
  let input = whole;
  for (let size = input.bytes.length >>> 1; size > 0; size >>>= 1) {
    for (let at = 0; at < input.bytes.length && performance.now() < deadline;) {
      const { bytes } = input;
      const shorter = new Uint8Array(Math.max(at, bytes.length - size));
      shorter.set(bytes.subarray(0, at));
      shorter.set(bytes.subarray(at + size), at);
      const candidate = { ...input, bytes: shorter };
      if (shorter.length < bytes.length && (await isSame(candidate))) input = candidate;
      else at += size;
    }
  }
  return input;
}
