/** `pluvio top`: looks at a node again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PluvioClient } from '../../client/index.ts';
import { type CommandAction, EXIT } from '../command.ts';
import { openClient } from '../node-client.ts';
import { countOf, durationOf, formatOf, isSet, textOf } from '../option-values.ts';
import { printJson, printJsonLine } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { type Look, type Sort, SORTS, type TopView, viewOf } from './top-rows.ts';
import { screenOf } from './top-screen.ts';

const DEFAULT_INTERVAL_MS = 2000;
const MIN_INTERVAL_MS = 50;

/** Clears the screen from its upper left corner on; the cursor is hidden meanwhile. */
const REDRAW = '\u001b[H\u001b[J';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

async function lookAt(client: PluvioClient): Promise<Look> {
  const [workers, metrics] = await Promise.all([client.workers.list(), client.metrics()]);
  return { atMs: performance.now(), workers, metrics };
}

function sortOf(text: string | undefined): Sort {
  const sort = SORTS.find((name) => name === (text ?? 'cpu'));
  if (sort === undefined) throw new UsageError(`--sort is "${text}"; it must be one of ${SORTS.join(', ')}`);
  return sort;
}

export const topAction: CommandAction = async ({ options }) => {
  const client = await openClient(options);
  const sort = sortOf(textOf(options, 'sort'));
  const isOnce = isSet(options, 'once');
  const isJson = formatOf(options) === 'json';
  const count = isOnce ? 1 : (countOf(options, 'count') ?? Infinity);
  const intervalMs = durationOf(options, 'interval') ?? DEFAULT_INTERVAL_MS;
  if (intervalMs < MIN_INTERVAL_MS) throw new UsageError(`--interval must be at least ${MIN_INTERVAL_MS}ms`);
  const isScreen = process.stdout.isTTY && !isJson && !isOnce;
  const show = (view: TopView): void => {
    if (isJson) (isOnce ? printJson : printJsonLine)(view);
    else {
      // A terminal that does not know its size says 0.
      const { columns, rows } = isScreen ? process.stdout : { columns: 0, rows: 0 };
      const size = { columns: columns || Infinity, rows: rows || Infinity };
      process.stdout.write(`${isScreen ? REDRAW : ''}${screenOf(view, size)}`);
    }
  };
  const stopped = new AbortController();
  process.once('SIGINT', () => stopped.abort());
  if (isScreen) process.stdout.write(HIDE_CURSOR);
  try {
    let before = await lookAt(client);
    for (let shown = 0; shown < count; shown++) {
      await sleep(intervalMs, undefined, { signal: stopped.signal });
      const after = await lookAt(client);
      show(viewOf(before, after, sort));
      before = after;
    }
  } catch (error) {
    if (!stopped.signal.aborted) throw error;
  } finally {
    if (isScreen) process.stdout.write(SHOW_CURSOR);
  }
  return EXIT.ok;
};
