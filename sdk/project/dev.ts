/**
 * Works on a project: a node with its worker, which gets another version whenever a file changes.
 *
 * Invariants:
 * 1. One build at a time; what changes meanwhile is built after it.
 * 2. A build that fails leaves the version that runs.
 * 3. What the worker has stored stays whatever changes; its memory stays as long as the module is the same.
 */
import { watch } from 'node:fs';
import { PluvioError } from '../../runtime/errors/index.ts';
import { BUILD_FOLDER } from './build-module.ts';
import { buildProject, quickBuild } from './build-project.ts';
import { applyPlan, type DeployPlan, planDeploy } from './deploy.ts';
import { loadProject } from './load-project.ts';
import { type LocalNode, type LocalNodeOptions, openLocalNode } from './local-node.ts';
import { LOCK_FILE } from './lock.ts';

/** A deployment that was made. */
export type DevPlan = Omit<DeployPlan, 'state'> & { readonly state: DeployPlan['state'] | 'restored' };

/** Who is told what a development session does. */
export interface DevEvents {
  /** The node answers; nothing is built yet. */
  opened(node: LocalNode): void;
  /** A version runs; `plan.state` is what has become of its state. */
  built(plan: DevPlan, elapsedMs: number, notes: readonly string[]): void;
  /** One could not be built or deployed; what ran before goes on. */
  failed(error: unknown): void;
  /** What the worker wrote. */
  wrote(bytes: Uint8Array): void;
}

/** A node with the project on it, which follows its files. */
export interface DevSession {
  readonly node: LocalNode;
  /** Ends the session and its node. */
  close(): Promise<void>;
}

/** What no build reads. */
const IGNORED = new RegExp(
  `^(?:node_modules|${BUILD_FOLDER}|\\.[^/\\\\]+)(?:[/\\\\]|$)|^${LOCK_FILE.replace('.', '\\.')}$`,
);
/** Editors write a file in several steps. */
const SETTLE_MS = 30;

class Dev implements DevSession {
  readonly node: LocalNode;
  readonly #folder: string;
  readonly #events: DevEvents;
  readonly #ended = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #building: Promise<void> | undefined;
  #isStale = false;
  #follows = false;

  constructor(folder: string, node: LocalNode, events: DevEvents) {
    this.node = node;
    this.#folder = folder;
    this.#events = events;
    const { signal } = this.#ended;
    const watcher = watch(folder, { recursive: true, signal }, (_, path) => {
      if (path === null || !IGNORED.test(path)) this.#changed();
    });
    watcher.on('error', (error) => events.failed(error));
  }

  #changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.build(), SETTLE_MS);
  }

  /** Builds what the files are now. */
  async build(): Promise<void> {
    this.#isStale = true;
    this.#building ??= this.#buildAll();
    await this.#building;
  }

  async #buildAll(): Promise<void> {
    while (this.#isStale && !this.#ended.signal.aborted) {
      this.#isStale = false;
      const startMs = performance.now();
      try {
        const built = await buildProject(quickBuild(await loadProject(this.#folder)));
        const plan = await planDeploy(this.node.client, built, { storage: true });
        const { state } = await applyPlan(this.node.client, plan, built, false);
        this.#follow(plan.worker);
        this.#events.built({ ...plan, state }, performance.now() - startMs, built.notes);
      } catch (error) {
        if (!this.#ended.signal.aborted) this.#events.failed(error);
      }
    }
    this.#building = undefined;
  }

  #follow(worker: string): void {
    if (this.#follows) return;
    this.#follows = true;
    const read = async (): Promise<void> => {
      for await (const { bytes } of this.node.client.workers.logs(worker, {
        follow: true,
        signal: this.#ended.signal,
      })) {
        this.#events.wrote(bytes);
      }
    };
    read()
      .catch((error: unknown) => {
        if (!(error instanceof PluvioError && error.code === 'ABORTED')) this.#events.failed(error);
      })
      .finally(() => {
        this.#follows = false;
      });
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#ended.abort();
    await this.#building;
    await this.node.close();
  }
}

/**
 * Starts a node and the project's worker on it. A project that does not build is told to `events` like a later one.
 * @throws PluvioError `LISTEN_REFUSED`, `STORE_…`, `FILE_FAILED`, `PROJECT_INVALID`
 */
export async function startDev(folder: string, options: LocalNodeOptions, events: DevEvents): Promise<DevSession> {
  await loadProject(folder);
  const node = await openLocalNode(options);
  events.opened(node);
  const dev = new Dev(folder, node, events);
  await dev.build();
  return dev;
}
