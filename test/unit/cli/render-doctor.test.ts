import { describe, expect, it } from 'vitest';
import { renderDoctor } from '../../../src/cli/render-doctor.js';
import type { DoctorReport } from '../../../src/commands/doctor.js';

const report: DoctorReport = {
  checks: [
    { id: 'a', title: 'Short', status: 'passed', found: 'fine' },
    {
      id: 'b',
      title: 'Longer one',
      status: 'failed',
      found: 'two problems\n  first\u001b[2J\n  second',
      remedy: 'do it',
    },
    { id: 'c', title: 'W', status: 'warned', found: 'so so', remedy: 'maybe' },
    { id: 'd', title: 'A title that is left out', status: 'skipped', found: 'nothing to see' },
  ],
  summary: { passed: 1, warned: 1, failed: 1, skipped: 1 },
};

describe('what doctor found, as text', () => {
  it('has a line a check, further lines and the remedy below it, and no control characters', () => {
    expect(renderDoctor(report, false)).toBe(
      [
        '✔ Short       fine',
        '✖ Longer one  two problems',
        '                first\\u001b[2J',
        '                second',
        '              → do it',
        '! W           so so',
        '              → maybe',
        '1 passed, 1 warning, 1 failed, 1 skipped',
      ].join('\n'),
    );
  });

  it('shows what was skipped if asked to', () => {
    expect(renderDoctor(report, true)).toContain('- A title that is left out  nothing to see');
  });
});
