import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['{runtime,sdk,modules,test,examples}/**/*.test.ts'],
    exclude: ['dist/**', 'node_modules/**', 'sdk/templates/**', 'examples/*/tests/**'],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
  },
});
