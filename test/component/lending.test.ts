/** What a component is lent for a call: it must have dropped it when it returns, whether it gives a result or not. */
import { describe, expect, it } from 'vitest';
import { programOf } from '../../runtime/component/index.ts';
import { createWorker, loadModule, restoreWorker } from '../../runtime/index.ts';
import { componentOf } from './tools.ts';

const THINGS = 'example:host/things@1.0.0';
const THING = { resource: `${THINGS}/thing` };

/** What a function does with a handle, and what it ends with. */
const FUNCTIONS = {
  keep: '(global.set $kept (local.get $thing))',
  pass: '(call $drop (local.get $thing))',
  fail: '(global.set $kept (local.get $thing)) unreachable',
  late: '(call $drop (global.get $kept)) (call $drop (local.get $thing))',
} as const;
type Name = keyof typeof FUNCTIONS;

/** Of each function two: `keep(it)`, and `keep-result(it) -> u32`. */
const ALL = (Object.keys(FUNCTIONS) as Name[]).flatMap((name) => [
  { name, does: FUNCTIONS[name], core: '', ends: '', result: '' },
  {
    name: `${name}-result`,
    does: FUNCTIONS[name],
    core: '(result i32)',
    ends: '(i32.const 1)',
    result: '(result u32)',
  },
]);

/** @param param The type of a thing, as parameters have it; @param core What it is flattened to. */
const text = (param = '(borrow $thing)', core = '(param $thing i32)'): string => `(component
  (import "${THINGS}" (instance $things (export "thing" (type (sub resource)))))
  (alias export $things "thing" (type $thing))
  (core func $drop (canon resource.drop $thing))
  (core module $main
    (import "host" "drop" (func $drop (param i32)))
    (global $kept (mut i32) (i32.const 0))
    ${ALL.map(({ name, does, core: result, ends }) => `(func (export "${name}") ${core} ${result} ${does} ${ends})`).join('\n')})
  (core instance $main (instantiate $main (with "host" (instance (export "drop" (func $drop))))))
  (type $lent ${param})
  ${ALL.map(({ name, result }) => `(func $${name} (param "it" $lent) ${result} (canon lift (core func $main "${name}")))`).join('\n')}
  ${ALL.map(({ name }) => `(export "${name}" (func $${name}))`).join('\n')})`;

const module = componentOf(text()).then(loadModule);
const imports = { [THINGS]: {} };
const KEPT = 'the component has kept 1 borrowed handles: it must drop them before it returns';
const trapped = (message: string): unknown =>
  expect.objectContaining({
    kind: 'trapped',
    code: 'canonical-abi',
    message: expect.stringContaining(message) as unknown,
  });

describe.each([
  ['without a result', '', []],
  ['with a result', '-result', [1]],
] as const)('a function %s', (_, suffix, values) => {
  const call = async (...names: readonly Name[]): Promise<unknown[]> => {
    const worker = await createWorker(await module, { imports });
    const outcomes: unknown[] = [];
    for (const name of names) outcomes.push(await worker.call(`${name}${suffix}`, [THING]));
    return outcomes;
  };
  const returned = { kind: 'returned', values };

  it('may drop what it was lent', async () => {
    expect(await call('pass', 'pass')).toEqual([returned, returned]);
  });

  it('that keeps what it was lent traps', async () => {
    expect(await call('keep')).toEqual([trapped(KEPT)]);
  });

  it('owes nothing for a call before it, which has trapped', async () => {
    const failed = expect.objectContaining({ kind: 'trapped', code: 'unreachable' }) as unknown;
    expect(await call('fail', 'pass', 'late', 'pass', 'keep', 'pass')).toEqual([
      failed,
      returned,
      returned,
      returned,
      trapped(KEPT),
      returned,
    ]);
  });

  it('that keeps it within other values traps, too', async () => {
    const wrapped = text('(tuple u8 (option (borrow $thing)))', '(param i32 i32) (param $thing i32)');
    const worker = await createWorker(await loadModule(await componentOf(wrapped)), { imports });
    expect(await worker.call(`keep${suffix}`, [[1, THING]])).toEqual(trapped(KEPT));
    expect(await worker.call(`pass${suffix}`, [[1, THING]])).toEqual(returned);
  });
});

describe('the version of how a component is fused', () => {
  const versionOf = async (component: string): Promise<number | undefined> =>
    programOf(await componentOf(component)).component?.version;
  const own = (canon: string): string => `(component
    (type $own (resource (rep i32)))
    (core module $main (func (export "look") (param i32)) (func (export "after")))
    (core instance $main (instantiate $main))
    (export $thing "thing" (type $own))
    (func $look (param "it" (borrow $thing)) (canon lift (core func $main "look") ${canon}))
    (export "look" (func $look)))`;

  it('is 2 where a function without a result has something to keep to, else 1', async () => {
    expect(await versionOf(text())).toBe(2);
    expect(await versionOf(text('(own $thing)'))).toBe(1);
    expect(await versionOf(own(''))).toBe(1);
    expect(await versionOf(own('(post-return (core func $main "after"))'))).toBe(2);
  });

  it('is that of its states: one of another version is refused', async () => {
    const worker = await createWorker(await module, { imports });
    const snapshot = worker.capture();
    const state = snapshot.hosts['component'] as object;
    expect(state).toMatchObject({ fusion: 2 });
    const earlier = { ...snapshot, hosts: { component: { ...state, fusion: 1 } } };
    await expect(restoreWorker(await module, earlier, { imports })).rejects.toMatchObject({
      code: 'SNAPSHOT_VERSION',
      message: 'field hosts.component.fusion is 1; it must be 2',
    });
  });
});
