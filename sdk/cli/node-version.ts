/** The least version of Node that runs the command; package.json says the same in `engines`. */
const LEAST = [22, 19] as const;

/** What is wrong with a version of Node; undefined: it will do. */
export function nodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isEnough = major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1]);
  return isEnough ? undefined : `pluvio needs Node ${LEAST.join('.')} or later; this is ${version}`;
}
