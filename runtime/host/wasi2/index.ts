export { createWasi2 } from './wasi2-host.ts';
