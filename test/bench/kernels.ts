/** A compute kernel: a module without imports that exports `run(i32) -> i32`; what it gives is a checksum. */
export interface Kernel {
  readonly name: string;
  readonly path: URL;
  /** Such that a run takes some 0.3 to 0.7 s on bare V8 on one core of 2025. */
  readonly arg: number;
  readonly result: number;
  /** A fraction of the work, for a suite that only asks whether the result is right. */
  readonly quick: { readonly arg: number; readonly result: number };
}

const kernel = (name: string, arg: number, result: number, quick: Kernel['quick']): Kernel => ({
  name,
  path: new URL(`./kernels/${name}.wasm`, import.meta.url),
  arg,
  result,
  quick,
});

/** Thirteen kernels; calls, dispatch and the tightest loops, where being stoppable costs most, come first. */
export const KERNELS: readonly Kernel[] = [
  kernel('fib', 41, 165580141, { arg: 15, result: 610 }),
  kernel('quicksort', 40, -274346734, { arg: 1, result: 5960 }),
  kernel('bytecode', 16_000_000, -2096173676, { arg: 3000, result: 1171612801 }),
  kernel('bytescan', 300, 127166700, { arg: 1, result: 423889 }),
  kernel('crc32', 2000, 1117013759, { arg: 1, result: 1532635521 }),
  kernel('sieve', 150, 82025, { arg: 1, result: 82025 }),
  kernel('mandelbrot', 1500, 105691640, { arg: 20, result: 19694 }),
  kernel('matmul', 40, 1678671, { arg: 1, result: 41909 }),
  kernel('nbody', 4_000_000, -1169016, { arg: 500, result: 5109487 }),
  kernel('spectral-norm', 2000, 1274224152, { arg: 30, result: 1274097380 }),
  kernel('fannkuch', 10, 7319638, { arg: 6, result: 4910 }),
  kernel('sha256', 1_000_000, -1085700839, { arg: 200, result: -957335927 }),
  kernel('hashtable', 250, 708366149, { arg: 1, result: 723825870 }),
];

/** @throws RangeError if there is none of that name */
export function kernelNamed(name: string): Kernel {
  const found = KERNELS.find((entry) => entry.name === name);
  if (found === undefined) throw new RangeError(`there is no kernel "${name}"`);
  return found;
}
