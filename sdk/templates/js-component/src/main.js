// All of it moves with the service: there is no need to store anything.
const visits = new Map();

export function greet(name) {
  const count = (visits.get(name) ?? 0) + 1;
  visits.set(name, count);
  return count === 1 ? `Hello, ${name}!` : `Hello again, ${name}! (${count})`;
}

export function guests() {
  return [...visits].map(([name, count]) => ({ name, visits: count }));
}
