import { type Command, InvalidArgumentError, Option } from 'commander';
import { pick, positiveNumber, wholeNumber } from '../options.js';
import { configFlags, type GlobalFlags } from '../run.js';
import type { Cli } from '../verb.js';

type TargetFlags = GlobalFlags & { control?: string };
type AddFlags = TargetFlags & {
  model?: string;
  rpc?: string;
  transport?: 'grpc' | 'rest';
  header?: string;
  percent?: number;
  seed?: number;
  first?: number;
  every?: number;
  after?: number;
  for?: string;
};
type RunFlags = TargetFlags & { seed?: number; speed?: number; dryRun?: boolean };

/** `fault`: breaks a server on purpose, and makes it whole again. */
export function faultVerb(cli: Cli): void {
  const fault = cli.verb('fault', 'break the server on purpose, and make it whole again').usage('<action> [flags]');
  fault.commandsGroup('Actions:').helpCommand(false);
  addAction(cli, fault);
  listAction(cli, fault);
  clearAction(cli, fault);
  kindsAction(cli, fault);
  runAction(cli, fault);
  scenariosAction(cli, fault);
}

function addAction(cli: Cli, fault: Command): void {
  const condition = (flags: string, description: string) =>
    new Option(flags, description).helpGroup('Flags that say which calls are struck, and for how long:');
  withControl(fault.command('add').description('add faults: `delay=200ms jitter=50ms`, several parted by commas'))
    .argument('<fault...>', 'a kind of `fault kinds`, with its settings')
    .addOption(condition('-m, --model <model>', 'only calls that name this model'))
    .addOption(condition('--rpc <rpc>', 'only this RPC, such as ModelInfer, or its REST route'))
    .addOption(condition('--transport <transport>', 'only this transport').choices(['grpc', 'rest']))
    .addOption(condition('--header <name=value>', 'only calls with this header, or gRPC metadata'))
    .addOption(condition('--percent <number>', 'only so many in a hundred calls').argParser(percentage))
    .addOption(condition('--seed <number>', 'chooses the same calls each time').argParser(wholeNumber))
    .addOption(condition('--first <count>', 'only the first so many calls').argParser(positiveNumber))
    .addOption(condition('--every <count>', 'only every so many-th call').argParser(positiveNumber))
    .addOption(condition('--after <count>', 'only calls after so many').argParser(positiveNumber))
    .addOption(condition('--for <duration>', 'ends by itself after so long, such as 5s'))
    .addHelpText('after', addHelp)
    .action(async (words: string[], flags: AddFlags) => {
      const { faultAdd } = await import('../../commands/fault-add.js');
      const { textOfWords } = await import('../../commands/fault-words.js');
      const { renderFaultAdd } = await import('../render-fault.js');
      const conditions = pick(
        flags,
        'model',
        'rpc',
        'transport',
        'header',
        'percent',
        'seed',
        'first',
        'every',
        'after',
      );
      const options = {
        ...targetOf(flags),
        faults: [textOfWords(words)],
        conditions: { ...conditions, ...pick(flags, 'for') },
      };
      await cli.run('fault', flags, (context) => faultAdd(options, context), renderFaultAdd);
    });
}

const addHelp = `
Faults (kserve-env fault kinds tells their settings):
  of models       not-ready, loading, load-failed, unloaded
  of answers      delay, status, hang, wrong-value, nan, wrong-shape, wrong-datatype, missing-output,
                  extra-output, wrong-form, truncated, invalid-message, oversize, slow-bytes
  of connections  partial-answer, stream-reset, reset, goaway, half-open, refuse, unresponsive,
                  bandwidth, expired-certificate, wrong-certificate
  of the process  crash, memory-kill, freeze
  of the engine   pause, kill, restart, disconnect

Examples:
  $ kserve-env fault add not-ready --model simple_scaler --for 5s
  $ kserve-env fault add status=UNAVAILABLE message="try later" --percent 10 --seed 7
  $ kserve-env fault add delay=200ms jitter=50ms, wrong-value=1 --rpc ModelInfer
  $ kserve-env fault add pause --for 5s`;

function listAction(cli: Cli, fault: Command): void {
  withControl(fault.command('list').description('show the faults in force')).action(async (flags: TargetFlags) => {
    const { faultList } = await import('../../commands/fault-list.js');
    const { renderFaultList } = await import('../render-fault.js');
    await cli.run('fault', flags, (context) => faultList(targetOf(flags), context), renderFaultList);
  });
}

function clearAction(cli: Cli, fault: Command): void {
  withControl(fault.command('clear').description('take faults back, and start what they ended; all unless named'))
    .argument('[id...]', 'as `fault list` tells them')
    .action(async (ids: string[], flags: TargetFlags) => {
      const { faultClear } = await import('../../commands/fault-clear.js');
      const { renderFaultClear } = await import('../render-fault.js');
      const options = { ...targetOf(flags), ...(ids.length > 0 && { ids }) };
      await cli.run('fault', flags, (context) => faultClear(options, context), renderFaultClear);
    });
}

function kindsAction(cli: Cli, fault: Command): void {
  fault
    .command('kinds')
    .description('tell every fault there is, with its settings')
    .action(async (flags: GlobalFlags) => {
      const { faultKindsReport } = await import('../../commands/fault-kinds.js');
      const { renderFaultKinds } = await import('../render-fault.js');
      await cli.run('fault', flags, async () => ({ data: faultKindsReport(), warnings: [] }), renderFaultKinds);
    });
}

function runAction(cli: Cli, fault: Command): void {
  withControl(fault.command('run').description('have faults come and go by a timetable, from a file or by name'))
    .argument('<scenario>', 'a name of `fault scenarios`, or a YAML file')
    .option('--seed <number>', 'chooses the same calls each time (default: random)', wholeNumber)
    .option('--speed <factor>', 'go through it so many times as fast', factor)
    .option('--dry-run', 'print the timetable, and do nothing')
    .action(async (scenario: string, flags: RunFlags) => {
      const { faultRun } = await import('../../commands/fault-run.js');
      const { renderFaultRun } = await import('../render-fault.js');
      const options = { ...targetOf(flags), scenario, ...pick(flags, 'seed', 'speed', 'dryRun') };
      await cli.run('fault', flags, (context) => faultRun(options, context), renderFaultRun);
    });
}

function scenariosAction(cli: Cli, fault: Command): void {
  fault
    .command('scenarios')
    .description('list the scenarios that are there by name')
    .action(async (flags: GlobalFlags) => {
      const { faultScenarios } = await import('../../commands/fault-scenarios.js');
      const { renderFaultScenarios } = await import('../render-fault.js');
      await cli.run('fault', flags, async () => ({ data: faultScenarios(), warnings: [] }), renderFaultScenarios);
    });
}

function withControl(command: Command): Command {
  return command.option('--control <file>', 'control socket of a server, instead of the environment (see serve)');
}

function targetOf(flags: TargetFlags) {
  return { flags: configFlags(flags), ...pick(flags, 'control') };
}

/** Throws InvalidArgumentError, which commander reports as usage. */
function percentage(text: string): number {
  const value = Number(text.replace(/%$/, ''));
  if (!/^[\d.]+%?$/.test(text) || !(value > 0 && value <= 100))
    throw new InvalidArgumentError('Expected a number above 0 and up to 100.');
  return value;
}

/** Throws InvalidArgumentError, which commander reports as usage. */
function factor(text: string): number {
  const value = Number(text);
  if (!/^[\d.]+$/.test(text) || !(value >= 0.01 && value <= 10_000))
    throw new InvalidArgumentError('Expected a number from 0.01 to 10000.');
  return value;
}
