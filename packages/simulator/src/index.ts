export type { Checker, Step, Violation } from './checkers/checker.ts'
export { drawScenario, SCENARIO_MS_MIN, type ScenarioOptions } from './scenario/draw.ts'
export type { Fault, HostPlan, Scenario, Weather } from './scenario/scenario.ts'
export { type Outcome, type SimulateOptions, simulate } from './simulate.ts'
