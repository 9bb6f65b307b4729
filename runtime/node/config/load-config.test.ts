import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkValue, type Schema } from '../schema-check.ts';
import { configSchema } from './config-schema.ts';
import { CONFIG_MAX_BYTES } from './config-text.ts';
import { loadConfig } from './load-config.ts';
import { nodeOptionsOf } from './node-options.ts';
import { SETTING_ROWS } from './settings-table.ts';

const KEY = 'A'.repeat(43);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pluvio-config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let next = 0;
async function fileOf(text: string): Promise<string> {
  const file = join(folder, `${next++}.json`);
  await writeFile(file, text);
  return file;
}
const loadText = async (text: string, rest: object = {}) => loadConfig({ file: await fileOf(text), ...rest });
const faultsOf = async (text: string): Promise<string> => {
  const file = await fileOf(text);
  const error: unknown = await loadConfig({ file }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
  return (error as Error).message.replaceAll(file, 'F');
};

describe('precedence', () => {
  it('is flag, environment, file, default, and each value says where it comes from', async () => {
    const text = '{\n  "name": "of-file",\n  "listen": "127.0.0.1:1",\n  "engine": { "threads": 1 }\n}';
    const env = { PLUVIO_NAME: 'of-env', PLUVIO_LISTEN: '127.0.0.1:2', PLUVIO_ORIGINS: 'https://a,https://b' };
    const { values, origins } = await loadText(text, { env, flags: { name: 'of-flag', 'limits.workers': '7' } });
    expect(values).toMatchObject({
      name: 'of-flag',
      listen: '127.0.0.1:2',
      'engine.threads': 1,
      'engine.isolation': 'threads',
      'limits.workers': 7,
      origins: ['https://a', 'https://b'],
    });
    expect(origins).toMatchObject({
      name: { source: 'flag', place: '--name' },
      listen: { source: 'environment', place: '$PLUVIO_LISTEN' },
      'engine.threads': { source: 'file', place: expect.stringMatching(/\.json:4$/) as unknown },
      'engine.isolation': { source: 'default', place: '' },
      'limits.workers': { source: 'flag', place: '--set limits.workers' },
    });
  });

  it('an empty variable is not set; structured values are JSON', async () => {
    const publishers = JSON.stringify([{ key: KEY, names: ['web-*'] }]);
    const { values, origins } = await loadConfig({ env: { PLUVIO_NAME: '', PLUVIO_PUBLISHERS: publishers } });
    expect(origins.name.source).toBe('default');
    expect(values['trust.publishers']).toEqual([{ key: KEY, names: ['web-*'] }]);
  });

  it('paths of a file start at its folder, others at the working directory', async () => {
    const text = '{ "dataDir": "data", "tls": { "cert": "/etc/cert" }, "access": { "tokens": [{ "file": "t" }] } }';
    const { values } = await loadText(text, { flags: { 'audit.file': 'audit.log' } });
    expect(values).toMatchObject({
      dataDir: join(folder, 'data'),
      'tls.cert': '/etc/cert',
      'access.tokens': [{ file: join(folder, 't') }],
      'audit.file': join(process.cwd(), 'audit.log'),
    });
  });
});

describe('faults', () => {
  it('are told all at once, with field and line', async () => {
    const text = `{
  "nmae": "x",
  "engine": { "threads": "two",
    "isolation": "chroot" },
  "trust": { "publishers": [
    { "key": "${KEY}" },
    { "key": "short" } ] },
  "limits": { "workers": 0 },
  "tls": []
}`;
    const lines = (await faultsOf(text)).split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^F:2:3: nmae: there is no such setting; known here are name, listen, /),
      'F:3:15: engine.threads: found string "two", must be integer',
      'F:4:5: engine.isolation: found "chroot", must be one of "threads", "processes", "process-per-tenant"',
      expect.stringMatching(/^F:7:7: trust\.publishers\[1\]\.key: found "short", must match /),
      'F:8:15: limits.workers: found 0, must be at least 1',
      'F:9:3: tls: must be an object of settings',
    ]);
  });

  it.each([
    ['{"__proto__": {"name": "x"}}', /__proto__: there is no such setting/],
    ['{"constructor": 1}', /constructor: there is no such setting/],
    ['{"limits": {"__proto__": 5}}', /limits\.__proto__: there is no such setting/],
    ['{"tenants": {"__proto__": {}}}', /"__proto__" is no name of a tenant/],
    ['{"tenants": {"a": {"__proto__": {}}}}', /tenants\.a\.__proto__: is not a field here/],
    ['{"grants": {"__proto__": []}}', /"__proto__" is no name of a capability/],
    ['{"tenants": {"a": {"grants": {"No.Such": []}}}}', /"No\.Such" is no name of a capability/],
    ['{"name": "a", "name": "b"}', /F:1:15: "name" stands here for the second time/],
    ['{"tls": {"cert": "a", "cert": "b"}}', /"cert" stands here for the second time/],
    ['{"access": {"token": "a-secret-in-a-file"}}', /access\.token: is a secret and is taken from \$PLUVIO_TOKEN only/],
    ['[]', /must be an object of settings/],
    ['null', /must be an object of settings/],
    ['{"name": "x"', /F:1:13: is not JSON: close brace expected/],
    ['{"name": "x",}', /F:1:14: is not JSON: property name expected/],
    ['{\n  "name": [}\n}', /F:2:12: is not JSON: value expected/],
    ['{ // x\n}', /F:1:3: is not JSON: invalid comment token/],
    ['', /F:1:1: is not JSON: value expected/],
    ['{"engine": {"threads": 1.5}}', /must be integer/],
    ['{"engine": {"threads": 1025}}', /must be at most 1024/],
    ['{"listen": "nowhere"}', /listen address "nowhere" must be host:port/],
    ['{"tracing": {"endpoint": "ftp://x"}}', /must be an http or https address/],
    ['{"tracing": {"endpoint": "http://u:p@x"}}', /without user and password/],
    ['{"checkpoint": {"policy": "every 0s"}}', /checkpoint\.policy: found "every 0s", must match/],
    [`{"origins": [${'"x",'.repeat(1000)}"x"]}`, /origins: has 1001 items, at most 1000/],
    ['['.repeat(100_000) + ']'.repeat(100_000), /nested too deeply/],
  ])('%.60s', async (text, fault) => {
    expect(await faultsOf(text)).toMatch(fault);
  });

  it('bytes that are no UTF-8, and a file that is too large', async () => {
    const file = join(folder, 'bytes.json');
    await writeFile(file, new Uint8Array([0x7b, 0xff, 0x7d]));
    await expect(loadConfig({ file })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await writeFile(file, `{}${' '.repeat(CONFIG_MAX_BYTES - 2)}`);
    await expect(loadConfig({ file })).resolves.toBeDefined();
    await writeFile(file, `{}${' '.repeat(CONFIG_MAX_BYTES - 1)}`);
    await expect(loadConfig({ file })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(loadConfig({ file: join(folder, 'none') })).rejects.toMatchObject({ code: 'FILE_FAILED' });
  });

  it('variables and flags are named', async () => {
    const loaded = loadConfig({
      env: { PLUVIO_THREADS: 'many', PLUVIO_PUBLISHERS: '{' },
      flags: { 'no.such': '1', 'engine.threads': '-1' },
    });
    await expect(loaded).rejects.toThrowError(
      /^\$PLUVIO_THREADS: "many" is no integer\n\$PLUVIO_PUBLISHERS: "\{" is no array\n--set no\.such: .*\n--threads: found -1/,
    );
  });

  it('a secret of the wrong form is not shown', async () => {
    const token = 's'.repeat(5000);
    const error: unknown = await loadConfig({ env: { PLUVIO_TOKEN: token } }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect((error as Error).message).toBe('$PLUVIO_TOKEN: its value is not of the right form');
  });
});

describe('the table', () => {
  it('has one variable and at most one flag per setting, and defaults that fit', () => {
    const envs = SETTING_ROWS.map(([, { env }]) => env);
    expect(new Set(envs).size).toBe(envs.length);
    const flags = SETTING_ROWS.flatMap(([, { flag }]) => (flag === undefined ? [] : [flag]));
    expect(new Set(flags).size).toBe(flags.length);
    const names = SETTING_ROWS.map(([name]) => name);
    for (const name of names) expect(names.filter((other) => other.startsWith(`${name}.`))).toEqual([]);
    for (const [name, { schema, fallback, check }] of SETTING_ROWS) {
      if (fallback === undefined) continue;
      expect(() => checkValue(schema, fallback, name)).not.toThrow();
      expect(check?.(fallback as object)).toBeUndefined();
    }
  });

  it('gives a schema that takes what the loader takes, and refuses what it refuses', async () => {
    const schema = configSchema() as Schema;
    for (const text of [
      '{"name":"x","tls":{"cert":"a"}}',
      '{"trust":{"publishers":[{"key":"x"}]}}',
      '{"nmae":1}',
      '{}',
    ]) {
      const taken = await loadText(text).then(
        () => true,
        () => false,
      );
      const fits = (): void => checkValue(schema, JSON.parse(text), '');
      if (taken) expect(fits).not.toThrow();
      else expect(fits).toThrow();
    }
  });
});

describe('options of a node', () => {
  it('have the limits of workers and tenants that are given', async () => {
    const config = {
      workerLimits: { memoryPages: 5, logBytesPerSecond: 7 },
      workerMaximums: { fuel: 9, bundleBytes: 11 },
      tenantLimits: { workers: 1 },
      tenants: { acme: { limits: { streams: 2 } } },
    };
    const { quotas } = await nodeOptionsOf(await loadText(JSON.stringify(config)));
    expect(quotas).toEqual(config);
    const none = await nodeOptionsOf(await loadConfig({}));
    expect(none.quotas).toEqual({ workerLimits: {}, workerMaximums: {}, tenantLimits: {}, tenants: {} });
  });

  it.each([
    ['threads', { isolation: 'thread' }],
    ['processes', { isolation: 'process' }],
    ['process-per-tenant', { isolation: 'process', isolateTenants: true }],
  ])('isolation %s', async (isolation, kind) => {
    const text = JSON.stringify({ engine: { isolation, threads: 3 }, checkpoint: { policy: 'every 9s' } });
    const expected = { ...kind, engines: 3, checkpointPolicy: 'every 9s' };
    expect(await nodeOptionsOf(await loadText(text))).toMatchObject(expected);
    expect(await nodeOptionsOf(await loadConfig({}))).not.toHaveProperty('engines');
  });

  it('are what the config says; the token of a flag stands alone', async () => {
    const tokenFile = await fileOf('a-token-in-a-file\n');
    const env = { PLUVIO_TOKEN: 'a-token-of-the-environment', PLUVIO_LIMIT_WORKERS: '5', PLUVIO_LOG_LEVEL: 'info' };
    const ofFlag = await nodeOptionsOf(
      await loadConfig({ env, flags: { 'access.tokenFile': tokenFile, dataDir: '/d' } }),
    );
    expect(ofFlag).toMatchObject({
      security: { tokens: [{ token: 'a-token-in-a-file' }] },
      limits: { workers: 5 },
      dataDir: '/d',
    });
    expect(ofFlag.logger).toBeDefined();
    const both = await nodeOptionsOf(await loadText(JSON.stringify({ access: { tokenFile } }), { env }));
    expect(both.security?.tokens).toEqual([{ token: 'a-token-in-a-file' }, { token: 'a-token-of-the-environment' }]);
    expect((await nodeOptionsOf(await loadConfig({}))).security?.tokens).toEqual([]);
    const absent = loadConfig({ flags: { 'access.tokenFile': '/no/such/file' } });
    await expect(absent.then((config) => nodeOptionsOf(config))).rejects.toMatchObject({ code: 'FILE_FAILED' });
  });
});
