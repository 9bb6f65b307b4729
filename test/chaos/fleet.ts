/**
 * Nodes with data directories of their own that are killed and started again.
 *
 * Invariants:
 * 1. A node keeps address and data directory over all its lives; `life` counts them, and rises before the node is killed.
 * 2. Clients of the fleet do not repeat requests: what has no answer stays in doubt.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeLimits, NodeOptions } from '../../runtime/node/index.ts';
import { PluvioClient, type WorkerInfo } from '../../sdk/client/index.ts';
import { type ChildNode, startChildNode } from '../node/child-node.ts';
import { clientWith } from '../node/features.ts';

/** Doubts about moves end quickly, so that a campaign is about crashes and not about waiting. */
const LIMITS: Partial<NodeLimits> = {
  retryMinMs: 50,
  retryMaxMs: 500,
  doubtMs: 1000,
  leaseMs: 1000,
  peerMs: 5000,
  workers: 10_000,
  deltaPages: 1, // checkpoints of small workers are chains, too
};

/** What the guests of scenarios ask for. */
export const GRANTS = {
  all: { 'mailbox.receive': [], 'mailbox.send': ['*'], timers: [], config: ['*'] },
  tenants: {},
} as const satisfies NodeOptions['grants'];

const START_TRIES = 5;
const NOWHERE_TRIES = 4;
const DOUBLE_TRIES = 4;

/** States in which a worker would go on, or could be told to. */
const LIVE: readonly string[] = ['idle', 'running', 'waiting', 'stopped', 'hibernated'];
export const isLive = ({ status }: Pick<WorkerInfo, 'status'>): boolean => LIVE.includes(status);

/** A worker as one node shows it. */
export interface Copy {
  readonly node: FleetNode;
  readonly info: WorkerInfo;
}

export class FleetNode {
  readonly index: number;
  readonly url: string;
  readonly client: PluvioClient;
  readonly #dataDir: string;
  #child: ChildNode | undefined;
  #up = Promise.withResolvers<void>();
  life = 1;

  constructor(index: number, dataDir: string, child: ChildNode) {
    this.index = index;
    this.#dataDir = dataDir;
    this.url = child.url;
    this.client = new PluvioClient({ baseUrl: child.url, retries: 0 });
    this.#child = child;
    this.#up.resolve();
  }

  static async start(index: number, dataDir: string, listen?: string): Promise<ChildNode> {
    for (let tries = 1; ; tries++) {
      try {
        return await startChildNode(
          { dataDir, limits: LIMITS, grants: GRANTS, ...(listen === undefined ? {} : { listen }) },
          [],
        );
      } catch (error) {
        // For a moment another process may have the address.
        if (tries === START_TRIES || !String(error).includes('EADDRINUSE')) throw error;
      }
    }
  }

  get isUp(): boolean {
    return this.#child !== undefined;
  }

  /** Done when it takes requests. */
  whenUp(): Promise<void> {
    return this.#up.promise;
  }

  /** Ends it as `kill -9` does. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.life++;
    this.#child = undefined;
    this.#up = Promise.withResolvers();
    await child.kill();
  }

  /** Starts it again where it was. @throws Error if it does not come up: then its data directory is beyond it */
  async restart(): Promise<void> {
    this.#child = await FleetNode.start(this.index, this.#dataDir, new URL(this.url).host);
    this.#up.resolve();
  }

  /** A client whose requests carry that idempotency key. */
  keyed(key: string): PluvioClient {
    return clientWith(this.url, { 'idempotency-key': key });
  }
}

export class Fleet {
  readonly nodes: readonly FleetNode[];

  private constructor(nodes: readonly FleetNode[]) {
    this.nodes = nodes;
  }

  static async open(count: number, folder: string): Promise<Fleet> {
    const nodes: FleetNode[] = [];
    for (let index = 0; index < count; index++) {
      const dataDir = join(folder, `node-${index}`);
      await mkdir(dataDir);
      nodes.push(new FleetNode(index, dataDir, await FleetNode.start(index, dataDir)));
    }
    return new Fleet(nodes);
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
  }

  async whenUp(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.whenUp()));
  }

  /** All copies of all workers on the nodes that answer. */
  async copies(): Promise<readonly Copy[]> {
    const lists = this.nodes.map(async (node): Promise<readonly Copy[]> => {
      if (!node.isUp) return [];
      const workers = await node.client.workers.list().catch(() => []); // a node that is just being killed
      return workers.map((info) => ({ node, info }));
    });
    return (await Promise.all(lists)).flat();
  }

  async copiesOf(name: string): Promise<readonly Copy[]> {
    return (await this.copies()).filter(({ info }) => info.name === name);
  }

  /** Whether no node has a worker of that name, though all of them answered: asked again, since a move may end between two answers. */
  async isNowhere(name: string): Promise<boolean> {
    const lives = this.nodes.map(({ life }) => life);
    for (let tries = 0; tries < NOWHERE_TRIES; tries++) {
      if ((await this.copiesOf(name)).length > 0) return false;
    }
    return this.nodes.every(({ isUp, life }, index) => isUp && life === lives[index]);
  }

  /** Workers that two nodes have a live copy of; also asked again. */
  async doubles(): Promise<readonly string[]> {
    let doubles = await this.#doublesNow();
    for (let tries = 1; tries < DOUBLE_TRIES && doubles.length > 0; tries++) {
      const again = await this.#doublesNow();
      doubles = doubles.filter((name) => again.includes(name));
    }
    return doubles;
  }

  async #doublesNow(): Promise<readonly string[]> {
    const live = (await this.copies()).filter(({ info }) => isLive(info)).map(({ info }) => info.name);
    return live.filter((name, index) => live.indexOf(name) !== index);
  }
}
