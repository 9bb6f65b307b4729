/**
 * A bundle as data: what travels, unpacked. docs/bundle-format.md is the specification of its packed form.
 *
 * Boundary: types only.
 */
import type { Snapshot } from '../engine/snapshot.ts';
import type { WorkerLimits } from '../engine/types.ts';
import type { NamedType } from '../values/index.ts';

export type { NamedType };

/** A file or folder of the bundle that the guest sees. */
export interface FileMount {
  /** Where the guest sees it: an absolute path. */
  readonly path: string;
  /** A path of `Bundle.files`, or a folder of such paths. */
  readonly source: string;
  /** Whether the guest may change it, in its own copy. Default: false. */
  readonly writable?: boolean;
}

export const ENCODINGS = ['core', 'bytes', 'json', 'msgpack'] as const;
/** How the values of a call get in and out: as numbers of the core types, or as one input and one output of the host ABI. */
export type Encoding = (typeof ENCODINGS)[number];

/** An export as callers see it. */
export interface ExportInterface {
  readonly encoding: Encoding;
  readonly params?: readonly NamedType[];
  readonly result?: string;
}

export const PRIORITIES = ['critical', 'interactive', 'batch'] as const;
/** Who is served first. */
export type Priority = (typeof PRIORITIES)[number];

/** What a worker asks of the node that runs it. */
export interface ServiceLevel {
  /** Who comes first when time is short. Default: `interactive`. */
  readonly priority?: Priority;
  /** How long it may wait for its turn, in milliseconds. */
  readonly latencyMs?: number;
}

/** When the state is kept: a period as in `every 10s`. */
export type CheckpointPolicy = 'never' | 'idle' | 'each-call' | `every ${number}s`;

/** HTTP requests that the worker answers. */
export interface Route {
  /** Host name without port; default: any. */
  readonly host?: string;
  /** Begins with `/`; ends with `*` for all that begin with it. */
  readonly path: string;
  /** Upper case; default: any. */
  readonly methods?: readonly string[];
  /** The export that answers; default: the worker takes requests as messages. */
  readonly export?: string;
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
  /** Limits of what the host does for it, by name (docs/abi.md). */
  readonly hostLimits?: Readonly<Record<string, number>>;
  /** Exports by name, as callers see them. What is not named takes and gives numbers. */
  readonly interface?: Readonly<Record<string, ExportInterface>>;
  /** Classes that types of the interface name: their fields. */
  readonly types?: Readonly<Record<string, readonly NamedType[]>>;
  readonly service?: ServiceLevel;
  readonly checkpoint?: CheckpointPolicy;
  /** When it leaves memory: after so many milliseconds without work. */
  readonly hibernate?: { readonly afterMs: number };
  readonly routes?: readonly Route[];
  readonly config?: Readonly<Record<string, string>>;
  /** Names of secrets that it reads; their values are the node's. */
  readonly secrets?: readonly string[];
  /** Rights that it asks for, by dotted name, each with its scopes, as in `{ 'net.connect': ['api.example.org:443'] }`. */
  readonly capabilities?: Readonly<Record<string, readonly string[]>>;
  /** For people and tools; Pluvio does not read them. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What travels: manifest, module, files, and the state of a worker where it has one. */
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
