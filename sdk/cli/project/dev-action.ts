import { PluvioError } from '../../../runtime/errors/index.ts';
import { type DevPlan, startDev } from '../../project/dev.ts';
import { loadProject } from '../../project/load-project.ts';
import type { CommandAction } from '../command.ts';
import { reportFailure } from '../failure.ts';
import { DEFAULT_NODE } from '../node-client.ts';
import { textOf } from '../option-values.ts';
import { note, timeText } from '../terminal.ts';

const STATES: Readonly<Record<DevPlan['state'], string>> = {
  new: 'runs',
  kept: 'goes on with its state',
  restored: 'goes on with its state',
  storage: 'runs the new code: it keeps its keys, blobs, timers and topics; its memory and a call in progress are gone',
  anew: 'has begun anew: it has stored nothing; its memory and a call in progress are gone',
};

const DEFAULT_INGRESS = '127.0.0.1:8080';

const stopSignal = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });

export const devAction: CommandAction = async ({ args: [folder = '.'], options }) => {
  const signalled = stopSignal();
  const dataDir = textOf(options, 'data');
  const { routes = [] } = (await loadProject(folder)).manifest;
  const ingress = textOf(options, 'ingress') ?? (routes.length > 0 ? DEFAULT_INGRESS : undefined);
  const settings = {
    listen: textOf(options, 'listen') ?? new URL(DEFAULT_NODE).host,
    ...(ingress === undefined ? {} : { ingress }),
    ...(dataDir === undefined ? {} : { dataDir }),
  };
  let hasFailed = false; // what was built last
  const dev = await startDev(folder, settings, {
    opened: (node) => {
      const site = node.ingress === null ? '' : `; HTTP requests by routes on ${node.ingress}`;
      note(`node on ${node.url}${site}; Ctrl-C ends it`);
    },
    built: ({ worker, action, state }, elapsedMs, notes) => {
      for (const text of notes) note(text);
      const isBack = hasFailed && action === 'none';
      hasFailed = false;
      if (isBack) note(`${worker} is as before`);
      if (action === 'none') return;
      note(`${worker} ${STATES[state]} (${timeText(elapsedMs)})`);
    },
    failed: (error) => {
      hasFailed = true;
      reportFailure(error);
    },
    wrote: (bytes) => void process.stdout.write(bytes),
  });
  await signalled;
  await dev.close().catch((error: unknown) => {
    if (!(error instanceof PluvioError)) throw error;
  });
  return 0;
};
