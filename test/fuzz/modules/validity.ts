/** Our verdict on a module beside the engine's. */
import { PluvioError } from '../../../runtime/errors/index.ts';
import { decodeModule, type Module, printModule, validateModule } from '../../../runtime/wasm/index.ts';
import { Violation } from '../target.ts';

/** Where the two verdicts may differ, and why. */
interface Difference {
  readonly reason: string;
  /** `ours`: refused here, taken by the engine; `theirs`: the reverse. */
  readonly refusedBy: 'ours' | 'theirs';
  readonly holds: (message: string, module: Module | undefined) => boolean;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    reason: 'the limits here are those of the JavaScript interface; the engine has higher ones for some things',
    refusedBy: 'ours',
    holds: (message) => message.includes('are accepted'),
  },
  {
    reason: 'V8 takes empty element segments of a type that is no reference; the specification knows none',
    refusedBy: 'ours',
    holds: (message) => /section element: .*expected a reference type/.test(message),
  },
  {
    reason:
      'V8 takes the exception instructions of one proposal or the other in a module; the specification has no such rule',
    refusedBy: 'theirs',
    holds: (message) => message.includes('mix of legacy and new exception handling'),
  },
];

/**
 * The module, if both take it.
 * @throws PluvioError it was refused by both, or by one for a reason of the table; Violation: they disagree
 */
export async function judge(bytes: Uint8Array): Promise<Module> {
  const engineTakes = WebAssembly.validate(bytes as BufferSource);
  let module: Module | undefined;
  try {
    module = decodeModule(bytes);
    validateModule(module);
  } catch (error) {
    if (!(error instanceof PluvioError)) throw error;
    if (engineTakes && !isKnown('ours', error.message, module)) {
      throw new Violation(`the engine takes what is refused here with ${error.code}: ${error.message}`);
    }
    throw error;
  }
  if (!engineTakes) {
    const message = await WebAssembly.compile(bytes as BufferSource).then(
      () => 'compiles all the same',
      (error: unknown) => String(error),
    );
    if (!isKnown('theirs', message, module)) throw new Violation(`taken here, refused by the engine: ${message}`);
    throw new PluvioError('UNSUPPORTED', `the engine alone refuses the module: ${message}`);
  }
  printModule(module);
  return module;
}

const isKnown = (refusedBy: Difference['refusedBy'], message: string, module: Module | undefined): boolean =>
  DIFFERENCES.some((row) => row.refusedBy === refusedBy && row.holds(message, module));
