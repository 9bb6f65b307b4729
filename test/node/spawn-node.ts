import { type ChildNode, type ChildNodeOptions, startChildNode } from './child-node.ts';
import { afterTest } from './open-nodes.ts';

/** Starts a node in a process of its own; the test's end kills it. */
export async function spawnNode(options: ChildNodeOptions = {}): Promise<ChildNode> {
  const node = await startChildNode(options);
  afterTest(() => node.kill());
  return node;
}

/** The part of an address that `listen` takes. */
export const listenOf = (url: string): string => new URL(url).host;
