/** Engine processes without rights: whom they run as, what they reach. */
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { EnginePool } from '../../runtime/node/threads/engine-pool.ts';
import { launchOf, openEngineUser } from '../../runtime/node/threads/engine-launch.ts';
import { silentLogger } from '../../runtime/node/index.ts';
import { startConfigured } from './configured-node.ts';
import { afterTest, counterModule, openFolder } from './open-nodes.ts';

/** Only root may run processes as somebody else, and only Linux tells so much of them. */
const reason =
  process.getuid?.() === 0 && existsSync('/proc/self/status')
    ? undefined
    : 'the tests do not run as root, or not on Linux';
const run = promisify(execFile);

/** Fields of /proc/PID/status. */
async function statusOf(pid: number): Promise<ReadonlyMap<string, string>> {
  const lines = (await readFile(`/proc/${pid}/status`, 'utf8')).split('\n');
  return new Map(lines.map((line) => [line.split(':', 1)[0] ?? '', line.split(':')[1]?.trim() ?? '']));
}

const runScript = (launch: ReturnType<typeof launchOf>, script: string): Promise<string> => {
  const { execPath, execArgv, ...rest } = launch;
  return run(execPath, [...execArgv, '-p', script], rest).then(({ stdout }) => stdout.trim());
};
/** The code of the error that an expression throws there. */
const codeOf = (launch: ReturnType<typeof launchOf>, expression: string): Promise<string> =>
  runScript(launch, `try { ${expression}; 'done' } catch (error) { error.code }`);

