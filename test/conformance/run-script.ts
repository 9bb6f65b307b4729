/** Runs one script in one mode: what each command gave, and whether that is what the script says. */
import { BareSession, RoundtripSession } from './bare-mode.ts';
import { expectedTraps } from './expected-traps.ts';
import { HostValues } from './host-values.ts';
import { matches } from './matching.ts';
import {
  type Ending,
  type ImportSource,
  isInstance,
  type ModeName,
  type Session,
  type SessionOptions,
  type TestInstance,
} from './mode.ts';
import type { Script } from './prepare.ts';
import type { ArgumentBits } from './probes.ts';
import type { Action, Argument, Command, ModuleSource } from './script.ts';
import { instantiateSpectest } from './spectest.ts';
import type { StopCounts } from './stop-plan.ts';
import { WorkerSession } from './worker-mode.ts';

export interface Check {
  readonly file: string;
  readonly line: number;
  /** The beginning of the command. */
  readonly text: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped, or what came instead of what was expected. */
  readonly reason: string;
}

export interface ScriptResult {
  readonly checks: readonly Check[];
  readonly stopCounts: StopCounts | undefined;
}

const SESSIONS = {
  bare: () => new BareSession(),
  roundtrip: () => new RoundtripSession(),
  instrumented: (options) => new WorkerSession('throw', false, options),
  'instrumented-flag': (options) => new WorkerSession('flag', false, options),
  stopped: (options) => new WorkerSession('throw', true, options),
  'stopped-flag': (options) => new WorkerSession('flag', true, options),
} as const satisfies Record<ModeName, (options: SessionOptions) => Session>;

/** Checks that need nothing to run; a mode that stops things has nothing to add to them. */
const STATIC_CHECKS: readonly Command['kind'][] = ['assert_malformed', 'assert_invalid'];

/** One check for each command that asserts something, or runs something. */
export async function runScript(script: Script, mode: ModeName, seed: number): Promise<ScriptResult> {
  const hosts = new HostValues();
  const linked = script.commands.some(({ kind }) => kind === 'register');
  const session = SESSIONS[mode]({ hosts, linked, seed });
  const run = new ScriptRun(script, session, hosts, await instantiateSpectest());
  const checks: Check[] = [];
  for (const command of script.commands) {
    if (mode.startsWith('stopped') && STATIC_CHECKS.includes(command.kind)) continue;
    const verdict = await run.execute(command);
    if (verdict === undefined) continue;
    checks.push({ file: script.file, line: script.lineOf(command), text: command.text, ...verdict });
  }
  await session.close();
  return { checks, stopCounts: session.stopCounts };
}

type Verdict = Pick<Check, 'result' | 'reason'>;

const PASSED: Verdict = { result: 'passed', reason: '' };
const failed = (reason: string): Verdict => ({ result: 'failed', reason });
const skipped = (reason: string): Verdict => ({ result: 'skipped', reason });
const TEXT_ONLY = skipped('tests the parser of the text format');

class ScriptRun {
  readonly #script: Script;
  readonly #session: Session;
  readonly #hosts: HostValues;
  readonly #definitions = new Map<string, Uint8Array<ArrayBuffer>>();
  /** By name; the last one also under LAST. undefined: it could not be made. */
  readonly #instances = new Map<string, TestInstance | undefined>();
  readonly #registered: Map<string, ImportSource>;

  constructor(script: Script, session: Session, hosts: HostValues, spectest: WebAssembly.Exports) {
    this.#script = script;
    this.#session = session;
    this.#hosts = hosts;
    this.#registered = new Map([['spectest', { exports: spectest, instance: undefined }]]);
  }

