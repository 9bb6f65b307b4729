export { createWasi2, type Wasi2Options } from './wasi2-host.ts';
