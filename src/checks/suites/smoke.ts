/** The smoke suite: what must hold before anybody builds on a server. */
import type { ModelConfig } from '../../models/kinds.js';
import type { Check } from '../check.js';
import { coreChecks } from './core.js';
import { errorChecks } from './errors.js';
import { liveFigureChecks } from './live-figures.js';
import { modelChecks } from './models.js';

/** @param models the models to expect; a check whose model the server lacks is skipped */
export function smokeSuite(models: ModelConfig[]): Check[] {
  return [...coreChecks(models), ...modelChecks(models), ...errorChecks(models), ...liveFigureChecks(models)];
}
