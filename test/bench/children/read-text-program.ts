import { readFileSync } from 'node:fs';
import wabt from 'wabt';

/** The binary of a program of test/bench/programs. */
export async function readTextProgram(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const text = readFileSync(new URL(`../programs/${name}.wat`, import.meta.url), 'utf8');
  const tools = await wabt();
  return Uint8Array.from(tools.parseWat(`${name}.wat`, text).toBinary({}).buffer);
}
