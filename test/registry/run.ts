/**
 * Checks with docker-registry and skopeo, each a line; the last line is JSON with the counts.
 *
 *     npm run registry-e2e [-- --only TEXT]
 *
 * Exit 1: something does not hold. scripts/provision installs what is needed.
 */
import { parseArgs } from 'node:util';
import { CHECKS, type Facts } from './e2e-checks.ts';
import { withSetting } from './e2e-setting.ts';

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const checks = CHECKS.filter(({ name }) => name.includes(values.only));

const summary = await withSetting(async (setting) => {
  const facts: Record<string, Facts> = {};
  const failures: string[] = [];
  for (const { name, run } of checks) {
    try {
      facts[name] = await run(setting);
      console.log(`ok      ${name} ${JSON.stringify(facts[name])}`);
    } catch (error) {
      failures.push(name);
      console.log(`failed  ${name}: ${error instanceof Error ? error.message.replaceAll('\n', ' | ') : String(error)}`);
    }
  }
  return {
    passed: checks.length - failures.length,
    failed: failures.length,
    failures,
    memory: facts['memory is shared'] ?? {},
  };
});
console.log(JSON.stringify(summary));
process.exit(summary.failed > 0 || checks.length === 0 ? 1 : 0);
