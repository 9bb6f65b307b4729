import { input, log, mailbox } from 'pluvio/assembly';

/** What the sensor can measure; the rest is noise on the line. */
const LEAST: f64 = -40;
const MOST: f64 = 85;

/** A reading is `sensor value`, as text. */
export function pluvio_input(): void {
  const words = input.text().split(' ');
  const value = words.length == 2 ? F64.parseFloat(words[1]) : NaN;
  if (value >= LEAST && value <= MOST) mailbox.send('summary', input.bytes());
  else log.warn('dropped: ' + input.text());
}
