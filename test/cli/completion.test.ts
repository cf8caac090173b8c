import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bin, type Sandbox, sandbox } from './run-cli.js';

let box: Sandbox;
let env: Record<string, string>;
beforeEach(() => {
  box = sandbox();
  symlinkSync(bin, `${box.directory}/kserve-env`);
  env = { ...box.env, PATH: `${box.directory}:${box.env.PATH}` };
});
afterEach(() => box[Symbol.dispose]());

/** What bash would offer, line by line, for the line up to its end. */
function offeredByBash(...words: string[]): string[] {
  const script = [
    'source <(kserve-env completion bash)',
    'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))',
    '_kserve_env "$1"',
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join('\n');
  const out = execFileSync('bash', ['-c', script, 'bash', 'kserve-env', ...words], {
    cwd: box.directory,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return out.split('\n').filter((line) => line !== '');
}

describe('bash', () => {
  it('is offered verbs, flags and choices', () => {
    expect(offeredByBash('')).toEqual(expect.arrayContaining(['init', 'up', 'down', 'completion']));
    expect(offeredByBash('up', '--keep')).toEqual(['--keep-on-failure']);
    expect(offeredByBash('up', '--engine', '=', 'po')).toEqual(['podman']);
    expect(offeredByBash('completion', 'f')).toEqual(['fish']);
  });

  it('is offered the models of the config, and nothing where that is broken', () => {
    expect(offeredByBash('infer', 'simple_s')).toEqual(['simple_scaler', 'simple_sum']);
    writeFileSync(`${box.directory}/kserve-env.yaml`, 'models: [');
    expect(offeredByBash('infer', 'simple_s')).toEqual([]);
  });

  it('is offered the environments that are there', async () => {
    expect(offeredByBash('down', '--name', '')).toEqual([]);
    expect((await box.run(['up', '--name', 'mine'])).code).toBe(0);
    expect(offeredByBash('down', '--name', '')).toEqual(['mine']);
    await box.run(['down', '--name', 'mine']);
  });

  // `script` of util-linux lends a real terminal; other systems have another one of that name.
  it.runIf(process.platform === 'linux')('completes what a person types', async () => {
    const shell = spawn('script', ['-qfec', 'bash --norc --noprofile -i', '/dev/null'], { cwd: box.directory, env });
    let seen = '';
    const sees = (text: string) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!seen.includes(text)) return;
          shell.stdout.off('data', look);
          resolve();
        };
        shell.stdout.on('data', look);
        look();
      });
    shell.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text;
    });
    shell.stdin.write('PS1="ready"; source <(kserve-env completion bash) && echo is"-"loaded\n');
    await sees('is-loaded');
    shell.stdin.write('kserve-env completion fi\t| head -n 1\n');
    await sees('# Completion of kserve-env for fish');
    shell.stdin.end('exit\n');
    await new Promise((resolve) => shell.on('close', resolve));
    expect(seen).toContain('kserve-env completion fish ');
  });
});

describe.each(['bash', 'zsh', 'fish'])('the script for %s', (shell) => {
  const missing = spawnSync(shell, ['--version']).error !== undefined;

  it.skipIf(missing)('is one that the shell can read', async () => {
    const { code, stdout } = await box.run(['completion', shell]);
    expect(code).toBe(0);
    writeFileSync(`${box.directory}/script`, stdout);
    const { status, stderr } = spawnSync(shell, ['-n', `${box.directory}/script`], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('says how it is loaded', async () => {
    expect((await box.run(['completion', shell])).stdout).toContain(`kserve-env completion ${shell}`);
  });
});

it.skipIf(spawnSync('fish', ['--version']).error !== undefined)('fish is offered words with what they do', async () => {
  const { stdout } = await box.run(['completion', 'fish']);
  writeFileSync(`${box.directory}/script`, stdout);
  const offered = (line: string) => {
    const commands = `source ${box.directory}/script; complete -C '${line}'`;
    return execFileSync('fish', ['--no-config', '-c', commands], { cwd: box.directory, env, encoding: 'utf8' });
  };
  expect(offered('kserve-env dow')).toMatch(/^down\t\S/);
  expect(offered('kserve-env up --engine=po')).toBe('--engine=podman\n');
  expect(offered('kserve-env up --config scr')).toBe('script\n');
});

it('another shell is refused, with those that there are', async () => {
  const { code, stderr } = await box.run(['completion', 'tcsh']);
  expect(code).toBe(2);
  expect(stderr).toContain('bash, zsh, fish');
});
