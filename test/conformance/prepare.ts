/** A script with all that is the same in every mode: its commands, the bits of its literals, the binaries of its modules. */
import { readFile } from 'node:fs/promises';
import { type LiteralBits, resolveLiterals } from './literals.ts';
import { lineCounter } from './s-expression.ts';
import { type Command, type ModuleSource, readScript } from './script.ts';
import { moduleOfText } from './text-module.ts';

export interface Script {
  /** Path, relative to the folder that is run. */
  readonly file: string;
  readonly commands: readonly Command[];
  readonly literals: LiteralBits;
  /** The binary of every module, or what the text parser said. */
  readonly binaries: ReadonlyMap<ModuleSource, Uint8Array<ArrayBuffer> | Error>;
  lineOf(command: Command): number;
}

/** @throws ScriptError the script cannot be read */
export async function prepareScript(path: string, file: string): Promise<Script> {
  const source = await readFile(path, 'utf8');
  const commands = readScript(source);
  const lineAt = lineCounter(source);
  const binaries = new Map<ModuleSource, Uint8Array<ArrayBuffer> | Error>();
  for (const module of commands.flatMap(sourcesOf)) binaries.set(module, await binaryOf(module));
  return {
    file,
    commands,
    literals: await resolveLiterals(commands),
    binaries,
    lineOf: ({ start }) => lineAt(start),
  };
}

function sourcesOf(command: Command): ModuleSource[] {
  if ('source' in command) return [command.source];
  return command.kind === 'assert_trap' && 'form' in command.subject ? [command.subject] : [];
}

async function binaryOf(module: ModuleSource): Promise<Uint8Array<ArrayBuffer> | Error> {
  if (module.form === 'binary') return Uint8Array.from(module.bytes);
  const text =
    module.form === 'text' || /^\s*\(\s*module\b/.test(module.text) ? module.text : `(module ${module.text})`;
  try {
    return await moduleOfText(text);
  } catch (error) {
    return new Error(/kind: Custom\("(.*?)"\)/.exec(String(error))?.[1] ?? String(error), { cause: error });
  }
}
