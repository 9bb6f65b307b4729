/**
 * The life of a project of every template, a line each; the last line is JSON with the counts:
 *
 *     npm run templates [-- --only TEXT]
 *
 * In an empty folder: new, build twice, test, deploy to a node, call or read its output, move to a second node, and again, delete. Then the
 * same for one template as a newcomer does it, with npm, and how long `pluvio dev` takes from a saved file to the answer of the new code.
 * Exit 1: something does not hold, or with CI=true a compiler is missing.
 */
import { parseArgs } from 'node:util';
import { missingTool } from '../requires.ts';
import { devChanges, firstMinutes } from './newcomer.ts';
import { TEMPLATE_TRIPS } from './template-trips.ts';
import { type Times, timesText } from './times.ts';
import { travel } from './travel.ts';
import { withNodes } from './two-nodes.ts';

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });

const failures: string[] = [];
let passed = 0;
let skipped = 0;

async function check(name: string, run: () => Promise<Times>): Promise<void> {
  try {
    console.log(`ok      ${name.padEnd(24)} ${timesText(await run())}`);
    passed++;
  } catch (error) {
    failures.push(name);
    const reason = error instanceof Error ? error.message : String(error);
    console.log(`failed  ${name}: ${reason.replaceAll('\n', ' | ')}`);
  }
}

const trips = Object.entries(TEMPLATE_TRIPS).filter(([name]) => name.includes(values.only));
await withNodes(async (nodes) => {
  for (const [template, trip] of trips) {
    const missing = trip.tool === undefined ? undefined : missingTool(trip.tool);
    if (missing === undefined || process.env['CI'] === 'true') {
      await check(template, () => travel(template, trip, nodes));
      continue;
    }
    skipped++;
    console.log(`skipped ${template}: ${missing}`);
  }
  if (values.only === '') {
    await check('first minutes', () => firstMinutes(nodes));
    await check('dev', devChanges);
  }
});
console.log(JSON.stringify({ passed, failed: failures.length, skipped, failures }));
process.exit(failures.length > 0 || passed === 0 ? 1 : 0);
