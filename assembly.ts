/** The guest SDK, where the AssemblyScript compiler looks for `pluvio/assembly`. */
export * from './sdk/assembly/index';
