import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const NO_DEFAULT_EXPORT = { selector: 'ExportDefaultDeclaration', message: 'Export by name.' };

/** Rules are opted in one by one: each stands for a fault that types and tests do not find. */
const rules = {
  '@typescript-eslint/await-thenable': 'error',
  '@typescript-eslint/consistent-type-exports': 'error',
  '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
  '@typescript-eslint/no-array-delete': 'error',
  '@typescript-eslint/no-base-to-string': 'error',
  '@typescript-eslint/no-explicit-any': 'error',
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/no-for-in-array': 'error',
  '@typescript-eslint/no-implied-eval': 'error',
  '@typescript-eslint/no-misused-promises': 'error',
  '@typescript-eslint/no-misused-spread': 'error',
  '@typescript-eslint/no-non-null-assertion': 'error',
  '@typescript-eslint/no-unnecessary-type-assertion': 'error',
  '@typescript-eslint/no-unsafe-argument': 'error',
  '@typescript-eslint/no-unsafe-assignment': 'error',
  '@typescript-eslint/no-unsafe-call': 'error',
  '@typescript-eslint/no-unsafe-member-access': 'error',
  '@typescript-eslint/no-unsafe-return': 'error',
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
  '@typescript-eslint/only-throw-error': 'error',
  '@typescript-eslint/prefer-promise-reject-errors': 'error',
  '@typescript-eslint/prefer-readonly': 'error',
  '@typescript-eslint/return-await': ['error', 'in-try-catch'],
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  'array-callback-return': 'error',
  eqeqeq: 'error',
  'max-lines': ['error', { max: 500 }],
  'no-constant-binary-expression': 'error',
  'no-debugger': 'error',
  'no-fallthrough': 'error',
  'no-loss-of-precision': 'error',
  'no-param-reassign': 'error',
  'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT],
  'no-self-compare': 'error',
  'no-unreachable': 'error',
  'no-unsafe-finally': 'error',
  'no-var': 'error',
  'prefer-const': 'error',
};

const off = (/** @type {string[]} */ ...names) => Object.fromEntries(names.map((name) => [name, 'off']));

export default defineConfig(
  globalIgnores([
    'dist/',
    '.cache/',
    'node_modules/',
    'coverage/',
    'sdk/templates/',
    'sdk/assembly/',
    'assembly.ts',
    'examples/**/assembly/',
    'examples/**/tests/',
  ]),
  {
    files: ['**/*.ts'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules,
  },
  {
    // Tables and generated files are as long as what they list; a suite may gather its cases in one file.
    files: ['**/*table.ts', '**/*.generated.ts', '**/opcodes.ts', '**/*.test.ts', 'test/**/*.ts'],
    rules: off('max-lines'),
  },
  {
    // A stop and a guest's exit are no errors: a plain object costs half as much to throw.
    files: ['runtime/engine/**/*.ts', 'runtime/host/**/*.ts'],
    rules: off('@typescript-eslint/only-throw-error'),
  },
  {
    // A test may state what it knows.
    files: ['**/*.test.ts', '**/*.fixture.ts', '**/testing/*.ts', 'test/**/*.ts'],
    rules: off('@typescript-eslint/no-non-null-assertion'),
  },
  {
    // Bun puts a module of its own in place of `undici`, which takes no connector: addresses and certificates would not be checked.
    files: ['runtime/**/*.ts', 'sdk/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { name: 'undici', message: "Import 'undici/index.js'." }] },
  },
  // Tools ask for default exports here.
  { files: ['*.config.ts'], rules: off('no-restricted-syntax') },
);