  /** undefined: the command is no check. */
  async execute(command: Command): Promise<Verdict | undefined> {
    try {
      return await this.#execute(command);
    } catch (error) {
      return failed(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
  }

  async #execute(command: Command): Promise<Verdict | undefined> {
    switch (command.kind) {
      case 'module':
        return this.#module(command);
      case 'instance': {
        const bytes = this.#definitions.get(command.definition ?? LAST);
        return bytes === undefined ? failed('there is no such definition') : this.#instantiate(bytes, command.name);
      }
      case 'register': {
        const instance = this.#instance(command.name);
        // The parts are looked up when they are imported: a migrated worker has new ones.
        this.#registered.set(command.as, {
          instance,
          get exports() {
            return instance.exports;
          },
        });
        return undefined;
      }
      case 'action':
        return this.#judge(await this.#run(command.action), command.action, returned);
      case 'assert_return':
        return this.#judge(await this.#run(command.action), command.action, (ending) =>
          this.#matchesAll(ending, command),
        );
      case 'assert_trap':
        return this.#trap(command.subject, command.message);
      case 'assert_exhaustion':
        return this.#trap(command.action, 'call stack exhausted');
      case 'assert_exception':
        return this.#judge(await this.#run(command.action), command.action, ({ kind }) => kind === 'exception');
      case 'assert_unlinkable': {
        const ending = await this.#make(this.#binary(command.source));
        return !isInstance(ending) && ending.kind === 'unlinkable' ? PASSED : unexpected('unlinkable', ending);
      }
      case 'assert_malformed':
        return this.#refused(command.source, 'MODULE_MALFORMED');
      case 'assert_invalid':
        return this.#refused(command.source, 'MODULE_INVALID');
      case 'unsupported':
        return skipped(`${command.form}: needs annotations of the text format`);
    }
  }

  async #module(command: Command & { kind: 'module' }): Promise<Verdict> {
    if (!command.definition) this.#remember(command.name, undefined);
    const bytes = this.#binary(command.source);
    this.#definitions.set(LAST, bytes);
    if (command.name !== undefined) this.#definitions.set(command.name, bytes);
    if (!command.definition) return this.#instantiate(bytes, command.name);
    const refused = await this.#session.check(bytes);
    return refused === undefined ? PASSED : unexpected('a valid module', refused);
  }

  async #instantiate(bytes: Uint8Array<ArrayBuffer>, name: string | undefined): Promise<Verdict> {
    const made = await this.#make(bytes);
    if (!isInstance(made)) return unexpected('an instance', made);
    this.#remember(name, made);
    return PASSED;
  }

  #remember(name: string | undefined, instance: TestInstance | undefined): void {
    this.#instances.set(LAST, instance);
    if (name !== undefined) this.#instances.set(name, instance);
  }

  async #make(bytes: Uint8Array<ArrayBuffer>): Promise<TestInstance | Ending> {
    return this.#session.instantiate(bytes, this.#registered);
  }

  /** @throws Error the text parser refused it */
  #binary(source: ModuleSource): Uint8Array<ArrayBuffer> {
    const bytes = this.#script.binaries.get(source);
    if (bytes instanceof Error) throw new Error(`the text parser refuses it: ${bytes.message}`);
    if (bytes === undefined) throw new Error('the module was not prepared');
    return bytes;
  }

  #instance(name: string | undefined): TestInstance {
    const instance = this.#instances.get(name ?? LAST);
    if (instance === undefined) throw new Error('its module was not instantiated');
    return instance;
  }

  async #run(action: Action): Promise<Ending> {
    const args = action.args.map((argument) => this.#bits(argument));
    return this.#instance(action.module).run(action.kind, action.field, args);
  }

  #bits(argument: Argument): ArgumentBits {
    if (argument.kind === 'null') return { host: null };
    if (argument.kind === 'host') return { host: this.#hosts.valueOf(argument.id) };
    const bits = this.#script.literals.get(argument.text);
    if (bits === undefined) throw new Error(`literal ${argument.text} was not resolved`);
    return { bits };
  }

  #matchesAll(ending: Ending, { patterns }: Command & { kind: 'assert_return' }): boolean {
    if (ending.kind !== 'returned' || ending.results.length !== patterns.length) return false;
    const context = { literals: this.#script.literals, hosts: this.#hosts };
    return patterns.every((pattern, at) => {
      const result = ending.results[at];
      return result !== undefined && matches(context, pattern, result);
    });
  }

  #judge(ending: Ending, action: Action, isExpected: (ending: Ending) => boolean): Verdict {
    if (!isExpected(ending)) return unexpected('what the script says', ending);
    const { restriction } = this.#instance(action.module);
    return restriction === undefined ? PASSED : skipped(restriction);
  }

  async #trap(subject: Action | ModuleSource, message: string): Promise<Verdict> {
    const codes = expectedTraps(message);
    const isExpected = (ending: Ending): boolean => ending.kind === 'trapped' && codes.includes(ending.code);
    if ('args' in subject) return this.#judge(await this.#run(subject), subject, isExpected);
    const made = await this.#make(this.#binary(subject));
    return !isInstance(made) && isExpected(made) ? PASSED : unexpected(`a trap: ${message}`, made);
  }

  async #refused(source: ModuleSource, code: string): Promise<Verdict> {
    if (source.form === 'quote' && code === 'MODULE_MALFORMED') return TEXT_ONLY;
    if (this.#script.binaries.get(source) instanceof Error) return skipped('the text parser refuses it first');
    const refused = await this.#session.check(this.#binary(source));
    if (refused?.kind !== 'refused') return failed(`expected a refusal with ${code}; the module was accepted`);
    return ACCEPTED_CODES.includes(refused.code) || refused.code === code ? PASSED : unexpected(code, refused);
  }
}

/** Refusals of any kind: an engine's, and by a limit, which may be met before the fault. */
const ACCEPTED_CODES: readonly (string | undefined)[] = [undefined, 'MODULE_LIMIT'];

/** Key of the last module. No name of a script is empty. */
const LAST = '';

const returned = (ending: Ending): boolean => ending.kind === 'returned';

function unexpected(expected: string, found: TestInstance | Ending): Verdict {
  const shown = isInstance(found)
    ? 'an instance'
    : JSON.stringify(found, (_key, value: unknown) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value));
  return failed(`expected ${expected}; found ${shown}`);
}
