/** What GitHub's runner reads: annotations among the lines of a step, and the step's summary. */
import { appendFileSync } from 'node:fs';
import type { Environment } from './colour.js';

/** Whether this is a step of GitHub Actions, or of a runner that works alike (Gitea, Forgejo, act). */
export function inGithubActions({ GITHUB_ACTIONS }: Environment): boolean {
  return GITHUB_ACTIONS === 'true';
}

/**
 * A line that the runner shows at the top of the job.
 * Escaped as in actions/toolkit, `packages/core/src/command.ts`: a line break would end the message.
 */
export function annotation(level: 'error' | 'warning', title: string, message: string): string {
  return `::${level} title=${escaped(title).replaceAll(':', '%3A').replaceAll(',', '%2C')}::${escaped(message)}`;
}

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** A text of others in which the runner finds no command of its own (`::add-path::`, and `##[group]` of old). */
export function withoutCommands(text: string): string {
  return text.replace(/^(\s*):(?=:)/gm, '$1: ').replaceAll('##[', '## [');
}

/** Adds to the summary of the step. Nobody's command fails because that cannot be written. */
export function addToSummary({ GITHUB_STEP_SUMMARY }: Environment, markdown: string): void {
  if (!GITHUB_STEP_SUMMARY) return;
  try {
    appendFileSync(GITHUB_STEP_SUMMARY, `${markdown}\n`);
  } catch {
    // A directory that is gone, or a disk that is full.
  }
}
