/** Where a node has a worker. */
export const workerPath = (name: string, rest = ''): string => `/v1/workers/${encodeURIComponent(name)}${rest}`;

export const callPath = (name: string, exportName: string): string =>
  workerPath(name, `/call/${encodeURIComponent(exportName)}`);
