/** The program: its verbs, its help, and what a usage error looks like. Each verb's code is loaded when it is called. */
import { Command, CommanderError, Option } from 'commander';
import { packageVersion } from '../commands/package-info.js';
import { ExitCode, UsageError } from '../errors.js';
import { progressModes } from './progress/create.js';
import { reportError, runCommand, type Terminal } from './run.js';
import { symbolsFor } from './symbols.js';
import type { Cli } from './verb.js';
import { completionVerb } from './verbs/completion.js';
import { doctorVerb } from './verbs/doctor.js';
import { downVerb } from './verbs/down.js';
import { envVerb } from './verbs/env.js';
import { faultVerb } from './verbs/fault.js';
import { healthVerb } from './verbs/health.js';
import { imageVerb } from './verbs/image.js';
import { inferVerb } from './verbs/infer.js';
import { initVerb } from './verbs/init.js';
import { logsVerb } from './verbs/logs.js';
import { lsVerb } from './verbs/ls.js';
import { matrixVerb } from './verbs/matrix.js';
import { metricsVerb } from './verbs/metrics.js';
import { pullVerb } from './verbs/pull.js';
import { serveVerb } from './verbs/serve.js';
import { smokeVerb } from './verbs/smoke.js';
import { statusVerb } from './verbs/status.js';
import { timingsVerb } from './verbs/timings.js';
import { upVerb } from './verbs/up.js';

/** In the order in which `--help` lists them. */
const verbs = [
  initVerb,
  doctorVerb,
  pullVerb,
  imageVerb,
  upVerb,
  statusVerb,
  lsVerb,
  healthVerb,
  inferVerb,
  smokeVerb,
  matrixVerb,
  metricsVerb,
  faultVerb,
  logsVerb,
  envVerb,
  timingsVerb,
  downVerb,
  serveVerb,
  completionVerb,
];

/** @returns the exit code */
export async function runProgram(argv: string[], terminal: Terminal): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.ok;
  /** What commander would print on a usage error is held back where JSON is asked for. */
  const flags = { json: argv.includes('--json'), events: argv.includes('--events') };
  const json = flags.json || flags.events;
  const program = makeProgram(terminal, json, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version come as errors with exit code 0; what else commander refuses is usage.
    if (error.exitCode === 0) return ExitCode.ok;
    if (json) {
      // Commander's own word for a call without a verb is "(outputHelp)".
      const message = error.code === 'commander.help' ? 'no verb was given' : error.message.replace(/^error: /, '');
      const usage = new UsageError(message, { hint: 'kserve-env --help' });
      const verb = program.args.find((word) => !word.startsWith('-')) ?? 'kserve-env';
      return reportError(verb, terminal, flags, usage);
    }
    return ExitCode.usage;
  }
}

/** The whole command line, with every verb and flag. */
function makeProgram(terminal: Terminal, json: boolean, finish: (exitCode: ExitCode) => void): Command {
  const { stdout, stderr, env } = terminal;
  const { next } = symbolsFor(env);
  const program = new Command('kserve-env')
    .description('A real KServe v2 (Open Inference Protocol) server on your own machine: up, checked, gone.')
    .usage('<verb> [flags]')
    .optionsGroup('Flags:')
    .commandsGroup('Verbs:')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [verb]', 'show the help of a verb')
    .showHelpAfterError(`  ${next} kserve-env --help`)
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => (json ? false : stderr.write(text)),
    })
    .configureHelp({ sortSubcommands: false, subcommandTerm })
    .exitOverride();
  program.addHelpText('after', examples);
  const cli: Cli = {
    terminal,
    program,
    finish,
    verb: (name, description) => program.command(name).description(description),
    run: async (name, flags, command, render, summary) =>
      finish(await runCommand(name, terminal, flags, command, render, summary)),
  };
  for (const add of verbs) add(cli);
  // After their own, which come first in the help.
  for (const command of program.commands) addFlagsOfEveryVerb(command, `  ${next} kserve-env ${command.name()}`);
  return program;
}

/** `up [flags]`: a verb's flags are in its own help. */
function subcommandTerm(command: Command): string {
  const words = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), '[flags]', ...words].join(' ');
}

/** @param line the words by which the verb is called, as the next step after an error */
function addFlagsOfEveryVerb(command: Command, line: string): void {
  const help = new Option('-h, --help', 'show this help').helpGroup(everyVerb);
  command
    .usage(command.usage().replace('[options]', '[flags]'))
    .addHelpOption(help)
    .showHelpAfterError(`${line} --help`);
  for (const option of command.options) option.helpGroup(option.helpGroupHeading ?? 'Flags:');
  for (const inner of command.commands) addFlagsOfEveryVerb(inner, `${line} ${inner.name()}`);
  if (command.commands.length > 0) return;
  const engine = new Option('--engine <engine>', 'where the server runs (default: auto)');
  // For the help and for completion; a wrong one is told by the config, as that of a variable or of the file is.
  engine.argChoices = ['auto', 'docker', 'podman', 'process'];
  const options = [
    new Option('-c, --config <file>', 'config file (default: kserve-env.yaml here or above)'),
    new Option('-n, --name <name>', "the environment's name (default: from the config's path)"),
    engine,
    new Option('--allow-insecure-engine', 'let plain TCP reach a daemon on another machine'),
    new Option('--json', 'one JSON object on stdout, errors included'),
    new Option('--progress <mode>', 'how progress is shown').choices(progressModes).default('auto'),
    new Option('-v, --verbose', 'show more, and the causes of errors'),
  ];
  for (const option of options) command.addOption(option.helpGroup(everyVerb));
}

const everyVerb = 'Flags of every verb:';

const examples = `
Examples:
  $ kserve-env up --smoke                     start a server, and check it
  $ kserve-env infer simple_scaler 1 -2.5 3   scaled_result FP64 [3]: 2 -5 6
  $ eval "$(kserve-env env)"                  its addresses, for your client
  $ kserve-env down                           take it away again

Exit codes:
  0 done         1 a bug of ours    2 usage or config   3 not running
  4 not ready    5 engine           6 image             7 port taken
  8 server died  9 checks failed  10 over budget      124 timed out
  130, 143 interrupted`;
