/** Facts of a module and a bundle as text for people. */
import { HOST_ABI, NEEDS_NODE } from '../failure.ts';
import { printFrames, stackTitle } from '../stack-text.ts';
import { pagesText, printFields, printLine, sizeText } from '../terminal.ts';
import type { BundleFacts, StateFacts } from './bundle-facts.ts';
import type { ExternFact, ModuleFacts } from './module-facts.ts';
import type { FrameFact, ValueFact } from './stack-facts.ts';

function heading(text: string): void {
  printLine('');
  printLine(text);
}

export function printModule(facts: ModuleFacts, isVerbose: boolean): void {
  const missing = facts.imports.filter(({ isProvided }) => !isProvided);
  const { portability } = facts;
  printFields([
    [facts.form, facts.digest],
    ['size', `${sizeText(facts.sizeBytes)}, instrumented ${sizeText(facts.instrumentedBytes)}`],
    ['kind', facts.kind === 'command' ? 'command (_start)' : 'reactor (its exports are called)'],
    ['functions', `${facts.functions}${facts.hasNames ? '' : ', without names'}`],
    ...facts.memories.map((memory, index) => [`memory ${index}`, memoryText(memory)] as const),
    ['imports', importsText(facts)],
    ...(missing.some(isOfNode) ? [['  of a node', NEEDS_NODE] as const] : []),
    ...missingText(
      facts.form,
      missing.filter((row) => !isOfNode(row)),
    ).map((text) => ['  not provided', text] as const),
    ['exports', exportsText(facts)],
    ['portable', portability.migratable ? 'yes: it can be stopped, kept and moved' : 'no'],
    ...(portability.migratable ? [] : portability.reasons.map((reason) => ['  because', reason] as const)),
  ]);
  if (!isVerbose) return;
  heading('imports:');
  for (const row of facts.imports) printLine(`  ${row.module ?? ''}.${externText(row)}`);
  heading('exports:');
  for (const row of facts.exports) printLine(`  ${externText(row)}`);
}

/** A component's functions by interface: their types can be pages long. */
function missingText(form: ModuleFacts['form'], missing: readonly ExternFact[]): string[] {
  if (form === 'module')
    return missing.map(({ module = '', name, kind, type }) => `${module}.${name} (${kind} ${type})`);
  return Object.entries(Object.groupBy(missing, ({ module = '' }) => module)).map(
    ([module, rows = []]) => `${module}: ${rows.map(({ name }) => name).join(', ')}`,
  );
}

/** What every node gives, and this command does not. */
const isOfNode = ({ module }: ExternFact): boolean => module === HOST_ABI;

/** The type of a component's function says that it is one. */
const externText = ({ name, kind, type }: ExternFact): string =>
  type.startsWith(kind) ? `${name}: ${type}` : `${name}  ${kind} ${type}`.trimEnd();

function memoryText({ minPages, maxPages, isShared }: ModuleFacts['memories'][number]): string {
  const most = maxPages === null ? '' : `, at most ${pagesText(maxPages)}`;
  return `${pagesText(minPages)}${most}${isShared ? ', shared between threads' : ''}`;
}

function importsText({ imports }: ModuleFacts): string {
  const counts = new Map<string, number>();
  for (const { module = '' } of imports) counts.set(module, (counts.get(module) ?? 0) + 1);
  return imports.length === 0 ? 'none' : [...counts].map(([module, count]) => `${module} (${count})`).join(', ');
}

function exportsText({ exports }: ModuleFacts): string {
  return exports.length === 0 ? 'none' : exports.map(({ name }) => name).join(', ');
}

export function printBundle(
  { digest, sizeBytes, manifest, layers, signedBy, state }: BundleFacts,
  isVerbose: boolean,
): void {
  const { limits = {}, env = {}, args = [], capabilities = {}, stdin } = manifest;
  const files = layers.filter(({ kind }) => kind === 'file');
  printFields([
    ['bundle', digest],
    ['size', `${sizeText(sizeBytes)}: ${layerText(layers)}`],
    ['name', manifest.name],
    ['arguments', args.map((arg) => JSON.stringify(arg)).join(' ') || 'none'],
    ['variables', Object.keys(env).join(' ') || 'none'],
    ...(stdin === undefined ? [] : ([['input', stdin]] as const)),
    [
      'files',
      files.length === 0
        ? 'none'
        : `${files.length}, ${sizeText(files.reduce((total, file) => total + file.sizeBytes, 0))}`,
    ],
    ['limits', entriesText(limits)],
    ['asks for', entriesText(capabilities)],
    ['signed by', signedBy ?? 'nobody'],
    ['state', state === null ? 'has not begun' : `${state.frames.length} frames, fuel ${state.fuelUsed}`],
  ]);
  if (!isVerbose) return;
  heading('layers:');
  for (const layer of layers)
    printLine(`  ${layer.kind}  ${layer.digest}  ${sizeText(layer.sizeBytes)}  ${layer.path ?? ''}`.trimEnd());
}

const entriesText = (entries: object): string =>
  Object.entries(entries)
    .map(([name, value]) => `${name} ${String(value)}`.trimEnd())
    .join(', ') || 'none';

function layerText(layers: BundleFacts['layers']): string {
  const sizes = new Map<string, number>();
  for (const { kind, sizeBytes } of layers) {
    const name = kind === 'memoryZstd' ? 'memory' : kind;
    sizes.set(name, (sizes.get(name) ?? 0) + sizeBytes);
  }
  return [...sizes].map(([kind, bytes]) => `${kind} ${sizeText(bytes)}`).join(', ');
}

export function printState(state: StateFacts, isVerbose: boolean): void {
  heading('state:');
  for (const [index, { pages, changedBytes }] of state.memories.entries()) {
    printLine(
      `  memory ${index}: ${pagesText(pages)}, of which ${sizeText(changedBytes)} differ from the module's own image`,
    );
  }
  printLine(`  stored: ${sizeText(state.memoryStoredBytes)}`);
  if (state.starting) printLine('  the start function has not ended');
  heading(stackTitle(state.frames.length));
  printFrames(state.frames, isVerbose ? printValues : undefined);
}

function printValues({ locals, stack }: FrameFact): void {
  for (const fact of locals) printLine(`      ${valueLine('local', fact)}`);
  for (const fact of stack) printLine(`      ${valueLine('stack', fact)}`);
}

const valueLine = (kind: string, { name, type, value }: ValueFact): string => `${kind} ${name}: ${type} = ${value}`;
