export * from './abi.ts';
export { instrumentModule, type InstrumentOptions, droppedName, savedGlobals } from './instrument-module.ts';
export { FunctionPlan, savedType, type SiteKind, type Slot } from './plan.ts';
export { Program } from './program.ts';
export {
  importRecordLayout,
  type RecordField,
  type RecordLayout,
  recordLayout,
  refKind,
  savedBytes,
} from './record.ts';
export { Assembler, refCounter } from './helpers.ts';
export { entrySideModule, SIDE_IMPORTS, type SideModule, siteSideModule } from './side-module.ts';
export * from './heap-abi.ts';
export { type ConstantArrays, constantsModule, HEAP_MODULE_IMPORT } from './heap-constants.ts';
export { usesExceptionRefs } from './heap-exceptions.ts';
export {
  type ArrayLayout,
  exceptionLayout,
  type HeapField,
  type HeapLayout,
  heapLayout,
  hierarchyOf,
  type StructLayout,
} from './heap-layout.ts';
export { heapModule } from './heap-module.ts';