describe.skipIf(reason)('engine processes with a user of their own', () => {
  it.each([
    ['processes', 'nobody'],
    ['process-per-tenant', '65534'],
  ])('run workers as that user, with %s, and cannot gain rights', async (isolation, user) => {
    const node = await startConfigured({ engine: { isolation, user, threads: 2 } });
    await node.client().workers.create({ name: 'counter', module: await counterModule() });
    expect(await node.client().workers.call('counter', 'add', [2n])).toMatchObject({ values: [42n] });
    const pids = node.enginePids();
    expect(pids.length).toBeGreaterThan(0);
    for (const pid of pids) {
      const status = await statusOf(pid);
      for (const name of ['Uid', 'Gid']) expect(status.get(name)).toMatch(/^65534\t65534\t65534\t65534$/);
      for (const name of ['CapEff', 'CapPrm', 'CapInh', 'CapAmb']) expect(status.get(name)).toMatch(/^0+$/);
      expect([status.get('Groups'), status.get('NoNewPrivs')]).toEqual([
        '',
        existsSync('/usr/bin/setpriv') ? '1' : '0',
      ]);
      expect(await readFile(`/proc/${pid}/environ`, 'utf8')).toMatch(/^(NODE_CHANNEL_\w+=[^\0]*\0)*$/);
      expect(await readlink(`/proc/${pid}/cwd`)).toBe('/');
      const open = await readdir(`/proc/${pid}/fd`);
      const files = await Promise.all(open.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
      expect(files.filter((path) => path.startsWith('/') && path !== '/dev/null')).toEqual([]);
    }
    // No engine has a folder in which it could leave code for another.
    expect(await readdir(node.dataDir)).not.toContain('modules');
  });

  it('cannot read the data directory, nor what the permissions of files alone would let them', async () => {
    const node = await startConfigured({ engine: { isolation: 'processes', user: 'nobody' } });
    const user = await openEngineUser('nobody');
    const launch = launchOf({ heapMib: 64, user, cacheFolder: null });
    expect(await runScript(launch, 'process.getuid()')).toBe('65534');
    const identity = JSON.stringify(join(node.dataDir, 'identity.pem'));
    expect(await codeOf(launch, `require('fs').readFileSync(${identity})`)).toBe('ERR_ACCESS_DENIED');
    const unrestricted = {
      ...launch,
      execArgv: launch.execArgv.filter((flag) => !/^--(?:permission|allow)/.test(flag)),
    };
    expect(await codeOf(unrestricted, `require('fs').readFileSync(${identity})`)).toBe('EACCES');
    expect(await codeOf(launch, `require('fs').readFileSync('/etc/passwd')`)).toBe('ERR_ACCESS_DENIED');
    expect(await codeOf(launch, `require('child_process').spawnSync('/bin/true')`)).toBe('ERR_ACCESS_DENIED');
  });

  it.each([
    ['nobody-of-this-name', 'INVALID_ARGUMENT', /no such user/],
    ['root', 'INVALID_ARGUMENT', /is root/],
    ['0', 'INVALID_ARGUMENT', /is root/],
  ])('must be those of a user: %s', async (user, code, message) => {
    const started = startConfigured({ engine: { isolation: 'processes', user } });
    await expect(started).rejects.toThrowError(expect.objectContaining({ code }) as Error);
    await expect(openEngineUser(user)).rejects.toThrowError(message);
  });

  it('cannot be started where that user cannot read this program', async () => {
    const folder = await openFolder(); // for its owner alone
    for (const part of ['package.json', 'runtime/errors', 'runtime/node/threads'])
      await cp(new URL(`../../${part}`, import.meta.url), join(folder, part), { recursive: true });
    const { openEngineUser: openThere } = (await import(join(folder, 'runtime/node/threads/engine-launch.ts'))) as {
      openEngineUser: typeof openEngineUser; // a copy of it
    };
    await expect(openThere('nobody')).rejects.toMatchObject({
      code: 'FILE_FAILED',
      message: expect.stringMatching(/^cannot run engines as "nobody": .*(EACCES|ERR_ACCESS_DENIED|denied)/) as string,
    });
  });

  it('of a node that is not root are refused', async () => {
    const script = `import('${new URL('../../runtime/node/threads/engine-launch.ts', import.meta.url).href}')
      .then(({ openEngineUser }) => openEngineUser('nobody')).catch((error) => console.log(error.code + ' ' + error.message))`;
    const { stdout } = await run(process.execPath, ['-e', script], { uid: 65534, gid: 65534, cwd: '/', env: {} });
    expect(stdout).toMatch(/^UNSUPPORTED .*it runs as the user 65534; the node must be root/);
  });
});

it('engine threads have no user of their own', async () => {
  await expect(startConfigured({ engine: { user: 'nobody' } })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
});

describe('an engine process', () => {
  it('reads and writes its cache and this package, and nothing else', async () => {
    const folder = await openFolder();
    const cache = join(folder, 'modules');
    await mkdir(cache);
    await writeFile(join(folder, 'secret'), 'x');
    const launch = launchOf({ heapMib: 64, cacheFolder: cache });
    const file = (name: string): string => JSON.stringify(join(folder, name));
    expect(await codeOf(launch, `require('fs').writeFileSync(${file('modules/a')}, 'x')`)).toBe('done');
    expect(await codeOf(launch, `require('fs').readFileSync(${file('modules/a')})`)).toBe('done');
    expect(await codeOf(launch, `require('fs').readFileSync(${file('secret')})`)).toBe('ERR_ACCESS_DENIED');
    expect(await codeOf(launch, `require('fs').writeFileSync(${file('new')}, 'x')`)).toBe('ERR_ACCESS_DENIED');
    expect(await codeOf(launch, `new (require('worker_threads').Worker)('1', { eval: true })`)).toBe(
      'ERR_ACCESS_DENIED',
    );
  });

  it('ends with its node, though nothing else keeps the program going', async () => {
    const script = `const { startNode } = await import('${new URL('../../runtime/node/index.ts', import.meta.url).href}');
      const node = await startNode({ listen: '127.0.0.1:0', isolation: 'process', engines: 1 });
      while (node.enginePids().length === 0) await new Promise(setImmediate);
      await node.close();
      console.log('closed');`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout).toBe('closed\n');
  });

  it('keeps instrumented modules in a cache that is made for it', async () => {
    const moduleFolder = join(await openFolder(), 'not', 'there', 'yet');
    const options = { kind: 'process', engines: 1, memoryPages: 10, heapMib: 256, logger: silentLogger } as const;
    const pool = new EnginePool({ ...options, moduleFolder: relative(process.cwd(), moduleFolder) });
    afterTest(() => pool.close());
    await pool.loadModule('0'.repeat(64), await counterModule());
    await expect.poll(() => readdir(moduleFolder)).toHaveLength(1);
  });
});
