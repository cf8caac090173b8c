/** To come. */
import type { RunReport } from './run-report.js';

export function markdownReport(_report: RunReport): string {
  return '';
}
