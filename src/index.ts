/** The public API: the verbs of the command line as functions, their results and their errors. */
export type { CaseResult, Verdict } from './checks/case.js';
export type { MatrixCell, MatrixColumn, MatrixCounts, MatrixReport, MatrixRow } from './checks/report/matrix.js';
export type { SmokeSummary } from './checks/runner.js';
export type { CommandContext, CommandResult, CommonOptions, PhaseRecord, Progress } from './commands/context.js';
export { commandContext, silentProgress } from './commands/context.js';
export { type DoctorCheck, type DoctorReport, doctor } from './commands/doctor.js';
export { type DownOptions, type DownReport, down } from './commands/down.js';
export { type FaultAddOptions, type FaultAddReport, faultAdd } from './commands/fault-add.js';
export { type FaultClearOptions, type FaultClearReport, faultClear } from './commands/fault-clear.js';
export type { EngineFaultReport } from './commands/fault-engine.js';
export { type FaultListReport, faultList } from './commands/fault-list.js';
export type { FaultRow } from './commands/fault-rows.js';
export { type FaultRunOptions, type FaultRunReport, faultRun, type ScenarioStepReport } from './commands/fault-run.js';
export type { FaultTargetOptions } from './commands/fault-target.js';
export { NotRunningError, type TargetOptions } from './commands/find-environment.js';
export { type HealthOptions, type HealthReport, health, NotReadyError } from './commands/health.js';
export { type ImageListReport, imageList } from './commands/image-list.js';
export { type ImageLoadOptions, type ImageLoadReport, type ImageRow, imageLoad } from './commands/image-load.js';
export { type ImageSaveOptions, type ImageSaveReport, imageSave } from './commands/image-save.js';
export { type InferOptions, type InferReport, infer } from './commands/infer.js';
export {
  type InferCommandLineOptions,
  type InferCommandLineReport,
  inferCommandLine,
} from './commands/infer-command-line.js';
export { type LogLine, type LogsOptions, logs } from './commands/logs.js';
export {
  type MatrixConnection,
  MatrixFailedError,
  type MatrixOptions,
  type MatrixServer,
  matrix,
  type ServerExpectation,
} from './commands/matrix.js';
export { type MetricsOptions, type MetricsReport, type MetricsRuleReport, metrics } from './commands/metrics.js';
export { InferenceFailedError } from './commands/metrics-failure.js';
export { type MetricsVolumeOptions, type MetricsVolumeReport, metricsVolume } from './commands/metrics-volume.js';
export { type PullReport, pull } from './commands/pull.js';
export { ServerRefusedError } from './commands/server-refusal.js';
export { SmokeFailedError, type SmokeOptions, type SmokeReport, type SmokeSettings, smoke } from './commands/smoke.js';
export { type SmokeListReport, smokeList } from './commands/smoke-list.js';
export { type StatusOptions, type StatusReport, status } from './commands/status.js';
export { type TimingsGroup, type TimingsOptions, type TimingsReport, timings } from './commands/timings.js';
export { type UpOptions, type UpPlanReport, type UpReport, up } from './commands/up.js';
export { OnnxRuntimeMissingError } from './config/onnx-runtime.js';
export type { ConfigFlags } from './config/overrides.js';
export { ConfigError, type ConfigProblem } from './config/problems.js';
export type { Config, ConfigInput } from './config/schema.js';
export {
  EngineCannotError,
  EngineFailedError,
  EngineUnreachableError,
  InstanceExistsError,
  PortTakenError,
} from './engine/engine.js';
export { ImageError } from './engine/image-store.js';
export { FaultRefusedError } from './environment/fault-control.js';
export { OverBudgetError } from './environment/phases.js';
export { NotReadyInTimeError, ServerExitedError } from './environment/readiness.js';
export { ExitCode, InterruptedError, KServeEnvError, TimedOutError, UsageError } from './errors.js';
export type { Conditions as FaultConditions, FaultInput } from './faults/fault.js';
export type { ScenarioInput } from './faults/scenario.js';
export { OtlpInputError } from './metrics/input-error.js';
export type {
  ModelModule,
  ModelModuleContext,
  ModuleModel,
  ModuleTensor,
  ModuleTensorMetadata,
} from './models/module-types.js';
export type { Datatype } from './protocol/datatype.js';
export type { Parameters, ParameterValue, Tensor } from './protocol/tensor.js';
