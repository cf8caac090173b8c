/** What a shell may offer for the word that is being typed, read off the program itself. Pure. */
import type { Argument, Command, Option } from 'commander';

/** One word that can stand there. */
export interface Candidate {
  word: string;
  description: string;
}

/** Words, and what else fits: paths, or names that have to be looked up. */
export interface Completion {
  candidates: Candidate[];
  also: 'files' | 'environments' | 'models' | 'faults' | 'scenarios' | undefined;
  /** What stands in front of a looked-up word in the same one: `--name=`. */
  prefix: string;
}

/** @param typed the words after the program's name; the last is the one being typed, perhaps empty */
export function complete(program: Command, typed: readonly string[]): Completion {
  const words = joinedWords(typed);
  const current = words.at(-1) ?? '';
  const { command, pending, positionals, onlyArguments } = walk(program, words.slice(0, -1));
  const completion = ((): Completion => {
    if (pending !== undefined) return valuesOf(pending, placeholderOf(pending));
    if (onlyArguments || !current.startsWith('-')) return argumentsOf(command, positionals);
    const [flag = '', value] = splitFlag(current);
    const option = value === undefined ? undefined : optionOf(command, flag);
    if (option === undefined) return { ...none, candidates: flagsOf(command) };
    return { ...valuesOf(option, placeholderOf(option)), prefix: `${flag}=` };
  })();
  const { candidates, prefix } = completion;
  const whole = candidates.map(({ word, description }) => ({ word: `${prefix}${word}`, description }));
  return { ...completion, candidates: whole.filter(({ word }) => word.startsWith(current)) };
}

const none: Completion = { candidates: [], also: undefined, prefix: '' };

/** Bash takes `--engine=docker` for three words, of which it replaces the last. */
function joinedWords(typed: readonly string[]): string[] {
  const words = typed.filter((word, index) => word !== '=' || !typed[index - 1]?.startsWith('--'));
  return typed.at(-1) === '=' && words.length < typed.length ? [...words, ''] : words;
}

/** Where in the program the words lead. */
function walk(program: Command, words: readonly string[]) {
  let command = program;
  let pending: Option | undefined;
  let positionals = 0;
  let onlyArguments = false;
  for (const word of words) {
    if (pending !== undefined) pending = undefined;
    else if (onlyArguments) positionals += 1;
    else if (word === '--') onlyArguments = true;
    else if (word.startsWith('-')) {
      const [flag = '', value] = splitFlag(word);
      const option = optionOf(command, flag);
      if (option?.required && value === undefined) pending = option;
    } else if (word !== 'help' || command !== program) {
      // After `help` comes what may come without it.
      const inner = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
      if (inner === undefined) positionals += 1;
      else command = inner;
    }
  }
  return { command, pending, positionals, onlyArguments };
}

function splitFlag(word: string): [string, string | undefined] {
  const at = word.startsWith('--') ? word.indexOf('=') : -1;
  return at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function optionOf(command: Command, flag: string): Option | undefined {
  return command.options.find(({ long, short }) => long === flag || short === flag);
}

function flagsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long ? [{ word: long, description }] : []));
}

function argumentsOf(command: Command, positionals: number): Completion {
  const verbs = command.createHelp().visibleCommands(command);
  if (verbs.length > 0 && positionals === 0)
    return { ...none, candidates: verbs.map((verb) => ({ word: verb.name(), description: verb.description() })) };
  const declared = command.registeredArguments;
  const last = declared.at(-1);
  const argument = declared[positionals] ?? (last?.variadic ? last : undefined);
  return argument === undefined ? none : valuesOf(argument, argument.name());
}

/** `--config <file>` → `file`. */
function placeholderOf({ flags }: Option): string {
  return /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1] ?? '';
}

/** Choices where there are some; else what the word between the brackets says of the value. */
function valuesOf({ argChoices }: Option | Argument, placeholder: string): Completion {
  if (argChoices !== undefined) return { ...none, candidates: argChoices.map((word) => ({ word, description: '' })) };
  switch (placeholder) {
    case 'file':
      return { ...none, also: 'files' };
    case 'name':
      return { ...none, also: 'environments' };
    case 'model':
      return { ...none, also: 'models' };
    case 'fault':
      return { ...none, also: 'faults' };
    case 'scenario':
      return { ...none, also: 'scenarios' };
    case 'port':
      return { ...none, candidates: [{ word: 'auto', description: 'the engine chooses' }] };
    default:
      return none;
  }
}
