/** Flat types of the canonical ABI as types of core WebAssembly. */
import { F32, F64, type FuncType, I32, I64, type ValType } from '../wasm/index.ts';
import type { FlatType } from './value-types.ts';

export type Signature = readonly [params: readonly FlatType[], results: readonly FlatType[]];

const VAL_TYPES = { i32: I32, i64: I64, f32: F32, f64: F64 } as const satisfies Record<FlatType, ValType>;

/** Of the built-in functions of resources. */
export const RESOURCE_SIGNATURES = {
  'resource.new': [['i32'], ['i32']],
  'resource.rep': [['i32'], ['i32']],
  'resource.drop': [['i32'], []],
  'resource.end': [['i32'], ['i64']],
} as const satisfies Record<string, Signature>;

const valTypes = (types: readonly FlatType[]): ValType[] => types.map((type) => VAL_TYPES[type]);

export const flatFuncType = (params: readonly FlatType[], results: readonly FlatType[]): FuncType => ({
  kind: 'func',
  params: valTypes(params),
  results: valTypes(results),
});
export const flatValType = (type: FlatType): ValType => VAL_TYPES[type];
