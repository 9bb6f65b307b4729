import { input } from 'pluvio/assembly';

/** What is known of one sensor. It lies in memory, and nothing else keeps it. */
export class Sensor {
  name: string = '';
  readings: i32 = 0;
  least: f64 = Infinity;
  most: f64 = -Infinity;
  sum: f64 = 0;
}

const sensors = new Map<string, Sensor>();

export function pluvio_input(): void {
  const words = input.text().split(' ');
  const name = words[0];
  const value = F64.parseFloat(words[1]);
  if (!sensors.has(name)) {
    const fresh = new Sensor();
    fresh.name = name;
    sensors.set(name, fresh);
  }
  const sensor = sensors.get(name);
  sensor.readings++;
  sensor.least = Math.min(sensor.least, value);
  sensor.most = Math.max(sensor.most, value);
  sensor.sum += value;
}

/** What was measured so far, by sensor. */
export function all(): Sensor[] {
  return sensors.values();
}

export function readings(): i32 {
  let count = 0;
  const known = sensors.values();
  for (let i = 0; i < known.length; i++) count += known[i].readings;
  return count;
}
