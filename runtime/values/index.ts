export { fieldName } from './field-name.ts';
export { jsonOfValue, type JsonValue, valueOfJson } from './json-values.ts';
export { argumentsFault, type ArgumentsFault, checkArguments } from './typed-arguments.ts';
export type { CheckContext } from './value-check.ts';
export * from './value-types.ts';
