/** Writers of types (core specification 5.3), the inverse of `decode-types.ts`. */
import { itemAt } from './item-at.ts';
import { BLOCK_EMPTY, BLOCK_KIND } from './code.ts';
import {
  type CompositeType,
  type FieldType,
  type GlobalType,
  heapOf,
  type HeapType,
  isNullable,
  isRef,
  type Limits,
  type MemoryType,
  type SubType,
  type TableType,
  type TagType,
  type ValType,
} from './types.ts';
import type { ByteWriter } from './writer.ts';

export function writeHeapType(writer: ByteWriter, heap: HeapType): void {
  writer.s33(heap);
}

/** A value type; nullable abstract references in their one-byte form. */
export function writeValType(writer: ByteWriter, type: ValType): void {
  if (!isRef(type)) return writer.byte(type);
  const heap = heapOf(type);
  if (isNullable(type) && heap < 0) return writer.byte(heap + 0x80);
  writer.byte(type & 0xff);
  writer.s33(heap);
}

/** A block type: `BLOCK_EMPTY`, a value type or a type index, as `kind` (`BLOCK_KIND`) says. */
export function writeBlockType(writer: ByteWriter, kind: number, value: number): void {
  if (kind === BLOCK_KIND.typeIndex) writer.s33(value);
  else if (kind === BLOCK_KIND.value) writeValType(writer, value);
  else writer.byte(BLOCK_EMPTY + 0x80);
}

export function writeLimits(writer: ByteWriter, { min, max, shared, is64 }: Limits): void {
  writer.byte((max === undefined ? 0 : 1) | (shared ? 2 : 0) | (is64 ? 4 : 0));
  writer.u64(min);
  if (max !== undefined) writer.u64(max);
}

export function writeTableType(writer: ByteWriter, { element, limits }: TableType): void {
  writeValType(writer, element);
  writeLimits(writer, limits);
}

export function writeMemoryType(writer: ByteWriter, { limits }: MemoryType): void {
  writeLimits(writer, limits);
}

export function writeGlobalType(writer: ByteWriter, { type, mutable }: GlobalType): void {
  writeValType(writer, type);
  writer.byte(mutable ? 1 : 0);
}

export function writeTagType(writer: ByteWriter, { typeIndex }: TagType): void {
  writer.byte(0);
  writer.u32(typeIndex);
}

function writeFieldType(writer: ByteWriter, { storage, mutable }: FieldType): void {
  writeValType(writer, storage);
  writer.byte(mutable ? 1 : 0);
}

function writeResultType(writer: ByteWriter, types: readonly ValType[]): void {
  writer.u32(types.length);
  for (const type of types) writeValType(writer, type);
}

function writeCompositeType(writer: ByteWriter, composite: CompositeType): void {
  if (composite.kind === 'func') {
    writer.byte(0x60);
    writeResultType(writer, composite.params);
    writeResultType(writer, composite.results);
  } else if (composite.kind === 'struct') {
    writer.byte(0x5f);
    writer.u32(composite.fields.length);
    for (const field of composite.fields) writeFieldType(writer, field);
  } else {
    writer.byte(0x5e);
    writeFieldType(writer, composite.element);
  }
}

function writeSubType(writer: ByteWriter, { composite, final, supers }: SubType): void {
  if (!final || supers.length > 0) {
    writer.byte(final ? 0x4f : 0x50);
    writer.u32(supers.length);
    for (const index of supers) writer.u32(index);
  }
  writeCompositeType(writer, composite);
}

/** The type section's content. Recursion groups are the runs of equal `recGroup`. */
export function writeTypes(writer: ByteWriter, types: readonly SubType[]): void {
  const groups: (readonly SubType[])[] = [];
  for (let start = 0, end = 0; start < types.length; start = end) {
    while (end < types.length && itemAt(types, end).recGroup === itemAt(types, start).recGroup) end++;
    groups.push(types.slice(start, end));
  }
  writer.u32(groups.length);
  for (const group of groups) {
    if (group.length > 1) {
      writer.byte(0x4e);
      writer.u32(group.length);
    }
    for (const type of group) writeSubType(writer, type);
  }
}
