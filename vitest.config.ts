import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Small files whose tests take long, as they wait for processes: begun last, each would run alone at the end. */
const LONG = ['test/registry/e2e', 'test/bench/bench', 'sdk/cli/projects', 'sdk/cli/nodes', 'test/chaos/chaos'];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      LONG.some((path) => moduleId.includes(`/${path}.test.`));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    environment: 'node',
    include: ['{runtime,sdk,modules,test,examples}/**/*.test.ts'],
    exclude: ['dist/**', 'node_modules/**', 'sdk/templates/**', 'examples/*/tests/**'],
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
  },
});
