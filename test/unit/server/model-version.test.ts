import { describe, expect, it } from 'vitest';
import { createModel, modelConfigSchema } from '../../../src/models/kinds.js';
import type { Model } from '../../../src/models/model.js';
import { createModelRepository } from '../../../src/server/model-repository.js';
import type { MakeModel } from '../../../src/server/model-version.js';
import { createLogger } from '../../../src/server/telemetry/logger.js';

const declared = (more: object = {}) => modelConfigSchema.parse({ kind: 'identity', name: 'm', ...more });
const identity = createModel(declared(), { version: '1' }) as Model;

/** A repository of one model, and the states that it was seen in. */
function watched(more: object = {}, makeModel: MakeModel = () => identity) {
  const repository = createModelRepository([declared(more)], { makeModel });
  const version = repository.find('m', '');
  const states: string[] = [version.state];
  repository.onChange(() => states.push(version.state));
  return { repository, version, states };
}

describe('a version of a model', () => {
  it('goes from LOADING to READY at the start', async () => {
    const { repository, version, states } = watched();
    await repository.start();
    expect(states).toEqual(['LOADING', 'READY']);
    expect([version.reason, version.wanted, version.loaded?.model]).toEqual(['', true, identity]);
  });

  it('waits to be loaded where it is declared as unloaded', async () => {
    const { repository, version, states } = watched({ initial: 'unloaded' });
    await repository.start();
    expect([version.state, version.reason, version.wanted]).toEqual(['UNAVAILABLE', 'unloaded', false]);
    await version.load();
    expect(states).toEqual(['UNAVAILABLE', 'LOADING', 'READY']);
    expect(version.wanted).toBe(true);
  });

  it('is as after a failed load where it is declared so, and can be loaded', async () => {
    const { repository, version } = watched({ initial: 'failed' });
    await repository.start();
    expect([version.state, version.wanted]).toEqual(['UNAVAILABLE', true]);
    expect(version.reason).toMatch(/^failed to load "m" version "1"/);
    await version.load();
    expect([version.state, version.reason]).toEqual(['READY', '']);
  });

  it('says why its load failed, to whoever asked and ever after', async () => {
    const { version } = watched({ initial: 'unloaded' }, () => {
      throw new Error('no such file');
    });
    await expect(version.load()).rejects.toMatchObject({
      status: 'INTERNAL',
      message: 'Model "m" version "1" failed to load: no such file',
    });
    expect([version.state, version.reason]).toEqual(['UNAVAILABLE', 'failed to load "m" version "1": no such file']);
  });

  it('says in the log why a load failed', async () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'info', write: (line) => lines.push(line) });
    const makeModel = () => {
      throw new Error('no such file');
    };
    const repository = createModelRepository([declared(), declared({ name: 'n', initial: 'unloaded' })], {
      makeModel,
      log,
    });
    await repository.start();
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        level: 'warn',
        message: 'model failed to load',
        model: 'm',
        version: '1',
        reason: 'failed to load "m" version "1": no such file',
      }),
    ]);
  });

  it('is UNLOADING until its last inference has ended, and closes then', async () => {
    const log: string[] = [];
    const { repository, version, states } = watched({}, () => ({ ...identity, close: () => void log.push('closed') }));
    await repository.start();
    const running = version.loaded?.running;
    running?.begin();
    const unloaded = version.unload().then(() => log.push('unloaded'));
    await Promise.resolve();
    expect([version.state, version.loaded, log]).toEqual(['UNLOADING', undefined, []]);
    running?.end();
    await unloaded;
    expect(log).toEqual(['closed', 'unloaded']);
    expect(states).toEqual(['LOADING', 'READY', 'UNLOADING', 'UNAVAILABLE']);
    expect(version.reason).toBe('unloaded');
  });

  it('stays READY while it is loaded anew, and keeps the old model where that fails', async () => {
    let loads = 0;
    const { repository, version, states } = watched({}, () => {
      if (++loads === 3) throw new Error('broken');
      return { ...identity, platform: `load ${loads}` };
    });
    await repository.start();
    await version.load();
    expect(version.loaded?.model.platform).toBe('load 2');
    await expect(version.load()).rejects.toThrow('broken');
    expect([version.state, version.loaded?.model.platform]).toEqual(['READY', 'load 2']);
    expect(states).not.toContain('UNLOADING');
  });

  it('does one thing after the other, in the order in which they were asked for', async () => {
    const { version, states } = watched({ initial: 'unloaded' });
    await Promise.all([version.load(), version.unload(), version.load(), version.unload()]);
    const round = ['LOADING', 'READY', 'UNLOADING', 'UNAVAILABLE'];
    expect(states).toEqual(['UNAVAILABLE', ...round, ...round]);
  });

  it('stops waiting for its load when the server closes', async () => {
    const { repository, version } = watched({ loadDelay: '1h' });
    const started = repository.start();
    expect(version.state).toBe('LOADING');
    await repository.close();
    await started;
    expect(version.state).toBe('UNAVAILABLE');
  });
});

describe('a model of several versions', () => {
  const versions = [declared({ versions: ['1', '2'] }), declared({ versions: [10], initial: 'unloaded' })];

  it('answers with the highest that is ready where none is asked for', async () => {
    const repository = createModelRepository(versions);
    expect(repository.find('m', '').version).toBe('10');
    await repository.start();
    expect(repository.find('m', '').version).toBe('2');
    await repository.find('m', '10').load();
    expect(repository.find('m', '').version).toBe('10');
    await repository.find('m', '10').unload();
    expect(repository.find('m', '').version).toBe('2');
  });

  it('lists them from the highest down', () => {
    const repository = createModelRepository(versions);
    expect(repository.findAll('m').map(({ version }) => version)).toEqual(['10', '2', '1']);
  });
});
