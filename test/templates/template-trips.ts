/** What a worker of each template answers, before it moves and after. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { TemplateName } from '../../sdk/project/template-table.ts';
import type { Tool } from '../requires.ts';
import { pluvio } from './command.ts';
import type { TripNode } from './two-nodes.ts';

export interface TemplateTrip {
  /** The compiler; undefined: it comes with npm. */
  readonly tool?: Tool;
  /** A package that its build uses, besides ours. */
  readonly package?: string;
  /** Its compiler does not give the same bytes twice: componentize-js keeps an interpreter that has started, with its random seeds. */
  readonly differs?: true;
  /** Asks the worker that was deployed, then the one that was moved. @throws AssertionError */
  readonly ask: (node: TripNode, name: string, isMoved: boolean, folder: string) => Promise<void>;
}

const call = (folder: string, { url }: TripNode, ...args: readonly string[]): Promise<string> =>
  pluvio(folder, 'call', '--node', url, ...args);

const greets: (words: (text: string) => string) => TemplateTrip['ask'] =
  (words) => async (node, name, isMoved, folder) => {
    const expected = isMoved ? 'Hello again, Ada! (2)' : 'Hello, Ada!';
    assert.equal(await call(folder, node, name, 'greet', 'Ada'), words(expected));
  };

const POLL_MS = 50;
const OUTPUT_WITHIN_MS = 20_000;

async function outputOf({ client }: TripNode, name: string): Promise<string> {
  let text = '';
  for await (const { bytes } of client.workers.logs(name)) text += new TextDecoder().decode(bytes);
  return text;
}

/** Every complete line of the output, once there are more than a number of them. */
async function linesAfter(node: TripNode, name: string, count: number): Promise<string[]> {
  const deadlineMs = performance.now() + OUTPUT_WITHIN_MS;
  for (;;) {
    const lines = (await outputOf(node, name)).split('\n').slice(0, -1);
    if (lines.length > count) return lines;
    assert(performance.now() < deadlineMs, `${name} has written ${lines.length} lines in ${OUTPUT_WITHIN_MS} ms`);
    await delay(POLL_MS);
  }
}

function primesBelow(limit: number): number[] {
  const isComposite = new Uint8Array(limit);
  const primes: number[] = [];
  for (let number = 2; number < limit; number++) {
    if (isComposite[number] === 1) continue;
    primes.push(number);
    for (let multiple = number * number; multiple < limit; multiple += number) isComposite[multiple] = 1;
  }
  return primes;
}

const SIEVE = 4_000_000;

/** A program that computes and writes; its lines must be the expected ones, and more of them after the move. */
function writes(linesOf: (primes: readonly number[]) => string[]): TemplateTrip['ask'] {
  const seen = new Map<string, number>();
  return async (node, name, isMoved) => {
    const lines = await linesAfter(node, name, isMoved ? (seen.get(name) ?? 0) : 3);
    seen.set(name, lines.length);
    const expected = linesOf(primesBelow(SIEVE));
    const common = Math.min(lines.length, expected.length);
    assert.deepEqual(lines.slice(0, common), expected.slice(0, common));
  };
}

export const TEMPLATE_TRIPS: Readonly<Record<TemplateName, TemplateTrip>> = {
  'assemblyscript-service': { ask: greets((text) => `${JSON.stringify(text)}\n`) },
  'assemblyscript-http': {
    ask: async ({ ingress }, _, isMoved) => {
      const answer = await fetch(`${ingress}/garden`);
      assert.equal(await answer.text(), `/garden was asked for ${isMoved ? 2 : 1} times\n`);
    },
  },
  'stateful-agent': {
    ask: async (node, name, isMoved, folder) => {
      if (isMoved) {
        assert.equal(await call(folder, node, name, 'recall', 'key'), '["the key is under the mat"]\n');
      } else {
        assert.equal(await call(folder, node, name, 'remember', 'the key is under the mat'), '1\n');
      }
    },
  },
  'c-program': {
    tool: 'clang-22',
    ask: writes((primes) => primes.filter((prime) => prime % 1000 < 20).map(String)),
  },
  'js-component': {
    package: '@bytecodealliance/componentize-js@0.23',
    differs: true,
    ask: greets((text) => `${JSON.stringify(text)}\n`),
  },
  'rust-service': { tool: 'rustc for WASI', ask: greets((text) => text) },
  'rust-program': {
    tool: 'rustc for WASI',
    ask: writes((primes) =>
      primes.flatMap((prime, index) => ((index + 1) % 1000 === 0 ? [`${index + 1} ${prime}`] : [])),
    ),
  },
};
