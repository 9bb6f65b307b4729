/** The host functions and globals that function programs import; pure, so that a call may be executed again. */
export function createFunctionImports() {
  return {
    env: {
      tick: (x: number): number => (Math.imul(x, 5) + 1) | 0,
      wide: (x: bigint): bigint => BigInt.asIntN(64, x * 3n + 1n),
      half: (x: number): number => x / 2,
      fail: (x: number): number => {
        if (x % 3 === 0) throw new Error('the host function failed, as it is meant to');
        return x;
      },
      base: 1000,
    },
  } as const;
}
