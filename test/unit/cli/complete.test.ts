import { Argument, Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { complete } from '../../../src/cli/complete.js';

const program = new Command('kserve-env').version('1').option('-q, --quiet', 'say less');
program
  .command('up')
  .description('start it')
  .option('--smoke', 'check it')
  .option('--config <file>', 'a file')
  .option('-n, --name <name>', 'a name')
  .option('--grpc-port <port>', 'a port')
  .option('--budget <duration>', 'a duration')
  .addOption(new Option('--engine <engine>', 'an engine').choices(['docker', 'podman']))
  .addOption(new Option('--secret', 'hidden').hideHelp());
program.command('infer <model> [values...]').alias('i');
program.command('shell').addArgument(new Argument('<shell>').choices(['bash', 'fish']));
program.command('hidden', { hidden: true });
const image = program.command('image');
image.command('save <file>').description('write it');
const fault = program.command('fault', { hidden: true });
fault.command('add <fault...>');
fault.command('run <scenario>');

const words = (...typed: string[]) => complete(program, typed).candidates.map(({ word }) => word);
const also = (...typed: string[]) => complete(program, typed).also;

describe('completion', () => {
  it('offers the verbs, with what they do, and none that is hidden', () => {
    expect(words('')).toEqual(['up', 'infer', 'shell', 'image', 'help']);
    expect(complete(program, ['u'])).toMatchObject({ candidates: [{ word: 'up', description: 'start it' }] });
    expect(words('help', '')).toContain('up');
    expect(words('help', 'up', '--sm')).toEqual(['--smoke']);
  });

  it.each<{ typed: string[]; offered: string[] }>([
    { typed: ['x'], offered: [] },
    { typed: ['up', '--s'], offered: ['--smoke'] },
    { typed: ['up', '-'], offered: ['--smoke', '--config', '--name', '--grpc-port', '--budget', '--engine', '--help'] },
    { typed: ['-q', 'up', '--smoke', '--eng'], offered: ['--engine'] },
    { typed: ['up', '--engine', ''], offered: ['docker', 'podman'] },
    { typed: ['up', '--engine', 'p'], offered: ['podman'] },
    { typed: ['up', '--engine=p'], offered: ['--engine=podman'] },
    { typed: ['up', '--engine', '='], offered: ['docker', 'podman'] },
    { typed: ['up', '--engine', '=', 'p'], offered: ['podman'] },
    { typed: ['up', '--engine', 'docker', '--sm'], offered: ['--smoke'] },
    { typed: ['up', '--engine=docker', '--sm'], offered: ['--smoke'] },
    { typed: ['up', '--grpc-port', ''], offered: ['auto'] },
    { typed: ['up', '--budget', ''], offered: [] },
    { typed: ['up', '--wat=', ''], offered: [] },
    { typed: ['up', ''], offered: [] },
    { typed: ['shell', ''], offered: ['bash', 'fish'] },
    { typed: ['shell', 'bash', ''], offered: [] },
    { typed: ['image', ''], offered: ['save', 'help'] },
    { typed: ['up', '--', '--s'], offered: [] },
    { typed: [], offered: ['up', 'infer', 'shell', 'image', 'help'] },
  ])('after $typed offers $offered', ({ typed, offered }) => expect(words(...typed)).toEqual(offered));

  it.each<{ typed: string[]; kind: string | undefined }>([
    { typed: ['up', '--config', ''], kind: 'files' },
    { typed: ['up', '--config=ab'], kind: 'files' },
    { typed: ['image', 'save', ''], kind: 'files' },
    { typed: ['up', '--name', ''], kind: 'environments' },
    { typed: ['up', '-n', 'my'], kind: 'environments' },
    { typed: ['infer', ''], kind: 'models' },
    { typed: ['i', ''], kind: 'models' },
    { typed: ['infer', 'simple', ''], kind: undefined },
    { typed: ['infer', 'simple', '1', '2', ''], kind: undefined },
    { typed: ['up', '--smoke', ''], kind: undefined },
    { typed: ['fault', 'add', ''], kind: 'faults' },
    { typed: ['fault', 'add', 'delay=1s,', ''], kind: 'faults' },
    { typed: ['fault', 'run', ''], kind: 'scenarios' },
  ])('after $typed looks up $kind', ({ typed, kind }) => expect(also(...typed)).toBe(kind));

  it('keeps the flag in front of a name that shells replace together with it', () => {
    expect(complete(program, ['up', '--name=my'])).toMatchObject({ also: 'environments', prefix: '--name=' });
  });
});
