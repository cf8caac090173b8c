/** Rows of the tables of docs/faults.md, as the sources have them. */
import { type FaultSetting, faultKindsReport } from '../../src/commands/fault-kinds.js';

/** A row for each kind of fault: its name, its settings, what it does. */
export function kindRows(): string[] {
  return faultKindsReport().kinds.map(({ kind, settings, meaning }) => {
    const told = settings.map(settingText).join('; ');
    return `| \`${kind}\` | ${told === '' ? '' : told} | ${meaning} |`.replace('|  |', '| |');
  });
}

function settingText({ name, standard, main }: FaultSetting): string {
  const usual = standard === undefined ? '' : ` (${standard})`;
  return `${main ? `**\`${name}\`**` : `\`${name}\``}${usual}`;
}

/** A row for each condition. */
export function conditionRows(): string[] {
  return faultKindsReport().conditions.map(({ name, meaning }) => `| \`${name}\` | ${meaning} |`);
}
