import { describe, expect, it } from 'vitest';
import { renderDown, renderLs } from '../../../src/cli/render-environments.js';
import type { DownReport } from '../../../src/commands/down.js';

describe('down', () => {
  const nothing: DownReport = { name: 'mine', dryRun: false, removed: [], removedImages: [], swept: [] };
  const removed: DownReport['removed'] = [{ name: 'mine', engine: 'docker', id: 'a', state: 'running' }];
  const swept: DownReport['swept'] = [{ name: 'other', engine: 'process', reason: 'its time was over' }];
  it.each<{ report: Partial<DownReport>; says: string }>([
    { report: { removed }, says: 'Removed mine (docker, running)' },
    { report: { dryRun: true, removed }, says: 'Would remove mine (docker, running)' },
    { report: { removedImages: ['x:1'] }, says: 'Removed image x:1' },
    { report: { swept }, says: 'Removed other (process, its time was over)' },
    { report: {}, says: 'Nothing to remove: there is no environment named mine' },
    { report: { name: null }, says: 'Nothing to remove: there is no environment' },
    { report: { name: null, declined: true }, says: 'Nothing was removed' },
  ])('says: $says', ({ report, says }) => {
    expect(renderDown({ ...nothing, ...report })).toBe(says);
  });
});

describe('ls', () => {
  it('has a row for each environment, with what cannot be told as a dash', () => {
    const text = renderLs({
      environments: [
        {
          name: 'mine',
          state: 'running',
          engine: 'docker',
          id: 'a',
          endpoints: { grpc: '127.0.0.1:1', http: 'http://127.0.0.1:2' },
          since: '2030-01-01T00:00:00.000Z',
          models: 2,
          configFile: '/home/me/kserve-env.yaml',
          expiresAt: '2030-01-01T01:00:00.000Z',
        },
        { name: 'other', state: 'created', engine: 'process', id: 'b', unfinished: 'half made by process 1' },
      ],
    });
    expect(text.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['NAME', 'STATE', 'ENGINE', 'gRPC', 'REST', 'MODELS', 'SINCE', 'ENDS', 'CONFIG'],
      [
        ...['mine', 'running', 'docker', '127.0.0.1:1', 'http://127.0.0.1:2', '2', '2030-01-01T00:00:00.000Z'],
        ...['2030-01-01T01:00:00.000Z', '/home/me/kserve-env.yaml'],
      ],
      ['other', 'created (half made by process 1)', 'process', '-', '-', '-', '-', '-', '-'],
    ]);
  });

  it('says where there is none', () => {
    expect(renderLs({ environments: [] })).toBe('There is no environment on this machine');
  });
});
