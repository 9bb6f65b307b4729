export { jsonOfValue, type JsonValue, valueOfJson } from './json-values.ts';
