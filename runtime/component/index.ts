export { isComponent } from './decode-component.ts';
export type { FusedComponent, FusedExport, FusedImport, FusedOptions } from './fused.ts';
export { type ComponentProgram, programOf } from './program.ts';
export type { ImportedFunction } from './resolved.ts';
export { functionSignature, functionTypeText, valueTypeText } from './type-text.ts';
export * from './value-types.ts';
