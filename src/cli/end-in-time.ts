/** The program that ends one environment when its time is over: started by `up --ttl`, and never by a person. */
import type { EndInTime } from '../commands/end-in-time.js';
import { endInTime } from '../commands/end-in-time.js';

// Whoever started it may be long gone, and nobody reads what it says.
process.on('SIGHUP', () => {});
const task = JSON.parse(process.argv[2] ?? '') as EndInTime;
void endInTime(task, process.env, new AbortController().signal);
