/** What an engine thread runs. */
import { parentPort, workerData } from 'node:worker_threads';
import { serveEngine } from './engine-host.ts';
import type { EngineSetup } from './engine-protocol.ts';
import { messagePort } from './port.ts';

if (parentPort === null) throw new Error('this file is for engine threads');
serveEngine(messagePort(parentPort), workerData as EngineSetup); // given by engine-start.ts
