/** The program: argv and signals in, exit code out. The only place that ends the process. */
import { ExitCode, InterruptedError } from '../errors.js';
import { runProgram } from './program.js';

const controller = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    const error = new InterruptedError(name);
    // The first signal lets the command clean up, the second does not wait for it.
    if (controller.signal.aborted) process.exit(error.exitCode);
    controller.abort(error);
  });
}

// A reader that has gone (`kserve-env logs | head`) is no error of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? ExitCode.ok : ExitCode.bug);
  });
}

process.exitCode = await runProgram(process.argv, {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  signal: controller.signal,
});
