import { PluvioError } from '../../../runtime/errors/index.ts';
import { startDev } from '../../project/dev.ts';
import type { CommandAction } from '../command.ts';
import { reportFailure } from '../failure.ts';
import { DEFAULT_NODE } from '../node-client.ts';
import { textOf } from '../option-values.ts';
import { note, timeText } from '../terminal.ts';

const stopSignal = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });

export const devAction: CommandAction = async ({ args: [folder = '.'], options }) => {
  const signalled = stopSignal();
  const dataDir = textOf(options, 'data');
  const settings = {
    listen: textOf(options, 'listen') ?? new URL(DEFAULT_NODE).host,
    ingress: textOf(options, 'ingress') ?? '127.0.0.1:8080',
    ...(dataDir === undefined ? {} : { dataDir }),
  };
  const dev = await startDev(folder, settings, {
    opened: ({ url, ingress }) => {
      note(`node on ${url}; HTTP requests by routes on ${ingress ?? ''}; Ctrl-C ends it`);
    },
    built: ({ worker, action, state }, elapsedMs, notes) => {
      for (const text of notes) note(text);
      if (action === 'none') return;
      const what = state === 'new' ? 'runs' : state === 'kept' ? 'goes on with its state' : 'has begun anew';
      note(`${worker} ${what} (${timeText(elapsedMs)})`);
    },
    failed: (error) => void reportFailure(error),
    wrote: (bytes) => void process.stdout.write(bytes),
  });
  await signalled;
  await dev.close().catch((error: unknown) => {
    if (!(error instanceof PluvioError)) throw error;
  });
  return 0;
};
