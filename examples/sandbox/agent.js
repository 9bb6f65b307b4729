// The agent's script: plans a round trip. `decide()` is asked at each stop whether to go to the second nearest place next.
(() => {
  const stops = [
    ['depot', 0, 0],
    ['mill', 4, 9],
    ['harbour', 11, 2],
    ['school', 6, 6],
    ['station', 1, 10],
    ['market', 9, 8],
  ];
  const left = new Map(stops.map(([name, x, y]) => [name, { x, y }]));
  const plan = [];
  let at = left.get('depot');
  let way = 0;
  const nearest = function* () {
    yield* [...left].map(([name, p]) => ({ name, p, d: Math.hypot(p.x - at.x, p.y - at.y) })).sort((a, b) => a.d - b.d);
  };
  const go = ({ name, p, d }) => {
    way += d;
    at = p;
    plan.push(name);
    left.delete(name);
  };
  left.delete('depot');
  while (left.size > 0) {
    const [first, second] = nearest();
    go(second !== undefined && decide() ? second : first);
  }
  return JSON.stringify({ way: Math.round(way * 100) / 100, plan });
})();
