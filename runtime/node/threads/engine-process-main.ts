/** What an engine process runs: it serves its parent and ends with it. */
import type { EngineSetup } from './engine-protocol.ts';
import { serveEngine } from './engine-host.ts';
import { processPort } from './port.ts';

const { argv, send } = process;
if (send === undefined) throw new Error('this file is for engine processes');
process.on('disconnect', () => process.exit(0));
const port = processPort({
  send: (message, sent) => send.call(process, message, sent),
  on: (event, listener) => process.on(event, listener),
  disconnect: () => process.exit(0),
});
serveEngine(port, JSON.parse(argv[2] ?? '{}') as EngineSetup); // given by engine-start.ts
