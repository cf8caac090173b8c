/** Records of set-ups for tests. */
import type { SetUpRecord } from '../../../src/environment/history.js';

export function setUpRecord(overrides: Partial<SetUpRecord> = {}): SetUpRecord {
  return {
    time: '2026-01-02T03:04:05.000Z',
    name: 'mine',
    engine: 'process',
    outcome: 'create',
    phases: [
      { phase: 'engine', ms: 10, cached: false },
      { phase: 'image', ms: 100, cached: true },
      { phase: 'live', ms: 300, cached: false },
    ],
    totalMs: 500,
    budgetMs: 1000,
    version: '1.0.0',
    ...overrides,
  };
}
