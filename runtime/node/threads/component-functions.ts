/** What callers are told of a component's functions. */
import type { LoadedModule } from '../../engine/index.ts';
import type { ComponentFunction } from '../api-types.ts';

/** Of all names together: one type may be that of any number of functions, so that few bytes define many names. */
const NAMES_MAX = 1_048_576;

/** By all names that they are called by; undefined: it is no component. Beyond a limit of names functions are told without their types. */
export function componentFunctions(module: LoadedModule): Readonly<Record<string, ComponentFunction>> | undefined {
  if (module.component === undefined) return undefined;
  let left = NAMES_MAX;
  const entries = [...module.functions].map(([name, { params, result }]): [string, ComponentFunction] => {
    left -= params.reduce((sum, [param]) => sum + param.length, name.length);
    if (left < 0) return [name, { encoding: 'component' }];
    const named = params.map(([param, { kind }]) => ({ name: param, type: kind }));
    return [name, { encoding: 'component', params: named, ...(result === undefined ? {} : { result: result.kind }) }];
  });
  return Object.fromEntries(entries);
}
