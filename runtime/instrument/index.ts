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
