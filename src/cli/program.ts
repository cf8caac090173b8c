/** The verbs, their flags and help. Each verb's code is loaded when it is called. */
import { Command, CommanderError, Option } from 'commander';
import { type EnvFormat, envFormats } from '../commands/env-format.js';
import { packageVersion } from '../commands/package-info.js';
import { ExitCode, UsageError } from '../errors.js';
import {
  collect,
  duration,
  durationOption,
  pick,
  type TargetFlags,
  target,
  wholeNumber,
  withPorts,
  withTarget,
} from './options.js';
import { progressModes } from './progress.js';
import {
  configFlags,
  type GlobalFlags,
  reportError,
  runCommand,
  type Terminal,
  terminalContext,
  writeJson,
} from './run.js';

/** @returns the exit code */
export async function runProgram(argv: string[], terminal: Terminal): Promise<ExitCode> {
  const { stdout, stderr } = terminal;
  let exitCode: ExitCode = ExitCode.ok;
  /** What commander would print on a usage error is held back where JSON is asked for. */
  const json = argv.includes('--json');
  const program = new Command('kserve-env')
    .description('A real KServe v2 (Open Inference Protocol) server on your own machine: up, checked, gone.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => (json ? false : stderr.write(text)),
    })
    .configureHelp({ sortSubcommands: false })
    .exitOverride();
  program.addHelpText('after', examples);

  const verb = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .addOption(new Option('-c, --config <file>', 'config file (default: kserve-env.yaml here or above)'))
      .addOption(new Option('-n, --name <name>', "environment's name (default: from the config's path)"))
      .addOption(new Option('--engine <engine>', 'auto, docker or process'))
      .addOption(new Option('--json', 'one JSON object on stdout, errors included'))
      .addOption(new Option('--progress <mode>', 'how progress is shown').choices(progressModes).default('auto'))
      .addOption(new Option('-v, --verbose', 'show more, and the causes of errors'));

  const set = async (code: Promise<ExitCode>) => {
    exitCode = await code;
  };

  verb('init [file]', 'write a commented kserve-env.yaml and its JSON Schema')
    .option('-f, --force', 'replace a file that is there')
    .option('--stdout', 'print the config instead of writing it')
    .action(async (file: string | undefined, flags: GlobalFlags & { force?: boolean; stdout?: boolean }) => {
      const { init } = await import('../commands/init.js');
      const { renderInit } = await import('./render.js');
      const config = file ?? flags.config;
      const options = { ...pick(flags, 'force', 'stdout'), ...(config !== undefined && { config }) };
      await set(runCommand('init', terminal, flags, (context) => init(options, context), renderInit));
    });

  withPorts(verb('up', 'start the server and wait until every model answers'))
    .option('--smoke', 'then check that it answers right')
    .option('--budget <duration>', 'what the set-up may take, for example 5m; over it the exit code is 10')
    .option('--timeout <duration>', 'how long to wait for the server and its models, for example 60s')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--keep-on-failure', 'leave a failed environment for a closer look')
    .action(async (flags: GlobalFlags & { smoke?: boolean; dryRun?: boolean; keepOnFailure?: boolean }) => {
      const { up } = await import('../commands/up.js');
      const { renderUp } = await import('./render.js');
      const options = { flags: configFlags(flags), ...pick(flags, 'smoke', 'dryRun', 'keepOnFailure') };
      await set(runCommand('up', terminal, flags, (context) => up(options, context), renderUp));
    });

  verb('status', 'what runs, where, since when, and how it is')
    .option('--exit-code', 'exit 3 when it does not run, 4 when it is not ready')
    .action(async (flags: GlobalFlags & { exitCode?: boolean }) => {
      const { status } = await import('../commands/status.js');
      const { renderStatus } = await import('./render.js');
      const options = { flags: configFlags(flags), ...pick(flags, 'exitCode') };
      await set(runCommand('status', terminal, flags, (context) => status(options, context), renderStatus));
    });

  withTarget(verb('health', 'ask ServerLive, ServerReady and ModelReady'))
    .option('-m, --model <model>', "a model to ask about; may be repeated (default: the environment's)", collect)
    .option('--wait', 'ask until everything is ready')
    .addOption(durationOption('--timeout <duration>', 'how long to wait', '60s'))
    .action(async ({ timeout, ...flags }: HealthFlags) => {
      const { health } = await import('../commands/health.js');
      const { renderHealth } = await import('./render.js');
      const { model } = flags;
      const options = {
        ...target(flags),
        ...(model && { models: model }),
        ...(flags.wait && { waitMs: timeout }),
      };
      await set(runCommand('health', terminal, flags, (context) => health(options, context), renderHealth));
    });

  withTarget(verb('infer <model> [values...]', 'one inference: kserve-env infer simple_scaler 1 -2.5 3'))
    .option('-t, --tensor <name=values>', 'an input by name, --tensor input_a=1,2,3; may be repeated', collect)
    .option('--input <file>', 'a request body of the REST protocol; - for standard input')
    .option('-d, --datatype <datatype>', "datatype of the values (default: the model's)")
    .option('-p, --parameter <name=value>', 'a request parameter, scale_factor=3; may be repeated', collect)
    .option('--model-version <version>', "version of the model (default: the server's choice)")
    .option('--raw', 'send raw bytes instead of typed contents')
    .option('--rest', 'over REST instead of gRPC')
    .addOption(durationOption('--timeout <duration>', 'how long to wait for the answer', '10s'))
    .action(async (model: string, values: string[], { timeout, ...flags }: InferFlags) => {
      const { infer } = await import('../commands/infer.js');
      const { renderInfer } = await import('./render.js');
      const options = {
        model,
        values,
        timeoutMs: timeout,
        ...target(flags),
        ...pick(flags, 'input', 'datatype', 'modelVersion', 'raw', 'rest'),
        ...(flags.tensor && { tensors: flags.tensor }),
        ...(flags.parameter && { parameters: flags.parameter }),
      };
      await set(runCommand('infer', terminal, flags, (context) => infer(options, context), renderInfer));
    });

  withTarget(verb('smoke', 'check that the server answers right, ours or any other')).action(
    async (flags: TargetFlags) => {
      const { smoke } = await import('../commands/smoke.js');
      const { renderSmoke } = await import('./render.js');
      const render = (report: Parameters<typeof renderSmoke>[0]) => renderSmoke(report, flags.verbose === true);
      await set(runCommand('smoke', terminal, flags, (context) => smoke(target(flags), context), render));
    },
  );

  verb('logs', "the server's output")
    .option('-f, --follow', 'go on as it comes')
    .option('--tail <lines>', 'only the last so many lines', wholeNumber)
    .option('--since <duration>', 'only what was written in the last, for example, 5m', duration)
    .action(async (flags: GlobalFlags & { follow?: boolean; tail?: number; since?: number }) => {
      const { printLogs } = await import('./print-logs.js');
      await set(printLogs(terminal, flags));
    });

  verb('env', 'endpoints for the shell: eval "$(kserve-env env)"')
    .addOption(new Option('--format <format>', 'what to write').choices(envFormats).default('sh'))
    .option('--unset', 'write what takes the variables away again')
    .action(async (flags: GlobalFlags & { format: EnvFormat; unset?: boolean }) => {
      const { env } = await import('../commands/env.js');
      const options = { flags: configFlags(flags), ...pick(flags, 'format', 'unset') };
      await set(
        runCommand(
          'env',
          terminal,
          flags,
          (context) => env(options, context),
          ({ script }) => script,
        ),
      );
    });

  verb('down', 'remove the environment; nothing there is success')
    .option('--rmi', 'remove the images that kserve-env made, too')
    .option('--dry-run', 'say what would be removed, and remove nothing')
    .action(async (flags: GlobalFlags & { rmi?: boolean; dryRun?: boolean }) => {
      const { down } = await import('../commands/down.js');
      const { renderDown } = await import('./render.js');
      const options = { flags: configFlags(flags), ...pick(flags, 'rmi', 'dryRun') };
      await set(runCommand('down', terminal, flags, (context) => down(options, context), renderDown));
    });

  withPorts(verb('serve', 'the server in the foreground, with no engine')).action(async (flags: GlobalFlags) => {
    const { serve } = await import('../commands/serve.js');
    const onListening = (report: { endpoints: { grpc: string; http: string } }) => {
      const { grpc, http } = report.endpoints;
      if (flags.json) writeJson(terminal.stdout, { event: 'listening', ...report }, 0);
      else terminal.stderr.write(`Serving gRPC on ${grpc} and REST on ${http}; Ctrl-C ends it\n`);
    };
    const writeLog = (line: string) => terminal.stdout.write(line);
    const context = await terminalContext(terminal, flags);
    try {
      await serve({ flags: configFlags(flags), onListening, writeLog }, context);
    } catch (error) {
      exitCode = reportError('serve', terminal, flags, error);
    }
  });

  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version come as errors with exit code 0; what else commander refuses is usage.
    if (error.exitCode === 0) return ExitCode.ok;
    if (json) {
      const message = error.message.replace(/^error: /, '');
      const usage = new UsageError(message, { hint: 'kserve-env --help' });
      return reportError(program.args[0] ?? 'kserve-env', terminal, { json }, usage);
    }
    return ExitCode.usage;
  }
}

/** Here a time-out is a call's own, in milliseconds, and no setting of the config. */
type CallFlags = Omit<TargetFlags, 'timeout'> & { timeout: number };

type HealthFlags = CallFlags & { wait?: boolean; model?: string[] };

type InferFlags = CallFlags & {
  tensor?: string[];
  input?: string;
  datatype?: string;
  parameter?: string[];
  modelVersion?: string;
  raw?: boolean;
  rest?: boolean;
};

const examples = `
Examples:
  $ kserve-env up --smoke                       a checked server on 127.0.0.1:9081 (gRPC) and :9080 (REST)
  $ kserve-env infer simple_scaler 1 -2.5 3     scaled_result FP64 [3]: 2 -5 6
  $ eval "$(kserve-env env)"                    KSERVE_GRPC_ENDPOINT and KSERVE_HTTP_URL for your client
  $ kserve-env down                             and it is gone

Exit codes: 0 done, 2 usage or config, 3 not running, 4 not ready, 5 engine unreachable, 6 image,
7 port taken, 8 server exited, 9 checks failed, 10 over budget, 124 timed out, 130 and 143 interrupted.`;
