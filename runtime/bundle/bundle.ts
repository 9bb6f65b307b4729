/**
 * A bundle as data: what travels, unpacked. docs/bundle-format.md is the specification of its packed form.
 *
 * Boundary: types only.
 */
import type { Snapshot } from '../engine/snapshot.ts';
import type { WorkerLimits } from '../engine/types.ts';

/** A file or folder of the bundle that the guest sees. */
export interface FileMount {
  /** Where the guest sees it: an absolute path. */
  readonly path: string;
  /** A path of `Bundle.files`, or a folder of such paths. */
  readonly source: string;
  /** Whether the guest may change it, in its own copy. Default: false. */
  readonly writable?: boolean;
}

/** What its author says of a worker: how it is started and what it asks for. Media type application/vnd.pluvio.manifest.v1+json. */
export interface WorkerManifest {
  readonly schemaVersion: 1;
  /** Lower-case letters, digits and inner hyphens, at most 63. */
  readonly name: string;
  /** Arguments of the program, its own name first. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The path of the bundle's file that the program reads as standard input. */
  readonly stdin?: string;
  /** Which files the guest sees, and where. Default: all of `Bundle.files` below '/', read-only. */
  readonly files?: readonly FileMount[];
  readonly limits?: WorkerLimits;
  /** Rights that it asks for, by dotted name, each with its scopes, as in `{ 'net.connect': ['api.example.org:443'] }`. */
  readonly capabilities?: Readonly<Record<string, readonly string[]>>;
  /** For people and tools; Pluvio does not read them. */
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Bundle {
  readonly manifest: WorkerManifest;
  /** The WebAssembly module or component, byte for byte as its author built it. */
  readonly module: Uint8Array;
  /** Absent: the worker has not begun. */
  readonly snapshot?: Snapshot;
  /** Content by path (see docs/bundle-format.md for what a path may be). */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What the worker has written so far, in a form that the node chooses. */
  readonly log?: Uint8Array;
}
