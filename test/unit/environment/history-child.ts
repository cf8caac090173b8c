/** Appends records to a history from a process of its own: `history-child <state directory> <name> <count> <bytes a file>`. */
import { appendHistory } from '../../../src/environment/history.js';
import { setUpRecord } from './set-up-records.js';

const [stateDir = '', name = '', count = '0', bytes = '0'] = process.argv.slice(2);
for (let index = 0; index < Number(count); index += 1) {
  appendHistory(stateDir, setUpRecord({ name, totalMs: index }), Number(bytes));
}
