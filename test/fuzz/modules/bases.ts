/** The modules that changes are made to: the corpus, and what the project's generators make. */
import { decodeModule, draftOf, type ModuleDraft } from '../../../runtime/wasm/index.ts';
import { moduleFrom } from '../../../runtime/wasm/testing/differential.ts';
import { definitionsModuleFrom, typesModuleFrom } from '../../../runtime/wasm/testing/random-definitions.ts';
import { CORPUS } from '../../programs/corpus.ts';
import { generateProgram } from '../../torture/generate/program.ts';
import type { Choices } from '../choices.ts';

export interface BaseModule {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Text modules above this size are no part of the corpus here: they cost more than they show. */
const TEXT_MAX_BYTES = 20_000;

/** Programs of the generator that are changed: cases 0 up to the count of one seed. */
const GENERATED_SEED = 1;
const GENERATED_COUNT = 400;

const EMPTY: BaseModule = { name: 'empty', bytes: Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0) };

/** The corpus, loaded once. */
export class BaseModules {
  readonly texts: readonly BaseModule[];
  readonly commands: readonly BaseModule[];

  private constructor(texts: readonly BaseModule[], commands: readonly BaseModule[]) {
    this.texts = texts;
    this.commands = commands;
  }

  readonly #programs = new Map<number, BaseModule>();
  static #loaded: Promise<BaseModules> | undefined;

  static load(): Promise<BaseModules> {
    return (this.#loaded ??= this.#load());
  }

  static async #load(): Promise<BaseModules> {
    const texts: BaseModule[] = [];
    const commands: BaseModule[] = [];
    for (const program of CORPUS) {
      const base = { name: program.name, bytes: new Uint8Array(await program.load()) };
      if (program.kind === 'wasi') commands.push(base);
      else if (!program.name.startsWith('big-') && base.bytes.length <= TEXT_MAX_BYTES) texts.push(base);
    }
    return new BaseModules(texts, commands);
  }

  /** A program of the project's generator, made when it is first wanted: making one takes longer than most cases. */
  #generated(number: number): BaseModule {
    let base = this.#programs.get(number);
    if (base === undefined) {
      base = { name: `generated ${number}`, bytes: generateProgram(GENERATED_SEED, number).bytes };
      this.#programs.set(number, base);
    }
    return base;
  }

  /** One to change; rarely a compiled program, which takes a hundred times as long. */
  pick(choices: Choices): BaseModule {
    const kind = choices.below(100);
    const numbers = (length: number): number[] => Array.from({ length }, () => choices.below(0x10000));
    if (kind < 1) return choices.pick(this.commands);
    if (kind < 45) return choices.pick(this.texts);
    if (kind < 65) return this.#generated(choices.below(GENERATED_COUNT));
    if (kind < 85) return { name: 'sample', bytes: moduleFrom(numbers(60)) ?? EMPTY.bytes };
    if (kind < 95) return { name: 'definitions', bytes: definitionsModuleFrom(numbers(80)) };
    return { name: 'types', bytes: typesModuleFrom(numbers(60)) };
  }
}

/** The module's parts. */
export function draftFrom({ bytes }: BaseModule): ModuleDraft {
  return draftOf(decodeModule(bytes));
}
