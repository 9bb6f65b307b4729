/** The JavaScript engines that the children of a benchmark can run on. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type EngineChoice = 'node' | 'bun';

/** What the name of `--engine` stands for. @throws RangeError for another name */
export function engineChoice(name: string): EngineChoice {
  if (name === 'node' || name === 'bun') return name;
  throw new RangeError(`--engine is "${name}"; it must be node or bun`);
}

const BUN = fileURLToPath(new URL('../../node_modules/.bin/bun', import.meta.url));

export const enginePath = (engine: EngineChoice): string => (engine === 'bun' ? BUN : process.execPath);

/** Name and version. @throws Error if the engine is not installed */
export function engineName(engine: EngineChoice): string {
  if (engine === 'node') return `Node ${process.versions.node}, V8 ${process.versions.v8}`;
  const { status, stdout } = spawnSync(BUN, ['--version'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Bun does not run; npm install puts it at ${BUN}`);
  return `Bun ${stdout.trim()}, JavaScriptCore`;
}
