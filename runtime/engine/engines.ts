/** What is known of the JavaScript engines that run guests, and which of them this is. */
import type { UnwindMode } from '../instrument/index.ts';

/** A JavaScript engine that WebAssembly runs on. */
export type EngineName = 'v8' | 'jsc' | 'spidermonkey';

interface EngineRow {
  /** The way of leaving a stack that measures best there; see RATIONALE.md. */
  readonly unwind: UnwindMode;
  /** Whether a slice may end by putting the stack aside (promise-integration.ts) rather than by leaving it. */
  readonly suspends: boolean;
}

export const ENGINES = {
  v8: { unwind: 'throw', suspends: true },
  jsc: { unwind: 'flag', suspends: false },
  spidermonkey: { unwind: 'flag', suspends: false },
} as const satisfies Record<EngineName, EngineRow>;

/** The engine that runs this program. An unknown one counts as V8. */
export function detectEngine(): EngineName {
  if (Reflect.has(globalThis, 'Bun')) return 'jsc';
  if (Reflect.has(globalThis, 'Deno')) return 'v8';
  const agent = typeof navigator === 'undefined' ? '' : (navigator.userAgent ?? '');
  if (/\bFirefox\//.test(agent)) return 'spidermonkey';
  if (/\bSafari\//.test(agent) && !/Chrom(e|ium)\//.test(agent)) return 'jsc';
  return 'v8';
}
