/** The program: argv and signals in, exit code out. The only place that ends the process. */
import { setMaxListeners } from 'node:events';
import { ExitCode, InterruptedError } from '../errors.js';
import { runProgram } from './program.js';

const controller = new AbortController();
// A closed terminal says SIGHUP, and nothing is to be left behind then either. Where there is no terminal, as under
// nohup, the signal is not for us.
const onTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
for (const name of ['SIGINT', 'SIGTERM', ...(onTerminal ? (['SIGHUP'] as const) : [])] as const) {
  process.on(name, () => {
    const error = new InterruptedError(name);
    // The first signal lets the command clean up, the second does not wait for it.
    if (controller.signal.aborted) process.exit(error.exitCode);
    controller.abort(error);
  });
}

// What a library does that Node is going to forbid (grpc-js, with TLS to an address of numbers) is no word for users.
process.noDeprecation = true;

// Every call that is under way listens to this one signal, however many there are.
setMaxListeners(0, controller.signal);

// A reader that has gone (`kserve-env logs | head`) is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Of an interrupted command nobody reads the result, but it still has to clean up.
  if (!controller.signal.aborted) process.exit(error.code === 'EPIPE' ? ExitCode.ok : ExitCode.bug);
});
// Whether anybody watches the progress is no reason to stop halfway.
process.stderr.on('error', () => {});

const terminal = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  signal: controller.signal,
};
// Stands unless the program comes to its end: a promise that is never kept is no success.
process.exitCode = ExitCode.bug;
runProgram(process.argv, terminal).then((exitCode) => {
  process.exitCode = exitCode;
});
