/** Starts the program, from compiled code where that was kept. */
import { join } from 'node:path';
import { cacheDir, homeDir } from '../home.js';
import { type CodePlace, runProgramFile } from './code-cache.js';

/** The program's file beside this one, and its digest: written here by the build. */
declare const program: { file: string; digest: string };

const { env } = process;
const keep = runProgramFile(join(__dirname, program.file), codePlace());
// A command that failed has not run what the next one will.
if (keep) process.once('exit', (exitCode) => exitCode === 0 && keep());

function codePlace(): CodePlace | undefined {
  // Node's own word for it; and coverage is counted while code is compiled.
  if (env.NODE_DISABLE_COMPILE_CACHE || env.NODE_V8_COVERAGE) return undefined;
  const directory = cacheDir(env, homeDir());
  const [, , verb = ''] = process.argv;
  const use = /^[a-z]+$/.test(verb) ? verb : 'help';
  return directory === undefined ? undefined : { directory: join(directory, 'code'), use, digest: program.digest };
}
