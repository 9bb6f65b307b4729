import { loadConfig, nodeOptionsOf } from '../../runtime/node/config/index.ts';
import { startNode } from '../../runtime/node/index.ts';
import { type CommandAction, EXIT } from './command.ts';
import { configFlags } from './config-options.ts';
import { formatOf, textOf } from './option-values.ts';
import { note, printJsonLine } from './terminal.ts';

/** The first signal ends the wait; a second one ends the process. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let isSecond = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (isSecond) process.exit(EXIT.interrupted);
        isSecond = true;
        resolve();
      });
    }
  });
}

export const nodeAction: CommandAction = async ({ options }) => {
  const file = textOf(options, 'config');
  const flags = configFlags(options);
  const config = await loadConfig({ ...(file === undefined ? {} : { file }), env: process.env, flags });
  const signalled = firstSignal();
  const node = await startNode(await nodeOptionsOf(config));
  const { dataDir } = config.values;
  if (formatOf(options) === 'json') printJsonLine({ url: node.url, name: node.name });
  note(`node "${node.name}" listens on ${node.url}${dataDir === undefined ? '; its state is in memory only' : ''}`);
  await signalled;
  note(`node "${node.name}" is closing`);
  await node.close();
  return EXIT.ok;
};
