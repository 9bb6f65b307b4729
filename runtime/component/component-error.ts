import { PluvioError } from '../errors/index.ts';

const hex = (offset: number): string => `0x${offset.toString(16)}`;

/** The bytes are no component. */
export const malformedComponent = (offset: number, what: string): PluvioError =>
  new PluvioError('COMPONENT_MALFORMED', `${what} (at offset ${hex(offset)} of the component)`, { offset });

/** A component that is well-formed and does not run here. */
export const unsupportedComponent = (what: string): PluvioError =>
  new PluvioError('COMPONENT_UNSUPPORTED', `the component cannot run here: ${what}`);
