/** The programs that have an engine in them: how each is found and how an agent is started in it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import puppeteer, { type Browser, type LaunchOptions, type Page } from 'puppeteer-core';
import type { EngineName } from '../../runtime/engine/index.ts';
import type { Exchange } from './exchange.ts';
import type { Job, ReportOf } from './wire.ts';

export type HostName = 'node' | 'bun' | 'deno' | 'chromium' | 'chromium-worker' | 'firefox' | 'firefox-worker';

interface HostRow {
  readonly engine: EngineName;
  /** The executable. */
  readonly path: string;
  /** Ends with what is run: a script in a process, nothing in a browser. */
  readonly args: readonly string[];
  /** Where in it the agent runs: in a process of its own, in a page, in a web worker. */
  readonly kind: 'process' | 'page' | 'worker';
  /** What installs it. */
  readonly from: string;
}

const inPackages = (path: string): string => fileURLToPath(new URL(`../../node_modules/${path}`, import.meta.url));
const AGENT = fileURLToPath(new URL('./agent.ts', import.meta.url));

const CHROMIUM = {
  engine: 'v8',
  path: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
  from: 'scripts/provision',
} as const;
const FIREFOX = { engine: 'spidermonkey', path: '/usr/bin/firefox-esr', args: [], from: 'scripts/provision' } as const;

export const HOSTS: Readonly<Record<HostName, HostRow>> = {
  node: { engine: 'v8', path: process.execPath, args: [AGENT], kind: 'process', from: 'npm install' },
  bun: { engine: 'jsc', path: inPackages('.bin/bun'), args: [AGENT], kind: 'process', from: 'npm install' },
  deno: {
    engine: 'v8',
    path: inPackages('.bin/deno'),
    args: ['run', '--quiet', '--no-check', '--allow-all', AGENT],
    kind: 'process',
    from: 'npm install',
  },
  chromium: { ...CHROMIUM, kind: 'page' },
  'chromium-worker': { ...CHROMIUM, kind: 'worker' },
  firefox: { ...FIREFOX, kind: 'page' },
  'firefox-worker': { ...FIREFOX, kind: 'worker' },
};

export const HOST_NAMES = Object.keys(HOSTS) as readonly HostName[]; // the keys of the table

const VERSION = /\d+(?:\.\d+)+/;

/** The version that the program says it has, or undefined if it is not there. */
export function versionOf(name: HostName): string | undefined {
  const { status, stdout } = spawnSync(HOSTS[name].path, ['--version'], { encoding: 'utf8' });
  return status === 0 ? VERSION.exec(stdout)?.[0] : undefined;
}

/** The programs that are not installed, as a reason to skip what needs them; undefined: all are. */
export function missingHosts(names: readonly HostName[]): string | undefined {
  const missing = names.filter((name) => versionOf(name) === undefined);
  if (missing.length === 0) return undefined;
  return missing.map((name) => `${name} is not installed (${HOSTS[name].from} installs it)`).join(', ');
}

/** An agent that runs in a program of the table. */
export interface EngineHost {
  readonly name: HostName;
  readonly version: string;
  ask<J extends Job>(job: J): Promise<ReportOf<J>>;
  close(): Promise<void>;
}

/** What a started program can be watched and ended by. */
interface Started {
  /** Rejects when the program ends or its page fails. */
  readonly failed: Promise<never>;
  end(): Promise<void>;
}

let opened = 0;

/** Starts the program with an agent in it. */
export async function openHost(name: HostName, exchange: Exchange): Promise<EngineHost> {
  const version = versionOf(name);
  if (version === undefined) throw new Error(missingHosts([name]));
  const agent = `${name}-${++opened}`;
  const row = HOSTS[name];
  const started =
    row.kind === 'process'
      ? startProcess(row, exchange.url, agent)
      : await startBrowser(row, exchange.pageUrl(agent, row.kind));
  started.failed.catch(() => undefined); // who waits for a report hears of it
  return {
    name,
    version,
    ask: (job) => Promise.race([exchange.ask(agent, job), started.failed]),
    close: () => started.end(),
  };
}

function startProcess({ path, args }: HostRow, url: string, agent: string): Started {
  const child: ChildProcess = spawn(path, [...args, url, agent], { stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = new Promise<number | null>((resolve, reject) => void child.on('error', reject).on('close', resolve));
  const failed = ended.then((code): never => {
    throw new Error(`${path} ended with exit code ${code}`);
  });
  return {
    failed,
    end: async () => {
      child.kill();
      await ended;
    },
  };
}

async function startBrowser(row: HostRow, url: string): Promise<Started> {
  const { browser, page } = await openPage(row);
  const failed = new Promise<never>((_resolve, reject) => {
    page.on('pageerror', (error) => reject(error instanceof Error ? error : new Error(String(error))));
    page.on('error', reject);
    browser.on('disconnected', () => reject(new Error(`${row.path} ended`)));
  });
  failed.catch(() => undefined);
  await page.goto(url);
  return { failed, end: () => browser.close() };
}

/** A browser without a window, and an empty page in it. */
export async function openPage({ engine, path, args }: HostRow): Promise<{ browser: Browser; page: Page }> {
  const options: LaunchOptions = { executablePath: path, headless: true, args: [...args] };
  const browser = await puppeteer.launch(engine === 'spidermonkey' ? { ...options, browser: 'firefox' } : options);
  return { browser, page: await browser.newPage() };
}
