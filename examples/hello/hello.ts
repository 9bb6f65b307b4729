/** Builds a project, puts it onto a node, and calls its typed functions. */
import { fileURLToPath } from 'node:url';
import { PluvioClient } from 'pluvio';
import { startNode } from 'pluvio/node';
import { applyDeploy, buildProject, loadProject, planDeploy } from 'pluvio/project';

/** As `pluvio types` writes it. */
interface Hello {
  greet(name: string, language?: string): string;
  greeted(): string[];
}

const built = await buildProject(await loadProject(fileURLToPath(new URL('.', import.meta.url))));
const node = await startNode({
  listen: '127.0.0.1:0',
  grants: { all: { kv: [], config: ['*'] }, tenants: {} },
});
const client = new PluvioClient({ baseUrl: node.url });
await applyDeploy(client, await planDeploy(client, built), built, false);

const hello = client.worker<Hello>('hello');
console.log(await hello.greet('Ada'));
console.log(await hello.greet('Grace', 'de'));
console.log(await hello.greeted());
await node.close();
