import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkout } from './check.ts'
import { readCommand, replayCommand } from './simulate.ts'

function simulate(...args: string[]) {
  const program = ['--conditions=@cachemesh/source', join(checkout, 'scripts/simulate.ts')]
  return spawnSync(process.execPath, [...program, ...args], { encoding: 'utf8' })
}

describe('simulate', () => {
  it('ends with one line of JSON, the same in every process but for the CPU time', () => {
    const runs = [1, 2].map(() =>
      simulate('--nodes', '4', '--seeds', '3', '--minutes', '1', '--format', 'json'),
    )
    const results = runs.map(({ stdout, stderr, status }) => {
      expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
      return JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
    })
    const { cpuSeconds, nodeHoursPerCpuSecond, ...summary } = results[0]
    expect(results[1]).toMatchObject(summary)
    expect(summary).toMatchObject({ nodes: 4, seeds: 3, violations: 0, failedSeeds: [] })
    expect(summary.convergence.p50).toBeLessThanOrEqual(summary.convergence.p99)
    expect(summary.perNode.bytes).toBeGreaterThan(0)
    expect(summary.perNode.messages).toBeGreaterThan(0)
    expect(nodeHoursPerCpuSecond).toBeCloseTo(summary.simulatedNodeHours / cpuSeconds, 1)
  })

  it('prints a table for people', () => {
    const { stdout, status } = simulate('--nodes', '2', '--seed', '5', '--minutes', '1')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^violations +0$/m)
    expect(stdout).toMatch(/^convergence p99 +\S+$/m)
  })

  it('says what is wrong with its options, and ends with 2', () => {
    const { stdout, stderr, status } = simulate('--nodes', 'many')
    expect({ stdout, status }).toEqual({ stdout: '', status: 2 })
    expect(stderr).toMatch(/^simulate: --nodes many is not a number from 1 to 10000\nusage: /)
  })
})

describe('options', () => {
  it('have defaults', () => {
    expect(readCommand([])).toEqual({
      nodes: 10,
      firstSeed: 1,
      seeds: 20,
      durationMs: 120_000,
      format: 'table',
      trace: false,
    })
    expect(readCommand(['--seed', '7'])).toMatchObject({ firstSeed: 7, seeds: 1 })
    expect(readCommand(['--hours', '1', '--loss', '0.05'])).toMatchObject({
      durationMs: 3_600_000,
      loss: 0.05,
    })
  })

  it.each([
    ['--fish', 'Unknown option'],
    ['--nodes=2.5', '--nodes 2.5 is not a whole number'],
    ['--nodes=', 'is not a number from 1 to 10000'],
    ['--seeds=0', 'is not a number from 1'],
    ['--seed=-1', 'is not a number from 0'],
    ['--loss=1.5', 'is not a number from 0 to 1'],
    ['--loss=NaN', 'is not a number from 0 to 1'],
    ['--minutes=0.5', 'is not a number from 1'],
    ['--hours=0.001', 'is not a number from'],
    ['--minutes=1 --hours=1', 'give one of them'],
    ['--format=xml', 'neither table nor json'],
    ['--trace', 'one seed'],
    ['stray', 'Unexpected argument'],
  ])('are refused: %s', (args, wrong) => {
    expect(() => readCommand(args.split(' '))).toThrow(wrong)
  })

  it('are all in the command that replays a seed', () => {
    const command = readCommand(['--nodes', '50', '--hours', '1', '--loss', '0.05', '--seeds', '9'])
    const replay = replayCommand(command, 4)
    expect(replay).toBe('npm run simulate -- --nodes 50 --minutes 60 --loss 0.05 --seed 4')
    const args = replay.split(' -- ')[1]!.split(' ')
    expect(readCommand(args)).toEqual({ ...command, firstSeed: 4, seeds: 1 })
  })
})
