/** To come. */
import type { RunReport } from './run-report.js';

export function htmlReport(_report: RunReport): string {
  return '';
}
