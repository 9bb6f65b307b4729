/** What the options of `run` and `resume` say, checked. */
import type { WorkerLimits } from '../../../runtime/index.ts';
import type { CommandInput } from '../command.ts';
import {
  countOf,
  durationOf,
  environmentOf,
  formatOf,
  isSet,
  listOf,
  type OutputFormat,
  textOf,
} from '../option-values.ts';
import { type DirectoryMount, parseMount } from './host-directory.ts';

export interface RunSettings {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly limits: Omit<WorkerLimits, 'tableElements' | 'heapBytes'>;
  readonly mounts: readonly DirectoryMount[];
  readonly invoke: string | undefined;
  /** The file that takes the state of an interrupted program. */
  readonly onInterrupt: string | undefined;
  /** A folder; undefined: the usual one; false: none. */
  readonly cache: string | false | undefined;
  readonly showsStats: boolean;
  readonly format: OutputFormat;
}

function limitsOf({ options }: CommandInput): RunSettings['limits'] {
  const fuel = countOf(options, 'fuel');
  const numbers = {
    memoryPages: countOf(options, 'memoryPages'),
    stackDepth: countOf(options, 'stackDepth'),
    wallClockMs: durationOf(options, 'timeout'),
  };
  const given = Object.entries(numbers).filter(([, value]) => value !== undefined);
  return {
    ...(fuel === undefined ? {} : { fuel: BigInt(fuel) }),
    ...(Object.fromEntries(given) as Record<string, number>),
  };
}

/** @throws UsageError */
export function runSettings(input: CommandInput): RunSettings {
  const { options } = input;
  const [path = '', ...args] = input.args;
  return {
    path,
    args,
    env: environmentOf(options, 'env'),
    limits: limitsOf(input),
    mounts: [
      ...listOf(options, 'dir').map((text) => parseMount(text, true)),
      ...listOf(options, 'copyDir').map((text) => parseMount(text, false)),
    ],
    invoke: textOf(options, 'invoke'),
    onInterrupt: textOf(options, 'onInterrupt'),
    cache: options['cache'] === false ? false : textOf(options, 'cache'),
    showsStats: isSet(options, 'stats'),
    format: formatOf(options),
  };
}
