import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type EngineChoice, enginePath } from './engine-choice.ts';

/** Runs `children/{script}.ts` in a process of its own and gives what it reports. @throws Error if it fails */
export async function runChild<T>(
  script: string,
  job: object,
  engineFlags: readonly string[] = [],
  engine: EngineChoice = 'node',
): Promise<T> {
  const path = new URL(`./children/${script}.ts`, import.meta.url).pathname;
  const child = spawn(enginePath(engine), [...engineFlags, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => undefined); // one that does not read its job says so by its exit code
  child.stdin.end(JSON.stringify(job)); // an argument has a limit
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  if (code !== 0) throw new Error(`${script} ${JSON.stringify(job).slice(0, 1000)} ended with exit code ${code}`);
  return JSON.parse(output) as T; // the script's own report
}

/** In a child: its job. */
export const readJob = <T>(): T => JSON.parse(readFileSync(0, 'utf8')) as T; // written by runChild

/** In a child: what it found. */
export const report = (result: object): void => void process.stdout.write(JSON.stringify(result));
