/**
 * A captured stack as records, and what can be done with it.
 *
 * Boundary: knows the layout of records (instrument/abi.ts) and nothing of calls.
 */
import { assert } from '../errors/index.ts';
import { FIRST_REF_SLOT, RECORD, SAVE } from '../instrument/index.ts';
import type { ModuleInstance } from './instance.ts';
import type { EngineThread } from './thread.ts';

/** Records of one stack, as they lay in the save memory from SAVE.records on. */
export interface CapturedStack {
  readonly bytes: Uint8Array;
  /** Address of the outermost frame's record. */
  readonly outermost: number;
}

/** Empties the save memory. */
export function clearSave(thread: EngineThread): void {
  const view = thread.saveView();
  view.setUint32(SAVE.top, SAVE.records, true);
  view.setUint32(SAVE.last, 0, true);
  view.setUint32(SAVE.resume, 0, true);
  for (let kind = 0; kind < 4; kind++) view.setUint32(SAVE.refs + 4 * kind, FIRST_REF_SLOT, true);
}

/** Takes the records out of the save memory. */
export function takeStack(thread: EngineThread): CapturedStack {
  const view = thread.saveView();
  const top = view.getUint32(SAVE.top, true);
  return {
    bytes: new Uint8Array(thread.save.buffer.slice(SAVE.records, top)),
    outermost: view.getUint32(SAVE.last, true),
  };
}

/** Puts records back, with continuations assigned, and returns the one to call. */
export function layStack(thread: EngineThread, instance: ModuleInstance, stack: CapturedStack): () => unknown {
  thread.reserve(SAVE.records + stack.bytes.length);
  new Uint8Array(thread.save.buffer, SAVE.records).set(stack.bytes);
  clearSave(thread);
  const view = thread.saveView();
  view.setUint32(SAVE.resume, stack.outermost, true);
  const slots = new Map<number, number>();
  let first: (() => unknown) | undefined;
  let site = -1;
  let slot = -1;
  for (let record = stack.outermost; record !== 0; record = view.getUint32(record + RECORD.inner, true)) {
    const next = view.getUint32(record + RECORD.site, true);
    if (next !== site) {
      // frames of a recursion follow each other
      site = next;
      slot = slots.get(site) ?? -1;
    }
    if (slot < 0) {
      slot = slots.size;
      slots.set(site, slot);
      const continuation = instance.continuation(site);
      thread.reserveContinuations(slot + 1);
      thread.continuations.set(slot, continuation);
      first ??= continuation;
    }
    view.setUint32(record + RECORD.slot, slot, true);
  }
  assert(first !== undefined, 'a stack without frames');
  return first;
}

/** Site and record offset (in `bytes`) of every frame, outermost first. */
export function stackRecords(stack: CapturedStack): { readonly site: number; readonly offset: number }[] {
  const view = new DataView(stack.bytes.buffer, stack.bytes.byteOffset, stack.bytes.byteLength);
  const records: { site: number; offset: number }[] = [];
  for (let record = stack.outermost; record !== 0;) {
    const offset = record - SAVE.records;
    records.push({ site: view.getUint32(offset + RECORD.site, true), offset });
    record = view.getUint32(offset + RECORD.inner, true);
  }
  return records;
}
