/** A thread that runs the scripts that it is sent. */
import { parentPort } from 'node:worker_threads';
import { type FileRequest, runFile } from './suite.ts';

parentPort?.on('message', (request: FileRequest) => {
  void runFile(request).then((results) => parentPort?.postMessage(results));
});
