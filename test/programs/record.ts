/**
 * Records what the bare engine gives: `node test/programs/record.ts` writes NAME/NAME.expected of every command. Read
 * the difference before you commit it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { COMMANDS } from './commands.ts';
import { runBareCommand } from './run-bare.ts';

for (const { name, folder = `./${name}/`, args = [], stdin = '', exitCode = 0 } of COMMANDS) {
  const base = folder.slice(0, -1).split('/').at(-1) ?? name;
  const bytes = readFileSync(new URL(`${folder}${base}.wasm`, import.meta.url));
  const result = await runBareCommand(name, bytes, { args, stdin });
  mkdirSync(new URL(`./${name}/`, import.meta.url), { recursive: true });
  writeFileSync(new URL(`./${name}/${name}.expected`, import.meta.url), result.stdout);
  if (result.exitCode !== exitCode) console.log(`${name}: exit code ${result.exitCode}, the table says ${exitCode}`);
}
