/** How the two published versions of the interface lay out what they exchange: offsets in bytes. */
export interface Abi {
  /** Meaning of the `whence` argument of fd_seek, by number. */
  readonly whence: readonly ('start' | 'current' | 'end')[];
  readonly filestat: {
    readonly nlinkBytes: 4 | 8;
    readonly nlink: number;
    readonly sizeBytes: number;
    readonly times: number;
    readonly total: number;
  };
  readonly subscription: {
    readonly union: number;
    readonly clockId: number;
    readonly timeout: number;
    readonly flags: number;
    readonly total: number;
  };
}

/** The import modules that a host answers. `wasi_unstable` is snapshot_0: the same functions with three older layouts. */
export const ABIS = {
  wasi_snapshot_preview1: {
    whence: ['start', 'current', 'end'],
    filestat: { nlinkBytes: 8, nlink: 24, sizeBytes: 32, times: 40, total: 64 },
    subscription: { union: 16, clockId: 16, timeout: 24, flags: 40, total: 48 },
  },
  wasi_unstable: {
    whence: ['current', 'end', 'start'],
    filestat: { nlinkBytes: 4, nlink: 20, sizeBytes: 24, times: 32, total: 56 },
    subscription: { union: 16, clockId: 24, timeout: 32, flags: 48, total: 56 },
  },
} as const satisfies Record<string, Abi>;
